from __future__ import annotations

import json
import re
import stat
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from deident.discovery import Discovery, InputOutcome, discover
from deident.errors import Reason
from deident.ledger import Outcome, Record, StudyOutcome
from deident.profile import (
    PRESETS,
    DateMethod,
    Mode,
    Option,
    Override,
    OverrideStrategy,
    PixelRisk,
    Profile,
    SitePrivate,
    Strategy,
)
from deident.profile.words import profile_words
from deident.report import RunReport, build_report, write_report
from deident.report.page import render
from deident.standard import confidentiality
from deident.study import process_study
from support.studies import NAME, PATIENT_ID, open_job, write_instance, write_study


def report_of_run(tmp_path: Path) -> tuple[RunReport, Path, Path]:
    with open_job(tmp_path) as context:
        discovery = discover(context)
        outcomes = [process_study(context, study) for study in discovery.studies]
        report = build_report(context, discovery, outcomes)
        files = write_report(context, report)
    return report, files.json, files.html


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    write_study(source / NAME, "1.2.3", 2)
    write_instance(source / "risky", "1.2.3", 3, BurnedInAnnotation="YES")
    write_instance(source / "all-risky", "1.2.4", 1, BurnedInAnnotation="YES", Modality="US")
    (source / f"{PATIENT_ID}.txt").write_text("A text that is long enough to be looked at. " * 10)
    return source


@pytest.mark.usefixtures("source")
def test_a_report_counts_every_input_once(tmp_path: Path) -> None:
    report, _, _ = report_of_run(tmp_path)
    assert report.inputs == {"released": 2, "skipped": 1, "quarantined": 2}
    assert report.total == 5
    assert report.studies_by_outcome == {"released": 1, "quarantined": 1}
    assert {line.code: line.count for line in report.reasons} == {"pixel-risk": 2, "not-dicom": 1}
    assert not report.nothing_new
    again, _, _ = report_of_run(tmp_path)
    assert again.nothing_new
    assert again.inputs == report.inputs


@pytest.mark.usefixtures("source")
def test_neither_file_holds_an_identifier_or_a_path_and_both_are_private(tmp_path: Path) -> None:
    _, json_file, html_file = report_of_run(tmp_path)
    for path in (json_file, html_file):
        text = path.read_text()
        for secret in (*NAME.split("^"), PATIENT_ID, "1.2.3", str(tmp_path)):
            assert secret not in text
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.usefixtures("source")
def test_the_json_says_what_the_report_says(tmp_path: Path) -> None:
    report, json_file, _ = report_of_run(tmp_path)
    document = json.loads(json_file.read_text())
    assert document["schema"] == "deident-report/1"
    assert document["inputs"] == report.inputs
    assert [study["study"] for study in document["studies"]] == [study.study for study in report.studies]
    assert {line["code"]: line["advice"] for line in document["reasons"]}["pixel-risk"] == Reason.PIXEL_RISK.advice


class _Page(HTMLParser):
    """Collects tags, addresses and unclosed elements."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: set[str] = set()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.usefixtures("source")
def test_the_page_stands_alone(tmp_path: Path) -> None:
    _, _, html_file = report_of_run(tmp_path)
    text = html_file.read_text()
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert page.addresses == []
    assert page.found.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert not re.search(r"https?:|url\(|@import", text)
    assert Reason.PIXEL_RISK.advice in text


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


def test_an_empty_run_has_a_report(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    report, _, html_file = report_of_run(tmp_path)
    assert report.total == 0
    assert "No study was found." in html_file.read_text()


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


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_is_told_in_words(tmp_path: Path, name: str) -> None:
    (tmp_path / "source").mkdir()
    with open_job(tmp_path, profile=name) as context:
        assert len(build_report(context, Discovery((), ()), []).profile_words) >= 3


def test_what_a_site_keeps_on_its_own_is_counted_and_not_quoted(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    profile = Profile(
        keep_tags=frozenset({"PatientAddress"}),
        strategies={"PatientName": Strategy.REMOVE},
        age_cap=None,
        overrides=(Override(OverrideStrategy.REPLACE, tag="StudyID", value=f"{NAME[:10]}"),),
        private=(SitePrivate(NAME, 0x29, 0x10, "LO"),),
        terms=frozenset({NAME}),
    )
    with open_job(tmp_path) as context:
        words = " ".join(build_report(replace(context, profile=profile), Discovery((), ()), []).profile_words)
    assert "no conformance is claimed" in words
    assert "in 1 override." in words
    assert "Planted" not in words


@pytest.mark.parametrize("option", Option)
def test_every_option_is_told_with_its_code(option: Option) -> None:
    words = " ".join(profile_words(Profile(options=frozenset({option}))))
    assert f"({confidentiality.methods()[option.value].code})" in words


def test_every_mode_date_method_strategy_and_risk_has_its_own_words() -> None:
    modified = frozenset({Option.RETAIN_LONGITUDINAL_MODIFIED_DATES})
    profiles = [
        *(Profile(mode=mode) for mode in Mode),
        *(Profile(options=modified, dates=dates) for dates in DateMethod),
        *(Profile(strategy=strategy) for strategy in Strategy),
        *(Profile(pixel_risk=risk) for risk in PixelRisk),
        Profile(options=modified, date_multiple=7),
    ]
    told = {tuple(profile_words(profile)) for profile in profiles}
    # The defaults of mode, strategy and risk are one and the same profile.
    assert len(told) == len(profiles) - 2
