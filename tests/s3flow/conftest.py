"""Buckets for whole runs, with the vault's key in KMS and credentials as a machine has them: in the environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from s3flowtools import BUCKETS, Site
from s3flowtools.roles import Machine, RoleSite, empty, role_server
from s3tools.fixtures import kms, proxy, s3_server
from s3tools.kms import KMS
from s3tools.server import ADMIN, REGION, S3Server, secret_of

__all__ = ["kms", "proxy", "s3_server"]


@pytest.fixture(scope="session")
def buckets(s3_server: S3Server) -> S3Server:
    for name in BUCKETS:
        s3_server.make_bucket(name)
    return s3_server


@pytest.fixture
def site(buckets: S3Server, kms: KMS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A project whose every part lies in a bucket of its own, below a prefix of the test."""
    values = {
        "AWS_ACCESS_KEY_ID": ADMIN,
        "AWS_SECRET_ACCESS_KEY": secret_of(ADMIN),
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL_S3": buckets.endpoint,
        "AWS_ENDPOINT_URL_KMS": kms.endpoint,
        "DEIDENT_VAULT_KMS_KEY": kms.make_key(),
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return Site(tmp_path, buckets)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A server with the buckets and the roles of the stack."""
    running = role_server(tmp_path_factory.mktemp("stack"))
    yield running
    running.stop()


@pytest.fixture
def machine(stack: S3Server, kms: KMS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Makes machines of one project, whose vault the operator has made; the last one made is the one that acts."""
    empty(stack)
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_DEFAULT_REGION",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", kms.endpoint)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("DEIDENT_VAULT_KMS_KEY", kms.make_key())

    def make(name: str, aws: dict[str, str], *profiles: str) -> RoleSite:
        made = RoleSite(tmp_path / name, stack, aws=aws, profiles=profiles)
        for variable, value in made.configuration().items():
            monkeypatch.setenv(variable, value)
        return made

    make("operator", {"default": "operator"}, "operator").make_vault()
    return make
