"""infra/compose.yaml: taken by Docker Compose, and hardened as infra/README.md says."""

import functools
import json
import signal
import subprocess
import sys
import sysconfig
import time

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infratools.compose import ROOT, command, make_secrets, project
from infratools.identities import bucket_of
from infratools.roles import BUCKETS, DOCUMENT, ROLES, read_rows
from infratools.services import answers, debian, running
from s3tools.ports import free_ports

SERVICES = project()["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_hardened(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["user"].partition(":")[0]) > 0
    assert service["pids_limit"]
    assert not service.get("privileged")
    assert any(mount.startswith("/tmp") for mount in service["tmpfs"])
    assert not [v for v in service.get("volumes", []) if "docker.sock" in v["source"]]


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_pinned_by_tag(name):
    image, _, tag = SERVICES[name]["image"].rpartition(":")
    assert image
    assert tag not in {"", "latest"}


def test_only_the_interface_is_published_and_only_on_this_machine():
    published = {name: s["ports"] for name, s in SERVICES.items() if s.get("ports")}
    assert set(published) == {"server"}
    assert [(p["host_ip"], p["published"], p["target"]) for p in published["server"]] == [("127.0.0.1", "4200", 4200)]


def test_only_the_server_can_reach_outside_and_only_the_server_the_databases():
    networks = project()["networks"]
    assert {name for name, network in networks.items() if not network.get("internal")} == {"front"}
    members = {n: {name for name, s in SERVICES.items() if n in s["networks"]} for n in networks}
    assert members == {
        "front": {"server"},
        "back": {"postgres", "redis", "server"},
        "control": {"server", "worker", "deploy"},
        "data": {"worker", "s3"},
    }


def test_what_runs_on_says_whether_it_is_well():
    assert {name for name, s in SERVICES.items() if "healthcheck" in s} == set(SERVICES) - {"deploy"}
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] == "service_healthy", (name, other)


def test_secrets_come_by_file_and_stand_nowhere_else(tmp_path):
    made = make_secrets(tmp_path / "secrets")
    assert {s["file"].rpartition("/")[2] for s in project()["secrets"].values()} == {p.name for p in made.iterdir()}
    assert made.stat().st_mode & 0o777 == 0o700
    used = {s["source"] for service in SERVICES.values() for s in service.get("secrets", [])}
    assert used == set(project()["secrets"])
    for service in SERVICES.values():
        for key, value in service.get("environment", {}).items():
            assert "PASSWORD" not in key or value.startswith("/run/secrets/"), key
            assert "AUTH_STRING" not in key
    assert "infra/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_secrets_are_never_made_twice(tmp_path):
    made = make_secrets(tmp_path / "secrets")
    before = {path.name: path.read_text() for path in made.iterdir()}
    tool = str(ROOT / "tools" / "make_secrets.py")
    done = subprocess.run([sys.executable, tool, str(made)], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert {path.name: path.read_text() for path in made.iterdir()} == before
    other = make_secrets(tmp_path / "other")
    assert (other / "prefect_auth").read_text() != before["prefect_auth"]


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    """SeaweedFS, started by the command of the compose file with the identities that make_secrets.py writes."""
    folder = tmp_path_factory.mktemp("s3")
    secrets = make_secrets(folder / "secrets")
    (folder / "data").mkdir()
    names = ("master.port", "volume.port", "filer.port")
    names += ("s3.port.grpc", "master.port.grpc", "volume.port.grpc", "filer.port.grpc")
    port, *others = free_ports(1 + len(names))
    places = {
        "/run/secrets": str(secrets),
        "-dir=/data": f"-dir={folder / 'data'}",
        "-s3.port=8333": f"-s3.port={port}",
    }
    places |= {"-ip=s3": "-ip=127.0.0.1", "-ip.bind=0.0.0.0": "-ip.bind=127.0.0.1"}
    program, *arguments = command("s3", places)
    arguments += [f"-{name}={number}" for name, number in zip(names, others, strict=True)]
    arguments += [f"-filer.localSocket={folder / 'f.sock'}", "-s3.port.iceberg=0"]
    arguments += [f"-s3.localSocket={folder / 's.sock'}", "-volume.minFreeSpace=1"]
    keys = {
        identity["name"]: identity["credentials"][0]
        for identity in json.loads((secrets / "s3.json").read_text())["identities"]
    }

    @functools.cache
    def client(role):
        return boto3.session.Session(
            aws_access_key_id=keys[role]["accessKey"],
            aws_secret_access_key=keys[role]["secretKey"],
            region_name="us-east-1",
        ).client("s3", endpoint_url=f"http://127.0.0.1:{port}", config=Config(retries={"total_max_attempts": 1}))

    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    program = debian(program, sysconfig.get_path("scripts"))
    with running([program, *arguments], folder / "log", env=environment, stop=signal.SIGKILL) as process:
        _wait_for(client("admin"), process, folder / "log")
        assert answers(f"http://127.0.0.1:{port}/healthz"), "what its health check asks"
        yield client


def _wait_for(admin, process, log):
    deadline = time.monotonic() + 90
    while True:
        try:
            existing = {b["Name"] for b in admin.list_buckets()["Buckets"]}
            for bucket in {bucket_of(b) for b in BUCKETS} - existing:
                admin.create_bucket(Bucket=bucket)
            for bucket in BUCKETS:
                admin.put_object(Bucket=bucket_of(bucket), Key="probe", Body=b"1" * 2000)
            return
        except (BotoCoreError, ClientError):
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < deadline, log.read_text()[-2000:]
            time.sleep(0.2)


@pytest.mark.slow
def test_the_roles_of_the_table_are_kept_apart_on_a_real_server(trial):
    """As far as SeaweedFS can: reading, listing, writing. Each line of those kinds, for each role, is tried."""
    rows = [
        r for r in read_rows(DOCUMENT.read_text(encoding="utf-8")) if not r.when or r.when in {"once", "overwriting"}
    ]
    kinds = {"s3:ListBucket", "s3:GetObject", "s3:PutObject"}
    rows = [row for row in rows if row.action in kinds]
    anyway = {(row.on, role) for row in rows for role in row.allowed if row.action == "s3:PutObject"}
    admin = trial("admin")
    wrong = []
    for row in rows:
        bucket, _, key = row.on.partition("/")
        if key:
            admin.put_object(Bucket=bucket_of(bucket), Key=key, Body=b"before")
        for role in ROLES:
            # There is no "once" there: who may create an object may replace it.
            expected = role in row.allowed or (row.action == "s3:PutObject" and (row.on, role) in anyway)
            if _may(trial(role), row.action, bucket_of(bucket), key) != expected:
                wrong.append((role, row.action, row.on, expected))
    assert wrong == []


def _may(client, action, bucket, key):
    try:
        match action:
            case "s3:ListBucket":
                client.list_objects_v2(Bucket=bucket, MaxKeys=1)
            case "s3:GetObject":
                client.get_object(Bucket=bucket, Key=key)["Body"].read()
            case _:
                client.put_object(Bucket=bucket, Key=key, Body=b"after")
    except ClientError as refusal:
        if refusal.response["ResponseMetadata"]["HTTPStatusCode"] != 403:
            raise
        return False
    return True
