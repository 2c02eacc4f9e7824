"""Buckets for whole runs, with the vault's key in KMS and credentials as a machine has them: in the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3flowtools import BUCKETS, Site
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
