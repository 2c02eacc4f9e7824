"""Log lines of a run: an event, opaque ids, counts and timing."""

from __future__ import annotations

import logging

from prefect import get_run_logger
from prefect.exceptions import MissingContextError

from deident.tasks.safelog import Event, event_text

__all__ = ["Event", "emit"]


def emit(
    event: Event,
    *,
    study: str = "",
    reason: str = "",
    seconds: float | None = None,
    level: int = logging.INFO,
    **counts: int,
) -> None:
    """Log to the run that is at work; nothing happens outside of a run."""
    try:
        logger = get_run_logger()
    except MissingContextError:
        return
    logger.log(level, event_text(event, study=study, reason=reason, seconds=seconds, **counts))
