"""A validated study that waits: on record with its digests, protected in staging, done again only when it must be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from deident.audit import AuditRecord
from deident.home import ProjectHome
from deident.job import ReleasePolicy
from deident.ledger import Outcome, StudyOutcome
from deident.review import Verdict, waiting_studies
from deident.stores import FolderStore
from deident.study.worker import stored_digest
from deident.vault import Vault, home_store, keys_at_hand, project_key, verify
from support.reviews import latest, verdict_on, waiting_tree
from support.studies import NAME, PATIENT_ID, open_job, outputs, run, tree, write_instance, write_study

UID = "1.2.826.0.1.3680043.77"


@pytest.fixture(autouse=True)
def source(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 3)


def wait(tmp_path: Path, **values: object) -> StudyOutcome:
    return run(tmp_path, **{"release": "after-review", **values})


def test_the_study_ends_awaiting_review_and_nothing_is_visible(tmp_path: Path) -> None:
    outcome = wait(tmp_path)
    assert outcome.outcome is Outcome.AWAITING_REVIEW
    assert outcome.record.counts == {"released": 0, "skipped": 0, "quarantined": 0, "awaiting-review": 3}
    assert not outputs(tmp_path)
    assert waiting_tree(tmp_path) == ["000000.dcm", "000001.dcm", "000002.dcm", "review.json"]


def test_the_ledger_has_the_digests_of_what_lies_in_staging(tmp_path: Path) -> None:
    record = wait(tmp_path).record
    staging = FolderStore(tmp_path / "home" / "staging", private=True)
    keys = [entry.key for entry in staging.list(f"{record.run}/{record.study}/")]
    assert {output.digest for output in record.outputs} == {stored_digest(staging, key) for key in keys}


def test_the_audit_log_says_that_there_is_no_ending_yet_and_is_read_back(tmp_path: Path) -> None:
    record = wait(tmp_path).record
    text = (tmp_path / "home" / "audit" / record.run / f"{record.study}.json").read_text()
    log = json.loads(text)
    assert {file["ending"] for file in log["files"]} == {"awaiting-review"}
    assert (log["summary"]["released"], log["summary"]["awaiting-review"]) == (0, 3)
    lines = [line.rstrip(",") for line in text.splitlines() if line.startswith('{"timestamp"')]
    assert [AuditRecord.from_json(line).to_json() for line in lines] == lines


def test_a_second_run_leaves_it_waiting(tmp_path: Path) -> None:
    first = wait(tmp_path)
    again = wait(tmp_path)
    assert again.unchanged
    assert again.record == first.record


def test_a_later_run_without_review_does_not_release_it_by_the_way(tmp_path: Path) -> None:
    wait(tmp_path)
    assert run(tmp_path).outcome is Outcome.AWAITING_REVIEW
    assert not outputs(tmp_path)


def test_a_study_whose_staging_was_lost_is_done_again(tmp_path: Path) -> None:
    first = wait(tmp_path).record
    shutil.rmtree(tmp_path / "home" / "staging" / first.run)
    again = wait(tmp_path)
    assert not again.unchanged
    assert again.record.run != first.run


def test_a_study_for_another_destination_is_done_again(tmp_path: Path) -> None:
    wait(tmp_path)
    assert not wait(tmp_path, destination=str(tmp_path / "elsewhere")).unchanged


def test_sweeping_leaves_what_waits_and_takes_what_it_supersedes(tmp_path: Path) -> None:
    first = wait(tmp_path).record
    stray = tmp_path / "home" / "staging" / first.run / "aaaaaaaaaaaaaaaa" / "000000.dcm"
    stray.parent.mkdir()
    stray.write_bytes(b"left by a killed run")
    with open_job(tmp_path) as context:
        assert context.sweep() == 1
        assert context.sweep() == 0
    assert len(waiting_tree(tmp_path)) == 4
    write_instance(tmp_path / "source" / "late", UID, 4)
    second = wait(tmp_path).record
    assert second.counts["awaiting-review"] == 4
    with open_job(tmp_path) as context:
        assert context.sweep() == 1
    assert not (tmp_path / "home" / "staging" / first.run).exists()
    assert len(waiting_tree(tmp_path)) == 5


def test_the_map_is_sealed_before_the_study_waits_and_lies_nowhere_in_clear(tmp_path: Path) -> None:
    home = ProjectHome.open(tmp_path / "home")
    vault = Vault.create(home_store(home), keys_at_hand(home, create=True), secret=project_key(home))
    record = wait(tmp_path).record
    assert verify(vault).entries["patient"] == 1
    for name, data in tree(tmp_path / "home").items():
        assert not [needle for needle in (NAME, PATIENT_ID, UID) if needle.encode() in data], name
    entries = verify(vault).entries
    verdict_on(tmp_path, record, Verdict.APPROVE)
    assert verify(vault).entries == entries
    assert len(outputs(tmp_path)) == 3


@pytest.mark.parametrize(
    ("changes", "job", "waits"),
    [
        ({}, {}, False),
        ({"BurnedInAnnotation": "YES"}, {"pixel_risk": "accept"}, True),
        ({"BurnedInAnnotation": "YES"}, {"pixel_risk": "hold"}, True),
        ({"BurnedInAnnotation": "NO"}, {"pixel_risk": "accept"}, False),
    ],
)
def test_only_clean_studies_are_released_at_once(
    tmp_path: Path, changes: dict[str, str], job: dict[str, str], waits: bool
) -> None:
    write_instance(tmp_path / "source" / "another", UID, 4, **changes)
    outcome = run(tmp_path, release=ReleasePolicy.ONLY_CLEAN, **job).outcome
    assert outcome is (Outcome.AWAITING_REVIEW if waits else Outcome.RELEASED)


def test_what_is_held_beside_it_is_told(tmp_path: Path) -> None:
    write_instance(tmp_path / "source" / "another", UID, 4, BurnedInAnnotation="YES")
    record = wait(tmp_path).record
    assert record.counts == {"released": 0, "skipped": 0, "quarantined": 1, "awaiting-review": 3}
    released = verdict_on(tmp_path, record, Verdict.APPROVE).record
    assert released is not None
    assert released.counts == {"released": 3, "skipped": 0, "quarantined": 1}
    assert released.reasons == {"pixel-risk": 1}


def test_a_study_of_which_nothing_can_be_released_does_not_wait(tmp_path: Path) -> None:
    for path in (tmp_path / "source").iterdir():
        path.unlink()
    write_instance(tmp_path / "source" / "a", UID, 1, BurnedInAnnotation="YES")
    assert wait(tmp_path).outcome is Outcome.QUARANTINED


def test_the_list_shows_what_waits_by_run(tmp_path: Path) -> None:
    record = wait(tmp_path).record
    with open_job(tmp_path) as context:
        (waiting,) = waiting_studies(context.ledger)
        assert (waiting.study, waiting.run, waiting.count, waiting.expired) == (record.study, record.run, 3, False)
        assert waiting_studies(context.ledger, record.run) == [waiting]
        assert waiting_studies(context.ledger, "another") == []
    assert latest(tmp_path, record.study) == record
