"""Runs the deidentify flow with one stage after the other replaced by something that raises an identifier."""

import sys
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

import deident.flows.deidentification as flow_module
import deident.tasks.deidentification
import deident.tasks.discovery
import deident.tasks.release
import deident.tasks.report
import deident.tasks.validation
from deident.flows.deidentification import deidentify
from flowtools.studies import CANARY


def raising(*_: Any, **__: Any) -> None:
    try:
        open(f"/{CANARY}")  # noqa: SIM115 - fails, with the path in its message
    except OSError as inner:
        raise ValueError(CANARY) from inner


#: What fails together, under the name that the test knows it by.
STAGES: dict[str, tuple[tuple[Any, str], ...]] = {
    "discover": ((deident.tasks.discovery, "discover"),),
    "deidentify_study": ((deident.tasks.deidentification, "deidentify_study"),),
    "validate": ((deident.tasks.validation, "validate"),),
    "release_study": ((deident.tasks.release, "release_study"),),
    "quarantine_study": ((deident.tasks.release, "release_study"), (deident.tasks.release, "quarantine_study")),
    "write_report": ((deident.tasks.report, "write_report"),),
    "publish_report": ((flow_module, "publish_report"),),
    "worker_pool": ((flow_module, "worker_pool"),),
}


def main(job: dict[str, Any]) -> None:
    for name, places in STAGES.items():
        with ExitStack() as stack:
            for module, function in places:
                stack.enter_context(patch.object(module, function, raising))
            state = deidentify({**job, "force": True}, return_state=True)
        sys.stdout.write(f"{name} {state.type.value} {state.name}\n")


if __name__ == "__main__":
    main({"source": sys.argv[1], "destination": sys.argv[2], "workers": 1})
