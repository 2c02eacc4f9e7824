"""The example of a parent flow runs as its README says: as a subflow on threads, on Dask, and by a deployment."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest

from deident.errors import UsageProblem
from deident.flows.places import register
from deident.flows.results import result_of
from deident.flows.server import ensure_server
from flowtools.server import api_answers, files_with, process, run_python, wait_for
from flowtools.studies import CANARIES, plant_source

ROOT = Path(__file__).parents[2]
ETL = ROOT / "examples" / "etl"
PLACES = ("incoming", "released", "index")


def prepared(home, folder):
    """Register the places of the example's README; returns the file that it writes."""
    (folder / "index").mkdir()
    for alias, path in zip(PLACES, (plant_source(folder), folder / "out", folder / "index"), strict=True):
        register(home, path, alias)
    return folder / "index" / "index.csv"


def checked(index, home, server, folder, done):
    assert done.stdout.splitlines()[-1:] == ["2 instances in the index"], done.stderr[-3000:]
    rows = list(csv.DictReader(index.open()))
    outputs = {str(path.relative_to(folder / "out")) for path in (folder / "out").rglob("*.dcm")}
    assert {row["File"] for row in rows} == outputs
    assert {row["Modality"] for row in rows} == {"CT", "MR"}
    assert set(files_with(home.root, *CANARIES)) <= {"sources.toml"}
    for text in (done.stdout, done.stderr, index.read_text(), api_answers(server)):
        assert not [canary for canary in CANARIES if canary in text]


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--dask",)], ids=["threads", "dask"])
def test_a_parent_flow_deidentifies_as_a_subflow_and_goes_on_with_what_is_released(more, new_home, tmp_path):
    server, index = ensure_server(new_home), prepared(new_home, tmp_path)
    done = run_python(new_home, server, "-m", "flows.etl", *PLACES, *more, folder=ETL)
    checked(index, new_home, server, tmp_path, done)


@pytest.mark.slow
def test_a_parent_flow_calls_the_deployment_and_waits_for_it(new_home, tmp_path):
    server, index = ensure_server(new_home), prepared(new_home, tmp_path)
    run_python(new_home, server, "-m", "prefect", "work-pool", "create", "--type", "process", "deident")
    deploy = ("--no-prompt", "deploy", "--all", "--prefect-file", str(ROOT / "deployments" / "prefect.yaml"))
    assert run_python(new_home, server, "-m", "prefect", *deploy).returncode == 0
    log = tmp_path / "worker.log"
    with process(new_home, server, log, "-m", "prefect", "worker", "start", "--pool", "deident"):
        wait_for(lambda: log.stat().st_size)
        arguments = ("-m", "flows.etl", *PLACES, "--deployment", "deidentify/ad-hoc")
        done = run_python(new_home, server, *arguments, folder=ETL)
    checked(index, new_home, server, tmp_path, done)
    assert not [canary for canary in CANARIES if canary in log.read_text()]


@pytest.mark.slow
def test_a_parent_gets_counts_places_and_opaque_ids(new_home, tmp_path, monkeypatch):
    server = ensure_server(new_home)
    prepared(new_home, tmp_path)
    arguments = ("--home", str(new_home.root), "--source", str(next(tmp_path.glob("incoming*"))))
    run_python(new_home, server, "-m", "deident.flows.run", *arguments, "--dest", str(tmp_path / "out"))
    monkeypatch.setenv("DEIDENT_HOME", str(new_home.root))
    (report,) = new_home.reports.iterdir()
    result = result_of(f"deidentify-{report.name}")
    assert result.run == report.name
    assert result.inputs == {"released": 2, "skipped": 3, "quarantined": 1}
    assert result.studies == {"released": 2}
    assert sorted(study.modalities for study in result.released) == [("CT",), ("MR",)]
    for study in result.released:
        assert len(list((tmp_path / "out" / study.folder).rglob("*.dcm"))) == study.instances == 1
    assert not [canary for canary in CANARIES if canary in repr(result)]


@pytest.mark.parametrize("name", ["", "deidentify-20260101t000000z-abcdef", "../reports", "deidentify-x"])
def test_a_run_that_is_unknown_has_no_result(name, new_home, monkeypatch):
    monkeypatch.setenv("DEIDENT_HOME", str(new_home.root))
    with pytest.raises(UsageProblem):
        result_of(name)


def test_the_folders_of_the_example_are_not_taken_for_ours(monkeypatch):
    import deident.flows
    import deident.tasks

    monkeypatch.syspath_prepend(str(ETL))
    sys.modules.pop("flows", None)
    sys.modules.pop("tasks", None)
    import flows
    import tasks

    assert flows.__file__ == str(ETL / "flows" / "__init__.py")
    assert tasks.__file__ == str(ETL / "tasks" / "__init__.py")
    assert deident.flows.__file__ != flows.__file__
    assert deident.tasks.__file__ != tasks.__file__
