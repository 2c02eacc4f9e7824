"""The workers of a Dask cluster in the place of the processes of this machine.

Dask shows keys, functions and the text of exceptions in its logs and on its dashboard. So here keys are random, what is
called has no text, and nothing is raised in a worker: its problem is a result. What travels are references to inputs
on the way there, audit records (and what the vault seals) on the way back, hence TLS unless it stays on one machine.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlsplit

from deident.errors import ConfigurationError, DeidentError, TransientProblem
from deident.study.pool import WorkerPool

__all__ = ["ADDRESS", "ClusterPool", "cluster_pool"]

#: Environment variable with the address of a scheduler, `tls://host:port`; without it a cluster is made for the run.
ADDRESS: Final = "DEIDENT_DASK_ADDRESS"
CONNECT_SECONDS: Final = 30
#: A cluster that has no worker for so long is given up by the run, whose studies stay unfinished.
NO_WORKERS_SECONDS: Final = 120
_LOOK_SECONDS: Final = 5
_LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_T = TypeVar("_T")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class _Answer(Generic[_R]):
    """What a call came to; nothing of it is shown."""

    results: list[_R] | None = field(repr=False)
    problem: Exception | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Call(Generic[_T, _R]):
    """A function with what it is called with; Dask prints both when it prints what it runs."""

    function: Callable[[Sequence[_T]], list[_R]] = field(repr=False)
    items: Sequence[_T] = field(repr=False)

    def __call__(self) -> _Answer[_R]:
        problem: Exception
        try:
            return _Answer(self.function(self.items))
        except DeidentError as known:
            problem = known.with_traceback(None)
        except OSError as system:
            problem = OSError(system.errno, os.strerror(system.errno or 0))
        except MemoryError:
            problem = TransientProblem("a Dask worker ran out of memory")
        except Exception:  # noqa: BLE001 - whatever it is: its text may quote the instance
            problem = RuntimeError("a Dask worker failed")
        problem.__cause__ = problem.__context__ = None
        return _Answer(None, problem)


class ClusterPool(WorkerPool):
    """A WorkerPool whose items are worked on by a Dask cluster.

    Dask gives what a dead worker had to another one. Items that have seen several die with them come back, and are
    run one by one in a process of this machine, as the only way to tell the one that kills from its neighbours.
    A client without its scheduler raises many things (ClosedClientError, AttributeError, ...): to us they are one.
    """

    def __init__(self, client: Any) -> None:
        super().__init__(max(1, sum(client.nthreads().values())))
        self._client = client

    def close(self) -> None:
        """The cluster is not ours to end; see `cluster_pool`."""

    def _submit(self, function: Callable[[Sequence[_T]], list[_R]], chunk: Sequence[_T]) -> Any:
        # The key is what logs and dashboard show: by default a hash over the arguments, which could be guessed from.
        key, lost = f"deident-{secrets.token_hex(8)}", False
        try:
            return self._client.submit(_Call(function, chunk), key=key, pure=False)
        except Exception:  # noqa: BLE001 - whatever it comes to; see below
            lost = True
        raise _lost() if lost else AssertionError

    def _result(self, future: Any) -> list[_R] | None:
        from distributed.scheduler import KilledWorker  # noqa: PLC0415 - an extra

        answer: _Answer[_R] | None = None
        killed = lost = False
        try:
            answer = self._wait(future)
        except KilledWorker:
            killed = True
        except Exception:  # noqa: BLE001 - what is called raises nothing, so it is Dask that failed
            lost = True
        finally:
            # At once: what a worker that dies had in memory would be done again as long as somebody wants it.
            with contextlib.suppress(Exception):
                future.release()
        if killed:
            return None
        if lost or answer is None:
            raise _lost()
        if answer.problem is not None:
            raise answer.problem
        return answer.results

    def _wait(self, future: Any) -> _Answer[_R]:
        alone_since = 0.0
        while True:
            try:
                answer: _Answer[_R] = future.result(timeout=_LOOK_SECONDS)
            except TimeoutError:
                pass
            else:
                return answer
            now = time.monotonic()
            alone_since = 0.0 if self._client.nthreads() else alone_since or now
            if alone_since and now - alone_since > NO_WORKERS_SECONDS:
                raise OSError


@contextlib.contextmanager
def cluster_pool(workers: int) -> Iterator[ClusterPool]:
    """The cluster whose scheduler is in $DEIDENT_DASK_ADDRESS, else a temporary one of `workers` processes here.

    Raises ConfigurationError without Dask, or for an address that would send references to patients in the clear, and
    TransientProblem when the scheduler does not answer.
    """
    address = os.environ.get(ADDRESS, "")
    if address:
        _check_address(address)
    try:
        import distributed  # noqa: F401, PLC0415 - an extra
    except ImportError:
        missing = True
    else:
        missing = False
    if missing:
        raise ConfigurationError("Dask is not installed; it comes with deident[dask]")
    with contextlib.ExitStack() as stack:
        yield ClusterPool(_connected(address, stack) if address else _temporary(workers, stack))


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme not in {"tls", "tcp"} or not parts.hostname:
        raise ConfigurationError(f"{ADDRESS} is an address like tls://scheduler:8786")
    if parts.scheme == "tcp" and parts.hostname not in _LOCAL:
        raise ConfigurationError(f"{ADDRESS}: tls:// is wanted for another machine (Dask's own settings name the keys)")


def _connected(address: str, stack: contextlib.ExitStack) -> Any:
    from distributed import Client  # noqa: PLC0415 - an extra

    lost = False
    try:
        return stack.enter_context(Client(address, timeout=CONNECT_SECONDS, set_as_default=False))
    except (OSError, TimeoutError):
        lost = True
    raise _lost() if lost else AssertionError


def _temporary(workers: int, stack: contextlib.ExitStack) -> Any:
    import dask  # noqa: PLC0415 - an extra
    from distributed import Client, LocalCluster  # noqa: PLC0415
    from distributed.security import Security  # noqa: PLC0415

    scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="deident-dask-"))
    # Daemons may have no children; and a preload or a plug-in of the user's own configuration is not for these workers.
    stack.enter_context(dask.config.set({"distributed.worker.daemon": False}))
    cluster = LocalCluster(
        n_workers=workers,
        threads_per_worker=1,  # as the engine is Python
        host="127.0.0.1",
        protocol="tls://",
        security=Security.temporary(),  # whoever else works on this machine could have it run code
        dashboard_address=None,
        memory_limit=0,  # nothing is spilled: results hold what the vault will seal
        local_directory=scratch,
    )
    stack.enter_context(cluster)
    return stack.enter_context(Client(cluster, set_as_default=False))


def _lost() -> TransientProblem:
    return TransientProblem("the Dask cluster cannot be reached, or has no workers")
