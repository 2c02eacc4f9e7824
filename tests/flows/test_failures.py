"""What dies in the middle of a run, with SIGKILL and for real: the outcome has a name, and the rerun ends as a quiet run."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from deident.flows.server import ensure_server, find_server
from flowtools import dasking
from flowtools.server import kill_all, process, run_python, wait_for
from flowtools.whole import STUDIES, adopt, done, many_studies, quiet, whole

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Source, project key and what a quiet run leaves."""
    folder = tmp_path_factory.mktemp("quiet")
    source = many_studies(folder / "source")
    return source, *quiet(source, folder)


@pytest.fixture
def ready(undisturbed, new_home, tmp_path):
    """A new home with its server and the arguments of a run over the source; `expected` is what the run must leave."""
    source, key, expected = undisturbed
    adopt(new_home, key, source, tmp_path / "out")
    server = ensure_server(new_home)
    places = ("--source", str(source), "--dest", str(tmp_path / "out"), "--home", str(new_home.root))
    return new_home, server, ("-m", "deident.flows.run", *places, "--workers", "2"), expected


def children(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", f"{pid}"], capture_output=True, text=True, check=False
    )
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if "--process-name LokyProcess" in line]


def test_a_killed_worker_process_costs_nothing(ready, tmp_path):
    home, server, arguments, expected = ready
    with process(home, server, tmp_path / "log", *arguments) as flow:
        for number in (1, 4):
            wait_for(lambda number=number: done(home) >= number and children(flow.pid))
            os.kill(children(flow.pid)[0], signal.SIGKILL)
        assert flow.wait(300) == 1, (tmp_path / "log").read_text()
    assert whole(home, tmp_path / "out") == expected


def test_a_killed_flow_is_taken_up_by_the_next_run(ready, tmp_path):
    home, server, arguments, expected = ready
    for number in (1, 5):
        with process(home, server, tmp_path / "log", *arguments) as flow:
            wait_for(lambda number=number: done(home) >= number)
            kill_all(flow)
        assert done(home) < STUDIES
    again = run_python(home, server, *arguments)
    assert again.returncode == 1, again.stderr
    assert whole(home, tmp_path / "out") == expected


def test_a_killed_server_ends_the_run_in_words_and_the_next_run_goes_on(ready, tmp_path):
    home, server, arguments, expected = ready
    with process(home, server, tmp_path / "log", *arguments) as flow:
        wait_for(lambda: done(home) >= 2)
        os.kill(server.pid, signal.SIGKILL)
        killed = time.monotonic()
        # The studies go on: what is recorded of them is in the ledger, not in Prefect.
        code = flow.wait(300)
        waited = time.monotonic() - killed
    text = (tmp_path / "log").read_text()
    assert code == 3, text
    assert "the Prefect server cannot be reached any more" in text
    assert "Traceback" not in text
    assert waited < 180
    again = run_python(home, server, *arguments)
    assert again.returncode == 1, again.stderr
    assert find_server(home) is not None
    assert whole(home, tmp_path / "out") == expected


def test_a_flow_without_a_server_fails_before_it_does_anything(ready, tmp_path):
    home, server, _, _ = ready
    os.kill(server.pid, signal.SIGKILL)
    started = time.monotonic()
    failed = run_python(home, server, dasking.__file__, "incoming", "released")
    assert failed.returncode != 0
    assert time.monotonic() - started < 180
    assert done(home) == 0
    assert not (tmp_path / "out").exists()


def test_a_killed_worker_of_a_deployment_is_followed_by_another(ready, tmp_path):
    home, server, _, expected = ready
    prefect = ("-m", "prefect")
    run_python(home, server, *prefect, "work-pool", "create", "--type", "process", "deident")
    deploy = ("--no-prompt", "deploy", "--all", "--prefect-file", str(ROOT / "deployments" / "prefect.yaml"))
    assert run_python(home, server, *prefect, *deploy).returncode == 0
    call = ("deployment", "run", "deidentify/ad-hoc", "--params")
    job = '{"job": {"source": "incoming", "destination": "released", "workers": 2}}'
    worker = (*prefect, "worker", "start", "--pool", "deident")
    with process(home, server, tmp_path / "log", *worker) as first:
        started = run_python(home, server, *prefect, *call, job)
        (run,) = set(re.findall(r"runs/flow-run/([0-9a-f-]{36})", started.stdout))
        wait_for(lambda: done(home) >= 2)
        kill_all(first)
        # The runner starts flows in sessions of their own: the one at work is an orphan and is killed, too.
        for pid in pids_with(str(home.root)) - {server.pid}:
            os.kill(pid, signal.SIGKILL)
    assert done(home) < STUDIES
    # A slot of the deployment is taken by the dead run until somebody, or the automation for zombies, says so.
    crash = "from prefect.client.orchestration import get_client as g; from prefect.states import Crashed; import sys\n"
    crash += "with g(sync_client=True) as c: c.set_flow_run_state(sys.argv[1], Crashed(), force=True)"
    assert run_python(home, server, "-c", crash, run).returncode == 0
    with process(home, server, tmp_path / "log", *worker):
        again = run_python(home, server, *prefect, *call, job, "--watch")
    assert again.returncode == 0, again.stdout
    assert whole(home, tmp_path / "out") == expected


def pids_with(home: str) -> set[int]:
    """Processes that run with this project home."""
    found = set()
    for place in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"DEIDENT_HOME={home}".encode() in place.read_bytes().split(b"\0"):
                found.add(int(place.parent.name))
        except OSError:
            continue
    return found - {os.getpid()}


def test_a_killed_dask_worker_costs_nothing(ready, tmp_path):
    home, server, _, expected = ready
    with process(home, server, tmp_path / "log", dasking.__file__, "incoming", "released") as flow:
        wait_for(lambda: done(home) >= 2)
        (pid, *_) = dask_workers(flow.pid)
        os.kill(pid, signal.SIGKILL)
        assert flow.wait(300) == 0, (tmp_path / "log").read_text()
    assert "Completed with quarantine" in (tmp_path / "log").read_text()
    assert whole(home, tmp_path / "out") == expected


def dask_workers(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", f"{pid}"], capture_output=True, text=True, check=False
    )
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if "spawn_main" in line]
