"""One machine, one command: server, work pool, deployments and worker of a project, until it is told to stop."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final
from uuid import UUID

from deident.errors import DeidentError, UsageProblem
from deident.flows.server import Server, starting_server, stop_server
from deident.flows.settings import apply, client_environment
from deident.home import ProjectHome, default_home

__all__ = ["DEPLOYMENTS", "main"]

STOPPED: Final = 0
USAGE: Final = 2
FAILED: Final = 3
#: Beside the package in an installation, beside the folder of this module in a clone.
DEPLOYMENTS: Final = Path(__file__).resolve().parent.parent / "deployments"
POOL: Final = "deident"
#: Of --studies; tasks/limits.py takes its slots.
LIMIT: Final = "deident-studies"
#: What a worker may take to end the runs that it has started.
_GRACE: Final = 60


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="deident serve",
        description="Server (if none runs), work pool, deployments and worker of a project on this machine, until Ctrl-C or "
        "SIGTERM. Runs are then started in the UI, by the schedule, or with prefect deployment run.",
        epilog="Exit codes: 0 stopped as asked, 2 usage, 3 something did not start or died.",
    )
    parser.add_argument("--home", metavar="FOLDER", help="project home: key, ledger, reports, Prefect's data")
    parser.add_argument("--limit", type=int, default=2, metavar="N", help="runs at a time; default: %(default)s")
    parser.add_argument(
        "--studies",
        type=int,
        metavar="N",
        help="studies that are worked on at a time, over all runs of this server; default: as many as the runs have workers",
    )
    parser.add_argument("--automations", action="store_true", help="install the automations of deployments/automations")
    parser.add_argument(
        "--notify",
        metavar="TYPE/NAME",
        help="notification block that is told of quarantined studies; with --automations",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until a signal comes. Returns the exit code."""
    try:
        arguments = _parser().parse_args(argv)
    except SystemExit as ended:
        return int(ended.code or 0)
    try:
        return _serve(arguments)
    except UsageProblem as problem:
        message, code = str(problem), USAGE
    except DeidentError as problem:
        message, code = str(problem), FAILED
    print(f"deident: {message}", file=sys.stderr)
    return code


def _serve(arguments: argparse.Namespace) -> int:
    if arguments.limit < 1:
        raise UsageProblem("--limit is a number from 1")
    if arguments.studies is not None and arguments.studies < 1:
        raise UsageProblem("--studies is a number from 1")
    if arguments.notify and not arguments.automations:
        raise UsageProblem("--notify has no meaning without --automations")
    asked = _Signals()
    home = ProjectHome.open(arguments.home or default_home())
    with starting_server(home) as start:
        ours = start.process is not None
        if ours:
            print("Starting the Prefect server of this project, about 10 seconds ...", flush=True)
        apply(client_environment(home, start.server.port))
        start.wait()
        server = start.server
    try:
        _prepare(arguments)
        return _work(arguments, home, server, asked)
    finally:
        if ours:
            stop_server(home)
            print("The Prefect server is stopped.", flush=True)


def _prepare(arguments: argparse.Namespace) -> None:
    """Pool, deployments and automations; made again, they stay what they are."""
    # Not before the settings are in the environment.
    setup = importlib.import_module("deident.flows.setup")
    setup.make_pool(POOL)
    if arguments.studies is not None:
        setup.make_limit(LIMIT, arguments.studies)
        os.environ["DEIDENT_CONCURRENCY_LIMIT"] = LIMIT
    names = setup.deploy(DEPLOYMENTS / "prefect.yaml")
    print("Deployments: " + ", ".join(names), flush=True)
    if arguments.automations:
        made = setup.install_automations(DEPLOYMENTS / "automations", arguments.notify or "")
        print("Automations: " + ", ".join(made), flush=True)
        if not arguments.notify:
            print("Nobody is told of quarantined studies: name a notification block with --notify.", flush=True)


def _work(arguments: argparse.Namespace, home: ProjectHome, server: Server, asked: _Signals) -> int:
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--limit", str(arguments.limit)]
    # In a session of its own: a Ctrl-C of the terminal comes to us alone, and is handed on once.
    descriptor = os.open(home.prefect / "worker.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "ab") as log:
        worker = subprocess.Popen(  # noqa: S603 - fixed arguments
            command,
            cwd=home.prefect,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    print(f"The worker is ready. Deployments in the UI: {server.url}/deployments  (Ctrl-C stops)", flush=True)
    while worker.poll() is None and not asked.event.wait(0.5):
        pass
    if worker.poll() is None:
        print("\nStopping; what is under way goes on in the next run ...", flush=True)
        stopping = importlib.import_module("deident.flows.stopping")
        runs: tuple[UUID, ...] = ()
        # A server that is gone by now can be told nothing; it need not keep the worker from ending.
        with contextlib.suppress(Exception):
            runs = stopping.runs_of(worker.pid)
        _stop(worker)
        with contextlib.suppress(Exception):
            stopping.mark_stopped(runs)
        return STOPPED
    print("deident: the worker died; its log is prefect/worker.log in the project home", file=sys.stderr)
    return FAILED


def _stop(worker: subprocess.Popen[bytes]) -> None:
    """Ask the worker to end, and end what is left of its session: the runs are children of it."""
    worker.send_signal(signal.SIGINT)
    try:
        worker.wait(timeout=_GRACE)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()
    try:
        os.killpg(worker.pid, signal.SIGTERM)
    except ProcessLookupError:
        return


class _Signals:
    """Ctrl-C and SIGTERM from here on set an event instead of tearing something apart."""

    def __init__(self) -> None:
        self.event = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.event.set()


if __name__ == "__main__":
    sys.exit(main())
