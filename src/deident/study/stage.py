"""De-identify a study into staging."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Sequence

from deident.audit import held
from deident.context import Context
from deident.discovery import StudyRef
from deident.errors import Reason
from deident.stores.names import key_text
from deident.study.model import InstanceOutcome, StagedStudy
from deident.study.pool import WorkerPool
from deident.study.worker import Task, stage_chunk, stage_in_worker, staging_key

__all__ = ["deidentify_study"]


def deidentify_study(context: Context, study: StudyRef, pool: WorkerPool | None = None) -> StagedStudy:
    """De-identify every instance into staging, in worker processes when there is a `pool`.

    Instances are held one by one, each with its reason. Raises TransientProblem (a full disk, ...) and PlaceProblem;
    then nothing is lost by calling it again.
    """
    started = time.monotonic()
    tasks = [(instance, staging_key(context.run, study.id, number)) for number, instance in enumerate(study.instances)]
    if pool is None:
        outcomes = stage_chunk(context, tasks)
    else:
        work = functools.partial(stage_in_worker, context.job, context.run, context.sessions)
        outcomes = pool.map(work, tasks, functools.partial(_killed, context))
    instances = tuple(_without_duplicates(context, outcomes))
    return StagedStudy(study, instances, seconds=time.monotonic() - started)


def _killed(context: Context, task: Task) -> InstanceOutcome:
    """The outcome of an instance that took its worker process with it."""
    instance, _ = task
    return InstanceOutcome(held(context.pseudonyms.reference(key_text(instance.key)), Reason.INTERNAL))


def _without_duplicates(context: Context, outcomes: Sequence[InstanceOutcome]) -> list[InstanceOutcome]:
    """One SOP Instance UID, one output: equal copies are skipped; of different ones nobody can say which is right."""
    same: dict[str, list[int]] = defaultdict(list)
    for number, outcome in enumerate(outcomes):
        if outcome.staged is not None:
            same[outcome.staged.name.rpartition("/")[2]].append(number)
    result = list(outcomes)
    for numbers in same.values():
        contents = {(staged.name, staged.digest) for n in numbers if (staged := outcomes[n].staged) is not None}
        if len(contents) > 1:
            discarded, reason = numbers, Reason.DUPLICATE_CONFLICT
        else:
            discarded, reason = numbers[1:], Reason.DUPLICATE
        for number in discarded:
            result[number] = _discard(context, outcomes[number], reason)
    return result


def _discard(context: Context, outcome: InstanceOutcome, reason: Reason) -> InstanceOutcome:
    if outcome.staged is not None:
        context.staging.delete(outcome.staged.key)
    return outcome.held(reason)
