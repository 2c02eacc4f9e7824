"""The path of one study: staged, validated, released, done again, held."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pydicom
import pytest

from deident.errors import Reason
from deident.ledger import Outcome
from deident.stores import read_all
from deident.study import (
    deidentify_study,
    done_before,
    process_study,
    quarantine_study,
    release,
    validate,
)
from support.studies import (
    NAME,
    PATIENT_ID,
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


# one study, from start to end


def test_a_study_comes_out_whole_named_by_pseudonyms_and_on_record(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 3)
    with open_job(tmp_path) as context:
        outcome = process_study(context, only_study(context))
        assert context.ledger.latest(outcome.study) == outcome.record
        patient = context.pseudonyms.patient(PATIENT_ID, "", UID)
        folder = f"{patient}/{context.pseudonyms.uid(UID.encode())}"
    assert outcome.outcome is Outcome.RELEASED
    assert outcome.record.counts == {"released": 3, "skipped": 0, "quarantined": 0}
    assert outcome.record.manifest == f"{folder}/manifest.json"
    manifest = manifest_of(tmp_path)
    assert manifest.instances == outcome.record.outputs
    found = tree(tmp_path / "destination")
    assert set(found) == {f"{folder}/manifest.json", *(output.name for output in manifest.instances)}
    for path in outputs(tmp_path):
        dataset = pydicom.dcmread(path)
        assert path.name == f"{dataset.SOPInstanceUID}.dcm"
        assert dataset.PatientID == patient


def test_no_identifier_is_left_in_outputs_ledger_audit_or_staging(tmp_path: Path) -> None:
    for path in write_study(tmp_path / "source" / NAME, UID, 2):
        path.rename(path.with_name(f"{PATIENT_ID}-{path.name}"))
    run(tmp_path)
    for place in ("destination", "home"):
        for name, data in tree(tmp_path / place).items():
            for secret in (*NAME.split("^"), PATIENT_ID):
                assert secret not in name
                assert secret.encode() not in data


def test_staging_of_a_finished_study_is_gone(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 2)
    run(tmp_path)
    assert list((tmp_path / "home" / "staging").iterdir()) == []


def test_outputs_follow_the_umask_and_the_home_stays_private(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 1)
    run(tmp_path)
    (output,) = outputs(tmp_path)
    assert stat.S_IMODE(output.stat().st_mode) == 0o666 & ~_umask()
    assert output.stat().st_nlink == 1
    assert all(stat.S_IMODE(p.stat().st_mode) & 0o077 == 0 for p in (tmp_path / "home").rglob("*"))


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current


def test_the_audit_of_a_study_has_a_record_for_each_input(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 2)
    write_instance(tmp_path / "source" / "risky", UID, 3, BurnedInAnnotation="YES")
    with open_job(tmp_path) as context:
        outcome = process_study(context, only_study(context))
        document = json.loads(read_all(context.audit, f"{context.run}/{outcome.study}.json"))
    assert sorted(file["ending"] for file in document["files"]) == ["quarantined", "released", "released"]
    assert document["summary"]["reasons"] == {"pixel-risk": 1}


# again


def test_a_second_run_with_nothing_new_does_nothing(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 2)
    first = run(tmp_path)
    before = stamps(tmp_path)
    second = run(tmp_path)
    assert (first.unchanged, second.unchanged) == (False, True)
    assert second.record == first.record
    assert stamps(tmp_path) == before


def test_a_quarantined_study_is_not_done_again_either(tmp_path: Path) -> None:
    write_instance(tmp_path / "source" / "risky", UID, 1, BurnedInAnnotation="YES")
    assert run(tmp_path).outcome is Outcome.QUARANTINED
    assert run(tmp_path).unchanged


@pytest.mark.parametrize("change", ["profile", "force", "accept", "gone", "manifest"])
def test_a_study_is_done_again_when_profile_or_destination_changed(tmp_path: Path, change: str) -> None:
    write_study(tmp_path / "source", UID, 2)
    run(tmp_path)
    values: dict[str, object] = {
        "profile": {"profile": "basic"},
        "force": {"force": True},
        "accept": {"pixel_risk": "accept"},
    }.get(change, {})  # type: ignore[assignment]
    if change == "gone":
        outputs(tmp_path)[0].unlink()
    if change == "manifest":
        next((tmp_path / "destination").rglob("manifest.json")).unlink()
    again = run(tmp_path, **values)
    assert not again.unchanged
    assert again.outcome is Outcome.RELEASED
    assert len(outputs(tmp_path)) == 2
    assert run(tmp_path, **{**values, "force": False}).unchanged


def test_doing_it_again_keeps_the_files_whose_bytes_stay_the_same(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 2)
    first = run(tmp_path)
    before = stamps(tmp_path)
    second = run(tmp_path, force=True)
    assert stamps(tmp_path) == before
    assert second.record.outputs == first.record.outputs
    assert manifest_of(tmp_path).version == 1


def test_a_late_series_means_a_superseding_manifest(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 2)
    run(tmp_path)
    write_instance(tmp_path / "source" / "late", UID, 3, SeriesInstanceUID=f"{UID}.2")
    outcome = run(tmp_path)
    assert outcome.record.counts["released"] == 3
    assert manifest_of(tmp_path).version == outcome.record.manifest_version == 2
    assert len(outputs(tmp_path)) == 3


def test_another_profile_replaces_the_outputs_of_the_same_name(tmp_path: Path) -> None:
    write_instance(tmp_path / "source" / "a", UID, 1, PatientSize=1.83)
    run(tmp_path, profile="research")
    (path,) = outputs(tmp_path)
    assert pydicom.dcmread(path).PatientSize == 1.83
    run(tmp_path, profile="basic")
    assert outputs(tmp_path) == [path]
    assert "PatientSize" not in pydicom.dcmread(path)
    assert manifest_of(tmp_path).version == 2


def test_an_instance_that_is_gone_from_the_source_leaves_the_release_too(tmp_path: Path) -> None:
    paths = write_study(tmp_path / "source", UID, 3)
    run(tmp_path)
    (outputs(tmp_path)[0].parent / "notes.txt").write_text("of somebody else")
    paths[0].unlink()
    assert run(tmp_path).record.counts["released"] == 2
    assert len(outputs(tmp_path)) == len(manifest_of(tmp_path).instances) == 2
    assert list((tmp_path / "destination").rglob("notes.txt"))


# what is held


def test_an_instance_is_held_and_the_rest_of_the_study_goes_on(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 2)
    write_instance(tmp_path / "source" / "risky", UID, 3, BurnedInAnnotation="YES")
    outcome = run(tmp_path)
    assert outcome.outcome is Outcome.RELEASED
    assert outcome.record.counts == {"released": 2, "skipped": 0, "quarantined": 1}
    assert outcome.record.reasons == {"pixel-risk": 1}
    assert len(outputs(tmp_path)) == 2


def test_a_study_whose_instances_are_all_held_leaves_nothing_in_the_output(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 2, BurnedInAnnotation="YES")
    outcome = run(tmp_path)
    assert outcome.outcome is Outcome.QUARANTINED
    assert outcome.record.manifest == ""
    assert not (tmp_path / "destination").exists()
    assert list((tmp_path / "home" / "staging").iterdir()) == []


def test_equal_copies_are_skipped_as_duplicates(tmp_path: Path) -> None:
    path = write_instance(tmp_path / "source" / "a", UID, 1)
    (tmp_path / "source" / "copy").write_bytes(path.read_bytes())
    outcome = run(tmp_path)
    assert outcome.record.counts == {"released": 1, "skipped": 1, "quarantined": 0}
    assert outcome.record.reasons == {"duplicate": 1}


def test_of_different_instances_with_one_uid_none_is_released(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 2)
    write_instance(tmp_path / "source" / "other", UID, 2, SliceThickness=9)
    outcome = run(tmp_path)
    assert outcome.record.counts == {"released": 1, "skipped": 0, "quarantined": 2}
    assert outcome.record.reasons == {"duplicate-conflict": 2}
    assert len(outputs(tmp_path)) == 1


def test_two_patients_in_one_study_hold_it(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 1)
    write_instance(tmp_path / "source" / "b", UID, 2, PatientID="ANOTHER-1")
    outcome = run(tmp_path)
    assert outcome.outcome is Outcome.QUARANTINED
    assert "validation-study" in outcome.record.reasons
    assert outputs(tmp_path) == []


def test_what_changed_in_staging_after_validation_is_not_released(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 2)
    with open_job(tmp_path) as context:
        validated = validate(context, deidentify_study(context, only_study(context)))
        assert validated.findings == ()
        key = validated.staged.staged[1].key
        context.staging.put(key, read_all(context.staging, key), overwrite=True)
        outcome = release(context, validated)
    assert outcome.outcome is Outcome.QUARANTINED
    assert outcome.record.reasons == {"changed-while-reading": 2}
    assert not (tmp_path / "destination").exists()


def test_an_input_that_changed_since_discovery_is_held_and_done_by_the_next_run(tmp_path: Path) -> None:
    paths = write_study(tmp_path / "source", UID, 3)
    with open_job(tmp_path) as context:
        study = only_study(context)
        os.utime(paths[0], ns=(1, 1))
        paths[1].unlink()
        outcome = process_study(context, study)
    assert outcome.record.counts == {"released": 1, "skipped": 0, "quarantined": 2}
    assert outcome.record.reasons == {"changed-while-reading": 2}
    assert run(tmp_path).record.counts == {"released": 2, "skipped": 0, "quarantined": 0}


def test_an_earlier_release_stays_when_its_successor_is_held(tmp_path: Path) -> None:
    paths = write_study(tmp_path / "source", UID, 1)
    run(tmp_path)
    before = tree(tmp_path / "destination")
    write_instance(paths[0], UID, 1, BurnedInAnnotation="YES")
    assert run(tmp_path).outcome is Outcome.QUARANTINED
    assert tree(tmp_path / "destination") == before


def test_a_study_given_up_is_on_record_and_has_an_audit(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 2)
    with open_job(tmp_path) as context:
        study = only_study(context)
        deidentify_study(context, study)
        outcome = quarantine_study(context, study, Reason.UNREADABLE)
        assert context.ledger.latest(study.id) == outcome.record
        assert context.audit.exists(f"{context.run}/{study.id}.json")
        assert done_before(context, study) is None
    assert outcome.record.reasons == {"unreadable": 2}
    assert list((tmp_path / "home" / "staging").iterdir()) == []
