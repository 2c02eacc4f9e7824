"""Many processes at work on one call: chunks go out, records come back in order, a file that kills is found."""

from __future__ import annotations

import contextlib
import os
import signal
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from loky import ProcessPoolExecutor

from deident.anonymizer.convert import Converter, Policy, Task
from deident.audit import AuditRecord
from deident.engine.result import Deidentified
from deident.errors import DeidentError, Reason
from deident.orphans import end_with
from deident.settling import settled
from deident.standard.preload import preload
from deident.stores.protocol import OpenObject, Store

__all__ = ["CHUNK", "Setup", "convert_parallel", "staging_key"]

#: Files in one message to a process: with fewer the messages cost, with more the end of a run is uneven.
CHUNK: Final = 16
#: Chunks under way for each process; what is finished early waits for its turn.
_AHEAD: Final = 3

_Chunk = Sequence[Task]
#: The records of a chunk, as far as it went, and what stopped it: the place to write to, never an input.
_Done = tuple[list[AuditRecord], DeidentError | None]
_Pending = tuple[_Chunk, "Future[_Done]"]


@dataclass(frozen=True, slots=True)
class Setup:
    """What a process needs: the rules, where inputs are, where outputs wait for names, and who its parent is."""

    policy: Policy
    source: Store
    staging: Store
    parent: int = field(default_factory=os.getpid)


def staging_key(task: Task) -> str:
    """Where the output of an input waits in staging."""
    return f"{task.index:x}"


def convert_parallel(
    setup: Setup, tasks: Sequence[Task], workers: int
) -> Generator[tuple[Task, AuditRecord], None, None]:
    """Yield each task with its record, in order; released ones lie in staging.

    When a process dies, every file that may have killed it is done again alone, and the one that kills again ends as
    INTERNAL. Raises what a store raises when staging cannot be written to.
    """
    size = max(1, min(CHUNK, -(-len(tasks) // workers)))
    chunks = iter([tasks[start : start + size] for start in range(0, len(tasks), size)])
    pending: deque[_Pending] = deque()
    pool = _open(setup, workers)
    try:
        while True:
            for chunk in islice(chunks, workers * _AHEAD - len(pending)):
                pending.append((chunk, _submit(pool, chunk)))
            if not pending:
                return
            chunk, future = pending.popleft()
            done = None
            with contextlib.suppress(BrokenProcessPool):
                done = future.result()
            if done is not None:
                yield from _unpack(chunk, done)
                continue
            pool.shutdown(wait=True, kill_workers=True)
            for suspects, finished in [(chunk, future), *pending]:
                yield from _settle(setup, suspects, finished)
            pending.clear()
            pool = _open(setup, workers)
    finally:
        pool.shutdown(wait=True, kill_workers=True)


def _unpack(chunk: _Chunk, done: _Done) -> Iterator[tuple[Task, AuditRecord]]:
    records, failure = done
    yield from zip(chunk, records, strict=failure is None)
    if failure is not None:
        raise failure


def _settle(setup: Setup, chunk: _Chunk, future: Future[_Done]) -> Iterator[tuple[Task, AuditRecord]]:
    """The records of a chunk that was under way when a process died."""
    if future.done() and not future.cancelled() and future.exception() is None:
        yield from _unpack(chunk, future.result())
        return
    pool = _open(setup, 1)
    try:
        for task in chunk:
            try:
                done = _submit(pool, [task], again=True).result()
            except BrokenProcessPool:
                pool.shutdown(wait=True, kill_workers=True)
                pool = _open(setup, 1)
                done = [Converter(setup.policy).held(task.key, Reason.INTERNAL, "process died")], None
            yield from _unpack([task], done)
    finally:
        pool.shutdown(wait=True, kill_workers=True)


def _open(setup: Setup, workers: int) -> Any:
    return ProcessPoolExecutor(max_workers=workers, initializer=_start, initargs=(setup,))


def _submit(pool: Any, chunk: _Chunk, *, again: bool = False) -> Future[_Done]:
    """Submit a chunk; a pool that broke in the meantime gives a future that says so, like all others."""
    try:
        future: Future[_Done] = pool.submit(_work, chunk, again)
    except BrokenProcessPool as problem:
        future = Future()
        future.set_exception(problem)
    return future


class _Worker:
    """What lives in a process of the pool: one engine with its caches."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._converter = Converter(setup.policy)

    def convert(self, task: Task, *, again: bool) -> AuditRecord:
        staging = self._setup.staging

        def deliver(result: Deidentified, source: OpenObject) -> None:
            staging.write(staging_key(task), result.segments, source, overwrite=again)

        return self._converter.convert(self._setup.source, task, deliver)


_workers: Final[list[_Worker]] = []


def _start(setup: Setup) -> None:
    """Make the process ready. Ctrl-C reaches the whole process group: only the parent answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with(setup.parent)
    with settled():
        preload()
        _workers[:] = [_Worker(setup)]


def _work(chunk: _Chunk, again: bool) -> _Done:
    records: list[AuditRecord] = []
    for task in chunk:
        try:
            records.append(_workers[0].convert(task, again=again))
        except DeidentError as problem:
            return records, problem
    return records, None
