"""A flow of many small task runs at once; run as a program it prints its state."""

from __future__ import annotations

import sys

from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner


@task
def nothing(number: int) -> int:
    return number


@flow(task_runner=ThreadPoolTaskRunner(max_workers=16))
def burst(count: int) -> int:
    return len(nothing.map(range(count)).result())


if __name__ == "__main__":
    sys.stdout.write(f"{burst(int(sys.argv[1]))}\n")
