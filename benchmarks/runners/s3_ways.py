"""One way to do one job of the S3 part.  python s3_ways.py JOB WAY ENDPOINT SOURCE TARGET HOME

Every way has to come to the same end, which is checked: all headers parsed, all bytes there.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

from deident.engine.headers import read_header
from deident.engine.limits import Limits
from deident.engine.segments import SourceRange
from deident.stores.s3 import S3Settings, S3Store

JOB, WAY, ENDPOINT, SOURCE, TARGET, HOME = sys.argv[1:]
THREADS = int(WAY.rpartition("-")[2]) if WAY.rpartition("-")[2].isdigit() else 1
HEADER = b"\0" * 20_000
SKIPPED = 30_000
#: The same server under another name: a store takes it for another service, and nothing is copied inside it.
ELSEWHERE = ENDPOINT.replace("127.0.0.1", "localhost")


class Bytes:
    """Bytes as a source of the engine."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def read_at(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


def plain() -> Any:
    config = Config(max_pool_connections=max(THREADS, 10))
    return boto3.client("s3", endpoint_url=ENDPOINT, config=config)


def keys(client: Any) -> Iterable[str]:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=SOURCE, Prefix="ct/"):
        yield from (entry["Key"] for entry in page["Contents"])


def for_all(call: Callable[[str], Any], names: Iterable[str]) -> int:
    if THREADS == 1:
        return sum(1 for name in names if call(name) or True)
    with ThreadPoolExecutor(THREADS) as pool:
        return sum(1 for _ in pool.map(call, names))


def discovered() -> int:
    """Discovery as a run does it; the home of `discover-again` keeps the index that its first run made."""
    from deident.context import Context  # noqa: PLC0415 - of this way alone
    from deident.discovery import discover  # noqa: PLC0415 - of this way alone
    from deident.job import Job  # noqa: PLC0415 - of this way alone

    os.environ["AWS_ENDPOINT_URL_S3"] = ENDPOINT
    with tempfile.TemporaryDirectory() as folder:
        home = HOME if WAY.endswith("again") else f"{folder}/home"
        with Context.open(Job.make(source=f"s3://{SOURCE}/ct", destination=f"{folder}/out", home=home)) as context:
            found = discover(context)
    assert found.studies
    assert not found.others
    return found.inputs


def headers() -> int:
    if WAY.startswith("discover"):
        return discovered()
    client, limits = plain(), Limits()
    if WAY.startswith("store"):
        store = S3Store(SOURCE, "ct", S3Settings(endpoint_url=ENDPOINT))

        def look(key: str) -> None:
            with store.open(key) as opened:
                assert read_header(opened, limits).study_uid

        return for_all(look, (entry.key for entry in store.list()))

    def fetch(key: str) -> None:
        ranged = {"Range": "bytes=0-65535"} if "range" in WAY else {}
        data = client.get_object(Bucket=SOURCE, Key=key, **ranged)["Body"].read()
        assert read_header(Bytes(data), limits).study_uid

    return for_all(fetch, keys(client))


def small() -> int:
    client, prefix = plain(), f"{WAY}-{os.getpid()}"
    if WAY.startswith("store"):
        source = S3Store(SOURCE, "ct", S3Settings(endpoint_url=ELSEWHERE if "stream" in WAY else ENDPOINT))
        target = S3Store(TARGET, prefix, S3Settings(endpoint_url=ENDPOINT))
        return for_all(lambda key: target.copy_from(source, key, key), (entry.key for entry in source.list()))

    def carry(key: str) -> None:
        if "copy" in WAY:
            client.copy_object(Bucket=TARGET, Key=f"{prefix}/{key}", CopySource={"Bucket": SOURCE, "Key": key})
        else:
            body = client.get_object(Bucket=SOURCE, Key=key)["Body"].read()
            client.put_object(Bucket=TARGET, Key=f"{prefix}/{key}", Body=body)

    return for_all(carry, keys(client))


def large() -> int:
    client, key = plain(), f"{WAY}-{os.getpid()}.dcm"
    size = client.head_object(Bucket=SOURCE, Key="large.dcm")["ContentLength"]
    if WAY.startswith("store"):
        source = S3Store(SOURCE, "", S3Settings(endpoint_url=ELSEWHERE if "stream" in WAY else ENDPOINT))
        target = S3Store(TARGET, "", S3Settings(endpoint_url=ENDPOINT))
        with source.open("large.dcm") as opened:
            target.write(key, [HEADER, SourceRange(SKIPPED, opened.size - SKIPPED)], opened)
    elif WAY == "boto3-read-put":
        data = client.get_object(Bucket=SOURCE, Key="large.dcm")["Body"].read()
        client.put_object(Bucket=TARGET, Key=key, Body=HEADER + data[SKIPPED:])
    else:
        with tempfile.TemporaryDirectory() as folder:
            before, after = os.path.join(folder, "before"), os.path.join(folder, "after")
            client.download_file(SOURCE, "large.dcm", before)
            with open(before, "rb") as old, open(after, "wb") as new:
                new.write(HEADER)
                old.seek(SKIPPED)
                while block := old.read(1 << 20):
                    new.write(block)
            client.upload_file(after, TARGET, key)
    assert client.head_object(Bucket=TARGET, Key=key)["ContentLength"] == size + len(HEADER) - SKIPPED
    client.delete_object(Bucket=TARGET, Key=key)
    return 1


if __name__ == "__main__":
    assert {"headers": headers, "small": small, "large": large}[JOB]() > 0
