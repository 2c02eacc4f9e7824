"""The path of a study under a patient list and under a cohort: who it is named after, what is taken, when it is done again."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pydicom
import pytest

from deident.context import Context, worker_context
from deident.discovery import discover
from deident.errors import ConfigurationError, PlaceProblem, Reason, TransientProblem
from deident.ledger import Outcome
from deident.report import build_report
from deident.study import deidentify_study, process_study, release, validate
from support.studies import (
    NAME,
    PATIENT_ID,
    job_for,
    manifest_of,
    only_study,
    open_job,
    outputs,
    run,
    stamps,
    tree,
    write_instance,
    write_study,
)

UID = "1.2.3"
HEAD = "patient_id,subject_id\n"


def patients(tmp_path: Path, text: str) -> str:
    path = tmp_path / "trial" / "subjects.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEAD + text)
    return str(path)


def folders(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "destination").iterdir())


# the patient list


def test_the_subject_stands_in_names_of_outputs_in_their_patient_module_and_in_the_manifest(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 2)
    outcome = run(tmp_path, patients=patients(tmp_path, f"{PATIENT_ID},SITE 1-(001)\n"))
    assert outcome.outcome is Outcome.RELEASED
    assert manifest_of(tmp_path).patient == "SITE 1-(001)"
    assert folders(tmp_path) == ["SITE 1-(001)"]
    for path in outputs(tmp_path):
        dataset = pydicom.dcmread(path)
        assert (dataset.PatientID, dataset.PatientName) == ("SITE 1-(001)", "SITE 1-(001)")


def test_nothing_of_the_list_but_subjects_is_left_in_outputs_or_home(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 1)
    run(tmp_path, patients=patients(tmp_path, f"{PATIENT_ID},S-001\nOTHER-ORIGINAL,S-002\n"))
    for place in ("destination", "home"):
        for name, data in tree(tmp_path / place).items():
            for secret in (*NAME.split("^"), PATIENT_ID, "OTHER-ORIGINAL", "S-002", "subjects.csv"):
                assert secret not in name
                assert secret.encode() not in data


def test_a_patient_who_is_not_listed_is_held_or_keyed_as_the_job_says(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 2)
    listed = patients(tmp_path, "SOMEBODY,S-1\n")
    held = run(tmp_path, patients=listed)
    assert held.outcome is Outcome.QUARANTINED
    assert held.record.reasons == {"patient-not-listed": 2}
    assert outputs(tmp_path) == []
    keyed = run(tmp_path, patients=listed, unlisted="pseudonymise")
    assert keyed.outcome is Outcome.RELEASED
    with open_job(tmp_path) as context:
        assert folders(tmp_path) == [context.pseudonyms.patient(PATIENT_ID, "", UID)]


def test_with_the_same_list_nothing_is_done_again_however_it_is_written(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 2)
    run(tmp_path, patients=patients(tmp_path, f"{PATIENT_ID},S-1\nX-1,S-2\n"))
    before = stamps(tmp_path)
    again = run(tmp_path, patients=patients(tmp_path, f"\nX-1, S-2\n '{PATIENT_ID}' ,S-1\n".replace("'", "")))
    assert again.unchanged
    assert stamps(tmp_path) == before


@pytest.mark.parametrize("text", [f"{PATIENT_ID},S-1\nX-1,S-2\n", f"{PATIENT_ID},S-9\n"])
def test_a_changed_list_means_that_studies_are_done_again(tmp_path: Path, text: str) -> None:
    write_study(tmp_path / "source", UID, 2)
    first = run(tmp_path, patients=patients(tmp_path, f"{PATIENT_ID},S-1\n"))
    again = run(tmp_path, patients=patients(tmp_path, text))
    assert not again.unchanged
    assert again.record.fingerprint == first.record.fingerprint
    assert again.record.profile_digest != first.record.profile_digest
    assert manifest_of(tmp_path).version == 2


def test_without_the_list_and_with_it_is_not_the_same_work(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 1)
    listed = patients(tmp_path, f"{PATIENT_ID},S-1\n")
    seen = [run(tmp_path), run(tmp_path, patients=listed), run(tmp_path, patients=listed, unlisted="pseudonymise")]
    assert [outcome.unchanged for outcome in seen] == [False, False, False]
    assert len({outcome.record.profile_digest for outcome in seen}) == 3


def test_a_study_of_another_subject_leaves_no_version_under_the_former_one(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 2)
    (tmp_path / "destination" / "S-1").mkdir(parents=True)
    (tmp_path / "destination" / "S-1" / "readme.txt").write_text("of others")
    run(tmp_path, patients=patients(tmp_path, f"{PATIENT_ID},S-1\n"))
    run(tmp_path, patients=patients(tmp_path, "SOMEBODY,S-1\n"))  # held: what was released stays
    assert len(outputs(tmp_path)) == 2
    run(tmp_path, patients=patients(tmp_path, f"{PATIENT_ID},S-2\n"))
    assert manifest_of(tmp_path).patient == "S-2"
    assert {path.relative_to(tmp_path / "destination").parts[0] for path in outputs(tmp_path)} == {"S-2"}
    assert (tmp_path / "destination" / "S-1" / "readme.txt").exists()


def test_a_run_that_dies_before_the_former_version_is_gone_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise TransientProblem("the disk is busy")

    write_study(tmp_path / "source", UID, 2)
    run(tmp_path, patients=patients(tmp_path, f"{PATIENT_ID},S-1\n"))
    listed = patients(tmp_path, f"{PATIENT_ID},S-2\n")
    with monkeypatch.context() as patched:
        patched.setattr(sys.modules["deident.study.publish"], "_retire", fail)
        with pytest.raises(TransientProblem):
            run(tmp_path, patients=listed)
    assert folders(tmp_path) == ["S-1", "S-2"]
    assert not run(tmp_path, patients=listed).unchanged
    assert folders(tmp_path) == ["S-2"]
    assert run(tmp_path, patients=listed).unchanged


def test_ids_that_are_joined_become_one_subject(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 1)
    write_study(tmp_path / "source", "1.2.4", 1, PatientID="CLINIC-77", IssuerOfPatientID="CLINIC")
    listed = tmp_path / "subjects.csv"
    listed.write_text(f"patient_id;issuer;subject_id\n{PATIENT_ID};;S-1\nCLINIC-77;CLINIC;S-1\n")
    with open_job(tmp_path, patients=str(listed)) as context:
        studies = discover(context).studies
        assert [process_study(context, study).outcome for study in studies] == [Outcome.RELEASED] * 2
    assert folders(tmp_path) == ["S-1"]
    assert {pydicom.dcmread(path).PatientID for path in outputs(tmp_path)} == {"S-1"}


def test_a_subject_id_that_tells_the_name_is_a_leak_that_validation_finds(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 1)
    outcome = run(tmp_path, patients=patients(tmp_path, f"{PATIENT_ID},{NAME.split('^')[1]}-1\n"))
    assert outcome.outcome is Outcome.QUARANTINED
    assert outcome.record.reasons == {"validation-leak": 1}
    assert outputs(tmp_path) == []


def test_a_list_that_changes_under_a_run_holds_what_was_staged_with_the_other_one(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 1)
    path = patients(tmp_path, f"{PATIENT_ID},S-1\n")
    with open_job(tmp_path, "run", patients=path) as context:
        study = only_study(context)
        patients(tmp_path, f"{PATIENT_ID},S-2\n")
        with Context.open(context.job, "run") as worker:
            staged = deidentify_study(worker, study)
        outcome = release(context, validate(context, staged))
    assert outcome.record.reasons == {"changed-while-reading": 1}
    assert outputs(tmp_path) == []
    assert not run(tmp_path, patients=path).unchanged
    assert folders(tmp_path) == ["S-2"]


def test_worker_processes_read_the_list_themselves(tmp_path: Path) -> None:
    job = job_for(tmp_path, patients=patients(tmp_path, f"{PATIENT_ID},S-1\n"))
    try:
        assert worker_context(job, "run").pseudonyms.patient(PATIENT_ID, "", UID) == "S-1"
    finally:
        worker_context(job, "run").close()
        worker_context.cache_clear()


def test_a_list_inside_the_destination_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "destination").mkdir()
    path = tmp_path / "destination" / "list.csv"
    path.write_text(HEAD + f"{PATIENT_ID},S-1\n")
    (tmp_path / "link.csv").symlink_to(path)
    for name in (path, tmp_path / "link.csv"):
        with pytest.raises(PlaceProblem, match="the patient list lies inside the destination"):
            open_job(tmp_path, patients=str(name))


def test_a_wrong_list_stops_the_run_before_it_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="lines 2 and 3"):
        open_job(tmp_path, patients=patients(tmp_path, f"{PATIENT_ID},S-1\n{PATIENT_ID},S-2\n"))


# the cohort


def test_what_is_outside_of_the_cohort_is_skipped_with_its_reason(tmp_path: Path) -> None:
    source = tmp_path / "source"
    write_study(source, UID, 2, BodyPartExamined="CHEST")
    write_instance(source / "other-series", UID, 3, BodyPartExamined="HEAD")
    write_study(source, "1.2.4", 2, BodyPartExamined="HEAD")
    with open_job(tmp_path, cohort={"body_part": ["chest"]}) as context:
        discovery = discover(context)
        (study,) = discovery.studies
        outcome = process_study(context, study)
        report = build_report(context, discovery, [outcome])
    assert study.count == 2
    assert [other.reason for other in discovery.others] == [Reason.NOT_IN_COHORT] * 3
    assert report.inputs == {"released": 2, "skipped": 3, "quarantined": 0}
    assert {line.code: line.count for line in report.reasons} == {"not-in-cohort": 3}
    assert len(outputs(tmp_path)) == 2


def test_a_changed_cohort_does_those_studies_again_that_it_touches(tmp_path: Path) -> None:
    source = tmp_path / "source"
    write_study(source, UID, 1, SeriesDescription="T1")
    write_instance(source / "b", UID, 2, SeriesDescription="T2")
    write_study(source, "1.2.4", 2, SeriesDescription="T1")

    def versions(*patterns: str) -> dict[int, tuple[int, int]]:
        """Instances of the study -> (version of its manifest, outputs that it lists), and what was done anew."""
        with open_job(tmp_path, cohort={"series_description": patterns}) as context:
            done = [process_study(context, study) for study in discover(context).studies]
        return {o.record.counts["released"]: (o.record.manifest_version, int(not o.unchanged)) for o in done}

    assert versions("T1") == {1: (1, 1), 2: (1, 1)}
    wide = {path: path.stat().st_mtime_ns for path in outputs(tmp_path)}
    assert len(wide) == 3
    with open_job(tmp_path, cohort={"series_description": ["T1", "T2"]}) as context:
        done = {s.count: [] for s in discover(context).studies}
        assert done == {2: []}
        again = [process_study(context, study) for study in discover(context).studies]
    assert sorted((o.record.manifest_version, o.unchanged) for o in again) == [(1, True), (2, False)]
    assert len(outputs(tmp_path)) == 4
    assert versions("T1") == {1: (3, 1), 2: (1, 0)}
    assert {path: path.stat().st_mtime_ns for path in outputs(tmp_path)}.keys() == wide.keys()


def test_a_study_that_leaves_the_cohort_is_not_touched(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 2)
    run(tmp_path)
    before = stamps(tmp_path)
    with open_job(tmp_path, cohort={"modality": ["MR"]}) as context:
        discovery = discover(context)
    assert discovery.studies == ()
    assert len(discovery.others) == 2
    assert stamps(tmp_path) == before


def test_dates_of_the_cohort_are_those_of_the_originals(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 1, StudyDate="20200304")
    run(tmp_path, cohort={"study_date_from": "2020-03-04", "study_date_to": "2020-03-04"})
    (output,) = outputs(tmp_path)
    assert pydicom.dcmread(output).get("StudyDate") != "20200304"


def test_a_cohort_and_a_list_stand_in_a_job_file(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 1)
    text = "".join(f"{place} = {json.dumps(str(tmp_path / place))}\n" for place in ("source", "destination", "home"))
    listed = json.dumps(patients(tmp_path, f"{PATIENT_ID},S-1\n"))
    (tmp_path / "job.toml").write_text(
        f'{text}patients = {listed}\nunlisted = "refuse"\n[cohort]\nmodality = ["CT"]\nstudy_date_to = 2030-01-01\n'
    )
    with Context.open(type(job_for(tmp_path)).load(tmp_path / "job.toml")) as context:
        process_study(context, only_study(context))
    assert folders(tmp_path) == ["S-1"]
