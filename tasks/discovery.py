"""The discovery stage: find the studies, and what an earlier run has done of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from deident.context import Context
from deident.discovery import Discovery, StudyRef, discover
from deident.ledger import StudyOutcome
from deident.review import Desk, expire
from deident.study import done_before
from deident.tasks.events import Event, emit
from deident.tasks.release import report_outcome
from deident.tasks.safety import safe_task

__all__ = ["Found", "discovery"]


@dataclass(frozen=True, slots=True)
class Found:
    """What a source holds, divided into what is to be done and what was done before."""

    discovery: Discovery = field(repr=False)
    todo: tuple[StudyRef, ...] = field(repr=False)
    done: tuple[StudyOutcome, ...] = field(repr=False)


@safe_task(name="discovery")
def discovery(context: Context, progress: Callable[[int], None] | None = None) -> Found:
    """Read the headers of all inputs and look the studies up in the ledger.

    Before that the staging of killed runs is removed, and studies that have waited too long for a review are held.
    """
    started = time.monotonic()
    context.sweep()
    for record in expire(Desk.of(context)):
        report_outcome(StudyOutcome(record))
    found = discover(context, progress)
    todo: list[StudyRef] = []
    done: list[StudyOutcome] = []
    for study in found.studies:
        outcome = done_before(context, study)
        if outcome is None:
            todo.append(study)
        else:
            done.append(outcome.in_brief())
    emit(
        Event.DISCOVERED,
        inputs=found.inputs,
        studies=len(found.studies),
        unchanged=len(done),
        seconds=time.monotonic() - started,
    )
    return Found(found, tuple(todo), tuple(done))
