"""Every fault on every operation of the S3 store: right, or a problem that may pass; never half, never lost."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from deident.engine.segments import SourceRange
from deident.errors import AlreadyExists, TransientProblem
from deident.stores import read_all
from deident.stores.s3 import S3Store
from s3tools.fixtures import BUCKET, S3Maker
from s3tools.proxy import Fault, FaultProxy
from s3tools.server import S3Server

#: Servers and faults take their time: make test-slow, and CI.
pytestmark = pytest.mark.slow

MIB = 1 << 20
#: Faults of any request, and of those with a body to send or to read.
ANY = [Fault.SLOW_DOWN, Fault.ERROR, Fault.APPLIED_THEN_ERROR, Fault.LOST_RESPONSE, Fault.CUT_REQUEST, Fault.DELAY]
SENDING = [*ANY, Fault.FLIPPED_BIT]
READING = [*ANY, Fault.CUT_BODY, Fault.SLOW_BODY, Fault.STALLED_BODY]
#: What hurts nobody, however often it happens.
HARMLESS = {Fault.DELAY, Fault.SLOW_BODY}


@cache
def content(size: int) -> bytes:
    return os.urandom(size)


@dataclass
class Scene:
    """A store behind the proxy, and the same objects seen without it. `source` lies under another prefix."""

    store: S3Store
    direct: S3Store
    source: S3Store
    far: S3Store
    proxy: FaultProxy


@pytest.fixture
def scene(make_s3: S3Maker, proxy: FaultProxy) -> Scene:
    short: dict[str, Any] = {"max_attempts": 3, "read_timeout": 1.5, "connect_timeout": 1.5, "part_size": 5 * MIB}
    proxy.stall = 3
    root = os.urandom(8).hex()

    def made(prefix: str, endpoint: str = "") -> S3Store:
        return make_s3(prefix, endpoint=endpoint, **short, copy_part_size=5 * MIB, window=64 << 10)

    direct, source = made(root), made(root + "-source")
    return Scene(made(root, proxy.url), direct, source, made(root + "-source", proxy.url), proxy)


def put_small(scene: Scene) -> bytes:
    scene.store.put("k", content(1000))
    return content(1000)


def put_in_parts(scene: Scene) -> bytes:
    scene.store.write("k", [content(11 * MIB)])
    return content(11 * MIB)


def copy_small(scene: Scene) -> bytes:
    scene.store.copy_from(scene.far, "s", "k")
    return content(1000)


def copy_large(scene: Scene) -> bytes:
    scene.store.copy_from(scene.far, "l", "k")
    return content(11 * MIB)


def splice(scene: Scene) -> bytes:
    data = content(11 * MIB)
    with scene.far.open("l") as opened:
        scene.store.write("k", [b"header", SourceRange(1000, 11 * MIB - 1000)], opened)
    return b"header" + data[1000:]


WRITES: list[tuple[Callable[[Scene], bytes], str, list[Fault]]] = [
    (put_small, "PutObject", SENDING),
    (put_in_parts, "CreateMultipartUpload", ANY),
    (put_in_parts, "UploadPart", SENDING),
    (put_in_parts, "CompleteMultipartUpload", ANY),
    (copy_small, "HeadObject", ANY),
    (copy_small, "CopyObject", ANY),
    (copy_large, "UploadPartCopy", ANY),
    (copy_large, "CompleteMultipartUpload", ANY),
    (splice, "GetObject", READING),
    (splice, "UploadPartCopy", ANY),
]
CASES = [
    pytest.param(write, operation, fault, id=f"{write.__name__}-{operation}-{fault.name.lower()}")
    for write, operation, faults in WRITES
    for fault in faults
]


def prepare(scene: Scene) -> None:
    scene.source.put("s", content(1000))
    scene.source.write("l", [content(11 * MIB)])


def orphans(server: S3Server, store: S3Store) -> int:
    """Uploads that nobody ended, below the prefix of a store."""
    answer = server.client().list_multipart_uploads(Bucket=BUCKET, Prefix=store._prefix)
    return len(answer.get("Uploads", []))


@pytest.mark.parametrize(("write", "operation", "fault"), CASES)
def test_a_write_that_meets_a_fault_once_succeeds_as_if_nothing_had_happened(
    scene: Scene, s3_server: S3Server, write: Callable[[Scene], bytes], operation: str, fault: Fault
) -> None:
    prepare(scene)
    scene.proxy.fault(fault, f"^{operation}$")
    expected = write(scene)
    assert fault in {request.fault for request in scene.proxy.journal}
    assert read_all(scene.direct, "k") == expected
    assert [entry.key for entry in scene.direct.list()] == ["k"]
    applied = operation == "CreateMultipartUpload" and fault in (Fault.LOST_RESPONSE, Fault.APPLIED_THEN_ERROR)
    # An upload whose id got lost can only be swept: by its age, since others may be at work.
    assert orphans(s3_server, scene.direct) == int(applied)
    assert scene.direct.sweep(timedelta(hours=1)) == 0
    assert scene.direct.sweep(timedelta(seconds=-5)) == int(applied)
    assert orphans(s3_server, scene.direct) == 0


@pytest.mark.parametrize(("write", "operation", "fault"), CASES)
def test_a_write_that_meets_a_fault_every_time_is_whole_or_not_there(
    scene: Scene, write: Callable[[Scene], bytes], operation: str, fault: Fault
) -> None:
    prepare(scene)
    scene.proxy.fault(fault, f"^{operation}$", times=1000)
    expected: bytes | None = None
    with contextlib.suppress(TransientProblem):
        expected = write(scene)
    assert expected is not None or fault not in HARMLESS
    there = [entry.key for entry in scene.direct.list()]
    assert there == (["k"] if expected is not None else there)
    scene.proxy.reset()
    # Tried again, as callers do: whatever stands now is whole, whoever made it.
    with contextlib.suppress(AlreadyExists):
        write(scene)
    whole = {put_small: content(1000), copy_small: content(1000), put_in_parts: content(11 * MIB)}
    whole |= {copy_large: content(11 * MIB), splice: b"header" + content(11 * MIB)[1000:]}
    assert read_all(scene.direct, "k") == whole[write]


@pytest.mark.parametrize("fault", [Fault.APPLIED_THEN_ERROR, Fault.LOST_RESPONSE])
@pytest.mark.parametrize(
    ("write", "operation"), [(w, o) for w, o, _ in WRITES if o.startswith(("Put", "Comp", "CopyO"))]
)
def test_an_own_write_whose_answers_all_get_lost_is_found_to_be_a_success(
    scene: Scene, write: Callable[[Scene], bytes], operation: str, fault: Fault
) -> None:
    prepare(scene)
    scene.proxy.fault(fault, f"^{operation}$", times=1000)
    expected = write(scene)
    assert read_all(scene.direct, "k") == expected


@pytest.mark.parametrize("fault", ANY)
@pytest.mark.parametrize("write", [put_small, put_in_parts, copy_small, copy_large])
def test_what_another_wrote_is_never_taken_for_ones_own_even_when_it_is_the_same(
    scene: Scene, write: Callable[[Scene], bytes], fault: Fault
) -> None:
    prepare(scene)
    size = 1000 if write in (put_small, copy_small) else 11 * MIB
    scene.direct.write("k", [content(size)])
    before = next(iter(scene.direct.list()))
    scene.proxy.fault(fault, "^(PutObject|CopyObject|CompleteMultipartUpload)$")
    with pytest.raises(AlreadyExists):
        write(scene)
    assert list(scene.direct.list()) == [before]


@pytest.mark.parametrize("fault", READING)
def test_a_read_that_meets_a_fault_gives_the_right_bytes(scene: Scene, fault: Fault) -> None:
    prepare(scene)
    data = content(11 * MIB)
    for nth in (1, 2):  # the opening, and a range
        scene.proxy.fault(fault, "^GetObject$", nth=nth)
    with scene.far.open("l") as opened:
        assert opened.read_at(0, 100) == data[:100]
        assert opened.read_at(3 * MIB, 5 * MIB) == data[3 * MIB : 8 * MIB]
        assert opened.read_at(11 * MIB - 10, 100) == data[-10:]


@pytest.mark.parametrize("fault", [f for f in READING if f not in HARMLESS])
def test_a_read_that_never_succeeds_is_a_passing_problem(scene: Scene, fault: Fault) -> None:
    prepare(scene)
    with scene.far.open("l") as opened:
        scene.proxy.fault(fault, "^GetObject$", times=1000)
        with pytest.raises(TransientProblem) as caught:
            opened.read_at(MIB, MIB)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("fault", READING)
@pytest.mark.parametrize("operation", ["ListObjectsV2", "HeadObject", "DeleteObject"])
def test_listing_looking_and_deleting_bear_every_fault(scene: Scene, operation: str, fault: Fault) -> None:
    scene.direct.put("a/b", b"1")
    scene.direct.put("c", b"2")
    scene.proxy.fault(fault, f"^{operation}$")
    assert [entry.key for entry in scene.store.list()] == ["a/b", "c"]
    assert scene.store.exists("c")
    scene.store.delete("c")
    assert [entry.key for entry in scene.direct.list()] == ["a/b"]


def test_a_failing_source_leaves_no_object_and_no_upload(scene: Scene, s3_server: S3Server) -> None:
    prepare(scene)
    with scene.far.open("l") as opened:
        scene.proxy.fault(Fault.ERROR, "^GetObject$", times=1000)
        scene.proxy.fault(Fault.ERROR, "^UploadPartCopy$", times=1000)
        with pytest.raises(TransientProblem):
            scene.store.write("k", [bytes(6 * MIB), SourceRange(0, 11 * MIB)], opened)
    assert list(scene.direct.list()) == []
    assert orphans(s3_server, scene.direct) == 0
    assert "AbortMultipartUpload" in scene.proxy.operations()
