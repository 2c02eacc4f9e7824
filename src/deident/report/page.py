"""The report as one self-contained HTML page: no script, no font, no image, no request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import Final

from deident.errors import Ending
from deident.report.html import Bar, bars, code, details, mark, page, section, table
from deident.report.model import ActionLine, RunReport, StudyLine
from deident.report.plots import ACTIONS, actions_by_kind, duration, studies_by_modality, time_by_stage
from deident.report.words import counted

__all__ = ["render", "style"]

#: Rows of the table of studies; the JSON file holds them all.
_MAX_ROWS: Final = 5_000
_PROMISE: Final = "This page holds no identifier of a patient and loads nothing."
_UNSEARCHED: Final = "Outputs whose pixels were not searched for text"
_SECTIONS: Final = (
    ("summary", "Came in, went out"),
    ("held", "Held, and what to do"),
    ("profile", "Profile"),
    ("actions", "Done to attributes"),
    ("checks", "Checks before release"),
    ("time", "Time"),
    ("studies", "Studies"),
    ("places", "Where things lie"),
)


def style() -> str:
    """The style sheet of the pages."""
    return files("deident.report").joinpath("page.css").read_text("utf-8")


def render(report: RunReport) -> str:
    """The page. Everything that is not a constant of this package is escaped."""
    links = "".join(f'<li><a href="#{name}">{escape(title)}</a></li>' for name, title in _SECTIONS)
    body = "\n".join(
        (
            '<a class="skip" href="#content">Skip to the content</a>',
            _header(report),
            f'<nav aria-label="Contents"><ul>{links}</ul></nav>',
            '<main id="content" tabindex="-1">',
            *_sections(report),
            "</main>",
            f"<footer><p>deident {escape(report.version)}. {_PROMISE}</p></footer>",
        )
    )
    return page(f"De-identification report, run {report.run}", style(), body)


def _header(report: RunReport) -> str:
    took = f" after {duration(report.seconds)}" if report.seconds else ""
    return (
        f"<header><h1>De-identification report</h1>\n<p>Run {code(report.run)}, finished "
        f"{escape(_minute(report.finished))}{took}, profile {code(report.profile)}</p></header>"
    )


def _minute(time: str) -> str:
    """`2026-11-22 17:00 UTC` of an ISO time."""
    return f"{time[:10]} {time[11:16]} UTC" if len(time) > 16 else time


def _sections(report: RunReport) -> Iterator[str]:
    titles = dict(_SECTIONS)
    yield section("summary", titles["summary"], _verdict(report), _inputs(report), _modalities(report))
    yield section("held", titles["held"], _reasons(report), _held_studies(report))
    yield section("profile", titles["profile"], _profile(report))
    yield section("actions", titles["actions"], *_actions(report.actions))
    yield section("checks", titles["checks"], _checks(report))
    yield section("time", titles["time"], time_by_stage(report.timings) if report.timings else "<p>Not measured.</p>")
    yield section("studies", titles["studies"], _studies(report))
    yield section("places", titles["places"], _places(report))


def _verdict(report: RunReport) -> str:
    released = report.inputs.get(Ending.RELEASED.value, 0)
    held = report.inputs.get(Ending.QUARANTINED.value, 0)
    skipped = report.inputs.get(Ending.SKIPPED.value, 0)
    if report.nothing_new and report.studies:
        lead = "Nothing new: every study had been done by an earlier run and stayed as it was. "
    elif report.unchanged:
        lead = f"{report.unchanged:,} of {len(report.studies):,} studies had been done by an earlier run. "
    else:
        lead = ""
    needs = f"<strong>{held:,} held: a person has to look.</strong>" if held else "<strong>Nothing is held.</strong>"
    return (
        f'<p class="lead">{lead}{released:,} of {counted(report.total, "input")} in {counted(len(report.studies), "study")} '
        f"are released, {skipped:,} {'was' if skipped == 1 else 'were'} skipped. {needs}</p>" + _proof(report)
    )


def _proof(report: RunReport) -> str:
    """What an officer asks next: whether it was checked, and whether all of it was."""
    checked = max((line.studies for line in report.checks), default=0)
    failed = sum(line.held for line in report.checks)
    found = (
        f"<strong>{counted(failed, 'check')} failed, and what failed is held.</strong>"
        if failed
        else "No check failed."
    )
    of = counted(checked, "study")
    proof = f'<p>The outputs of {of} went through all <a href="#checks">checks before release</a>. {found}</p>'
    unsearched = f"<strong>Of {counted(report.unsearched, 'output')} the pixels were not searched for text.</strong>"
    notice = f'<p class="notice">{unsearched} <a href="#checks">Why, and what to do</a></p>'
    return (proof if checked else "") + (notice if report.unsearched else "")


def _inputs(report: RunReport) -> str:
    tiles = "".join(
        f'<li class="{escape(ending)}"><strong>{count:,}</strong> {escape(ending)}</li>'
        for ending, count in report.inputs.items()
    )
    rows = [Bar("Inputs", list(report.inputs.items()), [f"{count:,}" for count in report.inputs.values()])]
    plot = bars("All inputs by how they ended", "", [(ending, ending) for ending in report.inputs], rows)
    return f'<ul class="tiles">{tiles}</ul>\n' + (plot if report.total else "")


def _modalities(report: RunReport) -> str:
    return studies_by_modality(report.studies) if report.studies else "<p>No study was found.</p>"


def _reasons(report: RunReport) -> str:
    if not report.reasons:
        return "<p>Everything was released.</p>"
    rows = ((f"{line.count:,}", mark(line.ending), code(line.code), line.advice) for line in report.reasons)
    head = ("Inputs", "Ending", "Reason", "What to do")
    return table("Why inputs were not released", head, rows, numbers={0})


def _held_studies(report: RunReport) -> str:
    held = [study for study in report.studies if study.quarantined]
    alone = [other for other in report.others if other.ending == Ending.QUARANTINED]
    if not held and not alone:
        return ""
    note = (
        "<p>To look at one: <code>deident quarantine show STUDY</code>. To do them again once the cause is gone: "
        "<code>deident quarantine retry</code>.</p>"
    )
    rows = [(code(study.study), mark(study.ending), f"{study.quarantined:,}", _codes(study)) for study in held]
    head = ("Study", "Ending", "Held inputs", "Reasons")
    shown = rows[:_MAX_ROWS]
    listing = details(
        f"Studies of which something is held ({len(held):,})", table("Held studies", head, shown, numbers={2})
    )
    belong = f"<p>{len(alone):,} held inputs belong to no study.</p>" if alone else ""
    return note + (listing if held else "") + belong


def _profile(report: RunReport) -> str:
    words = "".join(f"<li>{escape(sentence)}</li>" for sentence in report.profile_words)
    codes = [(code(option.code), option.meaning) for option in report.options]
    return f"<p>{code(report.profile)}, digest {code(report.profile_digest)}</p>\n<ul>{words}</ul>\n" + (
        table("What the outputs declare (CID 7050)", ("Code", "Meaning"), codes) if codes else ""
    )


def _actions(actions: Sequence[ActionLine]) -> Iterator[str]:
    if not actions:
        yield "<p>This run did nothing to any instance.</p>"
        return
    yield actions_by_kind(actions)
    yield (
        "<p>Elements that no rule touches stay as they are and are not counted. <em>Because</em> names what decided: "
        "a row of Table E.1-1 (PS3.15) with its code, an option of the profile, an override of the site, a rule for "
        "elements that the table lacks (gaps), or an identifier found where no rule expected one.</p>"
    )
    rows = (
        (
            line.attribute or _unnamed(line.tag),
            code(line.tag) if line.tag else "",
            f"{ACTIONS.get(line.action, line.action)} ({line.action})",
            line.because,
            f"{line.count:,}",
        )
        for line in actions
    )
    head = ("Attribute", "Tag", "Action", "Because", "Elements")
    yield details(f"Every attribute ({len(actions):,} lines)", table("Actions per attribute", head, rows, numbers={4}))


def _unnamed(tag: str) -> str:
    if not tag:
        return "private elements"
    return "group length" if tag.endswith(",0000)") else "(without a name)"


def _checks(report: RunReport) -> str:
    return _checks_made(report) + _unsearched(report)


def _checks_made(report: RunReport) -> str:
    if not any(line.studies for line in report.checks):
        return "<p>This run had no output to check.</p>"
    rows = (
        (
            line.meaning,
            f"{line.studies:,}",
            f"{line.studies - line.held:,}",
            mark("quarantined", f" {line.held:,}") if line.held else mark("passed"),
        )
        for line in report.checks
    )
    note = "<p>Made by a second reader that shares no code with the first. A study with one finding is held as a whole.</p>"
    return note + table("Checks of every study", ("Check", "Studies", "Passed", "Result"), rows, numbers={1, 2})


def _unsearched(report: RunReport) -> str:
    if not report.unsearched:
        return ""
    studies = [study for study in report.studies if study.unsearched]
    note = (
        f'<p class="notice"><strong>{counted(report.unsearched, "output")}: pixels proved by version and range, not searched for '
        "text.</strong> The object store copied these large native images by itself, exactly that version of the original; "
        "their bytes were not read. <code>pixel_proof = &quot;read&quot;</code> in the job has them read and searched.</p>"
    )
    rows = [(code(study.study), ", ".join(study.modalities), f"{study.unsearched:,}") for study in studies]
    listing = table(_UNSEARCHED, ("Study", "Modality", "Outputs"), rows[:_MAX_ROWS], numbers={2})
    return note + details(f"Studies with such outputs ({len(studies):,})", listing)


def _studies(report: RunReport) -> str:
    if not report.studies:
        return "<p>No study was found.</p>"
    ordered = sorted(report.studies, key=lambda study: (study.outcome == Ending.RELEASED, not study.quarantined))
    head = ("Study", "Modality", "Ending", "Released", "Skipped", "Quarantined", "Time", "Reasons")
    listing = table("Studies, held ones first", head, map(_study, ordered[:_MAX_ROWS]), numbers={3, 4, 5, 6})
    left = len(report.studies) - _MAX_ROWS
    more = f"<p>{left:,} more stand in the JSON file.</p>" if left > 0 else ""
    return details(f"All studies by opaque id ({len(report.studies):,})", listing + more)


def _study(line: StudyLine) -> tuple[str, ...]:
    return (
        code(line.study),
        ", ".join(line.modalities),
        line.ending + (" (unchanged)" if line.unchanged else ""),
        f"{line.released:,}",
        f"{line.skipped:,}",
        f"{line.quarantined:,}",
        duration(sum(line.seconds.values())) if line.seconds and not line.unchanged else "",
        _codes(line),
    )


def _codes(line: StudyLine) -> str:
    return ", ".join(f"{name} ({count:,})" for name, count in line.reasons.items())


def _places(report: RunReport) -> str:
    listing = table("Places", ("What", "Where"), report.places.items())
    if report.ledger is None:
        return listing
    seal = (
        f"<p>The run is sealed in the ledger as record {report.ledger.number:,} with the digest "
        f"{code(report.ledger.digest)}. <code>deident audit verify</code> shows whether a record was changed or removed "
        "since.</p>"
    )
    return listing + seal
