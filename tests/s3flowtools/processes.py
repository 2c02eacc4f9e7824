"""Runs in processes of their own, forked from one that has everything loaded: to be killed, or to run at once."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from typing import Any, Final

from deident.errors import TransientProblem
from deident.job import Job
from s3flowtools import whole_run

__all__ = ["run_in_process"]

_FORKS: Final = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["s3flowtools", "deident.vault.sdk", "deident.vault.kms", "deident.stores.s3.store"])


def _target(job: Mapping[str, Any], environment: Mapping[str, str], attempts: int) -> None:
    os.environ.update(environment)
    for _ in range(attempts):
        try:
            whole_run(Job.make(**job))
        except TransientProblem:
            continue
        os._exit(0)
    os._exit(75)


def run_in_process(job: Job, attempts: int = 1) -> BaseProcess:
    """A whole run in another process; its exit code is 75 when every attempt met a TransientProblem."""
    environment = {name: value for name, value in os.environ.items() if name.startswith(("AWS_", "DEIDENT_"))}
    process = _FORKS.Process(target=_target, args=(job.model_dump(exclude_unset=True), environment, attempts))
    process.start()
    return process
