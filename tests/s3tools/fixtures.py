"""Fixtures: one S3 server, one KMS and their buckets for a whole session; stores below prefixes of their own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from deident.stores.s3 import S3Settings, S3Store
from s3tools.kms import KMS
from s3tools.proxy import FaultProxy
from s3tools.server import ADMIN, REGION, S3Server, client, session

__all__ = ["BUCKET", "VERSIONED", "S3Maker", "kms", "make_moto_s3", "make_s3", "proxy", "s3_server"]

BUCKET = "objects"
VERSIONED = "versioned"
#: Roles of the server: what each may do there.
ROLES = {
    "reader": [f"Read:{BUCKET}", f"List:{BUCKET}"],
    "writer": [f"Read:{VERSIONED}", f"List:{VERSIONED}", f"Write:{VERSIONED}"],
    "dropper": [f"Write:{BUCKET}"],
    "nobody": [],
}


@pytest.fixture(scope="session")
def kms() -> Iterator[KMS]:
    with KMS() as running:
        yield running


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory, kms: KMS) -> Iterator[S3Server]:
    server = S3Server(tmp_path_factory.mktemp("s3"), ROLES, kms.endpoint)
    try:
        server.start()
        server.make_bucket(BUCKET)
        server.make_bucket(VERSIONED, versioned=True)
        yield server
    finally:
        server.stop()


@pytest.fixture
def proxy(s3_server: S3Server) -> Iterator[FaultProxy]:
    """A proxy before the server, without faults so far."""
    running = FaultProxy(s3_server.endpoint)
    try:
        yield running
    finally:
        running.stop()


@dataclass(frozen=True)
class S3Maker:
    """Makes stores below one prefix, so that tests do not see each other."""

    endpoint: str

    def __call__(
        self,
        prefix: str | None = None,
        *,
        bucket: str = BUCKET,
        role: str = ADMIN,
        endpoint: str = "",
        **settings: object,
    ) -> S3Store:
        made = S3Settings(endpoint_url=endpoint or self.endpoint, region=REGION, **settings)  # type: ignore[arg-type]
        return S3Store(bucket, uuid.uuid4().hex if prefix is None else prefix, made, session(role))


@pytest.fixture
def make_s3(s3_server: S3Server) -> S3Maker:
    return S3Maker(s3_server.endpoint)


@pytest.fixture
def make_moto_s3(kms: KMS) -> Iterator[S3Maker]:
    """Stores of moto's S3, which keeps every key as it is. It checks neither rights nor checksums: for keys alone."""
    moto = client(kms.endpoint)
    moto.create_bucket(Bucket=BUCKET)
    yield S3Maker(kms.endpoint)
    # Every server of moto's in one process has the same buckets.
    for page in moto.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for entry in page.get("Contents", ()):
            moto.delete_object(Bucket=BUCKET, Key=entry["Key"])
    moto.delete_bucket(Bucket=BUCKET)
