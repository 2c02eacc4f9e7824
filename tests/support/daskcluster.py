"""A Dask scheduler and its workers, as somebody operates them, in the clear on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from distributed import Client

__all__ = ["Cluster", "dask_cluster"]

TESTS = Path(__file__).parents[1]


@dataclass(frozen=True)
class Cluster:
    address: str
    dashboard: str
    scheduler: subprocess.Popen[bytes]
    worker: subprocess.Popen[bytes]
    log: Path

    def shown(self, *keys: str) -> str:
        """What the logs of all processes and the pages of the scheduler say."""
        pages = ("info/main/workers.html", "info/main/logs.html", "json/index.html", "json/identity.json")
        pages += ("info/task", *(f"info/task/{key}.html" for key in keys))
        text = self.log.read_text()
        for page in pages:
            try:
                with urllib.request.urlopen(f"{self.dashboard}/{page}", timeout=20) as answer:
                    text += answer.read().decode()
            except urllib.error.HTTPError:
                continue
        return text


@contextmanager
def dask_cluster(folder: Path) -> Iterator[Cluster]:
    """A scheduler and two worker processes; their files are in `folder`."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}
    note, log = folder / "scheduler.json", folder / "dask.log"
    local = ("--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0", "--scheduler-file", f"{note}")
    with log.open("ab") as file:

        def start(module: str, *arguments: str) -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
                env=environment,
                cwd=folder,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

        scheduler = start("dask_scheduler", *local)
        while not note.exists() or not note.read_text().endswith("}"):
            assert scheduler.poll() is None, log.read_text()
            time.sleep(0.1)
        told = json.loads(note.read_text())
        worker = start("dask_worker", told["address"], "--nthreads", "1", "--no-dashboard", "--nworkers", "2")
        dashboard = f"http://127.0.0.1:{told['services']['dashboard']}"
        try:
            with Client(told["address"], set_as_default=False) as client:
                client.wait_for_workers(2, timeout=60)
            yield Cluster(told["address"], dashboard, scheduler, worker, log)
        finally:
            for process in (worker, scheduler):
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
