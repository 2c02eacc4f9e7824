"""Runs the flow release-reviewed as its form does: reviewing.py JSON [--kill-at NUMBER | --late]."""

import json
import os
import signal
import sys
from typing import Any
from unittest.mock import patch

import deident.review.desk
from deident.flows.release import release_reviewed
from deident.stores import FolderStore
from deident.tasks.problems import RunError


def kill_at(number: int) -> None:
    """Let this process die right before its `number`th change of a store."""
    left = number

    def counted(change: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            return change(*args, **kwargs)

        return call

    for name in ("write", "_link", "delete"):
        setattr(FolderStore, name, counted(getattr(FolderStore, name)))


def main(form: str, *options: str) -> None:
    if options[:1] == ("--kill-at",):
        kill_at(int(options[1]))
    clock = deident.review.desk.now if options != ("--late",) else lambda: "2999-01-01T00:00:00.000Z"
    with patch.object(deident.review.desk, "now", clock):
        state = release_reviewed(json.loads(form), return_state=True)
    result = state.result(raise_on_failure=False)
    said = str(result) if isinstance(result, RunError) else state.message
    sys.stdout.write(f"{state.name}: {said}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
