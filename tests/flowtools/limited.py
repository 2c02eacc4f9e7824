"""Runs the deidentify flow and notes when it works on a study: limited.py NOTES ABOVE SOURCE DESTINATION."""

import os
import sys
import time
from collections.abc import Callable
from typing import Any

import deident.tasks.batch
import deident.tasks.deidentification
import deident.tasks.release
import deident.tasks.validation
from deident.flows.deidentification import deidentify
from deident.tasks.problems import RunError

#: By module, what works on a study for it.
WORK = {
    deident.tasks.batch: "process_study",
    deident.tasks.deidentification: "deidentify_study",
    deident.tasks.validation: "validate",
    deident.tasks.release: "release_study",
}


def noting(function: Callable[..., Any], notes: str) -> Callable[..., Any]:
    """The function, with a line for each call: when it began and when it ended, by the clock of the machine."""

    def call(*args: Any, **kwargs: Any) -> Any:
        began = time.monotonic()
        try:
            return function(*args, **kwargs)
        finally:
            with open(notes, "a") as file:
                file.write(f"{began} {time.monotonic()}\n")

    return call


def main(notes: str, above: str, source: str, destination: str) -> None:
    for module, name in WORK.items():
        setattr(module, name, noting(getattr(module, name), notes))
    os.environ["DEIDENT_BATCH_ABOVE"] = above
    state = deidentify({"source": source, "destination": destination, "workers": 2}, return_state=True)
    result = state.result(raise_on_failure=False)
    sys.stdout.write(f"{state.name}: {result.code if isinstance(result, RunError) else state.message}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
