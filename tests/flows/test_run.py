"""`make run` end to end: what it says, what a second run does, and that nothing of a patient gets out."""

import json
import queue
import re
from types import SimpleNamespace

import pytest
from prefect.events.clients import PrefectEventsClient
from prefect.events.worker import EventsWorker

from deident.flows.places import register
from deident.flows.run import _forget_events, main
from flowtools import failing
from flowtools.server import api_answers, database_rows, files_with, run_python, settled_rows
from flowtools.studies import CANARIES, plant_source

RUN = ("-m", "deident.flows.run")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--source", "nowhere", "--dest", "out"], "the source is no folder"),
        (["--source", "in"], "--source needs --dest"),
        (["--source", "in", "--dest", "in/out"], "the destination lies inside the source"),
        (["--source", "in", "--dest", "in"], "the same place"),
        (["--source", "in", "--dest", "home"], "home"),
        (["--source", "in", "--dest", "out", "--workers", "-1"], "--workers"),
        (["--source", "in", "--dest", "in/file"], "the destination is no folder"),
        (["--source", "in", "--dest", "out", "--patients", "none.csv"], "the patient list does not exist"),
        (["--source", "in", "--dest", "out", "--patients", "in/file"], "the patient list is empty"),
        (
            ["--source", "in", "--dest", "in2", "--patients", "in2/list.csv"],
            "the patient list lies inside the destination",
        ),
        (["--source", "in", "--dest", "out", "--unlisted", "refuse"], "--unlisted has no meaning without --patients"),
        (["--source", "in", "--dest", "out", "--sop-class", "ZZTOP"], "sop_class: unknown SOP class"),
        (["--source", "in", "--dest", "out", "--study-date", "ZZTOP"], "--study-date: FROM..TO"),
    ],
)
def test_a_call_that_cannot_work_is_refused_in_plain_words_before_anything_starts(
    arguments, message, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file").write_bytes(b"")
    (tmp_path / "in2").mkdir()
    (tmp_path / "in2" / "list.csv").write_text("patient_id,subject_id\nA1,S-1\n")
    assert main([*arguments, "--home", "home"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (tmp_path / "home" / "prefect" / "server.json").exists()


@pytest.mark.parametrize("arguments", [["--no-such"], ["--pixel-risk", "maybe"]])
def test_a_wrong_option_is_exit_code_2(arguments, capsys):
    assert main(arguments) == 2
    assert "usage" in capsys.readouterr().err


def test_help_is_exit_code_0(capsys):
    assert main(["--help"]) == 0
    assert "Exit codes" in capsys.readouterr().out


def test_what_waits_for_a_lost_server_is_forgotten_and_a_changed_prefect_does_no_harm(monkeypatch):
    waiting = queue.Queue()
    waiting.put("event")
    waiting.put("event")
    for instances in ({1: object(), 2: SimpleNamespace(_queue=waiting)}, {1: SimpleNamespace(_queue=[])}, None):
        monkeypatch.setattr(EventsWorker, "_instances", instances, raising=False)
        _forget_events()
    assert waiting.empty()
    assert waiting.unfinished_tasks == 0
    monkeypatch.setattr("prefect.events.worker.EventsWorker", None)
    _forget_events()


def test_the_queue_that_is_emptied_is_that_of_the_prefect_that_is_installed():
    worker = EventsWorker(PrefectEventsClient, ())
    assert isinstance(worker._queue, queue.Queue)
    assert isinstance(EventsWorker._instances, dict)


@pytest.fixture
def source(tmp_path):
    return plant_source(tmp_path)


@pytest.mark.slow
def test_a_run_reports_and_a_second_run_does_nothing(home, server, source, tmp_path):
    arguments = (*RUN, "--home", str(home.root), "--source", str(source), "--dest", str(tmp_path / "out"))
    first = run_python(home, server, *arguments)
    assert first.returncode == 1, first.stderr
    assert "Starting the Prefect server" not in first.stderr
    assert re.search(r"\n +2  released\n", first.stdout)
    assert re.search(r"\n +1  empty: ", first.stdout)
    assert f"http://127.0.0.1:{server.port}/runs/flow-run/" in first.stdout
    named = re.search(r"/reports/(\S+)/report\.html", first.stdout)  # the home is that of other runs, too
    assert named
    assert json.loads((home.reports / named[1] / "report.json").read_text())["inputs"]["released"] == 2
    outputs = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*") if path.is_file()}

    second = run_python(home, server, *arguments)
    assert second.returncode == 1
    assert "Nothing new: all 2 studies had been done before" in second.stdout
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*") if path.is_file()} == outputs

    assert files_with(tmp_path / "out", *CANARIES) == []
    assert set(files_with(home.root, *CANARIES)) <= {"sources.toml"}
    for text in (first.stdout, first.stderr, second.stdout, second.stderr, api_answers(server)):
        assert not [canary for canary in CANARIES if canary in text]


@pytest.mark.slow
def test_a_run_takes_a_patient_list_and_a_cohort_and_prefect_sees_neither(home, server, source, tmp_path):
    patients = tmp_path / f"list of {CANARIES[0]}.csv"
    patients.write_text("patient_id,subject_id\nMRN-7788991,TRIAL-001\n")
    places = ("--source", str(source), "--dest", str(tmp_path / "out"), "--patients", str(patients))
    arguments = (*RUN, "--home", str(home.root), *places)
    done = run_python(home, server, *arguments, "--modality", "MR", "--study-date", "1990-01-01..")
    assert done.returncode == 1, done.stderr
    assert re.search(r"\n +2  not-in-cohort: ", done.stdout)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"TRIAL-001", "_deident"}
    assert len(list((tmp_path / "out").rglob("*.dcm"))) == 1

    wider = run_python(home, server, *arguments)
    assert "not-in-cohort" not in wider.stdout
    assert len(list((tmp_path / "out").rglob("*.dcm"))) == 2

    patients.write_text("patient_id,subject_id\nMRN-7788991,TRIAL-002\n")
    changed = run_python(home, server, *arguments)
    assert "Nothing new" not in changed.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"TRIAL-002", "_deident"}

    patients.write_text("patient_id,subject_id\nMRN-1,TRIAL-002\n")
    refused = run_python(home, server, *arguments)
    assert re.search(r"\n +2  patient-not-listed: ", refused.stdout)

    assert set(files_with(home.root, *CANARIES)) <= {"sources.toml"}
    texts = [
        done.stdout,
        done.stderr,
        wider.stdout,
        changed.stdout,
        refused.stdout,
        refused.stderr,
        api_answers(server),
    ]
    assert not [canary for canary in CANARIES for text in texts if canary in text]


@pytest.mark.slow
def test_a_failure_at_any_stage_shows_nothing_of_a_patient(home, server, source, tmp_path):
    job = register(home, source), register(home, tmp_path / "out")
    before = database_rows(home)
    done = run_python(home, server, failing.__file__, *job)
    after = settled_rows(home)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines() == [
        "discover FAILED Failed",
        "deidentify_study COMPLETED Completed with quarantine",
        "validate COMPLETED Completed with quarantine",
        "release_study COMPLETED Completed with quarantine",
        "quarantine_study FAILED Failed",
        "write_report FAILED Failed",
        "publish_report FAILED Failed",
        "worker_pool FAILED Failed",
    ]
    assert after["flow_run"] - before["flow_run"] == len(failing.STAGES)
    assert set(files_with(home.root, *CANARIES)) <= {"sources.toml"}
    for text in (done.stdout, done.stderr, api_answers(server)):
        assert not [canary for canary in CANARIES if canary in text]


@pytest.mark.slow
def test_a_fresh_home_gets_its_server_from_the_run_itself(new_home, server, source, tmp_path):
    arguments = ("--home", str(new_home.root), "--source", str(source), "--dest", str(tmp_path / "out"))
    done = run_python(new_home, server, *RUN, *arguments)
    assert done.returncode == 1, done.stderr
    assert "Starting the Prefect server" in done.stderr
    assert f"127.0.0.1:{server.port}" not in done.stdout, "a server that answers is not for that reason ours"
    stopped = run_python(new_home, server, *RUN, "--home", str(new_home.root), "--stop-server")
    assert stopped.stdout == "The Prefect server is stopped.\n"
