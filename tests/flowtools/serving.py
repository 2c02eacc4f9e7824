"""`deident serve` as a process of its own, and what its server answers."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from deident.flows.places import register
from deident.home import ProjectHome

__all__ = [
    "deployment_id",
    "place_names",
    "post",
    "serving",
    "start_serving",
    "stop_serving",
    "wait_for_deployment",
    "wait_for_run",
]


def start_serving(home: ProjectHome, *options: str) -> tuple[subprocess.Popen[str], str]:
    """The process, when its worker is ready, and the address of its UI."""
    command = [sys.executable, "-m", "deident", "serve", "--home", str(home.root), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True, env=dict(os.environ))
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if found := re.search(r"(http://127\.0\.0\.1:\d+)/deployments", line):
            return process, found[1]
    raise AssertionError("".join(said))


def stop_serving(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> str:
    """Ask it to stop; what it said in the end."""
    process.send_signal(number)
    said, _ = process.communicate(timeout=120)
    return said


@contextlib.contextmanager
def serving(home: ProjectHome, *options: str) -> Iterator[str]:
    """The address of the UI while it serves."""
    process, url = start_serving(home, *options)
    try:
        yield url
    finally:
        stop_serving(process)
        assert process.returncode == 0


def place_names(home: ProjectHome, **folders: Path) -> None:
    """Name folders in sources.toml, as the person does who sets a machine up."""
    for name, folder in folders.items():
        register(home, folder, name)


def post(url: str, path: str, items: list[Any] | None = None, **fields: Any) -> Any:
    """What the API answers to a list of items, or to fields."""
    body = fields if items is None else items
    request = urllib.request.Request(
        f"{url}/api/{path}", data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=60) as response:
        return json.loads(response.read() or b"null")


def deployment_id(url: str, name: str) -> str:
    found = post(url, "deployments/filter", deployments={"name": {"any_": [name]}})
    return str(found[0]["id"])


#: States in which a run stays.
_ENDED = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]


def wait_for_run(url: str, flow: str, seconds: float = 300) -> dict[str, Any]:
    """The run of a flow that ended last, once one has.

    Never the run that "started last": the server counts those that a schedule has made for the coming nights among them.
    """
    ended = {"state": {"type": {"any_": _ENDED}}}
    return _wait(
        lambda: post(
            url, "flow_runs/filter", flows={"name": {"any_": [flow]}}, flow_runs=ended, sort="END_TIME_DESC", limit=1
        ),
        f"no run of {flow} ended",
        seconds,
    )


def wait_for_deployment(url: str, name: str, seconds: float = 300) -> dict[str, Any]:
    """The only run of a deployment, once it has ended."""
    made = {"deployments": {"name": {"any_": [name]}}}
    assert len(post(url, "flow_runs/filter", **made)) == 1
    ended = {"state": {"type": {"any_": _ENDED}}}
    return _wait(
        lambda: post(url, "flow_runs/filter", **made, flow_runs=ended), f"the run of {name} did not end", seconds
    )


def _wait(look: Callable[[], list[dict[str, Any]]], problem: str, seconds: float) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if runs := look():
            return runs[0]
        time.sleep(0.5)
    raise AssertionError(problem)
