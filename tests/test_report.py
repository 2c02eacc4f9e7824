from __future__ import annotations

import json
import re
import shutil
import stat
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
from pydicom.data import get_testdata_file

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
from deident.report.document import expand
from deident.report.page import render, style
from deident.report.schema import NAMES, schema
from deident.standard import confidentiality
from deident.study import process_study
from support.ledgers import check, many_outcomes
from support.studies import NAME, PATIENT_ID, open_job, tree, whole_run, write_instance, write_study


def report_of_run(tmp_path: Path) -> tuple[RunReport, Path, Path]:
    with open_job(tmp_path) as context:
        discovery = discover(context)
        outcomes = [process_study(context, study) for study in discovery.studies]
        report = build_report(context, discovery, outcomes)
        files = write_report(context, report)
    return report, Path(files.json), Path(files.html)


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


def published(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "destination" / "_deident").rglob("report.*"))


@pytest.mark.usefixtures("source")
def test_the_page_stands_alone(tmp_path: Path) -> None:
    _, _, html_file = report_of_run(tmp_path)
    for path in (html_file, *(path for path in published(tmp_path) if path.suffix == ".html")):
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
    _, _, html_file = report_of_run(tmp_path)
    text = html_file.read_text()
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


@pytest.mark.usefixtures("source")
def test_the_copy_beside_the_outputs_knows_nothing_of_inputs_and_home(tmp_path: Path) -> None:
    report, json_file, _ = report_of_run(tmp_path)
    copy, page = published(tmp_path)[1], published(tmp_path)[0].read_text()
    assert copy.parent.name == report.run
    document = json.loads(copy.read_text())
    assert {instance["input"] for instance in document["instances"]} == {None}
    assert {other["reference"] for other in document["others"]} == {""}
    assert set(document["places"]) == {"outputs"}
    assert "hmac-sha256" not in copy.read_text()
    assert "project home" not in page
    assert {instance["input"] for instance in json.loads(json_file.read_text())["instances"]} != {None}
    for secret in (*NAME.split("^"), PATIENT_ID, "1.2.3", str(tmp_path)):
        assert secret not in copy.read_text() + page
    # What was published is in nobody's way: the next run does nothing, publishes nothing and leaves it alone.
    before = tree(tmp_path / "destination")
    again, _, _ = report_of_run(tmp_path)
    assert again.nothing_new
    assert tree(tmp_path / "destination") == before


@pytest.mark.usefixtures("source")
def test_who_does_not_want_the_copy_gets_none(tmp_path: Path) -> None:
    whole_run(tmp_path, publish_report=False)
    assert (tmp_path / "destination").exists()
    assert published(tmp_path) == []


@pytest.mark.usefixtures("source")
def test_the_report_tells_actions_checks_and_time(tmp_path: Path) -> None:
    report, _, _ = report_of_run(tmp_path)
    lines = {(line.attribute, line.action): line for line in report.actions}
    assert lines["PatientName", "D"].count == 2
    assert lines["PatientName", "D"].because.startswith("E.1-1")
    private = [line for line in report.actions if not line.tag]
    assert [(line.attribute, line.action, line.because) for line in private] == [("", "X", "private")]
    assert {(line.check, line.studies, line.held) for line in report.checks} == {
        (reason, 1, 0) for reason in (r.value for r in Reason if r.value.startswith("validation-"))
    }
    timings = {timing.stage: timing for timing in report.timings}
    assert set(timings) == {"discovery", "deidentification", "validation", "release"}
    assert all(timing.total > 0 for timing in report.timings)
    assert 0 < timings["validation"].median <= timings["validation"].longest <= timings["validation"].total
    assert sum(timing.total for timing in report.timings) <= report.seconds + 0.01
    assert [option.code for option in report.options] == ["113100", "113108"]
    again, _, _ = report_of_run(tmp_path)
    assert again.actions == ()
    assert "This run did nothing to any instance." in render(again)


@pytest.mark.usefixtures("source")
def test_a_check_that_holds_a_study_is_told(tmp_path: Path) -> None:
    with open_job(tmp_path) as context:
        study = discover(context).studies[0]
        outcome = process_study(context, study)
        record = replace(
            outcome.record,
            outcome=Outcome.QUARANTINED,
            counts={"released": 0, "quarantined": 2},
            reasons={"validation-leak": 2},
        )
        report = build_report(context, Discovery((study,), ()), [StudyOutcome(record)])
    found = {line.check: (line.studies, line.held) for line in report.checks}
    assert found["validation-leak"] == (1, 1)
    assert found["validation-pixels"] == (1, 0)
    assert "Studies of which something is held (1)" in render(report)


def validate(name: str, document: object) -> None:
    jsonschema.Draft202012Validator(schema(name)).validate(document)


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_schemas(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))


@pytest.mark.usefixtures("source")
@pytest.mark.parametrize("profile", sorted(PRESETS))
def test_everything_that_is_written_for_machines_is_as_its_schema_says(tmp_path: Path, profile: str) -> None:
    shutil.copy(get_testdata_file("rtplan.dcm"), tmp_path / "source")
    shutil.copy(get_testdata_file("reportsi.dcm"), tmp_path / "source")
    (tmp_path / "source" / "cut").write_bytes((tmp_path / "source" / "risky").read_bytes()[:900])
    _, files = whole_run(tmp_path, profile=profile)
    whole_run(tmp_path, profile=profile)
    home = tmp_path / "home"
    for path in (*home.glob("reports/*/report.json"), *(tmp_path / "destination").rglob("report.json")):
        validate("report", json.loads(path.read_text()))
    for name, places in {
        "audit": "audit/*/*.json",
        "ledger-record": "ledger/studies/*/*.json",
        "run-record": "ledger/runs/*.json",
    }.items():
        found = list(home.glob(places))
        assert found
        for path in found:
            validate(name, json.loads(path.read_text()))
    assert len(json.loads(Path(files.json).read_text())["instances"]) > 4


@pytest.mark.usefixtures("source")
def test_a_schema_refuses_what_is_none(tmp_path: Path) -> None:
    _, json_file, _ = report_of_run(tmp_path)
    document = json.loads(json_file.read_text())
    for wrong in ({"patient": NAME}, {"inputs": {"lost": 1}}, {"run": NAME}, {"instances": [{"input": NAME}]}):
        with pytest.raises(jsonschema.ValidationError):
            validate("report", {**document, **wrong})


@pytest.mark.usefixtures("source")
def test_the_records_of_the_audit_log_come_back_out_of_the_report(tmp_path: Path) -> None:
    report, json_file, _ = report_of_run(tmp_path)
    audits = [json.loads(path.read_text()) for path in (tmp_path / "home" / "audit" / report.run).iterdir()]
    expected = sorted((file for audit in audits for file in audit["files"]), key=lambda file: file["input"])
    found = sorted(expand(json.loads(json_file.read_text())), key=lambda file: str(file["input"]))
    studies = {file.pop("study") for file in found}
    assert found == expected
    assert studies == {line.study for line in report.studies}


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
    assert "Nothing is held." in html_file.read_text()


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
