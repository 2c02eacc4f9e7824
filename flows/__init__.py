"""The Prefect flows of deident; what must be set before Prefect is imported is in `deident.flows.settings`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deident.flows.deidentification import deidentify
    from deident.flows.parameters import DeidentifyParameters, RetryParameters, ReviewParameters
    from deident.flows.quarantine import retry_quarantined
    from deident.flows.release import release_reviewed
    from deident.flows.results import ReleasedStudy, RunResult, place_of, result_of, uri_of

__all__ = [
    "DeidentifyParameters",
    "ReleasedStudy",
    "RetryParameters",
    "ReviewParameters",
    "RunResult",
    "deidentify",
    "place_of",
    "release_reviewed",
    "result_of",
    "retry_quarantined",
    "uri_of",
]

_PLACES = {
    "DeidentifyParameters": "parameters",
    "ReleasedStudy": "results",
    "RetryParameters": "parameters",
    "ReviewParameters": "parameters",
    "RunResult": "results",
    "deidentify": "deidentification",
    "place_of": "results",
    "release_reviewed": "release",
    "result_of": "results",
    "retry_quarantined": "quarantine",
    "uri_of": "results",
}


def __getattr__(name: str) -> Any:
    # Lazy: settings have to be in the environment before Prefect is imported, and deident.flows.settings is in here.
    if name in _PLACES:
        import importlib  # noqa: PLC0415 - only when something is asked for

        return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
    raise AttributeError(name)
