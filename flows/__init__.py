"""The Prefect flows of deident; what must be set before Prefect is imported is in `deident.flows.settings`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deident.flows.deidentification import deidentify
    from deident.flows.parameters import DeidentifyParameters, RetryParameters, ReviewParameters
    from deident.flows.quarantine import retry_quarantined
    from deident.flows.release import release_reviewed

__all__ = [
    "DeidentifyParameters",
    "RetryParameters",
    "ReviewParameters",
    "deidentify",
    "release_reviewed",
    "retry_quarantined",
]

_PLACES = {
    "DeidentifyParameters": "parameters",
    "RetryParameters": "parameters",
    "ReviewParameters": "parameters",
    "deidentify": "deidentification",
    "release_reviewed": "release",
    "retry_quarantined": "quarantine",
}


def __getattr__(name: str) -> Any:
    # Lazy: settings have to be in the environment before Prefect is imported, and deident.flows.settings is in here.
    if name in _PLACES:
        import importlib  # noqa: PLC0415 - only when something is asked for

        return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
    raise AttributeError(name)
