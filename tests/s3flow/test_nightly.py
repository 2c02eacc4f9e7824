"""The nightly deployment from bucket to bucket, as the docs set it up: stopped in the middle of a run, and done by the next."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest

from deident.flows.places import register
from deident.flows.server import stop_server
from deident.home import ProjectHome
from deident.ledger import Ledger
from flowtools.serving import deployment_id, post, serving, start_serving, stop_serving
from s3flowtools import PLANTED, Site, scan

UID = "1.2.826.0.1.3680043.96"
STUDIES = 12


@pytest.mark.slow
def test_the_nightly_deployment_stopped_in_the_middle_goes_on_the_next_night(site: Site) -> None:
    site.make_vault()
    for number in range(STUDIES):
        site.plant(f"{UID}.{number}", 2)
    home = ProjectHome.open(site.home)
    register(home, site.place("source"), "incoming")
    register(home, site.place("released"), "released")
    ledger = Ledger(site.store("ledger"))
    try:
        process, url = start_serving(home)
        _tonight(url)
        _wait_until_some_are_done(ledger)
        said = stop_serving(process, signal.SIGTERM)
        assert process.returncode == 0, said
        done = len(ledger.studies())
        assert 0 < done < STUDIES, "it was to be stopped in the middle"
        time.sleep(site.lease_seconds + 1)  # the run that was stopped counts as alive for so long
        with serving(home) as url:
            (stopped,) = [run["state"] for run in _runs(url) if run["state"]["type"] != "SCHEDULED"]
            assert (stopped["type"], stopped["message"]) == (
                "CRASHED",
                "Stopped with its worker; the next run goes on.",
            )
            state = _end_of(url, _tonight(url))
            assert state["name"] == "Completed", state
            assert state["message"] == f"{2 * STUDIES} released, 0 skipped, 0 quarantined"
            answers = (
                str(post(url, "flow_runs/filter")) + str(post(url, "artifacts/filter")) + str(post(url, "logs/filter"))
            )
    finally:
        stop_server(home)
    assert [planted for planted in PLANTED if planted in answers] == []
    assert len([key for key in site.released() if key.endswith(".dcm")]) == 2 * STUDIES
    assert [len(ledger.history(study)) for study in ledger.studies()] == [1] * STUDIES
    assert site.staged() == []
    assert scan(site, "released") == scan(site, "audit") == scan(site, "ledger") == []


def _tonight(url: str) -> str:
    """Start the nightly deployment as its schedule would, with the parameters that stand in prefect.yaml; its run."""
    return str(post(url, f"deployments/{deployment_id(url, 'nightly')}/create_flow_run")["id"])


def _runs(url: str, **wanted: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = post(url, "flow_runs/filter", flow_runs=wanted)
    return found


def _end_of(url: str, run: str) -> dict[str, Any]:
    """The state in which a run ended."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        (found,) = _runs(url, id={"any_": [run]})
        if found["end_time"]:
            state: dict[str, Any] = found["state"]
            return state
        time.sleep(0.5)
    raise AssertionError("the run did not end")


def _wait_until_some_are_done(ledger: Ledger) -> None:
    deadline = time.monotonic() + 300
    while not list(ledger.studies()):
        assert time.monotonic() < deadline, "no study was done"
        time.sleep(0.05)
