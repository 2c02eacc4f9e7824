"""How the S3 store writes and copies: what passes through here, what is stored beside the bytes, who wins."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from deident.engine.segments import MaskedRange, Segment, SourceRange
from deident.errors import AlreadyExists, Reason, Refusal, TransientProblem
from deident.stores import read_all
from deident.stores.s3 import S3Store
from s3tools.fixtures import BUCKET, VERSIONED, S3Maker
from s3tools.kms import KMS
from s3tools.proxy import FaultProxy
from s3tools.server import S3Server

MIB = 1 << 20
SMALL: dict[str, Any] = {"part_size": 5 * MIB, "copy_part_size": 5 * MIB}


def stored(server: S3Server, store: S3Store, key: str) -> dict[str, Any]:
    place = {"Bucket": store._bucket, "Key": store._prefix + key}
    answer: dict[str, Any] = server.client().head_object(**place, ChecksumMode="ENABLED")
    tags = server.client().get_object_tagging(**place)["TagSet"]
    return answer | {"Tags": tags}


@pytest.mark.parametrize("bucket", [BUCKET, VERSIONED])
def test_a_long_range_never_passes_through_here(make_s3: S3Maker, proxy: FaultProxy, bucket: str) -> None:
    source = make_s3(endpoint=proxy.url, bucket=bucket, **SMALL)
    data = os.urandom(40 * MIB)
    source.write("a", [data])
    target = make_s3(endpoint=proxy.url, bucket=VERSIONED, **SMALL)
    proxy.reset()
    with source.open("a") as opened:
        target.write("b", [b"new header", SourceRange(500, 40 * MIB - 1000), b"end"], opened)
    # 5 MiB of the range came and went, so that the first part is no smaller.
    assert proxy.moved() < 10.5 * MIB
    assert proxy.operations().count("UploadPartCopy") >= 4
    assert read_all(target, "b") == b"new header" + data[500 : 40 * MIB - 500] + b"end"


@pytest.mark.parametrize("between", [b"", b"x", b"x" * (6 * MIB)])
def test_ranges_and_literals_of_any_length_come_out_in_order(make_s3: S3Maker, between: bytes) -> None:
    store = make_s3(**SMALL)
    data = os.urandom(31 * MIB)
    store.write("a", [data])
    segments: list[Segment] = [
        SourceRange(0, 11 * MIB),
        between,
        SourceRange(1, 10 * MIB),
        SourceRange(20 * MIB, 10 * MIB - 1),
        between,
        MaskedRange(5, 2 * MIB, b"\xff"),
        SourceRange(3, 100),
        SourceRange(20 * MIB, 11 * MIB),
    ]
    with store.open("a") as opened:
        written = store.write("b", iter(segments), opened)
    pieces = [s if isinstance(s, bytes) else data[s.offset : s.offset + s.length] for s in segments]
    assert read_all(store, "b") == b"".join(pieces)
    assert written.size == sum(map(len, pieces))


def test_what_the_target_may_not_copy_is_streamed_and_not_tried_again(
    make_s3: S3Maker, proxy: FaultProxy, s3_server: S3Server
) -> None:
    # The writer has no right to read the bucket of the source; the reader opened it.
    make_s3("hidden", **SMALL).write("a", [data := os.urandom(14 * MIB)], overwrite=True)
    make_s3("hidden").put("s", b"small", overwrite=True)
    source = make_s3("hidden", role="reader", **SMALL)
    target = make_s3(bucket=VERSIONED, role="writer", endpoint=s3_server.endpoint, **SMALL)
    for number in range(2):
        target.copy_from(source, "a", f"a{number}")
        target.copy_from(source, "s", f"s{number}")
        with source.open("a") as opened:
            target.write(f"w{number}", [b"head", SourceRange(10, 13 * MIB)], opened)
        assert read_all(target, f"a{number}") == data
        assert read_all(target, f"s{number}") == b"small"
        assert read_all(target, f"w{number}") == b"head" + data[10 : 10 + 13 * MIB]
    assert target._refused == {BUCKET}
    assert proxy.journal == []


def test_a_source_that_changed_is_neither_copied_nor_half_copied(make_s3: S3Maker, proxy: FaultProxy) -> None:
    store = make_s3(endpoint=proxy.url, **SMALL)
    store.write("a", [os.urandom(20 * MIB)])
    with store.open("a") as opened:
        store.write("a", [os.urandom(20 * MIB)], overwrite=True)
        with pytest.raises(Refusal) as caught:
            store.write("b", [b"head", SourceRange(0, 20 * MIB)], opened)
    assert caught.value.reason is Reason.CHANGED
    with store.open("a") as opened:
        store.delete("a")
        with pytest.raises(Refusal):
            store.write("b", [SourceRange(0, 20 * MIB)], opened)
    assert list(store.list()) == []


def test_nothing_of_the_source_but_its_bytes_comes_along(make_s3: S3Maker, s3_server: S3Server) -> None:
    source, target = make_s3(**SMALL), make_s3(bucket=VERSIONED, **SMALL)
    for name, size in (("s.dcm", 100), ("l.dcm", 12 * MIB)):
        s3_server.client().put_object(
            Bucket=BUCKET,
            Key=source._prefix + name,
            Body=os.urandom(size),
            Metadata={"patient": "Doe"},
            Tagging="name=Doe",
            ContentType="text/doe",
            ContentDisposition="attachment; filename=Doe.dcm",
            CacheControl="private",
        )
        target.copy_from(source, name, name)
        found = stored(s3_server, target, name)
        assert set(found["Metadata"]) == {"deident-write"}
        assert found["ContentType"] == "application/dicom"
        assert found["Tags"] == []
        assert "Doe" not in str(found)


def test_every_part_and_object_carries_a_sha_256_that_s3_has_checked(
    make_s3: S3Maker, s3_server: S3Server, proxy: FaultProxy
) -> None:
    from base64 import b64encode

    store, data = make_s3(endpoint=proxy.url, **SMALL), os.urandom(12 * MIB)
    store.put("small", data[:1000])
    store.write("large", [data])
    assert (
        stored(s3_server, store, "small")["ChecksumSHA256"] == b64encode(hashlib.sha256(data[:1000]).digest()).decode()
    )
    parts = [data[at : at + 5 * MIB] for at in range(0, 12 * MIB, 5 * MIB)]
    whole = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()
    assert stored(s3_server, store, "large")["ChecksumSHA256"] == b64encode(whole).decode() + "-3"


@pytest.mark.parametrize("way", ["put", "parts", "copy", "copy-parts"])
def test_with_a_key_every_object_is_encrypted_under_it(
    make_s3: S3Maker, s3_server: S3Server, kms: KMS, way: str
) -> None:
    key = kms.make_key()
    store, source, data = make_s3(kms_key_id=key, **SMALL), make_s3(**SMALL), os.urandom(11 * MIB)
    source.write("a", [data])
    source.put("s", data[:1000])
    if way in ("put", "parts"):
        store.write("b", [data if way == "parts" else data[:1000]])
    else:
        store.copy_from(source, "a" if way == "copy-parts" else "s", "b")
    found = stored(s3_server, store, "b")
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", key)
    assert read_all(store, "b") == (data if "parts" in way else data[:1000])


def put(store: S3Store, _source: S3Store) -> None:
    store.put("same", b"the same in all threads")


def upload(store: S3Store, _source: S3Store) -> None:
    store.write("same", [bytes(6 * MIB)])


def copy(store: S3Store, source: S3Store) -> None:
    store.copy_from(source, "s", "same")


@pytest.mark.parametrize("bucket", [BUCKET, VERSIONED])
@pytest.mark.parametrize("create", [put, copy])
def test_of_sixteen_threads_that_create_one_object_one_wins_even_with_the_same_content(
    make_s3: S3Maker, create: Callable[[S3Store, S3Store], None], bucket: str
) -> None:
    store, source = make_s3(bucket=bucket, **SMALL), make_s3()
    source.put("s", b"small")
    assert sorted(at_once(lambda: create(store, source))) == ["lost"] * 15 + ["won"]


def test_of_uploads_in_parts_that_end_at_once_each_is_told_the_truth_and_the_object_is_whole(make_s3: S3Maker) -> None:
    # SeaweedFS looks and completes in two steps, so that two may win (docs/s3.md); in AWS it is one.
    store = make_s3(**SMALL)
    outcomes = at_once(lambda: upload(store, store))
    assert "won" in outcomes
    assert set(outcomes) <= {"won", "lost"}
    assert read_all(store, "same") == bytes(6 * MIB)
    assert set(at_once(lambda: upload(store, store))) == {"lost"}


def at_once(create: Callable[[], None]) -> list[str]:
    """How it ends for each of 16 threads."""
    outcomes: list[str] = []
    start = threading.Barrier(16)

    def work() -> None:
        start.wait()
        try:
            create()
            outcomes.append("won")
        except AlreadyExists:
            outcomes.append("lost")

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.slow
def test_a_server_that_is_killed_and_comes_back_costs_time_but_no_object(make_s3: S3Maker, s3_server: S3Server) -> None:
    store = make_s3(max_attempts=2, connect_timeout=1, read_timeout=5)
    made: dict[str, bytes] = {}
    passing = 0
    stop = threading.Event()

    def work(number: int) -> None:
        nonlocal passing
        turn = 0
        while not stop.is_set() or turn < 5:
            key, data = f"{number}/{turn}", os.urandom(20_000)
            while True:
                try:
                    store.put(key, data)
                    break
                except AlreadyExists:  # an earlier try that nobody could tell the outcome of
                    break
                except TransientProblem:
                    passing += 1
            made[key] = data
            turn += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        stop.wait(1)
        s3_server.kill()
        stop.wait(1)
        s3_server.start()
    stop.set()
    for thread in threads:
        thread.join()
    assert passing > 0
    assert {entry.key for entry in store.list()} == set(made)
    assert all(read_all(store, key) == data for key, data in made.items())
