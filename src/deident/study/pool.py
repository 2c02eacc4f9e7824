"""A pool of worker processes that survives the death of a worker, and finds the item that killed it."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future
from typing import Any, Final, TypeVar

from loky import ProcessPoolExecutor
from loky.process_executor import ShutdownExecutorError

from deident.job import Job, Runner
from deident.workers import begin

__all__ = ["CHUNK", "WorkerPool", "worker_pool"]

#: Items handed to a worker at a time: enough to hide the cost of handing over, few enough to share evenly.
CHUNK: Final = 16
_IDLE_SECONDS: Final = 60
_ATTEMPTS: Final = 2
#: numpy searches bytes here and multiplies nothing: the threads of its BLAS would cost each process 0.1 s, spinning.
_ENVIRONMENT: Final = {"OPENBLAS_NUM_THREADS": "1"}
_WORK: Final = ("deident.study.worker", "deident.validation.study")
_T = TypeVar("_T")
_R = TypeVar("_R")


class WorkerPool:
    """Worker processes shared by the threads of a run.

    When a worker dies (out of memory, a crash in native code) every call in flight fails with it. Those are run again
    one item at a time in a process of their own, so that only the item that kills its process is given up.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._alone = threading.Lock()
        self._using = threading.Lock()
        self._executor: Any = None

    @property
    def workers(self) -> int:
        """How many items can be at work at the same time."""
        return self._workers

    def map(
        self, function: Callable[[Sequence[_T]], list[_R]], items: Sequence[_T], give_up: Callable[[_T], _R]
    ) -> list[_R]:
        """`function` over chunks of `items`, results in order; `give_up(item)` stands for an item that killed a worker.

        `function` must be picklable and return one result for each item. Its exceptions are raised here.
        """
        chunks = [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]
        futures = [self._submit(function, chunk) for chunk in chunks]
        try:
            done = [self._result(future) for future in futures]
        except BaseException:
            for future in futures:
                if future is not None:
                    future.cancel()
            raise
        results: list[_R] = []
        for chunk, result in zip(chunks, done, strict=True):
            results.extend(self._one_by_one(function, chunk, give_up) if result is None else result)
        return results

    def close(self) -> None:
        """End the worker processes."""
        with self._using:
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True)

    def _submit(self, function: Callable[[Sequence[_T]], list[_R]], chunk: Sequence[_T]) -> Future[list[_R]] | None:
        with self._using:
            for _ in range(_ATTEMPTS):
                if self._executor is None:
                    # Not loky's reusable executor: each thread has one of its own.
                    self._executor = _processes(self._workers, timeout=_IDLE_SECONDS)
                try:
                    future: Future[list[_R]] = self._executor.submit(function, chunk)
                except (BrokenExecutor, ShutdownExecutorError):
                    self._executor = None  # a worker died, perhaps of another thread's chunk: start afresh
                else:
                    return future
        return None

    def _result(self, future: Future[list[_R]] | None) -> list[_R] | None:
        """The results of a chunk, or None when a worker died meanwhile, perhaps because of another chunk."""
        if future is None:
            return None
        try:
            return future.result()
        except BrokenExecutor:
            return None

    def _one_by_one(
        self, function: Callable[[Sequence[_T]], list[_R]], chunk: Sequence[_T], give_up: Callable[[_T], _R]
    ) -> list[_R]:
        results: list[_R] = []
        with self._alone:
            lone = _Lone()
            try:
                for item in chunk:
                    outcome = lone.run(function, [item])
                    results.append(give_up(item) if outcome is None else outcome[0])
            finally:
                lone.close()
        return results


def _processes(workers: int, timeout: float | None = None) -> Any:
    """Worker processes; they end with this one, however it ends."""
    return ProcessPoolExecutor(
        max_workers=workers, timeout=timeout, initializer=begin, initargs=(os.getpid(), _WORK), env=_ENVIRONMENT
    )


@contextlib.contextmanager
def worker_pool(job: Job) -> Iterator[WorkerPool]:
    """The workers that a job asks for. Raises ConfigurationError and TransientProblem when there is no such cluster."""
    if job.runner is Runner.THREADS:
        pool = WorkerPool(job.worker_count)
        try:
            yield pool
        finally:
            pool.close()
        return
    from deident.study.cluster import cluster_pool  # noqa: PLC0415 - Dask is an extra

    with cluster_pool(job.worker_count) as pool:
        yield pool


class _Lone:
    """One worker process for one item at a time, replaced when it dies."""

    def __init__(self) -> None:
        self._executor: Any = None

    def run(self, function: Callable[[Sequence[_T]], list[_R]], items: Sequence[_T]) -> list[_R] | None:
        if self._executor is None:
            self._executor = _processes(1)
        try:
            results: list[_R] = self._executor.submit(function, items).result()
        except BrokenExecutor:
            self.close()
            return None
        return results

    def close(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True)
            self._executor = None
