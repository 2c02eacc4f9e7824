"""Studies that await review, and processes that are killed while they decide about them."""

from __future__ import annotations

from pathlib import Path

from deident.home import ProjectHome
from deident.ledger import Record
from deident.review import Answer, Decided, Desk, Verdict, decide, reviewer_reference
from support.studies import open_job

__all__ = ["REVIEWER", "carried_out", "desk_of", "latest", "verdict_on", "waiting_tree"]

REVIEWER = "dr.planted"


def desk_of(tmp_path: Path, reviewed: str = "") -> Desk:
    return Desk.open(ProjectHome.open(tmp_path / "home"), reviewed)


def verdict_on(tmp_path: Path, record: Record, verdict: Verdict, reviewer: str = REVIEWER) -> Decided:
    """Decide about what `record` says that it waits."""
    with desk_of(tmp_path, record.run) as desk:
        reference = reviewer_reference(desk.home, reviewer)
        return decide(desk, record.run, record.study, verdict, reference)


def latest(tmp_path: Path, study: str) -> Record:
    with open_job(tmp_path) as context:
        record = context.ledger.latest(study)
    assert record is not None
    return record


def waiting_tree(tmp_path: Path) -> list[str]:
    """What lies in staging, by the last part of its name."""
    return sorted(path.name for path in (tmp_path / "home" / "staging").rglob("*") if path.is_file())


def carried_out(tmp_path: Path, record: Record, verdict: Verdict) -> None:
    """Decide, and be answered that it is done."""
    assert verdict_on(tmp_path, record, verdict).answer is Answer.DONE
