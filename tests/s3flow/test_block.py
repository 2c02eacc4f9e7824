"""A run whose credentials lie in a block of Prefect, in its worker processes, too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deident.flows.places import register
from deident.flows.server import ensure_server, stop_server
from deident.home import ProjectHome
from flowtools import blocks
from flowtools.server import api_answers, files_with, run_python
from s3flowtools.roles import Machine
from s3tools.server import secret_of

UID = "1.2.826.0.1.3680043.99"


@pytest.mark.slow
def test_a_block_of_prefect_holds_the_keys_for_every_place_without_a_profile(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The profile of the destination, and of the vault with its KMS; the block is for what they do not name.
    site = machine("site", {"destination": "releaser", "vault": "worker"}, "releaser", "worker")
    site.plant(UID, 3)
    monkeypatch.setenv("DEIDENT_HOME", str(site.home))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", site.server.endpoint)
    home = ProjectHome.open(site.home)
    aliases = register(home, site.place("source"), "incoming"), register(home, site.place("released"), "outgoing")
    server = ensure_server(home)
    try:
        monkeypatch.setenv("BLOCK_KEY", "worker")
        monkeypatch.setenv("BLOCK_SECRET", secret_of("worker"))
        done = run_python(home, server, str(Path(blocks.__file__)), *aliases)
        told = api_answers(server)
    finally:
        stop_server(home)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "state": "Completed",
        "inputs": {"released": 3, "skipped": 0, "quarantined": 0},
    }, done.stderr
    assert len([key for key in site.keys("released") if key.endswith(".dcm")]) == 3
    assert secret_of("worker") not in told + done.stdout + done.stderr
    assert files_with(site.home, secret_of("worker")) == []
