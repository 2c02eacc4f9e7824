"""Prefect's server with PostgreSQL and Redis, run with the settings of deployments/ and the commands of compose.yaml."""

import base64
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from itertools import pairwise
from pathlib import Path

import pytest
from prefect.settings import Settings
from prefect.settings.legacy import _get_settings_fields
from prefect_kubernetes.settings import KubernetesWorkerSettings
from prefect_redis.client import RedisMessagingSettings
from pydicom.data import get_testdata_file

from deident.flows.places import register
from deident.flows.serve import LIMIT
from deident.flows.settings import LOGGING, client_environment, server_environment
from deident.home import ProjectHome
from flowtools import limited
from infratools.compose import ROOT, command, environment, settings_of
from infratools.services import answers, installation, running
from s3tools.ports import free_ports
from support.studies import write_study

TASK_RUNS = 400
DOCUMENTS = [
    ROOT / "docs" / "hardening.md",
    *(p for f in ("infra", "deployments") for p in (ROOT / f).iterdir() if p.is_file()),
]
#: What a server of one's own needs of the settings that `deident run` gives to its own: not what belongs to one machine.
LOCAL = {
    "DEIDENT_HOME",
    "PREFECT_HOME",
    "PREFECT_PROFILES_PATH",
    "PREFECT_API_URL",
    "PREFECT_UI_URL",
    "NO_PROXY",
    "no_proxy",
}
LOCAL |= {"PREFECT_LOGGING_CONFIG_PATH", "PREFECT_SERVER_API_HOST", "PREFECT_SERVER_API_PORT"}
LOCAL |= {"PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS"}
#: Files of the project home here, Redis there.
LOCAL |= {"PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"}


@pytest.mark.parametrize(("name", "made"), [("server.env", server_environment), ("worker.env", client_environment)])
def test_the_files_of_settings_hold_those_of_deident_run(name, made, tmp_path):
    own = {k: v for k, v in made(ProjectHome.open(tmp_path / "home"), 4270).items() if k not in LOCAL}
    both = {**settings_of("server.env"), **settings_of("worker.env")}
    assert {k: both.get(k) for k in own} == own
    # What concerns the server alone has no effect in a worker, and the other way round.
    settings = settings_of(name)
    assert {k: v for k, v in settings.items() if k in own} == {k: v for k, v in own.items() if k in settings}


def test_a_file_of_settings_holds_no_secret_and_gives_reasons():
    for name in ("server.env", "worker.env"):
        text = (ROOT / "deployments" / name).read_text(encoding="utf-8")
        assert not any(word in key for key in settings_of(name) for word in ("PASSWORD", "AUTH", "SECRET", "URL"))
        blocks = [block for block in text.split("\n\n") if "=" in block]
        assert [b for b in blocks[1:] if not b.startswith("#")] == []


def test_prefect_knows_every_setting():
    code = """
import sys, os
from prefect.settings import get_current_settings
known = get_current_settings().to_environment_variables(exclude_unset=True, include_aliases=True)
print({name for name in os.environ if name.startswith("PREFECT_")} - set(known))
"""
    settings = {**settings_of("server.env"), **settings_of("worker.env")}
    done = subprocess.run([sys.executable, "-c", code], env=settings, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_every_setting_that_a_document_names_exists():
    names = {
        match for path in DOCUMENTS for match in re.findall(r"\bPREFECT_[A-Z0-9_]+\b", path.read_text(encoding="utf-8"))
    }
    assert len(names) > 30
    extensions = (RedisMessagingSettings, KubernetesWorkerSettings)
    known = {f"{m.model_config['env_prefix']}{field}".upper() for m in extensions for field in m.model_fields}
    known |= set(_get_settings_fields(Settings))
    assert names - known == set()


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    with installation(tmp_path_factory.mktemp("installation")) as made:
        yield made


def client_settings(made, tmp_path):
    return {
        **environment("worker", made.places),
        "HOME": str(tmp_path),
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_API_AUTH_STRING": made.secret("prefect_auth"),
        "PREFECT_LOGGING_CONFIG_PATH": str(LOGGING),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }


def ask(made, path, body=None, **headers):
    login = "Basic " + base64.b64encode(made.secret("prefect_auth").encode()).decode()
    sent = {"Content-Type": "application/json", "Authorization": login, **headers}
    if body is not None and not headers:
        client = str(uuid.uuid4())
        sent |= {"Prefect-Csrf-Client": client, "Prefect-Csrf-Token": ask(made, f"csrf-token?client={client}")["token"]}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{made.api}/{path}", data, sent)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.loads(response.read())


@pytest.mark.slow
def test_the_server_asks_for_a_login_but_not_for_its_health(installed):
    assert answers(f"{installed.api}/health")
    assert answers(f"{installed.api}/ready")
    assert not answers(f"{installed.api}/admin/settings")
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(installed, "admin/settings", Authorization="Basic ZGVpZGVudDp3cm9uZw==")
    assert caught.value.code == 401
    settings = ask(installed, "admin/settings")
    assert settings["server"]["analytics_enabled"] is False
    assert settings["server"]["services"]["task_run_recorder"]["read_batch_size"] == 200


@pytest.mark.slow
def test_another_page_in_the_browser_cannot_use_the_login(installed):
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(installed, "deployments/filter", {}, Origin="http://elsewhere.example")  # no token: a form of another page
    assert caught.value.code == 403
    request = urllib.request.Request(f"{installed.api}/health", headers={"Origin": "http://elsewhere.example"})
    with urllib.request.urlopen(request, timeout=30) as response:
        assert response.headers.get("Access-Control-Allow-Origin") in {None, f"http://127.0.0.1:{installed.server}"}


@pytest.mark.slow
def test_every_task_run_of_a_burst_is_recorded_in_postgresql(installed, tmp_path):
    program = [sys.executable, str(Path(__file__).parents[1] / "infratools" / "burst.py"), str(TASK_RUNS)]
    settings = client_settings(installed, tmp_path)
    done = subprocess.run(program, env=settings, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout.strip() == str(TASK_RUNS), done.stderr[-2000:]
    deadline = time.monotonic() + 120
    count = "select count(*) from task_run where state_type = 'COMPLETED' and name like 'nothing-%'"
    while installed.query(count) != [str(TASK_RUNS)] and time.monotonic() < deadline:
        time.sleep(0.5)
    assert installed.query(count) == [str(TASK_RUNS)]
    # Each run was pending, running and completed: no state was dropped on its way either.
    states = (
        "select count(*) from task_run_state s join task_run t on t.id = s.task_run_id where t.name like 'nothing-%'"
    )
    while installed.query(states) != [str(3 * TASK_RUNS)] and time.monotonic() < deadline:
        time.sleep(0.5)
    assert installed.query(states) == [str(3 * TASK_RUNS)]
    # ... and they came by Redis, as the settings say.
    assert "events" in installed.redis_keys()
    assert not list((tmp_path / "prefect").glob("*.db"))


@pytest.mark.slow
def test_a_worker_runs_the_nightly_deployment(installed, tmp_path):
    """From the deployments to a released study, with worker and deployer as infra/compose.yaml starts them."""
    home = ProjectHome.open(tmp_path / "home" / "home")
    source, released = tmp_path / "incoming", tmp_path / "released"
    source.mkdir()
    (source / "1.dcm").write_bytes(Path(get_testdata_file("CT_small.dcm")).read_bytes())
    places = f'[places]\nincoming = "{source}"\nreleased = "{released}"\n'
    (home.root / "sources.toml").write_text(places, encoding="utf-8")
    port = str(free_ports(1)[0])
    settings = {**client_settings(installed, tmp_path), "PREFECT_WORKER_WEBSERVER_PORT": port}
    settings["DEIDENT_HOME"] = str(home.root)
    log = tmp_path / "worker.log"
    with running(command("worker", installed.places), log, env=settings, cwd=tmp_path) as worker:
        _await(lambda: answers(f"http://127.0.0.1:{port}/health") or worker.poll() is not None, log)
        deploy = command("deploy", installed.places)
        done = subprocess.run(
            deploy, env=settings, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        deployments = {d["name"]: d["id"] for d in ask(installed, "deployments/filter", {})}
        (pool,) = (p for p in ask(installed, "work_pools/filter", {}) if p["name"] == "deident")
        assert pool["type"] == "process"
        run = ask(installed, f"deployments/{deployments['nightly']}/create_flow_run", {})
        ended = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
        _await(lambda: ask(installed, f"flow_runs/{run['id']}")["state"]["type"] in ended, log, 150)
        assert ask(installed, f"flow_runs/{run['id']}")["state"]["type"] == "COMPLETED", log.read_text()[-3000:]
    assert len(list(released.rglob("*.dcm"))) == 1
    assert len(list(released.rglob("manifest.json"))) == 1


@pytest.mark.slow
def test_a_concurrency_limit_holds_between_runs_and_is_free_again_after_one_that_was_killed(installed, tmp_path):
    """Slots are leased, and the leases lie in Redis."""
    home = ProjectHome.open(tmp_path / "home")
    for number in (1, 2):
        for study in range(3):
            write_study(tmp_path / f"in{number}", f"1.2.{number}.{study}", 4)
        for name in (f"in{number}", f"out{number}"):
            register(home, tmp_path / name, name)
    settings = {
        **client_settings(installed, tmp_path),
        "DEIDENT_HOME": str(home.root),
        "DEIDENT_CONCURRENCY_LIMIT": LIMIT,
    }
    make = f"from deident.flows.setup import make_limit; make_limit('{LIMIT}', 1)"
    subprocess.run([sys.executable, "-c", make], env=settings, cwd=tmp_path, check=True, timeout=60)

    notes, log = tmp_path / "notes", tmp_path / "log"
    flows = [
        [sys.executable, limited.__file__, str(notes), above, f"in{number}", f"out{number}"]
        for number, above in ((1, "100"), (2, "1"))
    ]
    with (
        running(flows[0], log, env=settings, cwd=tmp_path) as one,
        running(flows[1], log, env=settings, cwd=tmp_path) as two,
    ):
        assert [one.wait(240), two.wait(240)] == [0, 0], log.read_text()[-3000:]
    worked = sorted(tuple(map(float, line.split())) for line in notes.read_text().splitlines())
    assert len(worked) == 3 * 3 + 3
    assert not any(later[0] < earlier[1] for earlier, later in pairwise(worked))

    holder = (
        "import time; from deident.tasks.limits import slot\nwith slot(): print('held', flush=True); time.sleep(600)"
    )
    with running([sys.executable, "-c", holder], log, env=settings, cwd=tmp_path) as held:
        _await(lambda: "held" in log.read_text(), log)
        held.kill()
    assert ask(installed, f"v2/concurrency_limits/{LIMIT}")["active_slots"] == 1
    assert any("lease" in key for key in installed.redis_keys())
    again = [*flows[0][:-1], "again"]
    register(home, tmp_path / "again", "again")
    with running(again, log, env=settings, cwd=tmp_path) as flow:
        assert flow.wait(240) == 0, log.read_text()[-3000:]
    assert len(list((tmp_path / "again").rglob("*.dcm"))) == 3 * 4
    assert ask(installed, f"v2/concurrency_limits/{LIMIT}")["active_slots"] == 0


def _await(done, log, seconds=90):
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.3)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["docker", "kubernetes"])
def test_the_server_takes_the_templates_of_work_pools(installed, kind):
    template = json.loads((ROOT / "infra" / f"{kind}-job-template.json").read_text(encoding="utf-8"))
    pool = ask(installed, "work_pools/", {"name": f"deident-{kind}", "type": kind, "base_job_template": template})
    assert pool["base_job_template"] == template
    template["job_configuration"]["name"] = "{{ nowhere }}"
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(installed, "work_pools/", {"name": f"broken-{kind}", "type": kind, "base_job_template": template})
    assert caught.value.code == 422
