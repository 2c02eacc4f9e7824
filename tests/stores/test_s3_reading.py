"""How the S3 store reads: few requests, one version, whatever the keys look like."""

from __future__ import annotations

import logging
import os
import pickle
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deident.errors import NotFound, PlaceProblem, Reason, Refusal, UsageProblem
from deident.stores import FolderStore, read_all
from deident.stores.s3 import S3Settings, S3Store
from deident.stores.s3.reading import OpenS3Object
from s3tools.fixtures import BUCKET, VERSIONED, S3Maker
from s3tools.proxy import FaultProxy
from s3tools.server import S3Server, client

KIB = 1 << 10


def test_a_header_costs_one_request_and_a_longer_one_only_what_it_lacks(make_s3: S3Maker, proxy: FaultProxy) -> None:
    store = make_s3(endpoint=proxy.url)
    data = os.urandom(3 << 20)
    store.put("a", data)
    proxy.reset()
    with store.open("a") as opened:
        assert opened.read_at(0, 32 * KIB) == data[: 32 * KIB]
        assert opened.read_at(1000, 60 * KIB) == data[1000 : 1000 + 60 * KIB]
        assert [(r.operation, r.received) for r in proxy.journal] == [("GetObject", 64 * KIB)]
        assert opened.read_at(0, 128 * KIB) == data[: 128 * KIB]
        assert proxy.moved() == (64 + 128) * KIB
        assert opened.read_at(0, 192 * KIB) == data[: 192 * KIB]
    assert proxy.operations() == ["GetObject"] * 2


def test_reading_an_object_from_its_start_to_its_end_takes_ever_larger_requests(
    make_s3: S3Maker, proxy: FaultProxy
) -> None:
    store = make_s3(endpoint=proxy.url)
    data = os.urandom(20 << 20)
    store.write("a", [data])
    proxy.reset()
    with store.open("a") as opened:
        assert b"".join(opened.read_at(at, 1 << 20) for at in range(0, len(data), 1 << 20)) == data
        assert len(opened._window) <= 4 << 20
    assert len(proxy.journal) < 14
    assert proxy.moved() == len(data)


@given(st.lists(st.tuples(st.integers(0, 300 * KIB), st.integers(0, 200 * KIB)), max_size=8))
def test_any_reads_in_any_order_give_the_bytes(shared: tuple[S3Store, bytes], reads: list[tuple[int, int]]) -> None:
    store, data = shared
    with store.open("a") as opened:
        for offset, length in reads:
            assert opened.read_at(offset, length) == data[offset : offset + length]


@pytest.fixture(scope="module")
def shared(s3_server: S3Server) -> tuple[S3Store, bytes]:
    data = os.urandom(256 * KIB)
    store = S3Maker(s3_server.endpoint)(window=4 * KIB, largest_window=32 * KIB)
    store.put("a", data)
    return store, data


def check_changed(call: Callable[[], object]) -> None:
    with pytest.raises(Refusal) as caught:
        call()
    assert caught.value.reason is Reason.CHANGED
    assert caught.value.__context__ is None


@pytest.mark.parametrize("bucket", [BUCKET, VERSIONED])
def test_an_object_that_is_replaced_or_deleted_while_it_is_read_has_changed(make_s3: S3Maker, bucket: str) -> None:
    store = make_s3(bucket=bucket, window=64 * KIB)
    first = os.urandom(300 * KIB)
    for change in (lambda: store.put("a", os.urandom(300 * KIB), overwrite=True), lambda: store.delete("a")):
        store.put("a", first, overwrite=True)
        with store.open("a") as opened:
            opened.check_unchanged()
            change()
            # The bytes of a version that still exists can be had: never mixed with those of another.
            if bucket == VERSIONED:
                assert opened.read_at(200 * KIB, 100) == first[200 * KIB : 200 * KIB + 100]
            else:
                check_changed(lambda opened=opened: opened.read_at(200 * KIB, 100))
            check_changed(opened.check_unchanged)
            with pytest.raises(Refusal):
                make_s3().write("copy", [b"x"], opened)


def test_an_object_knows_its_version_where_the_bucket_has_versions(make_s3: S3Maker) -> None:
    for bucket, versioned in ((BUCKET, False), (VERSIONED, True)):
        store = make_s3(bucket=bucket)
        store.put("a", b"1")
        with store.open("a") as opened:
            assert isinstance(opened, OpenS3Object)
            assert (opened.version_id is not None) is versioned


def test_threads_may_share_an_open_object(make_s3: S3Maker) -> None:
    store = make_s3(window=4 * KIB)
    data = os.urandom(500 * KIB)
    store.put("a", data)
    wrong: list[int] = []
    with store.open("a") as opened:

        def read(number: int) -> None:
            for step in range(20):
                at = (number * 7919 + step * 13_001) % len(data)
                if opened.read_at(at, 9000) != data[at : at + 9000]:
                    wrong.append(at)

        threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


ODD = ["a//b", "../x", "/x", "a/../b", "./z", "d/", "full/", "x\\y"]


def test_keys_that_are_no_relative_names_are_listed_as_problems_and_never_opened(make_moto_s3: S3Maker) -> None:
    store = make_moto_s3("odd")
    plain = client(make_moto_s3.endpoint)
    for key in ["", *ODD]:
        plain.put_object(Bucket=BUCKET, Key=f"odd/{key}", Body=b"" if key in ("d/", "") else b"1")
    plain.put_object(Bucket=BUCKET, Key="oddly/near", Body=b"1")
    found = {entry.key: entry.problem for entry in store.list()}
    assert found == {
        **dict.fromkeys(["a//b", "../x", "/x", "a/../b", "./z", "full/"], Reason.UNREADABLE),
        "d/": Reason.NOT_A_FILE,
        "x\\y": None,
    }
    for key, problem in found.items():
        if problem is not None:
            with pytest.raises(UsageProblem):
                store.open(key)


def test_listing_holds_a_page_and_fetches_the_next_when_it_is_needed(make_s3: S3Maker, proxy: FaultProxy) -> None:
    direct = make_s3("pages")
    for number in range(12):
        direct.put(f"{number:02d}", b"1")
    store = make_s3("pages", endpoint=proxy.url)
    listing = store.list()
    assert proxy.journal == []
    assert next(listing).key == "00"
    assert proxy.operations() == ["ListObjectsV2"]


def test_a_bucket_that_is_not_there_or_not_ours_is_a_problem_of_the_place(make_s3: S3Maker) -> None:
    for store in (make_s3(bucket="no-such-bucket"), make_s3(bucket="No!"), make_s3(role="nobody")):
        for call in (store.check, lambda s=store: list(s.list()), lambda s=store: s.put("Doe", b"x")):
            with pytest.raises(PlaceProblem) as caught:
                call()
            assert "Doe" not in str(caught.value)
            assert "no-such" not in str(caught.value)
            assert caught.value.__context__ is None


def test_an_object_that_may_not_be_read_is_refused_as_unreadable(make_s3: S3Maker) -> None:
    make_s3("mine").put("a", b"1", overwrite=True)
    with pytest.raises(Refusal) as caught:
        read_all(make_s3("mine", role="nobody"), "a")
    assert caught.value.reason is Reason.UNREADABLE


def test_a_wrong_secret_an_unknown_profile_and_no_credentials_are_told_apart(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    settings = S3Settings(endpoint_url=s3_server.endpoint, region="us-east-1")
    with pytest.raises(PlaceProblem, match="no AWS credentials"):
        S3Store(BUCKET, settings=settings).check()
    with pytest.raises(PlaceProblem, match="no such profile"):
        S3Store(BUCKET, settings=S3Settings(profile="nobody-has-this")).check()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "admin")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not the secret")
    with pytest.raises(PlaceProblem, match="credentials"):
        S3Store(BUCKET, settings=settings).check()
    with pytest.raises(PlaceProblem, match="address"):
        S3Store(BUCKET, settings=S3Settings(endpoint_url="nonsense", region="us-east-1")).check()


def test_the_endpoint_may_come_from_the_environment(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from s3tools.server import secret_of

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "admin")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret_of("admin"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_server.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    store = S3Store(BUCKET, "by-environment/")
    store.put("a", b"1")
    assert read_all(pickle.loads(pickle.dumps(store)), "a") == b"1"


def test_a_store_with_credentials_of_its_own_does_not_pickle(make_s3: S3Maker) -> None:
    with pytest.raises(UsageProblem):
        pickle.dumps(make_s3())


def test_no_log_record_holds_a_key_even_when_everything_is_logged(
    make_s3: S3Maker, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        store = make_s3()
        store.put("Doe^John", b"content of John")
        read_all(store, "Doe^John")
        with pytest.raises(NotFound):
            store.open("Doe^Jane")
    assert [record.name for record in caplog.records if "Doe" in record.getMessage()] == []


def test_keys_that_s3_cannot_hold_are_refused_before_anything_is_sent(make_s3: S3Maker) -> None:
    store = make_s3()
    for key in ("x" * 1020, "M\udcfcller"):
        with pytest.raises(UsageProblem):
            store.put(key, b"1")


def test_an_object_comes_into_a_folder_and_goes_back(make_s3: S3Maker, folder: FolderStore) -> None:
    store, data = make_s3(), os.urandom(9 << 20)
    store.write("a", [data])
    folder.copy_from(store, "a", "a")
    store.copy_from(folder, "a", "b")
    assert read_all(store, "b") == read_all(folder, "a") == data
