"""Killed twenty times anywhere, under faults, and resumed: in the end exactly the outputs of a quiet run."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from s3flowtools import Site, whole_run
from s3flowtools.killing import Gate, RunLength, kill_often
from s3flowtools.processes import run_in_process
from s3flowtools.twins import Twins
from s3tools.proxy import FaultProxy

UID = "1.2.826.0.1.3680043.91"
KILLS = 20
#: Studies that every run finds to do.
TO_DO = 3


@pytest.mark.slow
def test_killed_anywhere_under_faults_the_outputs_are_those_of_a_quiet_run(
    site: Site, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = 4711 if os.environ.get("CI") else random.randrange(10**6)
    chance, twins = random.Random(seed), Twins(site, UID)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
    length = RunLength.measure(proxy, twins.plant, lambda: whole_run(twins.quiet.job()))

    def attempt(gate: Gate) -> tuple[bool, int | None]:
        run = run_in_process(site.job())
        killed = gate.reached_by(run.is_alive)
        if killed:
            run.kill()
        run.join()
        gate.open()
        return killed, run.exitcode

    ended = kill_often(proxy, chance, twins, length, kills=KILLS, to_do=TO_DO, attempt=attempt)
    assert set(ended) <= {-signal.SIGKILL, 0, 75}
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", site.server.endpoint)
    time.sleep(site.lease_seconds + 1)  # the last of the killed runs counts as alive for so long
    whole_run(site.job())
    finishers = len(twins.finishers())
    print(f"{twins.planted} studies finished by {finishers} runs, which ended {dict(ended)}; seed {seed}; {length}")  # noqa: T201
    assert finishers > 3  # some of the killed ones had come so far
    twins.check()
