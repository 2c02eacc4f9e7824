"""Runs that end with their worker: the server is told, or their deployment would count them as at work and start no other."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import StateType
from prefect.states import Crashed

__all__ = ["mark_stopped", "runs_of"]

_AT_WORK: Final = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
_MOST: Final = 200


def runs_of(worker: int) -> tuple[UUID, ...]:
    """The runs at work whose processes a worker of this machine has started, by the process id of the worker."""
    wanted = FlowRunFilter.model_validate({"state": {"type": {"any_": _AT_WORK}}})
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=wanted, limit=_MOST)
    return tuple(run.id for run in runs if _parent(run.infrastructure_pid or "") == worker)


def mark_stopped(runs: Iterable[UUID]) -> None:
    """Say of each run that has not ended that it was stopped."""
    with get_client(sync_client=True) as client:
        for run in runs:
            state = client.read_flow_run(run).state
            if state is None or not state.is_final():
                client.set_flow_run_state(
                    run, Crashed(message="Stopped with its worker; the next run goes on."), force=True
                )


def _parent(pid: str) -> int | None:
    """The parent of a process; None where there is no such process, or no /proc to read it from."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        # After the name of the program, which may hold anything: state, parent.
        return int(Path(f"/proc/{int(pid)}/stat").read_text().rpartition(")")[2].split()[1])
    return None
