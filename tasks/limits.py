"""A bound on the studies that all runs of all machines work on at once: a global concurrency limit of the Prefect server."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from typing import Final

from prefect.client.orchestration import get_client
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectNotFound

from deident.errors import ConfigurationError, TransientProblem
from deident.tasks.problems import RunError

__all__ = ["LIMIT", "check_limit", "slot"]

#: Environment variable with the name of the limit; without it there is none.
LIMIT: Final = "DEIDENT_CONCURRENCY_LIMIT"
#: A slot whose holder was killed is free again after so long; the server takes no less. Living holders renew it.
_LEASE_SECONDS: Final = 60
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


def check_limit() -> None:
    """Raise RunError `limit-missing` when the limit that is asked for is not on the server, or not active."""
    name = _asked_for()
    if not name:
        return
    with get_client(sync_client=True) as client:
        try:
            there = client.read_global_concurrency_limit_by_name(name).active
        except ObjectNotFound:
            there = False
    if not there:
        raise RunError("limit-missing")


@contextlib.contextmanager
def slot() -> Iterator[None]:
    """Hold one slot of the limit, waiting for it as long as it takes; at once where no limit is asked for.

    Raises RunError `limit-missing` where Prefect would otherwise go on without a limit, and TransientProblem when the
    server does not answer. A study in hand goes on when the server is lost: the limit is about load, the ledger about truth.
    """
    name = _asked_for()
    if not name:
        yield
        return
    held = contextlib.ExitStack()
    lost = missing = False
    try:
        held.enter_context(
            concurrency(name, lease_duration=_LEASE_SECONDS, strict=True, raise_on_lease_renewal_failure=False)
        )
    except ConcurrencySlotAcquisitionError as refused:
        # With a cause the server could not be asked; without one it was, and has no such limit.
        lost, missing = refused.__cause__ is not None, refused.__cause__ is None
    if missing:
        raise RunError("limit-missing")
    if lost:
        raise TransientProblem("the Prefect server gives no slot of the concurrency limit")
    try:
        yield
    finally:
        # What was done is done: a slot that cannot be given back is free when its lease ends.
        with contextlib.suppress(Exception):
            held.close()


def _asked_for() -> str:
    name = os.environ.get(LIMIT, "")
    if name and not _NAME.fullmatch(name):
        raise ConfigurationError(f"{LIMIT} is the name of a global concurrency limit: letters, digits, - and _")
    return name
