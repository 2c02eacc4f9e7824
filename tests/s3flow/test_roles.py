"""One process with the rights of the worker and of the releaser apart: identities of infra/ on the server, profiles by place."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from deident.cli.main import main
from deident.errors import ConfigurationError, PlaceProblem
from deident.home import ProjectHome
from deident.job import Job
from deident.locks import LeaseLocks
from deident.roots import AwsProfiles, Roots
from deident.stores import FolderStore, Store
from deident.stores.places import open_store
from deident.stores.s3 import S3Settings
from infratools.identities import DOCUMENT
from s3flowtools import whole_run
from s3tools.kms import KMS
from s3tools.server import ADMIN, REGION, S3Server, secret_of
from support.studies import PATIENT_ID, write_study

#: Servers and faults take their time: make test-slow, and CI.
pytestmark = pytest.mark.slow

UID = "1.2.826.0.1.3680043.89"
BUCKETS = ("source", "staging", "released", "audit", "vault")
PLACES = """[places]
staging = "s3://deident-staging"
ledger = "s3://deident-audit/ledger"
audit = "s3://deident-audit/audit"
reports = "s3://deident-audit/reports"
vault = "s3://deident-vault"
"""
ROLE = "arn:aws:iam::123456789012:role/deident-releaser"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[S3Server]:
    """A server that knows the roles of docs/roles.md as far as it can, and nobody else but the administrator."""
    identities = json.loads(DOCUMENT.read_text(encoding="utf-8"))["identities"]
    running = S3Server(tmp_path / "server", {identity["name"]: identity["actions"] for identity in identities})
    try:
        running.start()
        for name in BUCKETS:
            running.make_bucket(f"deident-{name}", versioned=name == "released")
        yield running
    finally:
        running.stop()


@dataclass
class Project:
    """A home whose places lie in the buckets of the stack; the profiles of the AWS configuration are its roles."""

    folder: Path
    server: S3Server

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def write_profiles(self, **profiles: str) -> None:
        self.home.mkdir(exist_ok=True)
        lines = "".join(f'{place} = "{profile}"\n' for place, profile in profiles.items())
        (self.home / "places.toml").write_text(f"lease_seconds = 5\n{PLACES}[aws_profiles]\n{lines}")

    def plant(self, study: str, count: int, **changes: object) -> None:
        local = self.folder / uuid.uuid4().hex
        write_study(local, study, count, **changes)
        source, folder = self.store("source", ADMIN), FolderStore(local)
        for entry in folder.list():
            source.copy_from(folder, entry.key, entry.key, overwrite=True)

    def store(self, bucket: str, role: str) -> Store:
        return open_store(f"s3://deident-{bucket}", settings=S3Settings(profile=role))

    def keys(self, bucket: str) -> list[str]:
        found = [entry.key for entry in self.store(bucket, ADMIN).list()]
        return [key for key in found if not key.startswith(("seen/", "_deident/"))]

    def job(self, **values: object) -> Job:
        places = {"source": "s3://deident-source", "destination": "s3://deident-released", "home": str(self.home)}
        return Job.make(**{**places, "workers": 1, **values})


@pytest.fixture
def profiles(kms: KMS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An AWS configuration with a profile for each role, and credentials nowhere else."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    roles = (ADMIN, "worker", "releaser", "operator")
    keys = (f"[{role}]\naws_access_key_id = {role}\naws_secret_access_key = {secret_of(role)}\n" for role in roles)
    (tmp_path / "credentials").write_text("".join(keys))
    (tmp_path / "config").write_text("".join(f"[profile {role}]\nregion = {REGION}\n" for role in roles))
    values = {
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_KMS": kms.endpoint,
        "AWS_ENDPOINT_URL_STS": kms.endpoint,
        "DEIDENT_VAULT_KMS_KEY": kms.make_key(),
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.fixture
def project(server: S3Server, profiles: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Nothing but the names of profiles reaches the run; its vault is the operator's work."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.endpoint)
    made = Project(profiles, server)
    made.write_profiles(default="operator")
    assert main(["vault", "init", "--home", str(made.home)]) == 0
    made.write_profiles(default="worker", destination="releaser")
    return made


def test_one_run_stages_as_the_worker_and_releases_as_the_releaser(project: Project) -> None:
    project.plant(UID, 3)
    report, _ = whole_run(project.job())
    assert report.inputs == {"released": 3, "skipped": 0, "quarantined": 0}
    assert len([key for key in project.keys("released") if key.endswith(".dcm")]) == 3
    assert project.keys("staging") == []
    again, _ = whole_run(project.job())
    assert again.nothing_new


def test_the_releaser_takes_out_what_a_study_done_again_supersedes(project: Project) -> None:
    """Another patient list gives other names: what stood under the former goes, by the releaser's request."""
    project.plant(UID, 2)
    patients = project.folder / "patients.csv"
    before = []
    for subject in ("S-1", "S-2"):
        patients.write_text(f"patient_id,subject_id\n{PATIENT_ID},{subject}\n")
        report, _ = whole_run(project.job(patients=str(patients)))
        assert report.inputs["released"] == 2
        before.append(set(project.keys("released")))
    first, second = before
    assert len(first) == len(second) == 3
    assert first & second == set()
    versions = project.server.client().list_object_versions(Bucket="deident-released")
    assert {version["Key"] for version in versions["Versions"]} >= first


def test_the_releaser_takes_leases_and_writes_nothing_else_in_staging(project: Project) -> None:
    staging = project.store("staging", "releaser")
    locks = LeaseLocks(staging, "run-of-a-review", seconds=5)
    try:
        with locks.study("aaaaaaaaaaaaaaaa"):
            assert [key.split("/")[:2] for key in project.keys("staging")] == [
                ["leases", "runs"],
                ["leases", "studies"],
            ]
    finally:
        locks.close()
    assert project.keys("staging") == []
    with pytest.raises(PlaceProblem):
        staging.put("run/study/2", b"x")


def test_neither_identity_can_do_the_work_of_the_other(project: Project) -> None:
    project.plant(UID, 1)
    for alone in ({"default": "worker"}, {"default": "releaser"}, {"default": "releaser", "destination": "worker"}):
        with pytest.raises(PlaceProblem):
            whole_run(project.job(aws_profiles=alone))
    for role, bucket, key in (
        ("worker", "released", "P/1/2/3.dcm"),
        ("releaser", "staging", "run/study/1"),
        ("releaser", "source", "in/1.dcm"),
        ("releaser", "vault", "map/w/00000001"),
        ("worker", "source", "in/1.dcm"),
    ):
        with pytest.raises(PlaceProblem):
            project.store(bucket, role).put(key, b"x")
    with pytest.raises(PlaceProblem) as caught:
        whole_run(project.job(aws_profiles={"default": "worker", "destination": "penelope"}))
    assert "penelope" not in str(caught.value)
    assert project.keys("released") == project.keys("staging") == []


def test_a_role_is_assumed_with_the_profile_of_its_place(profiles: Path) -> None:
    (profiles / "home").mkdir()
    (profiles / "home" / "places.toml").write_text(
        f'[aws_profiles]\ndefault = "worker"\n[aws_roles]\ndestination = "{ROLE}"\n'
    )
    roots = Roots.of(ProjectHome.open(profiles / "home"))
    assumed = roots.session("destination").client("sts").get_caller_identity()["Arn"]
    assert assumed == "arn:aws:sts::123456789012:assumed-role/deident-releaser/deident"
    assert roots.session("source").client("sts").get_caller_identity()["Arn"] != assumed
    assert roots.session("source") is roots.session("vault") is not roots.session("destination")
    with pytest.raises(PlaceProblem, match="no AWS credentials"):
        replace(roots, profiles=AwsProfiles(), _made={}).session("destination")


def test_what_is_no_role_is_refused_without_being_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="aws_roles") as caught:
        Job.make(source="a", destination="b", aws_roles={"destination": "hush"})
    assert "hush" not in str(caught.value)
    home = ProjectHome.open(tmp_path / "home")
    for table in ('[aws_roles]\ndestination = "hush"', '[aws_profiles]\nrecipient = "hush"'):
        (home.root / "places.toml").write_text(table)
        with pytest.raises(ConfigurationError, match="aws_") as caught:
            Roots.of(home)
        assert "hush" not in str(caught.value)
