"""PostgreSQL and Redis of Debian's packages and Prefect's server, as processes of the tests, started as compose.yaml says."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infratools.compose import command, environment, make_secrets, project
from s3tools.ports import free_ports

__all__ = ["Installation", "debian", "installation", "running"]


def debian(program: str, *folders: str) -> str:
    """Where a program of Debian is."""
    found = shutil.which(program, path=os.pathsep.join([*folders, os.environ.get("PATH", ""), "/usr/sbin"]))
    assert found, f"{program} is not installed: .ci/run installs what the tests call"
    return found


@dataclass(frozen=True)
class Installation:
    """What runs: where its secrets lie, the ports, and the containers' names and places with what stands for them."""

    folder: Path
    secrets: Path
    postgres: int
    redis: int
    server: int
    places: Mapping[str, str]

    def secret(self, name: str) -> str:
        return (self.secrets / name).read_text(encoding="utf-8").strip()

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.server}/api"

    def query(self, statement: str) -> list[str]:
        """Lines of an answer of PostgreSQL."""
        asked = {**os.environ, "PGPASSWORD": self.secret("postgres_password")}
        options = ["--host=127.0.0.1", f"--port={self.postgres}", "--username=prefect", "--dbname=prefect"]
        psql = [debian("psql", *_postgres_folders()), *options, "--tuples-only", "--no-align", "--command", statement]
        return subprocess.run(psql, env=asked, check=True, capture_output=True, text=True).stdout.split()

    def redis_keys(self) -> set[str]:
        asked = {**os.environ, "REDISCLI_AUTH": self.secret("redis_password")}
        redis = [debian("redis-cli"), "-p", str(self.redis), "--scan"]
        return set(subprocess.run(redis, env=asked, check=True, capture_output=True, text=True).stdout.split())


@contextlib.contextmanager
def installation(folder: Path) -> Iterator[Installation]:
    """PostgreSQL, Redis and the server, with the settings, commands and secrets of infra/compose.yaml."""
    secrets = make_secrets(folder / "secrets")
    postgres, redis, server = free_ports(3)
    places = {
        "/run/secrets": str(secrets),
        "@redis:6379": f"@127.0.0.1:{redis}",
        "http://server:4200": f"http://127.0.0.1:{server}",
        "127.0.0.1:4200": f"127.0.0.1:{server}",
        "0.0.0.0": "127.0.0.1",
        "/deployments": str(Path(__file__).parents[2] / "deployments"),
        "/var/lib/deident": str(folder / "home"),
    }
    made = Installation(folder, secrets, postgres, redis, server, places)
    with _postgres(made), _redis(made), _server(made):
        yield made


def _postgres_folders() -> list[str]:
    return sorted((str(p) for p in Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)


@contextlib.contextmanager
def _postgres(made: Installation) -> Iterator[None]:
    described = project()["services"]["postgres"]["environment"]
    # PostgreSQL refuses to run as root; its own user must then reach the folder, which pytest keeps to root.
    root = os.geteuid() == 0
    user = "postgres" if root else None
    folder = Path("/tmp" if root else made.folder) / f"deident-postgres-{os.getpid()}-{made.postgres}"
    folder.mkdir(mode=0o700)
    password = folder / "password"
    password.write_text(made.secret("postgres_password"))
    if user is not None:
        owner = pwd.getpwnam(user)
        for path in (folder, password):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    initdb = [debian("initdb", *_postgres_folders()), f"--pgdata={folder / 'data'}", f"--pwfile={password}"]
    initdb += [f"--username={described['POSTGRES_USER']}", *described["POSTGRES_INITDB_ARGS"].split()]
    try:
        subprocess.run(initdb, user=user, cwd=folder, check=True, capture_output=True)
        options = [
            "-p",
            str(made.postgres),
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            f"unix_socket_directories={folder}",
        ]
        program = [debian("postgres", *_postgres_folders()), "-D", str(folder / "data"), *options]
        # SIGINT is PostgreSQL's fast way to stop.
        with running(program, folder / "log", user=user, stop=signal.SIGINT) as process:
            _await_port(made.postgres, process, folder / "log")
            createdb = [debian("createdb", *_postgres_folders()), "--host=127.0.0.1", f"--port={made.postgres}"]
            createdb += [f"--username={described['POSTGRES_USER']}", described["POSTGRES_DB"]]
            _retried(createdb, {**os.environ, "PGPASSWORD": made.secret("postgres_password")})
            yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _redis(made: Installation) -> Iterator[None]:
    data = made.folder / "redis"
    data.mkdir()
    program, *arguments = command("redis", {**made.places, "/data": str(data)})
    log = made.folder / "redis.log"
    with running(
        [debian(program), *arguments, "--port", str(made.redis), "--bind", "127.0.0.1"], log, cwd=data
    ) as process:
        _await_port(made.redis, process, log)
        yield


@contextlib.contextmanager
def _server(made: Installation) -> Iterator[None]:
    home = made.folder / "home"
    home.mkdir(exist_ok=True)
    settings = {
        **environment("server", made.places),
        "HOME": str(home),
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_DATABASE_HOST": "127.0.0.1",
        "PREFECT_SERVER_DATABASE_PORT": str(made.postgres),
        "PREFECT_SERVER_API_PORT": str(made.server),
    }
    log = made.folder / "server.log"
    with running(command("server", made.places), log, env=settings, cwd=home) as process:
        deadline = time.monotonic() + 120
        while not answers(f"{made.api}/ready"):
            assert process.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(0.2)
        yield


def answers(url: str) -> bool:
    """Whether a page is there for everybody."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


@contextlib.contextmanager
def running(
    program: Sequence[str],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str | None = None,
    stop: signal.Signals = signal.SIGTERM,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is stopped at the end, and killed when it does not stop."""
    with open(log, "ab") as file:
        process = subprocess.Popen(
            list(program), stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=env, cwd=cwd or log.parent, user=user
        )
    try:
        yield process
    finally:
        process.send_signal(stop)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-2000:]
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(log.read_text()[-2000:])


def _retried(program: Sequence[str], env: Mapping[str, str]) -> None:
    """PostgreSQL listens a moment before it serves."""
    for _ in range(50):
        done = subprocess.run(list(program), env=env, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        time.sleep(0.1)
    raise AssertionError(done.stderr)
