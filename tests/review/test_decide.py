"""Decisions: one holds, it is carried out once however often it is interrupted, and releases what was validated."""

from __future__ import annotations

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deident.errors import PlaceProblem, UsageProblem
from deident.ledger import Outcome, Record
from deident.review import Answer, Verdict, decide, expire, reviewer_reference
from support.killing import killed_at
from support.reviews import REVIEWER, carried_out, desk_of, latest, verdict_on, waiting_tree
from support.studies import manifest_of, open_job, outputs, run, tree, write_instance, write_study

UID = "1.2.826.0.1.3680043.78"
APPROVE, REJECT = Verdict.APPROVE, Verdict.REJECT


@pytest.fixture
def waiting(tmp_path: Path) -> Record:
    write_study(tmp_path / "source", UID, 3)
    return run(tmp_path, release="after-review").record


def the_same_without_review(tmp_path: Path) -> dict[str, bytes]:
    """What a run releases by itself in another project that has the same key."""
    other = tmp_path / "other"
    (other / "home").mkdir(parents=True)
    shutil.copy(tmp_path / "home" / "key", other / "home" / "key")
    assert run(other, source=str(tmp_path / "source")).outcome is Outcome.RELEASED
    return tree(other / "destination")


def swept(tmp_path: Path) -> list[str]:
    """What lies in staging after the next review, or run, has looked after it."""
    with desk_of(tmp_path) as desk:
        desk.sweep()
    return waiting_tree(tmp_path)


def test_approval_releases_what_an_automatic_run_would_have(tmp_path: Path, waiting: Record) -> None:
    decided = verdict_on(tmp_path, waiting, APPROVE)
    assert decided.answer is Answer.DONE
    assert decided.record is not None
    assert decided.record == latest(tmp_path, waiting.study)
    assert decided.record.outcome is Outcome.RELEASED
    assert decided.record.counts == {"released": 3, "skipped": 0, "quarantined": 0}
    assert decided.record.reviewed == waiting.run
    assert set(decided.record.outputs) == set(waiting.outputs) == set(manifest_of(tmp_path).instances)
    assert waiting_tree(tmp_path) == []
    assert tree(tmp_path / "destination") == the_same_without_review(tmp_path)


def test_a_run_after_the_approval_finds_nothing_new(tmp_path: Path, waiting: Record) -> None:
    verdict_on(tmp_path, waiting, APPROVE)
    assert run(tmp_path, release="after-review").unchanged


def test_the_reviewer_is_on_record_as_a_keyed_reference(tmp_path: Path, waiting: Record) -> None:
    decided = verdict_on(tmp_path, waiting, APPROVE)
    assert decided.record is not None
    assert decided.record.reviewer.startswith("hmac-sha256:")
    assert not [name for name, data in tree(tmp_path / "home").items() if REVIEWER.encode() in data]
    with desk_of(tmp_path) as desk:
        assert decided.record.reviewer == reviewer_reference(desk.home, REVIEWER)
        assert decided.record.reviewer != reviewer_reference(desk.home, "dr.other")


@pytest.mark.parametrize("name", ["Doe^Jane", "Jane Doe", "", "x", "a" * 60, "dr.planted\n", "../x"])
def test_a_reviewer_is_an_account_name(tmp_path: Path, name: str) -> None:
    with desk_of(tmp_path) as desk, pytest.raises(UsageProblem) as caught:
        reviewer_reference(desk.home, name)
    assert not name or name not in str(caught.value)


def test_rejection_holds_the_study_and_leaves_nothing(tmp_path: Path, waiting: Record) -> None:
    decided = verdict_on(tmp_path, waiting, REJECT)
    assert decided.record is not None
    assert decided.record.outcome is Outcome.QUARANTINED
    assert decided.record.counts == {"released": 0, "skipped": 0, "quarantined": 3}
    assert decided.record.reasons == {"rejected-by-reviewer": 3}
    assert not outputs(tmp_path)
    assert waiting_tree(tmp_path) == []
    log = json.loads((tmp_path / "home" / "audit" / decided.record.run / f"{waiting.study}.json").read_text())
    assert {(file["ending"], file["reason"], file["output"]) for file in log["files"]} == {
        ("quarantined", "rejected-by-reviewer", None)
    }
    assert run(tmp_path, release="after-review").unchanged
    assert run(tmp_path, release="after-review", force=True).outcome is Outcome.AWAITING_REVIEW


def test_rejection_of_a_later_version_leaves_the_earlier_one_visible(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 2)
    run(tmp_path)
    before = tree(tmp_path / "destination")
    write_instance(tmp_path / "source" / "late", UID, 3)
    verdict_on(tmp_path, run(tmp_path, release="after-review").record, REJECT)
    assert tree(tmp_path / "destination") == before


def test_approval_of_a_later_version_supersedes_the_earlier_one(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 2)
    run(tmp_path)
    write_instance(tmp_path / "source" / "late", UID, 3)
    decided = verdict_on(tmp_path, run(tmp_path, release="after-review").record, APPROVE)
    assert decided.record is not None
    assert decided.record.manifest_version == manifest_of(tmp_path).version == 2
    assert len(outputs(tmp_path)) == 3


@pytest.mark.parametrize("verdict", [APPROVE, REJECT])
def test_the_same_decision_again_changes_nothing(tmp_path: Path, waiting: Record, verdict: Verdict) -> None:
    first = verdict_on(tmp_path, waiting, verdict)
    before = tree(tmp_path / "destination")
    again = verdict_on(tmp_path, waiting, verdict, "dr.other")
    assert (again.answer, again.record) == (Answer.DONE, first.record)
    assert tree(tmp_path / "destination") == before


@pytest.mark.parametrize(("first", "second"), [(APPROVE, REJECT), (REJECT, APPROVE)])
def test_the_first_decision_holds(tmp_path: Path, waiting: Record, first: Verdict, second: Verdict) -> None:
    held = verdict_on(tmp_path, waiting, first)
    other = verdict_on(tmp_path, waiting, second)
    assert (other.answer, other.record) == (Answer.OTHERWISE, held.record)
    assert bool(outputs(tmp_path)) is (first is APPROVE)


def test_two_reviewers_at_once_one_decides_and_the_other_is_told(tmp_path: Path, waiting: Record) -> None:
    for attempt in range(5):
        record = waiting if not attempt else run(tmp_path, release="after-review", force=True).record
        start = threading.Barrier(2)

        def act(verdict: Verdict, record: Record, start: threading.Barrier) -> Answer:
            start.wait()
            return verdict_on(tmp_path, record, verdict).answer

        with ThreadPoolExecutor(2) as pool:
            asked = {verdict: pool.submit(act, verdict, record, start) for verdict in (APPROVE, REJECT)}
        answers = {verdict: future.result() for verdict, future in asked.items()}
        assert set(answers.values()) == {Answer.DONE, Answer.OTHERWISE}
        ended = latest(tmp_path, record.study)
        assert ended.outcome is (Outcome.RELEASED if answers[APPROVE] is Answer.DONE else Outcome.QUARANTINED)


@pytest.mark.slow
@pytest.mark.parametrize("verdict", [APPROVE, REJECT])
def test_a_decision_that_is_killed_anywhere_ends_the_same_when_made_again(tmp_path: Path, verdict: Verdict) -> None:
    write_study(tmp_path / "source", UID, 2)
    expected: dict[str, bytes] | None = None
    for number in range(1, 40):
        record = run(tmp_path, release="after-review", force=True).record
        killed = killed_at(number, lambda record=record: carried_out(tmp_path, record, verdict))
        again = verdict_on(tmp_path, record, verdict)
        assert again.answer is Answer.DONE
        assert swept(tmp_path) == []
        with open_job(tmp_path) as context:
            decisions = [r for r in context.ledger.history(record.study) if r.reviewed == record.run]
        assert len(decisions) == 1
        found = tree(tmp_path / "destination")
        expected = expected or found
        assert found == expected
        if not killed:
            break
    assert not killed
    assert number > 6
    assert bool(expected) is (verdict is APPROVE)


@pytest.mark.slow
def test_a_killed_approval_is_finished_even_by_who_would_reject(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 2)
    for number in range(2, 40):
        record = run(tmp_path, release="after-review", force=True).record
        killed = killed_at(number, lambda record=record: carried_out(tmp_path, record, APPROVE))
        assert verdict_on(tmp_path, record, REJECT).answer is Answer.OTHERWISE
        assert len(outputs(tmp_path)) == 2
        assert swept(tmp_path) == []
        if not killed:
            break
    assert not killed


def test_what_was_changed_in_staging_is_not_released(tmp_path: Path, waiting: Record) -> None:
    path = tmp_path / "home" / "staging" / waiting.run / waiting.study / "000001.dcm"
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[:-1] + b"!")
    decided = verdict_on(tmp_path, waiting, APPROVE)
    assert decided.answer is Answer.CHANGED
    assert decided.record is not None
    assert decided.record.reasons == {"changed-while-reading": 3}
    assert not outputs(tmp_path)
    assert waiting_tree(tmp_path) == []
    assert run(tmp_path, release="after-review").outcome is Outcome.AWAITING_REVIEW


def test_what_is_added_to_staging_is_not_released(tmp_path: Path, waiting: Record) -> None:
    folder = tmp_path / "home" / "staging" / waiting.run / waiting.study
    (folder / "000009.dcm").write_bytes(b"not validated")
    verdict_on(tmp_path, waiting, APPROVE)
    assert len(outputs(tmp_path)) == 3
    assert waiting_tree(tmp_path) == []


def test_a_study_that_a_later_run_has_done_again_is_no_matter_of_the_earlier_one(
    tmp_path: Path, waiting: Record
) -> None:
    later = run(tmp_path, release="after-review", force=True).record
    assert verdict_on(tmp_path, waiting, APPROVE).answer is Answer.SUPERSEDED
    assert verdict_on(tmp_path, later, APPROVE).answer is Answer.DONE


@pytest.mark.parametrize("study", ["aaaaaaaaaaaaaaaa", "../../ledger", "", "ZZTOP^CANARY"])
def test_an_unknown_study_is_answered_as_such(tmp_path: Path, waiting: Record, study: str) -> None:
    with desk_of(tmp_path) as desk:
        assert decide(desk, waiting.run, study, APPROVE, "hmac").answer is Answer.NOT_AWAITING
        assert decide(desk, "another", waiting.study, APPROVE, "hmac").answer is Answer.NOT_AWAITING


def test_a_study_that_waits_too_long_is_held_by_whoever_comes_next(
    tmp_path: Path, waiting: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    after(monkeypatch, waiting)
    assert verdict_on(tmp_path, waiting, APPROVE).answer is Answer.EXPIRED
    record = latest(tmp_path, waiting.study)
    assert (record.outcome, record.reasons, record.reviewer) == (Outcome.QUARANTINED, {"review-expired": 3}, "")
    assert not outputs(tmp_path)
    assert waiting_tree(tmp_path) == []


def test_expiry_takes_only_what_is_late(tmp_path: Path, waiting: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk_of(tmp_path) as desk:
        assert expire(desk) == []
    after(monkeypatch, waiting)
    with desk_of(tmp_path) as desk:
        (record,) = expire(desk)
        assert record.reasons == {"review-expired": 3}
        assert expire(desk) == []
        assert expire(desk, desk.ledger.studies()) == []


def test_an_approval_made_in_time_and_killed_is_finished_after_the_expiry(
    tmp_path: Path, waiting: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert killed_at(2, lambda: carried_out(tmp_path, waiting, APPROVE))
    assert not outputs(tmp_path)
    after(monkeypatch, waiting)
    with desk_of(tmp_path) as desk:
        (record,) = expire(desk)
    assert record.outcome is Outcome.RELEASED
    assert len(outputs(tmp_path)) == 3


def test_a_lost_staging_expires_as_well(tmp_path: Path, waiting: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(tmp_path / "home" / "staging" / waiting.run)
    after(monkeypatch, waiting)
    with desk_of(tmp_path) as desk:
        assert expire(desk) == []
        assert len(expire(desk, desk.ledger.studies())) == 1


def test_a_destination_inside_the_home_is_refused(tmp_path: Path, waiting: Record) -> None:
    note = tmp_path / "home" / "staging" / waiting.run / "review.json"
    values = json.loads(note.read_text())
    note.write_text(json.dumps({**values, "destination": str(tmp_path / "home" / "reports")}))
    with pytest.raises(PlaceProblem):
        verdict_on(tmp_path, waiting, APPROVE)


def after(monkeypatch: pytest.MonkeyPatch, record: Record) -> None:
    """Let the clock of the desk stand after the expiry of the record."""
    import deident.review.desk

    later = f"{int(record.expires[:4]) + 1}{record.expires[4:]}"
    monkeypatch.setattr(deident.review.desk, "now", lambda: later)
