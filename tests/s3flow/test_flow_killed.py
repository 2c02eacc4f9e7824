"""The flow, from bucket to bucket with the vault under KMS: killed twenty times anywhere, under faults, and resumed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from deident.flows.server import Server, ensure_server, stop_server
from deident.home import ProjectHome
from flowtools.server import api_answers, children, ended, files_with, gone, process, settled_rows, wait_for
from s3flowtools import PLANTED, Site
from s3flowtools.killing import Gate, RunLength, kill_often
from s3flowtools.twins import Twins
from s3tools.proxy import FaultProxy

UID = "1.2.826.0.1.3680043.94"
KILLS = 20
#: Studies that every run finds to do; with one worker two at a time are on their way.
TO_DO = 4


@pytest.fixture
def server(site: Site) -> Iterator[Server]:
    """One Prefect server for all runs."""
    home = ProjectHome.open(site.home)
    yield ensure_server(home)
    stop_server(home)


def kill_alone(flow: subprocess.Popen[bytes]) -> int:
    """Kill the process of the flow and no other; its workers have to end by themselves. Returns how many there were."""
    workers = children(flow.pid)
    flow.kill()
    flow.wait()
    wait_for(lambda: all(map(gone, workers)))
    return len(workers)


@pytest.mark.slow
def test_a_flow_killed_anywhere_under_faults_ends_with_the_outputs_of_a_quiet_run(
    site: Site, server: Server, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = 4711 if os.environ.get("CI") else random.randrange(10**6)
    chance, twins = random.Random(seed), Twins(site, UID)
    home, log = ProjectHome.open(site.home), site.folder / "log"
    places = ("--source", site.place("source"), "--dest", site.place("released"), "--home", str(site.home))
    command = ("-m", "deident", "run", *places, "--workers", "1")

    def whole() -> None:
        with process(home, server, log, *command) as flow:
            assert ended(flow) == 0, log.read_text()

    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
    length = RunLength.measure(proxy, twins.plant, whole)
    orphans = 0

    def attempt(gate: Gate) -> tuple[bool, int | None]:
        nonlocal orphans
        with process(home, server, log, *command) as flow:
            killed = gate.reached_by(lambda: flow.poll() is None)
            if killed:
                orphans += kill_alone(flow)
            gate.open()
            return killed, ended(flow)

    codes = kill_often(proxy, chance, twins, length, kills=KILLS, to_do=TO_DO, attempt=attempt)
    assert set(codes) <= {-signal.SIGKILL, 0, 3}, log.read_text()
    assert orphans > KILLS / 2
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", site.server.endpoint)
    time.sleep(site.lease_seconds + 1)  # the last of the killed runs counts as alive for so long
    whole()
    finishers = len(twins.finishers())
    print(f"{twins.planted} studies finished by {finishers} runs, which ended {dict(codes)}; seed {seed}; {length}")  # noqa: T201
    assert finishers > 4 + 3  # four of them were quiet
    twins.check()
    # Early kills come before there is a run: the database has to hold so many others that looking at it shows something.
    rows = settled_rows(home)
    assert rows["flow_run"] > KILLS / 2
    assert rows["task_run"] > 3 * TO_DO
    assert files_with(site.home, *PLANTED) == []
    told = api_answers(server) + log.read_text()
    assert [planted for planted in PLANTED if planted in told] == []
