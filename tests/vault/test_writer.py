"""Writers: batches, repetition after lost answers, many threads and processes at once."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deident.engine.result import MapEntry
from deident.errors import TransientProblem, VaultTampered
from deident.stores import FolderStore, MemoryStore, Store
from deident.stores.protocol import Written
from deident.vault import Keys, LocalKey, Vault, VaultWriter, reidentify
from deident.vault import writer as writer_module
from support.vaults import KEY, entries_of, everything, fill


def segments(store: Store) -> int:
    return sum(1 for _ in store.list("map/"))


def test_nothing_is_written_before_there_is_something_to_seal(vault: Vault) -> None:
    before = [entry.key for entry in vault.store.list()]
    writer = VaultWriter(vault)
    assert writer.seal([]) is None
    assert [entry.key for entry in vault.store.list()] == before


def test_what_is_sealed_already_is_not_sealed_again(vault: Vault) -> None:
    writer = VaultWriter(vault)
    first = writer.seal(entries_of(vault, 1))
    assert writer.seal(entries_of(vault, 1)) == first
    second = writer.seal([*entries_of(vault, 1), *entries_of(vault, 2)])
    assert second is not None
    assert second.entries == len(entries_of(vault, 2))
    assert segments(vault.store) == 2


def test_a_large_batch_is_split(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "ENTRIES", 10)
    VaultWriter(vault).seal(entries_of(vault, 1, instances=50))
    assert segments(vault.store) == 6
    assert everything(vault)["uid"] == 51


def test_calls_that_come_while_a_segment_is_written_share_the_next_one() -> None:
    class Slow(MemoryStore):
        def __init__(self) -> None:
            super().__init__()
            self.started, self.go = threading.Event(), threading.Event()

        def put(self, key: str, data: bytes, *, overwrite: bool = False) -> Written:
            if key.startswith("map/"):
                self.started.set()
                self.go.wait(10)
            return super().put(key, data, overwrite=overwrite)

    store = Slow()
    vault = Vault.create(store, Keys([KEY]))
    writer = VaultWriter(vault)
    threads = [threading.Thread(target=writer.seal, args=(entries_of(vault, n),)) for n in range(20)]
    threads[0].start()
    assert store.started.wait(10)
    for thread in threads[1:]:
        thread.start()
    while len(writer._queue) < 19:
        pass
    store.go.set()
    for thread in threads:
        thread.join()
    assert segments(store) == 2
    assert everything(vault)["patient"] == 20


class Faulty(MemoryStore):
    """Fails each kind of put once, after it was carried out or before."""

    def __init__(self, *, applied: bool) -> None:
        super().__init__()
        self.applied = applied
        self.failed: set[str] = set()
        self.armed = False

    def put(self, key: str, data: bytes, *, overwrite: bool = False) -> Written:
        kind = key.partition("/")[0] + str(len(list(self.list("map/"))))
        if self.armed and kind not in self.failed:
            self.failed.add(kind)
            if self.applied:
                super().put(key, data, overwrite=overwrite)
            raise TransientProblem("the answer was lost")
        return super().put(key, data, overwrite=overwrite)


@pytest.mark.parametrize("applied", [True, False])
def test_after_a_lost_answer_the_same_call_goes_on(applied: bool) -> None:
    store = Faulty(applied=applied)
    vault = Vault.create(store, Keys([KEY]))
    store.armed = True
    writer = VaultWriter(vault)
    for patient in range(4):
        for _ in range(10):
            try:
                writer.seal(entries_of(vault, patient))
                break
            except TransientProblem:
                continue
        else:
            pytest.fail("it never succeeded")
    assert len(store.failed) >= 8
    assert everything(vault) == {"patient": 4, "accession": 4, "study-id": 4, "uid": 16}
    assert segments(store) == 4


def test_other_entries_after_a_lost_answer_are_sealed_as_well() -> None:
    """The first try was stored although it seemed lost; the next call brings more than that."""
    store = Faulty(applied=True)
    vault = Vault.create(store, Keys([KEY]))
    writer = VaultWriter(vault)
    writer.seal(entries_of(vault, 0))
    store.armed = True
    store.failed = {"heads1", "heads2", "heads3"}
    with pytest.raises(TransientProblem):
        writer.seal(entries_of(vault, 1))
    store.armed = False
    writer.seal(entries_of(vault, 2))
    assert everything(vault)["patient"] == 3


def test_a_name_that_somebody_else_has_taken_is_not_believed(vault: Vault) -> None:
    writer = fill(vault, [1])
    vault.store.put(f"map/{writer.id}/00000002", b"something else")
    with pytest.raises(VaultTampered):
        writer.seal(entries_of(vault, 2))


def test_one_failure_does_not_lose_what_other_threads_wait_for() -> None:
    class Sometimes(MemoryStore):
        count = 0

        def put(self, key: str, data: bytes, *, overwrite: bool = False) -> Written:
            if key.startswith("map/"):
                Sometimes.count += 1
                if Sometimes.count % 3 == 1:
                    raise TransientProblem("busy")
            return super().put(key, data, overwrite=overwrite)

    vault = Vault.create(Sometimes(), Keys([KEY]))
    writer = VaultWriter(vault)
    sealed: list[int] = []

    def work(patient: int) -> None:
        while True:
            try:
                writer.seal(entries_of(vault, patient))
            except TransientProblem:
                continue
            sealed.append(patient)
            return

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sealed) == list(range(16))
    assert everything(vault)["patient"] == 16


_WORK = """
import sys, threading
from pathlib import Path
from deident.stores import FolderStore
from deident.vault import Keys, LocalKey, Vault, VaultWriter
from support.vaults import entries_of

vault = Vault.open(FolderStore(sys.argv[1], private=True), Keys([LocalKey.load(Path(sys.argv[2]))]))
writer = VaultWriter(vault)
failures = []

def work(thread):
    try:
        for patient in range(60):
            writer.seal(entries_of(vault, (patient * 7 + thread) % 60))
    except BaseException as problem:
        failures.append(problem)

print("ready", flush=True)
sys.stdin.readline()
threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
sys.exit(len(failures))
"""


@pytest.mark.slow
def test_two_processes_with_eight_threads_each_lose_nothing(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "vault", private=True)
    key = LocalKey.load_or_create(tmp_path / "key")
    vault = Vault.create(store, Keys([key]))
    command = [sys.executable, "-c", _WORK, str(tmp_path / "vault"), str(tmp_path / "key")]
    pipe = subprocess.PIPE
    root = Path(__file__).parent.parent
    environment = {"PYTHONPATH": f"{root.parent / 'src'}:{root}", "PATH": "", "HOME": str(tmp_path)}
    children = [subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment) for _ in range(2)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
    for child in children:
        child.communicate(b"\n", timeout=120)
        assert child.returncode == 0
    assert everything(vault) == {"patient": 60, "accession": 60, "study-id": 60, "uid": 240}
    wanted = {entry for patient in range(60) for entry in entries_of(vault, patient)}
    found = reidentify(vault, [entry.pseudonym for entry in wanted])
    assert {entry for entries in found.values() for entry in entries} == wanted


def test_entries_may_come_from_an_iterator(vault: Vault) -> None:
    def entries() -> Iterator[MapEntry]:
        yield from entries_of(vault, 1)

    ref = VaultWriter(vault).seal(entries())
    assert ref is not None
    assert "MRN" not in repr(ref)
