"""What every store does, whatever it stands on."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from deident.engine.segments import MaskedRange, Segment, SourceRange
from deident.errors import AlreadyExists, NotFound, Reason, Refusal, UsageProblem
from deident.stores import Store, read_all
from deident.stores.protocol import read_lines

BAD_KEYS = ["", "/etc/passwd", "../a", "a/../b", "a/..", ".", "./a", "a//b", "a/", "a\0b"]


def keys(store: Store, prefix: str = "") -> list[str]:
    return [entry.key for entry in store.list(prefix)]


def test_an_object_that_was_put_reads_back_the_same(store: Store) -> None:
    written = store.put("a/b/c.bin", b"content")
    assert (written.key, written.size) == ("a/b/c.bin", 7)
    assert read_all(store, "a/b/c.bin") == b"content"


def test_an_empty_object_is_an_object(store: Store) -> None:
    store.put("empty", b"")
    assert store.exists("empty")
    assert read_all(store, "empty") == b""


def test_nothing_is_listed_in_a_store_nobody_wrote_to(store: Store) -> None:
    assert keys(store) == []
    assert keys(store, "some/prefix") == []


def test_listing_finds_every_depth_and_gives_sizes(store: Store) -> None:
    for key in ("b", "a/x", "a/y/z", "a.txt"):
        store.put(key, key.encode())
    found = {entry.key: entry.size for entry in store.list()}
    assert found == {"b": 1, "a/x": 3, "a/y/z": 5, "a.txt": 5}
    assert not any(entry.irregular for entry in store.list())


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [("a/", ["a/x", "a/y/z"]), ("a", ["a.txt", "a/x", "a/y/z"]), ("a/y/z", ["a/y/z"]), ("a/q", []), ("a/x/", [])],
)
def test_a_prefix_narrows_the_listing(store: Store, prefix: str, expected: list[str]) -> None:
    for key in ("b", "a/x", "a/y/z", "a.txt"):
        store.put(key, b"1")
    assert sorted(keys(store, prefix)) == sorted(expected)


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_that_is_no_relative_name_is_refused_by_every_method(store: Store, key: str) -> None:
    store.put("a", b"x")
    for call in (
        lambda: store.put(key, b"x"),
        lambda: store.write(key, [b"x"]),
        lambda: store.exists(key),
        lambda: store.delete(key),
        lambda: store.copy_from(store, "a", key),
        lambda: store.open(key).__enter__(),
    ):
        with pytest.raises(UsageProblem):
            call()


@pytest.mark.parametrize("prefix", ["/a", "../", "a//b", "a\0"])
def test_a_prefix_that_no_key_can_have_is_refused(store: Store, prefix: str) -> None:
    with pytest.raises(UsageProblem):
        list(store.list(prefix))


def test_a_message_never_holds_the_key(store: Store) -> None:
    for call in (lambda: store.put("Doe^John/../x", b""), lambda: read_all(store, "Doe^John")):
        with pytest.raises((UsageProblem, NotFound)) as caught:
            call()
        assert "Doe" not in str(caught.value) + repr(caught.value)
        assert caught.value.__context__ is None


def test_a_listed_entry_does_not_show_its_key(store: Store) -> None:
    store.put("Doe^John", b"x")
    assert "Doe" not in repr(list(store.list())) + repr(store)


def test_an_existing_object_is_not_replaced_unless_asked(store: Store) -> None:
    store.put("a", b"first")
    with pytest.raises(AlreadyExists):
        store.put("a", b"second")
    assert read_all(store, "a") == b"first"
    store.put("a", b"third", overwrite=True)
    assert read_all(store, "a") == b"third"


def test_overwriting_what_is_not_there_writes_it(store: Store) -> None:
    store.put("a", b"first", overwrite=True)
    assert read_all(store, "a") == b"first"


def test_of_two_that_create_at_once_one_wins(store: Store) -> None:
    start = threading.Barrier(8)
    won: list[int] = []

    def create(number: int) -> None:
        start.wait()
        try:
            store.put("same/name", str(number).encode())
        except AlreadyExists:
            return
        won.append(number)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert read_all(store, "same/name") == str(won[0]).encode()


def test_deleting_removes_and_deleting_again_does_nothing(store: Store) -> None:
    store.put("a/b", b"x")
    store.delete("a/b")
    store.delete("a/b")
    assert not store.exists("a/b")
    assert keys(store) == []


def test_an_object_that_is_not_there_is_not_found(store: Store) -> None:
    assert not store.exists("nothing")
    with pytest.raises(NotFound):
        read_all(store, "nothing")
    with pytest.raises(NotFound):
        read_all(store, "no/such/folder")


def test_reading_at_an_offset_ends_with_the_object(store: Store) -> None:
    store.put("a", b"0123456789")
    with store.open("a") as opened:
        assert opened.size == 10
        assert opened.read_at(2, 3) == b"234"
        assert opened.read_at(8, 5) == b"89"
        assert opened.read_at(10, 5) == b""
        assert opened.read_at(0, 10) == b"0123456789"


def segments_of(content: bytes) -> list[Segment]:
    size = len(content)
    return [b"head", SourceRange(10, 5), b"", b"middle", SourceRange(0, size), MaskedRange(4, 8, b"\x0f\xff"), b"tail"]


def expected(content: bytes) -> bytes:
    masked = bytes(b & (0x0F if i % 2 == 0 else 0xFF) for i, b in enumerate(content[4:12]))
    return b"head" + content[10:15] + b"middle" + content + masked + b"tail"


def test_segments_are_carried_out_in_order_from_any_store(store: Store, other: Store) -> None:
    content = os.urandom(3_000_001)
    other.put("source", content)
    with other.open("source") as source:
        written = store.write("result", segments_of(content), source)
    assert read_all(store, "result") == expected(content)
    assert written.size == len(expected(content))


def test_segments_may_come_from_an_iterator_and_be_many(store: Store) -> None:
    parts = [bytes([n % 256]) * 3 for n in range(5_000)]
    store.put("folder/first", b"")
    store.write("folder/many", iter(parts))
    assert read_all(store, "folder/many") == b"".join(parts)


def test_a_failing_write_leaves_nothing(store: Store) -> None:
    def failing() -> Iterator[bytes]:
        yield b"something"
        raise RuntimeError("stop")

    store.put("folder/there", b"x")
    with pytest.raises(RuntimeError):
        store.write("folder/never", failing())
    assert keys(store) == ["folder/there"]


def test_a_range_beyond_the_source_is_refused_and_leaves_nothing(store: Store, other: Store) -> None:
    other.put("source", b"x" * 100_000)
    for length in (20, 100_000):
        with other.open("source") as source, pytest.raises(Refusal) as caught:
            store.write("result", [b"head", SourceRange(99_990, length)], source)
        assert caught.value.reason is Reason.CHANGED
    assert keys(store) == []


def test_a_copy_has_the_bytes_and_leaves_the_original(store: Store, other: Store) -> None:
    other.put("from/here", b"content")
    written = store.copy_from(other, "from/here", "to/there")
    assert (written.key, written.size) == ("to/there", 7)
    assert read_all(store, "to/there") == read_all(other, "from/here") == b"content"
    other.put("from/here", b"changed", overwrite=True)
    other.delete("from/here")
    assert read_all(store, "to/there") == b"content"


def test_a_copy_replaces_only_when_asked(store: Store, other: Store) -> None:
    other.put("a", b"new")
    store.put("a", b"old")
    with pytest.raises(AlreadyExists):
        store.copy_from(other, "a", "a")
    assert read_all(store, "a") == b"old"
    for _ in range(2):
        store.copy_from(other, "a", "a", overwrite=True)
        assert read_all(store, "a") == b"new"
    assert keys(store) == ["a"]


def test_a_copy_of_nothing_is_not_found(store: Store, other: Store) -> None:
    with pytest.raises(NotFound):
        store.copy_from(other, "nothing", "a")


def test_the_version_changes_with_the_content(store: Store) -> None:
    store.put("a", b"one")
    (before,) = store.list()
    with store.open("a") as opened:
        assert opened.version == before.version
    store.put("a", b"two", overwrite=True)
    (after,) = store.list()
    assert after.version != before.version


def test_keys_may_hold_any_character_of_a_file_name(store: Store) -> None:
    names = ["Müller^Jörg", "山田", "with space", "new\nline", "quote'\"", "-dash", "a.b..c", "*?[x]"]
    for name in names:
        store.put(f"{name}/{name}", name.encode())
    assert sorted(keys(store)) == sorted(f"{name}/{name}" for name in names)
    assert all(read_all(store, f"{name}/{name}") == name.encode() for name in names)


def test_a_backslash_is_a_character_like_others(exact: Store) -> None:
    exact.put("back\\slash/x", b"1")
    exact.put("back/slash/x", b"2")
    assert sorted(keys(exact)) == ["back/slash/x", "back\\slash/x"]
    assert read_all(exact, "back\\slash/x") == b"1"


def test_many_threads_can_write_and_delete_in_the_same_folders(store: Store) -> None:
    problems: list[Exception] = []

    def work(number: int) -> None:
        try:
            for turn in range(60):
                key = f"shared/{turn % 3}/{number}"
                store.put(key, b"x" * number, overwrite=True)
                assert read_all(store, key) == b"x" * number
                store.delete(key)
        except Exception as problem:  # noqa: BLE001 - collected for the main thread
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert keys(store) == []


def test_sync_returns(store: Store) -> None:
    store.sync()
    store.put("a", b"x")
    store.sync()


def version_of(store: Store, key: str) -> str:
    with store.open(key) as opened:
        return opened.version


def test_a_version_is_replaced_by_who_read_it_last_and_by_nobody_else(store: Store) -> None:
    store.put("a/b", b"first")
    version = version_of(store, "a/b")
    assert store.replace("a/b", b"second", version).size == 6
    with pytest.raises(Refusal) as caught:
        store.replace("a/b", b"third", version)
    assert caught.value.reason is Reason.CHANGED
    assert read_all(store, "a/b") == b"second"
    store.delete("a/b")
    with pytest.raises(Refusal):
        store.replace("a/b", b"third", version)
    assert not store.exists("a/b")


@pytest.mark.slow
def test_of_many_that_replace_one_version_at_once_one_wins(store: Store) -> None:
    for turn in range(5):
        store.put("a", b"%d" % turn, overwrite=True)
        version, won = version_of(store, "a"), []
        start = threading.Barrier(8)

        def attempt(
            number: int, version: str = version, won: list[int] = won, start: threading.Barrier = start
        ) -> None:
            start.wait()
            try:
                store.replace("a", b"from %d" % number, version)
            except Refusal:
                return
            won.append(number)

        threads = [threading.Thread(target=attempt, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
        assert read_all(store, "a") == b"from %d" % won[0]


def test_a_copy_is_of_the_version_that_was_asked_for(store: Store, other: Store) -> None:
    other.put("a", b"first")
    version = version_of(other, "a")
    assert store.copy_from(other, "a", "b", version=version).size == 5
    other.put("a", b"other", overwrite=True)
    with pytest.raises(Refusal) as caught:
        store.copy_from(other, "a", "c", version=version)
    assert caught.value.reason is Reason.CHANGED
    assert not store.exists("c")


def test_lines_are_read_whole_wherever_the_blocks_end(store: Store) -> None:
    lines = [b"x" * length + b"\n" for length in (0, 10, 700_000, 700_000, 3, 2_000_000)] + [b"no end"]
    store.write("lines", lines)
    with store.open("lines") as opened:
        assert list(read_lines(opened)) == lines
