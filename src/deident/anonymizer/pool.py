"""Many processes at work on one call: chunks go out, records come back in order, a file that kills is found."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from loky import ProcessPoolExecutor

from deident.anonymizer.convert import Converter, Policy, Task
from deident.audit import AuditRecord
from deident.engine.result import Deidentified
from deident.errors import Reason
from deident.stores.protocol import OpenObject, Store

__all__ = ["CHUNK", "Setup", "convert_parallel", "staging_key"]

#: Files in one message to a process: with fewer the messages cost, with more the end of a run is uneven.
CHUNK: Final = 16
#: Chunks under way for each process; what is finished early waits for its turn.
_AHEAD: Final = 3

_Chunk = Sequence[Task]
_Pending = tuple[_Chunk, "Future[list[AuditRecord]]"]


@dataclass(frozen=True, slots=True)
class Setup:
    """What a process needs to work: the rules, where inputs are, and where outputs wait for their names."""

    policy: Policy
    source: Store
    staging: Store


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
            try:
                records = future.result()
            except BrokenProcessPool:
                records = None
            if records is not None:
                yield from zip(chunk, records, strict=True)
                continue
            pool.shutdown(wait=True, kill_workers=True)
            for suspects, finished in [(chunk, future), *pending]:
                yield from _settle(setup, suspects, finished)
            pending.clear()
            pool = _open(setup, workers)
    finally:
        pool.shutdown(wait=True, kill_workers=True)


def _settle(
    setup: Setup, chunk: _Chunk, future: Future[list[AuditRecord]]
) -> Generator[tuple[Task, AuditRecord], None, None]:
    """The records of a chunk that was under way when a process died."""
    if future.done() and not future.cancelled() and future.exception() is None:
        yield from zip(chunk, future.result(), strict=True)
        return
    pool = _open(setup, 1)
    try:
        for task in chunk:
            try:
                records = _submit(pool, [task], again=True).result()
            except BrokenProcessPool:
                pool.shutdown(wait=True, kill_workers=True)
                pool = _open(setup, 1)
                records = [Converter(setup.policy).held(task.key, Reason.INTERNAL, "process died")]
            yield task, records[0]
    finally:
        pool.shutdown(wait=True, kill_workers=True)


def _open(setup: Setup, workers: int) -> Any:
    return ProcessPoolExecutor(max_workers=workers, initializer=_start, initargs=(setup,))


def _submit(pool: Any, chunk: _Chunk, *, again: bool = False) -> Future[list[AuditRecord]]:
    """Submit a chunk; a pool that broke in the meantime gives a future that says so, like all others."""
    try:
        future: Future[list[AuditRecord]] = pool.submit(_work, chunk, again)
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
    _workers[:] = [_Worker(setup)]


def _work(chunk: _Chunk, again: bool) -> list[AuditRecord]:
    return [_workers[0].convert(task, again=again) for task in chunk]
