"""Run processes of a project, and look at what they leave behind."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from deident.flows.server import Server
from deident.flows.settings import apply, client_environment
from deident.home import ProjectHome

TESTS = Path(__file__).parents[1]


def environment_of(home: ProjectHome, server: Server, *, safe: bool = True) -> dict[str, str]:
    """The environment of a process of the project, or, not `safe`, with Prefect's own logging."""
    settings = client_environment(home, server.port)
    if not safe:
        del settings["PREFECT_LOGGING_CONFIG_PATH"]
    environment = dict(apply(settings, dict(os.environ)))
    environment["PYTHONPATH"] = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
    return environment


def run_python(
    home: ProjectHome, server: Server, *arguments: str, safe: bool = True, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Python in such a process to its end."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment_of(home, server, safe=safe),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@contextmanager
def process(
    home: ProjectHome, server: Server, log: Path, *arguments: str, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Such a process in the background, in a session of its own: with its children it ends here at the latest."""
    with log.open("ab") as file:
        started = subprocess.Popen(
            [sys.executable, *arguments],
            env={**environment_of(home, server), **environment},
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        yield started
    finally:
        kill_all(started)


def kill_all(started: subprocess.Popen[bytes]) -> None:
    """Kill a process of `process` and all its children with SIGKILL."""
    with suppress(ProcessLookupError):
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()


def children(pid: int, wanted: str = "") -> list[int]:
    """The processes that this one started and that run, by a part of their command line."""
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", f"{pid}"], capture_output=True, text=True, check=False
    )
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if wanted in line]


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has asked about yet has, too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_for(condition: Callable[[], Any], seconds: float = 120) -> Any:
    """Wait until `condition` gives something, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise TimeoutError


def database_rows(home: ProjectHome) -> dict[str, int]:
    """How many runs, states and logs there are, by table."""
    tables = ("flow_run", "task_run", "flow_run_state", "task_run_state", "log")
    with closing(sqlite3.connect(f"file:{home.prefect / 'prefect.db'}?mode=ro", uri=True)) as database:
        return {table: database.execute(f"select count(*) from {table}").fetchone()[0] for table in tables}


def settled_rows(home: ProjectHome, seconds: float = 30) -> dict[str, int]:
    """`database_rows` when they have stopped to change: the server writes task states some time after the fact."""
    rows, since = database_rows(home), time.monotonic()
    deadline = since + seconds
    while time.monotonic() < deadline and time.monotonic() - since < 4:
        time.sleep(0.5)
        now = database_rows(home)
        if now != rows:
            rows, since = now, time.monotonic()
    return rows


def files_with(folder: Path, *needles: str) -> list[str]:
    """Files below `folder` that hold one of the strings, in UTF-8 or UTF-16, or carry one in their name."""
    wanted = [form for needle in needles for form in (needle.encode(), needle.encode("utf-16-le"))]
    found = []
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        if any(form in content or form in os.fsencode(path.relative_to(folder)) for form in wanted):
            found.append(str(path.relative_to(folder)))
    return found


def api_answers(server: Server) -> str:
    """What the API tells about runs, task runs, logs, artifacts, flows and events, as one text."""
    text = ""
    for collection in ("flow_runs", "task_runs", "logs", "artifacts", "flows", "events"):
        body = {"limit": 50} if collection == "events" else {"limit": 200}
        request = urllib.request.Request(
            f"{server.url}/api/{collection}/filter",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            text += response.read().decode()
    return text
