"""`deident serve`: everything that one machine needs, up with one command, and down without a trace when asked."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest
import yaml

from deident.flows.serve import DEPLOYMENTS, main
from deident.flows.server import find_server
from deident.home import ProjectHome
from flowtools.server import api_answers, files_with, run_python
from flowtools.serving import deployment_id, place_names, post, serving, start_serving, stop_serving, wait_for_run
from flowtools.studies import CANARIES, copy_examples, plant_source

ROOT = Path(__file__).parents[2]
NAMES = [
    deployment["name"]
    for deployment in yaml.safe_load((DEPLOYMENTS / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--limit", "0"], "--limit is a number from 1"),
        (["--studies", "0"], "--studies is a number from 1"),
        (["--notify", "webhook/x"], "--notify has no meaning without --automations"),
    ],
)
def test_a_call_that_cannot_work_is_refused_before_anything_starts(arguments, message, tmp_path, capsys):
    assert main([*arguments, "--home", str(tmp_path / "home")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "home").exists()


def test_help_is_exit_code_0_and_needs_no_prefect(capsys):
    assert main(["--help"]) == 0
    assert "Exit codes" in capsys.readouterr().out
    code = "import sys, deident.flows.serve; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_a_run_by_the_example_for_pipelines_and_a_clean_end_by_either_signal(tmp_path):
    home = ProjectHome.open(tmp_path / "home")
    place_names(home, incoming=plant_source(tmp_path), released=tmp_path / "released")
    example = (ROOT / "deployments" / "README.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    process, url = start_serving(home, "--studies", "1")
    try:
        server = find_server(home)
        done = run_python(home, server, "-c", example)
        assert done.stdout == "Completed with quarantine 2 released, 3 skipped, 1 quarantined\n", done.stderr
        logs = [log["message"] for log in post(url, "logs/filter", limit=200)]
        assert not [message for message in logs if "withheld" in message], "lines of every run that say nothing"
        slots = post(url, "events/filter", filter={"event": {"name": ["prefect.concurrency-limit.acquired"]}}, limit=50)
        taken = [event["resource"]["prefect.resource.name"] for event in slots["events"]]
        assert "deident-studies" in taken, "the worker hands the limit on to its runs"
        answers = api_answers(server)
    finally:
        said = stop_serving(process, signal.SIGTERM)
    _ended(process, said, home)
    assert len(list((tmp_path / "released").rglob("*.dcm"))) == 2
    assert set(files_with(home.root, *CANARIES)) <= {"sources.toml"}
    assert not [canary for canary in CANARIES if canary in answers]

    process, again = start_serving(home)
    assert again == url, "links to earlier runs stay good"
    _ended(process, stop_serving(process, signal.SIGINT), home)


def _ended(process: subprocess.Popen[str], said: str, home: ProjectHome) -> None:
    assert process.returncode == 0
    assert "The Prefect server is stopped." in said
    assert find_server(home) is None
    assert not [pid for pid in os.listdir("/proc") if pid.isdigit() and _works_in(pid, home)]


def _works_in(pid: str, home: ProjectHome) -> bool:
    """Whether a process has the home in its environment: what serve started inherits it."""
    try:
        return f"PREFECT_HOME={home.prefect}".encode() in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False


class Listener(BaseHTTPRequestHandler):
    """Takes notifications."""

    bodies: list[str]

    def do_POST(self):
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.mark.slow
def test_automations_tell_of_quarantined_studies_and_of_runs_that_died(tmp_path):
    home = ProjectHome.open(tmp_path / "home")
    place_names(home, incoming=copy_examples(tmp_path / "incoming"), released=tmp_path / "released")
    bodies: list[str] = []
    listener = ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Listener,), {"bodies": bodies}))
    Thread(target=listener.serve_forever, daemon=True).start()
    with serving(home) as url:
        block = _notification_block(url, f"json://127.0.0.1:{listener.server_address[1]}")
        # A second one on the same home: it finds the server, and what it makes is there once.
        with serving(home, "--automations", "--notify", block), serving(home, "--automations", "--notify", block):
            made = {automation["name"] for automation in post(url, "automations/filter")}
            assert len(post(url, "automations/filter")) == len(made) == 2
            assert len(post(url, "deployments/filter")) == len(NAMES)
        dead = _run_that_died(url)
        job = {"source": "incoming", "destination": "released", "workers": 1}
        post(url, f"deployments/{deployment_id(url, 'etl-step')}/create_flow_run", parameters={"job": job})
        run = wait_for_run(url, "deidentify")
        deadline = time.monotonic() + 60
        while not bodies and time.monotonic() < deadline:
            time.sleep(0.5)
        deadline = time.monotonic() + 150
        while _state(url, dead) == "RUNNING" and time.monotonic() < deadline:
            time.sleep(1)
        assert _state(url, dead) == "CRASHED"
        events = {event["event"] for event in _events(url)}
    listener.shutdown()
    listener.server_close()
    assert {"deident.study.released", "deident.study.quarantined", "deident.run.finished"} <= events
    message = json.loads(bodies[0])["message"]
    assert "pixel-risk" in message
    assert run["name"].removeprefix("deidentify-") in message
    assert run["state"]["name"] == "Completed with quarantine"
    assert len(bodies) == 1, "one message for a run"


def _events(url):
    found = post(url, "events/filter", filter={"event": {"prefix": ["deident."]}}, limit=50)["events"]
    for event in found:
        assert event["payload"], event["event"]
    return found


def _run_that_died(url):
    """A run that says that it is at work, and whose last heartbeat was just now: what a kill -9 leaves."""
    flow = post(url, "flows/filter", flows={"name": {"any_": ["deidentify"]}})[0]
    run = post(url, "flow_runs/", flow_id=flow["id"], name="died", state={"type": "RUNNING"})["id"]
    beat = {"event": "prefect.flow-run.heartbeat", "resource": {"prefect.resource.id": f"prefect.flow-run.{run}"}}
    post(url, "events", [{**beat, "occurred": datetime.now(UTC).isoformat(), "id": str(uuid4())}])
    return run


def _state(url, run):
    return post(url, "flow_runs/filter", flow_runs={"id": {"any_": [run]}})[0]["state"]["type"]


def _notification_block(url: str, target: str) -> str:
    """A block that sends to `target`, made as a person makes it; its name for --notify."""
    kinds = post(url, "block_types/filter", block_types={"slug": {"any_": ["custom-webhook"]}})
    assert kinds, "the server has its notification blocks"
    (kind,) = [found for found in post(url, "block_types/filter") if found["slug"] == "custom-webhook"]
    schema = post(url, "block_schemas/filter", block_schemas={"block_type_id": {"any_": [kind["id"]]}})[0]
    data = {"name": "Here", "url": target.replace("json://", "http://"), "json_data": {"message": "{{body}}"}}
    post(
        url,
        "block_documents/",
        name="here",
        block_type_id=kind["id"],
        block_schema_id=schema["id"],
        data=data,
    )
    return "custom-webhook/here"
