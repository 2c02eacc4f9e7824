"""The page: it stands alone, can be read by everybody, and stays small."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from deident.discovery import Discovery, InputOutcome
from deident.errors import Reason
from deident.ledger import Outcome, Record, StudyOutcome
from deident.report import build_report, write_report
from deident.report.page import render, style
from support.ledgers import check, many_outcomes
from support.studies import open_job, published_reports, whole_run


class _Page(HTMLParser):
    """Collects what matters for standing alone and for being read without eyes or mouse."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.focusable: list[str] = []
        self.captions = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found.append(tag)
        self.captions += self.open[-1:] == ["table"] and tag == "caption"
        outside = (
            "src",
            "srcset",
            "href",
            "xlink:href",
            "action",
            "formaction",
            "data",
            "poster",
            "background",
            "ping",
        )
        self.addresses += [value or "" for name, value in attrs if name in outside]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if given.get("tabindex") == "0":
            self.focusable.append(given.get("aria-label") or "")
        if tag == "svg":
            assert given.get("aria-hidden") == "true"
        if tag == "th":
            assert given.get("scope") in ("col", "row")
        if tag not in ("meta", "br", "img", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - as its base has it
        self.found.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.usefixtures("source")
def test_the_page_stands_alone(tmp_path: Path) -> None:
    _, files = whole_run(tmp_path)
    for path in (
        Path(files.html),
        *(path for path in published_reports(tmp_path / "destination") if path.suffix == ".html"),
    ):
        text = path.read_text()
        page = _Page(text)
        assert page.open == []
        assert all(address.startswith("#") and address[1:] in page.ids for address in page.addresses)
        assert set(page.found).isdisjoint(
            {"script", "link", "img", "image", "use", "iframe", "object", "embed", "form"}
        )
        assert not re.search(r"https?:|//|url\(|@import|@font-face| on[a-z]+=", text)
        assert "default-src 'none'" in text
        assert Reason.PIXEL_RISK.advice in text


@pytest.mark.usefixtures("source")
def test_the_page_can_be_read_without_eyes_and_without_a_mouse(tmp_path: Path) -> None:
    _, files = whole_run(tmp_path)
    text = Path(files.html).read_text()
    page = _Page(text)
    assert page.found.count("h1") == 1
    assert len(page.ids) == len(set(page.ids))
    assert page.found.count("table") == page.captions >= 8
    assert len(page.focusable) == page.found.count("table")
    assert all(page.focusable), "what scrolls can be reached and has a name"
    assert page.addresses[0] == "#content"
    assert page.found.count("summary") == page.found.count("details") >= 3
    assert '<html lang="en">' in text
    style = text.split("<style>")[1].split("</style>")[0]
    for needed in ("prefers-color-scheme: dark", "@media print", ":focus-visible"):
        assert needed in style


def _colours(style: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z]+): (#[0-9a-f]{3,6});", style))


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_text_contrasts_with_its_ground_and_bars_do_enough(scheme: str) -> None:
    sheet = style()
    light, rest = sheet.split("@media (prefers-color-scheme: dark)")
    part = {"light": light, "dark": rest.split("\n}")[0], "print": sheet.split("@media print")[1]}[scheme]
    colours = _colours(part)
    assert {"ground", "raised", "text", "quiet", "link", "good", "part", "odd", "bad", "wait", "plain"} <= set(colours)
    for name in ("text", "quiet", "link", "good", "odd", "bad", "wait", "part", "plain"):
        for ground in ("ground", "raised"):
            light, dark = sorted((_luminance(colours[name]), _luminance(colours[ground])), reverse=True)
            # WCAG 2.2: 4.5 for text (1.4.3), 3 for graphics (1.4.11).
            assert (light + 0.05) / (dark + 0.05) >= (3 if name in ("part", "plain") else 4.5), (name, ground)


def test_what_a_record_holds_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    record = Record(
        study="<b>study</b>",
        run="r",
        outcome=Outcome.QUARANTINED,
        fingerprint="",
        profile_digest="",
        code_version="",
        counts={"quarantined": 1},
        reasons={"pixel-risk": 1},
    )
    with open_job(tmp_path) as context:
        report = build_report(context, Discovery((), ()), [StudyOutcome(record)])
    assert "<b>" not in render(report)
    assert "&lt;b&gt;" in render(report)


def test_pixels_that_nobody_searched_are_told_under_the_verdict_and_under_the_checks(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    record = Record("s", "r", Outcome.RELEASED, "", "", "", {"released": 3}, {}, ("XA",), unsearched=2)
    with open_job(tmp_path) as context:
        told = render(build_report(context, Discovery((), ()), [StudyOutcome(record)]))
        quiet = render(build_report(context, Discovery((), ()), [StudyOutcome(replace(record, unsearched=0))]))
    assert "Of 2 outputs the pixels were not searched for text." in told
    assert "2 outputs: pixels proved by version and range, not searched for text." in told
    assert _Page(told).open == []
    assert "searched" not in quiet
    for page in (told, quiet):
        assert "The outputs of 1 study went through all" in page
        assert "No check failed." in page


def test_an_empty_run_has_a_report(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    report, files = whole_run(tmp_path)
    assert report.total == 0
    assert "No study was found." in Path(files.html).read_text()
    assert "Nothing is held." in Path(files.html).read_text()


def test_a_report_of_many_studies_stays_small(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    record = Record("s", "r", Outcome.RELEASED, "", "", "", {"released": 9}, {"pixel-risk": 1}, ("CT", "SR"))
    outcomes = [StudyOutcome(replace(record, study=f"study{number:011d}")) for number in range(10_000)]
    others = tuple(InputOutcome(f"hmac-sha256:{number:064x}", Reason.NOT_DICOM) for number in range(1_000))
    with open_job(tmp_path) as context:
        report = build_report(context, Discovery((), others), outcomes)
    assert report.inputs["released"] == 90_000
    page = render(report)
    assert len(page) < 2_000_000
    assert "5,000 more stand in the JSON file." in page


def test_the_report_of_a_thousand_studies_is_small_and_soon_written(tmp_path: Path) -> None:
    others = tuple(InputOutcome(f"hmac-sha256:{number:064x}", Reason.NOT_DICOM) for number in range(100))
    with open_job(tmp_path) as context:
        outcomes = list(many_outcomes(context, 1_000))
        started = time.process_time()
        report = build_report(context, Discovery((), others), outcomes)
        files = write_report(context, report)
        assert time.process_time() - started < 10  # about half a second on a quiet machine
    assert Path(files.html).stat().st_size < 5_000_000
    assert Path(files.json).stat().st_size < 5_000_000
    page = _Page(Path(files.html).read_text())
    assert page.open == []
    # What a browser has to lay out: it opens 1,000 studies in well under two seconds (docs/audit.md).
    assert len(page.found) < 40_000
    assert len(json.loads(Path(files.json).read_text())["instances"]) == 4_000
    assert check(tmp_path / "home").intact
