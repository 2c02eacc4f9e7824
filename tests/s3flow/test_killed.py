"""Killed twenty times at any moment, under faults, and resumed: in the end exactly the outputs of a quiet run."""

from __future__ import annotations

import os
import random
import time

import pytest

from deident.cli.main import main
from deident.ledger import Ledger
from deident.pseudonyms import ProjectKey
from deident.vault import Vault, reidentify, verify
from s3flowtools import Site, scan, whole_run
from s3flowtools.processes import run_in_process
from s3tools.proxy import Fault, FaultProxy
from support.studies import PATIENT_ID

UID = "1.2.826.0.1.3680043.91"
KILLS = 20
#: Those that a client can meet; a stalled body only costs time here.
FAULTS = [fault for fault in Fault if fault is not Fault.STALLED_BODY]


@pytest.mark.slow
def test_killed_at_any_moment_under_faults_the_outputs_are_those_of_a_quiet_run(
    site: Site, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(os.environ.get("CI") and 4711)
    secret = ProjectKey.generate()
    vault = site.make_vault(secret)
    quiet = Site(site.folder / "quiet", site.server)
    quiet.make_vault(secret)
    for number in range(KILLS):
        for place in (site, quiet):
            place.plant(f"{UID}.{number}", 2)
    started = time.monotonic()
    whole_run(quiet.job())
    length = (time.monotonic() - started) / 2
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
    killed = 0
    while killed < KILLS:
        proxy.reset()
        for _ in range(6):
            proxy.fault(chance.choice(FAULTS), nth=chance.randrange(1, 150))
        run = run_in_process(site.job())
        run.join(chance.uniform(0.05, length))
        if run.exitcode is None:
            run.kill()
            killed += 1
        run.join()
        if run.exitcode == 0:  # it got through: there has to be something to be killed at
            for place in (site, quiet):
                place.plant(f"{UID}.{KILLS + killed}", 2)
    proxy.reset()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", site.server.endpoint)
    time.sleep(site.lease_seconds + 1)
    whole_run(site.job())
    whole_run(quiet.job())
    assert site.released() == quiet.released()
    ledger = Ledger(site.store("ledger"))
    finishers = {record.run for study in ledger.studies() for record in ledger.history(study)}
    print(f"killed {killed} times; studies were finished by {len(finishers)} runs")  # noqa: T201
    assert len(finishers) > 1  # some of the killed ones had come so far
    assert site.staged() == []
    assert main(["audit", "verify", "--home", str(site.home)]) == 0
    assert verify(Vault.open(site.store("vault"), vault.keys)).problems == ()
    for name in ("staging", "released", "ledger", "vault", "audit"):
        assert scan(site, name) == [], name
    patients = {key.split("/")[0] for key in site.released()}
    for entries in reidentify(vault, tuple(patients)).values():
        assert {entry.original for entry in entries} == {PATIENT_ID}
