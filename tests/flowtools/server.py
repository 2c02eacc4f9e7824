"""Run processes of a project, and look at what they leave behind."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from deident.flows.server import Server
from deident.flows.settings import apply, client_environment
from deident.home import ProjectHome

TESTS = Path(__file__).parents[1]
#: Nothing here takes so long on whatever machine: what does, hangs.
HANGS_SECONDS = 600


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
        timeout=HANGS_SECONDS,
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


def ended(started: subprocess.Popen[bytes]) -> int:
    """The exit code of a process of `process`; one that hangs ends the test."""
    return started.wait(HANGS_SECONDS)


def kill_all(started: subprocess.Popen[bytes]) -> None:
    """Kill a process of `process` and all its children with SIGKILL."""
    with suppress(ProcessLookupError):
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()


class HangingUp:
    """In the place of a server that is gone: hangs up on whoever asks for something, and counts what is asked for."""

    def __init__(self, server: Server) -> None:
        self.asked: Counter[str] = Counter()
        self._listening = wait_for(lambda: self._listen(server.port))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @staticmethod
    def _listen(port: int) -> socket.socket | None:
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:  # the server has not quite gone
            return None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listening.accept()
            except OSError:
                return
            with caller, caller.makefile("rb") as lines, suppress(OSError):
                caller.settimeout(10)
                self.asked[lines.readline().decode().rpartition(" ")[0]] += 1


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


def wait_for(condition: Callable[[], Any], seconds: float = HANGS_SECONDS) -> Any:
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
