"""Roles that are taken: by STS, with the rights of a session, and again before they run out."""

from __future__ import annotations

from datetime import timedelta

import boto3
import botocore.credentials
import pytest

from deident.stores.s3 import S3Settings, S3Store
from deident.stores.s3.client import Session, assume_role
from s3tools.kms import KMS
from s3tools.server import REGION

ROLE = "arn:aws:iam::111122223333:role/deident-releaser"


class Given:
    """A session with keys of its own, as that of a credential block."""

    def __call__(self) -> Session:
        return boto3.session.Session("key", "secret", region_name=REGION)


@pytest.fixture
def sts(kms: KMS, monkeypatch: pytest.MonkeyPatch) -> str:
    """moto speaks for STS and S3 as well."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", kms.endpoint)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return kms.endpoint


def test_a_store_acts_as_the_role(sts: str) -> None:
    owner = Given()().client("s3")
    owner.create_bucket(Bucket="role-bucket")
    store = S3Store("role-bucket", "x", S3Settings(endpoint_url=sts), assume_role(Given()(), ROLE))
    store.put("a", b"1")
    assert [entry.key for entry in store.list()] == ["a"]
    store.delete("a")
    owner.delete_bucket(Bucket="role-bucket")  # moto's buckets are those of all tests


@pytest.mark.usefixtures("sts")
def test_the_role_is_taken_again_before_its_credentials_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    session = assume_role(Given()(), ROLE)
    first = session.get_credentials().get_frozen_credentials()
    assert first.token
    assert session.get_credentials().get_frozen_credentials() == first
    now = botocore.credentials._local_now
    for owner, clock in ((botocore.credentials, "_local_now"), (session.get_credentials(), "_time_fetcher")):
        monkeypatch.setattr(owner, clock, lambda: now() + timedelta(minutes=50))
    assert session.get_credentials().get_frozen_credentials() != first
