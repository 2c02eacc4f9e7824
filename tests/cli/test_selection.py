"""`deident anonymize` with a patient list and a cohort: end to end, as a user calls it."""

from __future__ import annotations

import argparse
import json
from datetime import date
from io import BytesIO
from pathlib import Path

import pydicom
import pytest

from cli.instances import CANARY, deident, outputs, write_ct
from deident import Cohort, DICOMAnonymizer, Option, Profile, Reason
from deident.cli import main
from deident.cli.selection import add_selection, cohort_of
from deident.errors import ConfigurationError, PlaceProblem, UsageProblem

HEAD = "patient_id,issuer,subject_id\n"


def listed(tmp_path: Path, rows: str) -> Path:
    path = tmp_path / "subjects.csv"
    path.write_text(HEAD + rows)
    return path


def patient_ids(root: Path) -> list[str]:
    return sorted(pydicom.dcmread(BytesIO(data)).PatientID for data in outputs(root).values())


def anonymize(tmp_path: Path, *options: object) -> int:
    return main(["anonymize", "-i", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "-b", *map(str, options)])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three patients, the third with two ids; one slice each."""
    for patient, issuer in (("1", ""), ("2", "HOSP"), ("3", "HOSP"), ("4", "CLINIC")):
        changes = {"IssuerOfPatientID": issuer} if issuer else {}
        write_ct(tmp_path / "in" / patient, patient=patient, **changes)
    return tmp_path / "in"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_outputs_have_exactly_the_subject_ids(tmp_path: Path, source: Path, workers: str) -> None:
    rows = f"{CANARY}1,,S-1\n{CANARY}2,HOSP,S-2\n{CANARY}3,,S-3\n{CANARY}4,CLINIC,S-3\n"
    audit = tmp_path / "audit.json"
    assert anonymize(tmp_path, "--patients", listed(tmp_path, rows), "--workers", workers, "--audit-log", audit) == 0
    assert patient_ids(tmp_path / "out") == ["S-1", "S-2", "S-3", "S-3"]
    assert {name.split("/")[0] for name in outputs(tmp_path / "out")} == {"S-1", "S-2", "S-3"}
    assert {record["pseudonym"] for record in json.loads(audit.read_text())["files"]} == {"S-1", "S-2", "S-3"}
    assert CANARY not in audit.read_text()
    assert not [name for name, data in outputs(tmp_path / "out").items() if CANARY.encode() in data]
    assert len(outputs(source)) == 4


def test_patients_who_are_not_listed_are_held_unless_that_is_not_wanted(
    tmp_path: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patients = listed(tmp_path, f"{CANARY}1,,S-1\n{CANARY}2,CLINIC,S-2\n")
    assert len(outputs(source)) == 4
    assert anonymize(tmp_path, "--patients", patients) == 1
    told = capsys.readouterr()
    assert "quarantined patient-not-listed: 3. The patient list does not name this patient" in told.err
    assert CANARY not in told.err + told.out
    assert patient_ids(tmp_path / "out") == ["S-1"]
    assert anonymize(tmp_path, "--patients", patients, "--unlisted", "refuse", "--overwrite") == 1
    assert anonymize(tmp_path, "--patients", patients, "--unlisted", "pseudonymise", "--overwrite") == 0
    found = patient_ids(tmp_path / "out")
    assert len(set(found)) == 4
    assert [len(patient) for patient in found if patient != "S-1"] == [16, 16, 16]


def test_dates_are_shifted_as_the_list_says_and_alike_for_all_ids_of_a_subject(tmp_path: Path, source: Path) -> None:
    patients = tmp_path / "subjects.csv"
    rows = f"{CANARY}1,,S-1,121\n{CANARY}2,,S-2,-1\n{CANARY}3,,S-3,\n{CANARY}4,,S-3,\n"
    patients.write_text("patient_id,issuer,subject_id,date_offset_days\n" + rows)
    profile = Profile(options=frozenset({Option.RETAIN_LONGITUDINAL_MODIFIED_DATES}), date_multiple=7)
    DICOMAnonymizer(profile=profile, patients=patients).anonymize_directory(source, tmp_path / "out")
    shifted: dict[str, set[str]] = {}
    for data in outputs(tmp_path / "out").values():
        dataset = pydicom.dcmread(BytesIO(data))
        shifted.setdefault(dataset.PatientID, set()).add(dataset.StudyDate)
    assert shifted["S-1"] == {"20191104"}
    assert shifted["S-2"] == {"20200305"}
    (day,) = shifted["S-3"]
    days = (date(2020, 3, 4) - date(int(day[:4]), int(day[4:6]), int(day[6:]))).days
    assert 0 < days <= 3650
    assert days % 7 == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--unlisted", "refuse"], "unlisted: has no meaning without a patient list"),
        (["--patients", f"{CANARY}.csv"], "the patient list does not exist"),
        (["--study-date", CANARY], "--study-date: FROM..TO"),
        (["--study-date", ".."], "--study-date: FROM..TO"),
        (["--study-date", "2020-01-02..2020-01-01"], "study_date_from: lies after study_date_to"),
        (["--study-date", "2020-13-01.."], "study_date_from: a date"),
        (["--sop-class", CANARY], "sop_class: unknown SOP class; give a UID or one of: CR"),
        (["--series-description", CANARY * 10], "series_description: at most"),
    ],
)
def test_choices_that_cannot_be_meant_end_with_2_and_the_reason(
    options: list[str], message: str, tmp_path: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert anonymize(tmp_path, *options) == 2
    told = capsys.readouterr().err
    assert message in told
    assert CANARY not in told
    assert not (tmp_path / "out").exists()
    assert len(outputs(source)) == 4


def test_a_wrong_list_is_told_by_line_and_nothing_is_done(tmp_path: Path, source: Path) -> None:
    patients = listed(tmp_path, f"{CANARY}1,,S-1\n{CANARY}1,,S-2\n{CANARY}9,,{CANARY}8/x\n")
    done = deident("anonymize", "-i", source, "-o", tmp_path / "out", "-b", "--patients", patients)
    assert done.returncode == 2
    assert "line 4: subject_id is" in done.stderr
    assert "lines 2 and 3 contradict" in done.stderr
    assert CANARY not in done.stderr + done.stdout
    assert not (tmp_path / "out").exists()


def test_a_list_is_never_handed_out_or_overwritten(tmp_path: Path) -> None:
    file = write_ct(tmp_path / "in" / "a", patient="1")
    out = tmp_path / "out"
    out.mkdir()
    patients = listed(out, f"{CANARY}1,,S-1\n")
    text = patients.read_text()
    anonymizer = DICOMAnonymizer(patients=patients, overwrite=True)
    with pytest.raises(PlaceProblem, match="the patient list lies inside the output"):
        anonymizer.anonymize_directory(tmp_path / "in", out)
    with pytest.raises(PlaceProblem, match="the patient list lies inside the output"):
        anonymizer.anonymize_file(file, out)
    with pytest.raises(PlaceProblem, match="the patient list is the output"):
        anonymizer.anonymize_file(file, patients)
    with pytest.raises(PlaceProblem, match="the patient list is the audit log"):
        anonymizer.anonymize_file(file, tmp_path / "b.dcm", audit_log=patients)
    assert patients.read_text() == text
    assert anonymizer.anonymize_file(file, out / "named.dcm").record.pseudonym == "S-1"


def test_the_python_api_refuses_what_has_no_meaning(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="without a patient list"):
        DICOMAnonymizer(unlisted="refuse")
    with pytest.raises(ConfigurationError, match="unlisted: one of refuse, pseudonymise") as caught:
        DICOMAnonymizer(patients=listed(tmp_path, "A1,,S-1\n"), unlisted=CANARY)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        (["--modality", "MR,pt"], {"pt", "mr"}),
        (["--modality", "MR", "--modality", "PT"], {"pt", "mr"}),
        (["--sop-class", "CT"], {"ct", "pt", "mr", "bare"}),
        (["--sop-class", "MR"], set()),
        (["--body-part", "chest"], {"ct", "pt"}),
        (["--study-date", "2020-03-05.."], {"pt"}),
        (["--study-date", "..2020-03-04"], {"ct", "mr", "bare"}),
        (["--study-date", "2020-03-06"], {"pt"}),
        (["--series-description", "thorax*"], {"ct"}),
        (["--exclude-series-description", "*scout*"], {"ct", "pt"}),
        (["--modality", "PT,CT", "--body-part", "CHEST", "--study-date", "2020-01-01..2020-03-05"], {"ct"}),
    ],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_each_criterion_takes_its_instances_and_skips_the_others(
    options: list[str], taken: set[str], workers: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, common = tmp_path / "in", {"BodyPartExamined": "CHEST"}
    write_ct(source / "ct", number="1", SeriesDescription="Thorax axial", **common)
    write_ct(source / "pt", number="2", Modality="PT", StudyDate="20200306", SeriesDescription="Heart", **common)
    write_ct(source / "mr", number="3", Modality="MR", SeriesDescription="A Scout", BodyPartExamined="HEAD")
    write_ct(source / "bare", number="4")
    audit = tmp_path / "audit.json"
    code = anonymize(tmp_path, *options, "--workers", workers, "--audit-log", audit, "--show-paths")
    records = json.loads(audit.read_text())["files"]
    names = sorted(path.name for path in source.iterdir())
    assert {n for n, record in zip(names, records, strict=True) if record["ending"] == "released"} == taken
    assert {r["reason"] for r in records if r["ending"] != "released"} <= {"not-in-cohort"}
    assert code == int(len(taken) < 4)
    assert len(outputs(tmp_path / "out")) == len(taken)
    assert capsys.readouterr().err.count("skipped not-in-cohort") == int(len(taken) < 4)


def test_the_python_api_takes_a_cohort(tmp_path: Path) -> None:
    write_ct(tmp_path / "in" / "a", number="1")
    write_ct(tmp_path / "in" / "b", number="2", Modality="MR")
    (tmp_path / "in" / "c").write_text("no DICOM")
    result = DICOMAnonymizer(cohort=Cohort(modality=("CT",))).anonymize_directory(tmp_path / "in", tmp_path / "out")
    assert [entry.reason for entry in result] == [None, Reason.NOT_IN_COHORT, Reason.NOT_DICOM]


def test_options_become_a_cohort() -> None:
    parser = argparse.ArgumentParser()
    add_selection(parser)
    assert cohort_of(parser.parse_args([])) is None
    given = ["--modality", "CT, MR,", "--study-date", "2020-01-02", "--series-description", "A,B"]
    assert cohort_of(parser.parse_args(given)) == Cohort(
        modality=("CT", "MR"),
        study_date_from=date(2020, 1, 2),
        study_date_to=date(2020, 1, 2),
        series_description=("A,B",),
    )
    with pytest.raises(UsageProblem):
        cohort_of(parser.parse_args(["--study-date", "yesterday"]))
