"""Take studies through their stages, a few at a time, each stage of each study in a task run of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from typing import Any, Final, TypeVar, cast

from prefect.futures import PrefectFuture
from prefect.utilities.annotations import opaque

from deident.context import Context
from deident.discovery import StudyRef
from deident.errors import Reason
from deident.flows.batches import Batching
from deident.ledger import StudyOutcome
from deident.study import WorkerPool
from deident.tasks.batch import BatchResult, Unfinished, batch
from deident.tasks.deidentification import deidentification
from deident.tasks.problems import RunError
from deident.tasks.release import quarantine, release
from deident.tasks.validation import validation

__all__ = ["StudyRuns", "hidden"]

T = TypeVar("T")

#: Codes that will meet every other study as well.
_HOPELESS: Final = frozenset({"place", "key", "configuration", "usage", "vault", "limit-missing"})


def hidden(value: T) -> T:
    """Hand `value` to a task as it is: Prefect would otherwise walk through all it holds, looking for futures."""
    return cast("T", opaque(value))


class Pace:
    """Holds the rate of task runs under what the server records; a burst goes into its queue of 10,000 events."""

    def __init__(self, per_second: float = 25, burst: float = 1000) -> None:
        self._rate, self._burst = per_second, burst
        self._credit, self._since = burst, time.monotonic()

    def wait(self) -> None:
        now = time.monotonic()
        self._credit = min(self._burst, self._credit + (now - self._since) * self._rate) - 1
        self._since = now
        if self._credit < 0:
            time.sleep(-self._credit / self._rate)


@dataclass
class StudyRuns:
    """The task runs of one flow run: `window` studies at a time; `finished` is told of each that ends."""

    context: Context
    pool: WorkerPool
    window: int
    finished: Callable[[StudyOutcome], None]
    batching: Batching = field(default_factory=Batching.from_environment)
    outcomes: list[StudyOutcome] = field(default_factory=list)
    unfinished: list[Unfinished] = field(default_factory=list)
    _pace: Pace = field(default_factory=Pace)
    _events: SimpleQueue[Callable[[], None]] = field(default_factory=SimpleQueue)
    _active: int = 0

    def run(self, studies: Sequence[StudyRef]) -> None:
        """Do them all. Raises RunError when what stopped one study will stop every other as well."""
        starts = self._starts(studies)
        while True:
            while self._active < self.window and (start := next(starts, None)) is not None:
                self._active += 1
                start()
            if not self._active:
                return
            self._events.get()()

    def _starts(self, studies: Sequence[StudyRef]) -> Iterator[Callable[[], None]]:
        for batch_ in self.batching.plan(studies):
            yield partial(self._stage, batch_[0]) if len(batch_) == 1 else partial(self._batch, batch_)

    def _stage(self, study: StudyRef) -> None:
        future = self._submit(deidentification, study, self.pool)
        self._then(future, study, lambda staged: self._validate(study, staged, future))

    def _validate(self, study: StudyRef, staged: Any, after: PrefectFuture[Any]) -> None:
        future = self._submit(validation, staged, self.pool, after=after)
        self._then(future, study, lambda validated: self._release(study, validated, future))

    def _release(self, study: StudyRef, validated: Any, after: PrefectFuture[Any]) -> None:
        self._then(self._submit(release, validated, after=after), study, self._ended)

    def _quarantine(self, study: StudyRef) -> None:
        self._then(self._submit(quarantine, study, Reason.INTERNAL), study, self._ended, last=True)

    def _batch(self, studies: Sequence[StudyRef]) -> None:
        future = self._submit(batch, studies, self.pool)
        future.add_done_callback(lambda done: self._events.put(lambda: self._batch_ended(studies, done)))

    def _submit(self, task: Any, *arguments: Any, after: PrefectFuture[Any] | None = None) -> PrefectFuture[Any]:
        self._pace.wait()
        hand_over = [hidden(argument) for argument in (self.context, *arguments)]
        return cast("PrefectFuture[Any]", task.submit(*hand_over, wait_for=[after] if after is not None else None))

    def _then(
        self, future: PrefectFuture[Any], study: StudyRef, go_on: Callable[[Any], None], *, last: bool = False
    ) -> None:
        """When the task run has ended: `go_on` with its result, in the flow's thread; on an error, hold the study."""

        def ended(done: PrefectFuture[Any]) -> None:
            result = _result(done)
            if not isinstance(result, RunError):
                go_on(result)
            elif result.code in _HOPELESS:
                raise result
            elif result.transient or last:
                self._active -= 1
                self.unfinished.append(Unfinished(study, result))
            else:
                self._quarantine(study)

        future.add_done_callback(lambda done: self._events.put(lambda: ended(done)))

    def _ended(self, outcome: StudyOutcome) -> None:
        self._active -= 1
        self._keep(outcome)

    def _keep(self, outcome: StudyOutcome) -> None:
        self.outcomes.append(outcome.in_brief())
        self.finished(outcome)

    def _batch_ended(self, studies: Sequence[StudyRef], done: PrefectFuture[Any]) -> None:
        result: BatchResult | RunError = _result(done)
        self._active -= 1
        if isinstance(result, RunError):
            result = BatchResult((), tuple(Unfinished(study, result) for study in studies))
        for outcome in result.outcomes:
            self._keep(outcome)
        for left in result.unfinished:
            if left.problem.code in _HOPELESS:
                raise left.problem
            if left.problem.transient:
                self.unfinished.append(left)
            else:
                self._active += 1
                self._quarantine(left.study)


def _result(done: PrefectFuture[Any]) -> Any:
    """What the task returned, or its RunError."""
    try:
        return done.result()
    except RunError as problem:
        return problem
