"""What dies in the middle of a run, with SIGKILL and for real: the outcome has a name, and the rerun ends as a quiet run."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from deident.flows.server import Server, ensure_server, find_server
from flowtools import dasking
from flowtools.server import HangingUp, children, ended, kill_all, process, run_python, wait_for
from flowtools.serving import post
from flowtools.whole import STUDIES, adopt, done, many_studies, quiet, whole
from support.daskcluster import dask_cluster

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
#: In the command line of a worker process.
WORKER = "--process-name LokyProcess"
#: Of a call to the server: once, and PREFECT_CLIENT_MAX_RETRIES of deident.flows.settings.
TRIES = 4


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


def test_a_killed_worker_process_costs_nothing(ready, tmp_path):
    home, server, arguments, expected = ready
    with process(home, server, tmp_path / "log", *arguments) as flow:
        for number in (1, 4):
            pid, *_ = wait_for(lambda number=number: done(home) >= number and children(flow.pid, WORKER))
            os.kill(pid, signal.SIGKILL)
        assert ended(flow) == 1, (tmp_path / "log").read_text()
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
        code = ended(flow)
    text = (tmp_path / "log").read_text()
    assert code == 3, text
    assert "the Prefect server cannot be reached any more" in text
    assert "Traceback" not in text
    again = run_python(home, server, *arguments)
    assert again.returncode == 1, again.stderr
    assert find_server(home) is not None
    # What the first run did is on record once: the ledger is the truth, whatever Prefect got to know.
    assert whole(home, tmp_path / "out") == expected


def test_a_run_asks_a_server_that_is_gone_four_times_and_ends(ready, tmp_path):
    home, server, arguments, _ = ready
    with process(home, server, tmp_path / "log", *arguments) as flow:
        wait_for(lambda: done(home) >= 2)
        os.kill(server.pid, signal.SIGKILL)
        with HangingUp(server) as nobody:
            code = ended(flow)
    assert code == 3, (tmp_path / "log").read_text()
    # How the run ended is the last that it has to tell; by default it would try for five minutes.
    assert [count for line, count in nobody.asked.items() if line.endswith("/set_state")] == [TRIES]


def test_a_flow_without_a_server_fails_before_it_does_anything(ready, tmp_path):
    home, server, _, _ = ready
    os.kill(server.pid, signal.SIGKILL)
    with HangingUp(server) as nobody:
        failed = run_python(home, server, dasking.__file__, "incoming", "released")
    assert failed.returncode != 0
    assert nobody.asked == {"GET /api/admin/version": TRIES}
    assert done(home) == 0
    assert not (tmp_path / "out").exists()


def test_a_worker_killed_with_its_flow_is_found_by_the_automation_and_followed_by_another(ready, tmp_path):
    home, server, _, expected = ready
    prefect = ("-m", "prefect")
    run_python(home, server, *prefect, "work-pool", "create", "--type", "process", "deident")
    deploy = ("--no-prompt", "deploy", "--all", "--prefect-file", str(ROOT / "deployments" / "prefect.yaml"))
    assert run_python(home, server, *prefect, *deploy).returncode == 0
    automations = ROOT / "deployments" / "automations" / "zombie-runs.yaml"
    assert run_python(home, server, *prefect, "automation", "create", "--from-file", str(automations)).returncode == 0
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
    # A slot of the deployment is taken by the dead run until the automation that is shipped misses its heartbeat.
    wait_for(lambda: _state(server, run) != "RUNNING")
    assert _state(server, run) == "CRASHED"
    with process(home, server, tmp_path / "log", *worker):
        again = run_python(home, server, *prefect, *call, job, "--watch")
    assert again.returncode == 0, again.stdout
    assert whole(home, tmp_path / "out") == expected


def _state(server: Server, run: str) -> str:
    (found,) = post(server.url, "flow_runs/filter", flow_runs={"id": {"any_": [run]}})
    return str(found["state"]["type"])


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


def test_a_lost_dask_scheduler_leaves_studies_unfinished_for_the_next_run(ready, tmp_path):
    home, server, arguments, expected = ready
    with (
        dask_cluster(tmp_path) as cluster,
        process(
            home,
            server,
            tmp_path / "log",
            dasking.__file__,
            "incoming",
            "released",
            DEIDENT_DASK_ADDRESS=cluster.address,
        ) as flow,
    ):
        wait_for(lambda: done(home) >= 2)
        os.kill(cluster.scheduler.pid, signal.SIGKILL)
        assert ended(flow) == 0, (tmp_path / "log").read_text()  # the script, which says what the flow came to
    assert re.search(r"Failed: .* unfinished", (tmp_path / "log").read_text())
    assert 2 <= done(home) < STUDIES
    again = run_python(home, server, *arguments)
    assert again.returncode == 1, again.stderr
    assert whole(home, tmp_path / "out") == expected


def test_a_killed_dask_worker_costs_nothing(ready, tmp_path):
    home, server, _, expected = ready
    with process(home, server, tmp_path / "log", dasking.__file__, "incoming", "released") as flow:
        wait_for(lambda: done(home) >= 2)
        (pid, *_) = children(flow.pid, "spawn_main")
        os.kill(pid, signal.SIGKILL)
        assert ended(flow) == 0, (tmp_path / "log").read_text()
    assert "Completed with quarantine" in (tmp_path / "log").read_text()
    assert whole(home, tmp_path / "out") == expected
