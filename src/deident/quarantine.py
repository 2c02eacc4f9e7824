"""The quarantine desk: which studies are held, why and since which run, and how to do just those again."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from deident.context import Context
from deident.discovery import Discovery
from deident.errors import Ending, NotFound, Reason, UsageProblem
from deident.ledger import Ledger, Outcome, Record, StudyOutcome
from deident.stores.protocol import Store, read_all
from deident.study import WorkerPool, process_study

__all__ = [
    "HeldInstance",
    "HeldStudy",
    "Selection",
    "held_instances",
    "held_studies",
    "held_study",
    "narrowed",
    "retry",
]


@dataclass(frozen=True, slots=True)
class HeldStudy:
    """A study of which something is held. `since` is the run from which on it has been, `record` its last record."""

    record: Record
    since: str

    @property
    def study(self) -> str:
        return self.record.study

    @property
    def held(self) -> int:
        """How many of its inputs are held."""
        return self.record.counts.get(Ending.QUARANTINED.value, 0)

    @property
    def in_part(self) -> bool:
        """Whether the rest of the study is released."""
        return self.record.outcome is Outcome.RELEASED

    @property
    def reasons(self) -> dict[Reason, int]:
        """Inputs (or findings) per reason; skipped inputs are no matter of this desk."""
        found = {Reason(code): count for code, count in self.record.reasons.items()}
        return {reason: count for reason, count in found.items() if reason.ending is Ending.QUARANTINED}


@dataclass(frozen=True, slots=True)
class HeldInstance:
    """One held input, by the keyed reference of its path; `detail` names tags and checks, never a value."""

    reference: str
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Which held studies are meant: some by id, all of one reason, or all. Exactly one of the three."""

    studies: frozenset[str] = frozenset()
    reason: Reason | None = None
    everything: bool = False

    def of(self, held: Sequence[HeldStudy]) -> list[HeldStudy]:
        """The studies that are meant. Raises UsageProblem for none or several ways of choosing, and for other ids."""
        if bool(self.studies) + (self.reason is not None) + self.everything != 1:
            raise UsageProblem("choose by study, by reason or all: one of the three")
        if self.studies - {study.study for study in held}:
            raise UsageProblem("a study of that id is not held")
        if self.reason is not None:
            return [study for study in held if self.reason in study.reasons]
        return [study for study in held if self.everything or study.study in self.studies]


def held_studies(ledger: Ledger) -> list[HeldStudy]:
    """Every study of which something is held, as its last record has it."""
    found = (_held(ledger.history(study)) for study in ledger.studies())
    return [study for study in found if study is not None]


def held_study(ledger: Ledger, study: str) -> HeldStudy:
    """One of them. Raises UsageProblem for a study that is unknown or of which nothing is held."""
    found = _held(ledger.history(study)) if study.isalnum() else None
    if found is None:
        raise UsageProblem("a study of that id is not held")
    return found


def _held(history: Sequence[Record]) -> HeldStudy | None:
    since = ""
    for record in history:
        if not record.counts.get(Ending.QUARANTINED.value, 0):
            since = ""
        elif not since:
            since = record.run
    return HeldStudy(history[-1], since) if since else None


def held_instances(audit: Store, held: HeldStudy) -> list[HeldInstance]:
    """The held inputs of a study, out of the audit log of the run that held it; none when that is gone."""
    try:
        text = read_all(audit, f"{held.record.run}/{held.study}.json")
    except NotFound:
        return []
    files = json.loads(text)["files"]
    return [
        HeldInstance(file["input"], Reason(file["reason"]), file["detail"] or "")
        for file in files
        if file["ending"] == Ending.QUARANTINED
    ]


def narrowed(found: Discovery, chosen: Collection[str]) -> tuple[Discovery, int]:
    """The chosen studies alone, found again in a source by their opaque ids, and how many are not in it."""
    studies = tuple(study for study in found.studies if study.id in chosen)
    return replace(found, studies=studies, others=()), len(set(chosen)) - len(studies)


def retry(
    context: Context, found: Discovery, pool: WorkerPool | None, finished: Callable[[StudyOutcome], None]
) -> list[StudyOutcome]:
    """Do the studies again, whatever the ledger knows of them: the job of `context` must say `force`."""
    if not context.job.force:
        raise UsageProblem("a retry is a job with force")
    outcomes = []
    for study in found.studies:
        outcomes.append(process_study(context, study, pool))
        finished(outcomes[-1])
    return outcomes
