"""The report counts every input once, says what was done, and tells nobody who the patients were."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from deident.discovery import Discovery, discover
from deident.errors import Reason
from deident.ledger import Outcome, StudyOutcome
from deident.report import build_report
from deident.report.page import render
from deident.study import process_study
from support.studies import NAME, PATIENT_ID, open_job, published_reports, tree, whole_run


@pytest.mark.usefixtures("source")
def test_a_report_counts_every_input_once(tmp_path: Path) -> None:
    report, _ = whole_run(tmp_path)
    assert report.inputs == {"released": 2, "skipped": 1, "quarantined": 2}
    assert report.total == 5
    assert report.studies_by_outcome == {"released": 1, "quarantined": 1}
    assert {line.code: line.count for line in report.reasons} == {"pixel-risk": 2, "not-dicom": 1}
    assert not report.nothing_new
    again, _ = whole_run(tmp_path)
    assert again.nothing_new
    assert again.inputs == report.inputs


@pytest.mark.usefixtures("source")
def test_neither_file_holds_an_identifier_or_a_path_and_both_are_private(tmp_path: Path) -> None:
    _, files = whole_run(tmp_path)
    for path in (Path(files.json), Path(files.html)):
        text = path.read_text()
        for secret in (*NAME.split("^"), PATIENT_ID, "1.2.3", str(tmp_path)):
            assert secret not in text
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.usefixtures("source")
def test_the_json_says_what_the_report_says(tmp_path: Path) -> None:
    report, files = whole_run(tmp_path)
    document = json.loads(Path(files.json).read_text())
    assert document["schema"] == "deident-report/1"
    assert document["inputs"] == report.inputs
    assert [study["study"] for study in document["studies"]] == [study.study for study in report.studies]
    assert {line["code"]: line["advice"] for line in document["reasons"]}["pixel-risk"] == Reason.PIXEL_RISK.advice


@pytest.mark.usefixtures("source")
def test_the_copy_beside_the_outputs_knows_nothing_of_inputs_and_home(tmp_path: Path) -> None:
    report, files = whole_run(tmp_path)
    copy, page = (
        published_reports(tmp_path / "destination")[1],
        published_reports(tmp_path / "destination")[0].read_text(),
    )
    assert copy.parent.name == report.run
    document = json.loads(copy.read_text())
    assert {instance["input"] for instance in document["instances"]} == {None}
    assert {other["reference"] for other in document["others"]} == {""}
    assert set(document["places"]) == {"outputs"}
    assert "hmac-sha256" not in copy.read_text()
    assert "project home" not in page
    assert {instance["input"] for instance in json.loads(Path(files.json).read_text())["instances"]} != {None}
    for secret in (*NAME.split("^"), PATIENT_ID, "1.2.3", str(tmp_path)):
        assert secret not in copy.read_text() + page
    # What was published is in nobody's way: the next run does nothing, publishes nothing and leaves it alone.
    before = tree(tmp_path / "destination")
    again, _ = whole_run(tmp_path)
    assert again.nothing_new
    assert tree(tmp_path / "destination") == before


@pytest.mark.usefixtures("source")
def test_who_does_not_want_the_copy_gets_none(tmp_path: Path) -> None:
    whole_run(tmp_path, publish_report=False)
    assert (tmp_path / "destination").exists()
    assert published_reports(tmp_path / "destination") == []


@pytest.mark.usefixtures("source")
def test_the_report_tells_actions_checks_and_time(tmp_path: Path) -> None:
    report, _ = whole_run(tmp_path)
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
    again, _ = whole_run(tmp_path)
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
