"""`deident run` as a command line, from bucket to bucket: what it prints, what it leaves, and that a second run finds no work."""

from __future__ import annotations

import subprocess
import sys

import pytest

from deident.flows.server import stop_server
from deident.home import ProjectHome
from s3flowtools import PLANTED, Site, scan

UID = "1.2.826.0.1.3680043.95"


def run(site: Site) -> str:
    """The whole of what the command prints; it starts Prefect's server for itself."""
    places = ("--source", site.place("source"), "--dest", site.place("released"), "--home", str(site.home))
    command = [sys.executable, "-m", "deident", "run", *places, "--workers", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [planted for planted in PLANTED if planted in done.stdout + done.stderr] == []
    return done.stdout


@pytest.mark.slow
def test_the_command_goes_from_bucket_to_bucket_and_a_second_run_has_nothing_to_do(site: Site) -> None:
    site.make_vault()
    site.plant(UID, 3)
    site.plant(f"{UID}.1", 2)
    try:
        told = run(site)
        assert "5 inputs in 2 studies" in told
        assert "       5  released" in told
        assert len([key for key in site.released() if key.endswith(".dcm")]) == 5
        assert site.staged() == []
        first = site.released()
        assert "Nothing new" in run(site)
        assert site.released() == first
    finally:
        stop_server(ProjectHome.open(site.home))
    assert scan(site, "released") == scan(site, "audit") == scan(site, "ledger") == []
