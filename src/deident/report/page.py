"""The report as one self-contained HTML page: no script, no font, no image, no request."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib.resources import files
from typing import Final

from deident.report.model import RunReport, StudyLine

__all__ = ["render"]

#: Rows of the table of studies; the JSON file holds them all.
_MAX_ROWS: Final = 5_000


def render(report: RunReport) -> str:
    """The page. Everything that is not a constant of this module is escaped."""
    style = files("deident.report").joinpath("page.css").read_text("utf-8")
    title = f"De-identification report, run {escape(report.run)}"
    about = f"Run {_code(report.run)}, finished {escape(report.finished)}, deident {escape(report.version)}"
    body = "\n".join(
        (
            f"<header><h1>De-identification report</h1><p>{about}</p></header>",
            "<main>",
            _summary(report),
            _section("What was not released, and what to do", _reasons(report)),
            _section("Studies", _studies(report)),
            _section("Profile", _profile(report)),
            _section("Where things lie", _table(("What", "Where"), report.places.items())),
            "</main>",
        )
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _summary(report: RunReport) -> str:
    tiles = "".join(
        f'<li class="{escape(ending)}"><strong>{count:,}</strong> {escape(ending)}</li>'
        for ending, count in report.inputs.items()
    )
    studies = ", ".join(f"{count:,} {escape(outcome)}" for outcome, count in report.studies_by_outcome.items())
    unchanged = (
        f" {report.unchanged:,} had been done by an earlier run and stayed as they are." if report.unchanged else ""
    )
    return (
        f'<section aria-label="Summary"><p>{report.total:,} inputs:</p><ul class="tiles">{tiles}</ul>'
        f"<p>{len(report.studies):,} studies{': ' + studies if studies else ''}.{unchanged}</p></section>"
    )


def _reasons(report: RunReport) -> str:
    if not report.reasons:
        return "<p>Everything was released.</p>"
    rows = ((f"{line.count:,}", line.ending, line.code, line.advice) for line in report.reasons)
    return _table(("Inputs", "Ending", "Reason", "What to do"), rows, numbers=1)


def _studies(report: RunReport) -> str:
    if not report.studies:
        return "<p>No study was found.</p>"
    head = ("Study", "Modality", "Ending", "Released", "Skipped", "Quarantined", "Reasons")
    table = _table(head, map(_row, report.studies[:_MAX_ROWS]))
    left = len(report.studies) - _MAX_ROWS
    return table + (f"<p>{left:,} more stand in the JSON file.</p>" if left > 0 else "")


def _row(line: StudyLine) -> tuple[str, ...]:
    return (
        line.study,
        ", ".join(line.modalities),
        line.outcome + (" (unchanged)" if line.unchanged else ""),
        f"{line.released:,}",
        f"{line.skipped:,}",
        f"{line.quarantined:,}",
        ", ".join(f"{code} ({count:,})" for code, count in line.reasons.items()),
    )


def _profile(report: RunReport) -> str:
    words = "".join(f"<li>{escape(sentence)}</li>" for sentence in report.profile_words)
    return f"<p>{_code(report.profile)}, digest {_code(report.profile_digest)}</p><ul>{words}</ul>"


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]], numbers: int = 0) -> str:
    """A table; the first `numbers` columns are right-aligned."""
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    lines = "".join(
        "<tr>" + "".join(f"<td{_align(n, numbers)}>{escape(cell)}</td>" for n, cell in enumerate(row)) + "</tr>\n"
        for row in rows
    )
    table = f"<table><thead><tr>{titles}</tr></thead><tbody>\n{lines}</tbody></table>"
    return f'<div class="scroll" tabindex="0">{table}</div>'


def _align(column: int, numbers: int) -> str:
    return ' class="number"' if column < numbers else ""


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"
