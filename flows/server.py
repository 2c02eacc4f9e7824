"""The Prefect server of one project home: found when it is provably ours, started in the background if not."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from deident.errors import DeidentError
from deident.flows import settings
from deident.home import Lock, ProjectHome
from deident.stores import FolderStore

__all__ = ["Server", "ServerError", "ensure_server", "find_server", "starting_server", "stop_server"]

FIRST_PORT: Final = 4270
#: Ports from there on of which a new home tries one first: two homes whose servers start at once seldom want the same.
PORTS: Final = 500
START_SECONDS: Final = 120
_IDENTITY: Final = "server.json"
_LOG: Final = "server.log"
_PROBE_SECONDS: Final = 2.0
_NO_PROXY: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ServerError(DeidentError):
    """The server cannot be started or does not answer. The message holds no path."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: process id, start time of that process (a reused id is not taken for it), and port."""

    pid: int
    started: str
    port: int

    @property
    def url(self) -> str:
        return settings.ui_url(self.port)


def find_server(home: ProjectHome) -> Server | None:
    """The server of this home when it runs, else None.

    Three proofs are wanted together: the process that we started is alive (id and start time), its port answers, and
    what answers says that it works in our PREFECT_HOME. A server that merely answers is somebody else's.
    """
    server = _remembered(home)
    if server is None or _start_time(server.pid) != server.started:
        return None
    return server if _answers_as_ours(home, server.port) else None


def ensure_server(home: ProjectHome, waiting: Callable[[], None] | None = None) -> Server:
    """The running server of this home, started if there is none. `waiting` is called now and then while it starts.

    Raises ServerError when it does not come up.
    """
    with starting_server(home) as start:
        start.wait(waiting)
        return start.server


@contextlib.contextmanager
def starting_server(home: ProjectHome) -> Iterator[Start]:
    """The server of this home, perhaps still on its way: its port is known at once, `wait` returns when it answers."""
    with Lock(home.prefect / "server.lock", fcntl.LOCK_EX, wait=True):  # two runs that start at once share one server
        found = find_server(home)
        yield Start(home, found, None) if found else _start(home)


@dataclass(frozen=True, slots=True)
class Start:
    """A server that was found (`process` is None), or one that is coming up."""

    home: ProjectHome
    server: Server
    process: subprocess.Popen[bytes] | None

    def wait(self, waiting: Callable[[], None] | None = None) -> None:
        """Return when it answers. Raises ServerError when it does not."""
        if self.process is None:
            return
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if _answers_as_ours(self.home, self.server.port):
                return
            if waiting is not None:
                waiting()
            time.sleep(0.1)
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        raise ServerError("the Prefect server did not start; its log is prefect/server.log in the project home")


def stop_server(home: ProjectHome) -> bool:
    """Stop the server of this home. False when none ran."""
    with Lock(home.prefect / "server.lock", fcntl.LOCK_EX, wait=True):  # two runs that start at once share one server
        server = _remembered(home)
        if server is None or _start_time(server.pid) != server.started:
            return False
        # The note in a copied home names the server of the original; one that hangs says nothing and may be stopped.
        if _home_of(server.port) not in {None, os.path.realpath(home.prefect)}:
            return False
        os.kill(server.pid, signal.SIGTERM)
        deadline = time.monotonic() + 20
        while _start_time(server.pid) == server.started and time.monotonic() < deadline:
            time.sleep(0.1)
        (home.prefect / _IDENTITY).unlink(missing_ok=True)
        return True


def _start(home: ProjectHome) -> Start:
    remembered = _remembered(home)
    port = _free_port(remembered.port if remembered else FIRST_PORT + zlib.crc32(os.fsencode(home.root)) % PORTS)
    # Not `prefect server start --background`: its child would stand in our process group (Ctrl-C would end it with us),
    # write its log into a pipe that nobody reads, and lock the next start out after a crash.
    environment = settings.apply(settings.server_environment(home, port), dict(os.environ))
    descriptor = os.open(home.prefect / _LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start"],
            env=dict(environment),
            cwd=home.prefect,  # no prefect.toml or .env of the user's folder
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=0o077,
        )
    server = Server(process.pid, _start_time(process.pid), port)
    _remember(home, server)
    return Start(home, server, process)


def _answers_as_ours(home: ProjectHome, port: int) -> bool:
    if _get(f"{settings.api_url(port)}/health") is not True:
        return False
    return _home_of(port) == os.path.realpath(home.prefect)


def _home_of(port: int) -> str | None:
    """The PREFECT_HOME that the server on this port says it works in; None when none answers."""
    answer = _get(f"{settings.api_url(port)}/admin/settings")
    theirs = answer.get("home") if isinstance(answer, dict) else None
    return os.path.realpath(theirs) if isinstance(theirs, str) else None


def _get(url: str) -> Any:
    """The JSON answer, or None."""
    try:
        with _NO_PROXY.open(url, timeout=_PROBE_SECONDS) as response:
            return json.loads(response.read(1 << 20))
    except (OSError, ValueError, urllib.error.URLError):
        return None


def _free_port(wanted: int) -> int:
    """`wanted` or the next one that nobody listens on: links to earlier runs stay good when it can be had again."""
    for port in (*range(wanted, wanted + 100), 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ServerError("no port is free for the Prefect server")


def _start_time(pid: int) -> str:
    """When a living process started, as the system counts; empty for none. A zombie is not alive."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        if os.path.isdir("/proc/self"):
            return ""
        answer = subprocess.run(  # noqa: S603 - fixed arguments; systems without /proc
            ["ps", "-o", "lstart=", "-p", str(pid)],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
        return answer.stdout.strip()
    return "" if fields[0] == "Z" else fields[19]


def _remembered(home: ProjectHome) -> Server | None:
    try:
        with open(home.prefect / _IDENTITY, encoding="utf-8") as file:
            return Server(**json.load(file))
    except (OSError, ValueError, TypeError):
        return None


def _remember(home: ProjectHome, server: Server) -> None:
    FolderStore(home.prefect, private=True).put(_IDENTITY, json.dumps(asdict(server)).encode(), overwrite=True)
