"""The flow that releases or rejects studies that await review: the second half of a run with a review."""

from __future__ import annotations

from typing import Final

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from deident.context import new_run
from deident.flows.artifacts import publish_report
from deident.flows.batches import Batching
from deident.flows.deidentification import run_id
from deident.flows.parameters import ReviewParameters
from deident.flows.studies import hidden
from deident.home import ProjectHome
from deident.ledger import Outcome, Record
from deident.report import RunReport
from deident.review import Answer, Decided, Desk, new_records, reviewer_reference, waiting_studies
from deident.tasks.events import announce_run
from deident.tasks.problems import RunError
from deident.tasks.review import Wanted, decisions, expiry, report_review
from deident.tasks.safety import safe_flow

__all__ = ["OTHERWISE", "release_reviewed"]

NAME: Final = "release-reviewed"
OTHERWISE: Final = "Completed, decided otherwise"
_THREADS: Final = 8


@safe_flow(name=NAME, task_runner=ThreadPoolTaskRunner(max_workers=_THREADS), run_name=lambda: new_run().lower())
def release_reviewed(review: ReviewParameters) -> State[RunReport]:
    """Release or reject studies that an earlier run has staged, validated and left for review.

    What is released are exactly the digests that validation recorded. The first decision about a study holds; run again,
    the flow ends the same. The final state is `Completed`, `Completed, decided otherwise` (somebody else was first, or it
    was too late: see the report), or `Failed` when a decision could not be carried out; run it again then.
    """
    home = ProjectHome.open()
    reviewer = reviewer_reference(home, review.reviewer)
    with Desk.open(home, review.run, run_id(NAME)) as desk:
        expired = expiry(hidden(desk))
        decided, unfinished = _decide(desk, review.run, _wanted(desk, review), reviewer)
        records = new_records(desk, expired, decided)
        built = report_review(hidden(desk), hidden(records))
        publish_report(built)
    state = _final_state(built, decided, expired, unfinished)
    announce_run(built, state.name or "")
    return state


def _wanted(desk: Desk, review: ReviewParameters) -> list[Wanted]:
    """The studies that are named, or all of the run that wait."""
    named = review.studies or [waiting.study for waiting in waiting_studies(desk.ledger, review.run)]
    return [(study, review.verdict) for study in dict.fromkeys(named)]


def _decide(desk: Desk, run: str, wanted: list[Wanted], reviewer: str) -> tuple[list[Decided], int]:
    """A task run for each study, or for some of them where they are many; the second count is of those not finished."""
    batching = Batching.from_environment()
    size = 1 if len(wanted) <= batching.above else batching.studies
    parts = [wanted[first : first + size] for first in range(0, len(wanted), size)]
    futures = [decisions.submit(hidden(desk), run, hidden(part), hidden(reviewer)) for part in parts]
    decided: list[Decided] = []
    unfinished = 0
    for part, future in zip(parts, futures, strict=True):
        try:
            decided += future.result()
        except RunError:
            unfinished += len(part)
    return decided, unfinished


def _final_state(built: RunReport, decided: list[Decided], expired: list[Record], unfinished: int) -> State[RunReport]:
    done = [answer.record for answer in decided if answer.answer is Answer.DONE and answer.record is not None]
    released = sum(record.outcome is Outcome.RELEASED for record in done)
    otherwise = len(decided) - len(done)
    counts = f"{released} released, {len(done) - released} rejected"
    counts += f", {otherwise} otherwise" if otherwise else ""
    counts += f", {len(expired)} expired" if expired else ""
    if unfinished:
        return Failed(message=f"{counts}, {unfinished} unfinished", data=RunError("studies-unfinished", NAME))
    return Completed(name=OTHERWISE if otherwise else "Completed", message=counts, data=built)
