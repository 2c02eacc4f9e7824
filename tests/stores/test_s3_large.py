"""What only size shows: a gigabyte with little memory and little traffic, ten thousand objects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deident.stores.s3 import S3Store
from s3tools.fixtures import BUCKET, S3Maker
from s3tools.proxy import FaultProxy
from s3tools.server import ADMIN, REGION, S3Server, secret_of

MIB = 1 << 20
BLOCK = 64 * MIB
ROOT = Path(__file__).parent.parent.parent

#: Runs in a process of its own and prints by how many MB its resident set grew.
SCRIPT = """
import json, sys
from deident.engine.segments import SourceRange
from deident.stores import FolderStore
from deident.stores.s3 import S3Settings, S3Store

way, endpoint, folder = sys.argv[1:]
store = S3Store("objects", "large", S3Settings(endpoint_url=endpoint))
store.put("warm", b"1", overwrite=True)
with store.open("warm") as opened:
    opened.read_at(0, 1)
def peak():  # not ru_maxrss: that one begins with the peak of the process that started this one
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1000
before = peak()
if way == "copy":
    store.copy_from(store, "gigabyte", "out", overwrite=True)
elif way == "splice":
    with store.open("gigabyte") as opened:
        store.write("out", [b"H" * 20_000, SourceRange(30_000, opened.size - 30_000)], opened, overwrite=True)
elif way == "to-folder":
    FolderStore(folder).copy_from(store, "gigabyte", "out")
else:
    store.copy_from(FolderStore(folder), "out", "out", overwrite=True)
print(json.dumps(peak() - before))
"""


def grown(way: str, endpoint: str, folder: Path) -> float:
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": ADMIN,
        "AWS_SECRET_ACCESS_KEY": secret_of(ADMIN),
        "AWS_DEFAULT_REGION": REGION,
    }
    command = [sys.executable, "-c", SCRIPT, way, endpoint, str(folder)]
    answer = subprocess.run(command, check=True, capture_output=True, env=environment, cwd=ROOT)
    return float(json.loads(answer.stdout))


@pytest.fixture(scope="module")
def gigabyte(s3_server: S3Server) -> tuple[S3Store, bytes]:
    """16 times the same 64 MiB, put together inside the server."""
    store, block = S3Maker(s3_server.endpoint)("large"), os.urandom(BLOCK)
    store.write("block", [block], overwrite=True)
    plain = s3_server.client()
    place = {"Bucket": BUCKET, "Key": "large/gigabyte"}
    upload = {**place, "UploadId": plain.create_multipart_upload(**place)["UploadId"]}
    parts = []
    for number in range(1, 17):
        source = {"Bucket": BUCKET, "Key": "large/block"}
        answer = plain.upload_part_copy(**upload, PartNumber=number, CopySource=source)
        parts.append({"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]})
    plain.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    return store, block


def check_blocks(store: S3Store, key: str, block: bytes, skip: int = 0) -> None:
    """That the object is the gigabyte from `skip` on, which stands at `skip` minus what precedes it."""
    with store.open(key) as opened:
        start = opened.size - (16 * BLOCK - skip)
        for number in range(16):
            first = skip if number == 0 else 0
            at = start + number * BLOCK - skip + first
            assert opened.read_at(at, BLOCK - first) == block[first:]


@pytest.mark.slow
@pytest.mark.parametrize("way", ["copy", "splice"])
def test_a_gigabyte_is_copied_inside_s3_with_little_memory_and_traffic(
    gigabyte: tuple[S3Store, bytes], proxy: FaultProxy, tmp_path: Path, way: str
) -> None:
    store, block = gigabyte
    memory = grown(way, proxy.url, tmp_path)
    print(f"{way}: {memory:.0f} MB of memory, {proxy.moved() / 1e6:.1f} MB through the client")  # noqa: T201
    assert 0 < memory < 100
    assert proxy.moved() < 20e6
    check_blocks(store, "out", block, skip=30_000 if way == "splice" else 0)


@pytest.mark.slow
def test_a_gigabyte_goes_to_a_folder_and_back_with_little_memory(
    gigabyte: tuple[S3Store, bytes], s3_server: S3Server, tmp_path: Path
) -> None:
    store, block = gigabyte
    for way in ("to-folder", "from-folder"):
        memory = grown(way, s3_server.endpoint, tmp_path)
        print(f"{way}: {memory:.0f} MB of memory")  # noqa: T201
        assert 0 < memory < 100
    check_blocks(store, "out", block)


@pytest.mark.slow
def test_ten_thousand_objects_are_listed_a_page_at_a_time(
    make_s3: S3Maker, s3_server: S3Server, proxy: FaultProxy
) -> None:
    store = make_s3("ten-thousand", endpoint=proxy.url)
    plain = s3_server.client(max_pool_connections=16)
    names = [f"study{number // 100:03d}/{number % 100:02d}.dcm" for number in range(10_000)]

    def put(name: str) -> None:
        plain.put_object(Bucket=BUCKET, Key=f"ten-thousand/{name}", Body=b"1")

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(put, names))
    next(store.list())
    proxy.reset()
    tracemalloc.start()
    try:
        listing = (entry.key for entry in store.list())
        assert all(found == name for found, name in zip(listing, names, strict=True))
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert proxy.operations() == ["ListObjectsV2"] * 10
    assert held < 20e6
