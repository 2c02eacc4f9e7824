"""Reseal and compact: nothing is lost, whatever happens on the way; the old go last."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deident.errors import TransientProblem, VaultProblem, VaultTampered, WrongVaultKey
from deident.stores import FolderStore, MemoryStore, Store, read_all
from deident.stores.protocol import Written
from deident.vault import Keys, LocalKey, Rewritten, Vault, VaultWriter, compact, reidentify, reseal, status
from deident.vault import rewrite as rewrite_module
from support.vaults import KEY, OTHER, KillingStore, entries_of, everything, fill

BOTH = Keys([OTHER, KEY])
NEW = Keys([OTHER])
PATIENTS = range(1, 9)
EVERYTHING = {"patient": 8, "accession": 8, "study-id": 8, "uid": 32}


def segments(store: Store) -> list[str]:
    return sorted(entry.key for entry in store.list("map/"))


def fill_all(vault: Vault) -> None:
    """Two writers, and entries that both have sealed."""
    fill(vault, range(1, 6))
    fill(vault, range(4, 9))


def all_come_back(vault: Vault) -> None:
    assert everything(vault) == EVERYTHING
    wanted = {entry for patient in PATIENTS for entry in entries_of(vault, patient)}
    found = reidentify(vault, [entry.pseudonym for entry in wanted])
    assert {entry for entries in found.values() for entry in entries} == wanted


def test_compacting_leaves_one_segment_with_each_entry_once(vault: Vault) -> None:
    fill_all(vault)
    done = compact(vault)
    assert (done.read, done.written, done.removed) == (10, 1, 10)
    assert done.entries == sum(EVERYTHING.values())
    assert len(segments(vault.store)) == 1
    all_come_back(vault)
    assert compact(vault) == Rewritten()


def test_a_compacted_vault_grows_and_is_compacted_again(vault: Vault) -> None:
    fill(vault, range(1, 4))
    compact(vault)
    fill(vault, range(4, 9))
    assert compact(vault).written == 1
    assert len(segments(vault.store)) == 1
    all_come_back(vault)


def test_writers_go_on_where_they_were_while_the_vault_is_compacted(vault: Vault) -> None:
    writer = fill(vault, range(1, 4))
    compact(vault)
    assert everything(vault)["patient"] == 3
    for patient in range(4, 9):
        writer.seal(entries_of(vault, patient))
    all_come_back(vault)
    compact(vault)
    all_come_back(vault)


def test_resealing_brings_everything_under_the_new_key(vault: Vault) -> None:
    fill_all(vault)
    pseudonym = entries_of(vault, 1)[0].pseudonym
    done = reseal(Vault.open(vault.store, BOTH))
    assert (done.read, done.removed) == (10, 10)
    moved = Vault.open(vault.store, NEW)
    all_come_back(moved)
    assert status(moved).keys == {OTHER.id: len(segments(vault.store))}
    assert status(moved).secret_key == OTHER.id
    assert entries_of(moved, 1)[0].pseudonym == pseudonym
    with pytest.raises(WrongVaultKey):
        Vault.open(vault.store, Keys([KEY]))
    assert reseal(moved) == Rewritten()
    assert all(KEY.id.encode() not in read_all(vault.store, name) for name in segments(vault.store))


def test_a_new_key_seals_from_then_on_and_resealing_moves_the_old(vault: Vault) -> None:
    fill(vault, range(1, 5))
    both = Vault.open(vault.store, BOTH)
    fill(both, range(5, 9))
    all_come_back(both)
    assert status(both).keys == {KEY.id: 4, OTHER.id: 4}
    assert reseal(both).read == 4
    all_come_back(Vault.open(vault.store, NEW))


def test_without_the_old_key_nothing_is_resealed_and_nothing_removed(vault: Vault) -> None:
    fill_all(vault)
    before = segments(vault.store)
    with pytest.raises(WrongVaultKey):
        reseal(Vault.open(vault.store, NEW, secret=vault.secret))
    assert segments(vault.store) == before
    all_come_back(vault)


@pytest.mark.parametrize("operation", [compact, reseal])
def test_a_vault_that_is_not_whole_is_not_rewritten(vault: Vault, operation: Callable[[Vault], Rewritten]) -> None:
    fill_all(vault)
    vault.store.delete(segments(vault.store)[3])
    before = segments(vault.store)
    with pytest.raises(VaultProblem):
        operation(Vault.open(vault.store, BOTH))
    assert segments(vault.store) == before


def test_what_cannot_be_read_back_is_not_committed() -> None:
    """A store that keeps other bytes than it was given: the old segments stay."""

    class Forgetful(MemoryStore):
        armed = False

        def put(self, key: str, data: bytes, *, overwrite: bool = False) -> Written:
            damaged = data[:-1] + bytes([data[-1] ^ 1]) if self.armed and key.startswith("map/") else data
            return super().put(key, damaged, overwrite=overwrite)

    store = Forgetful()
    vault = Vault.create(store, Keys([KEY]))
    fill_all(vault)
    old = segments(store)
    store.armed = True
    with pytest.raises(VaultTampered):
        compact(vault)
    assert set(old) < set(segments(store))


def test_new_segments_without_every_entry_are_not_committed(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_all(vault)
    old = segments(vault.store)
    seal = VaultWriter.seal
    monkeypatch.setattr(VaultWriter, "seal", lambda self, entries: seal(self, list(entries)[:-1]))
    with pytest.raises(VaultProblem, match="do not hold every entry"):
        compact(vault)
    assert set(old) < set(segments(vault.store))
    monkeypatch.undo()
    all_come_back(vault)


def test_of_two_that_rewrite_at_once_one_gives_way_and_nothing_is_lost(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_all(vault)
    verify = rewrite_module._verify

    def meanwhile(here: Vault, copy: object) -> None:
        monkeypatch.setattr(rewrite_module, "_verify", verify)
        compact(vault)
        verify(here, copy)

    monkeypatch.setattr(rewrite_module, "_verify", meanwhile)
    with contextlib.suppress(TransientProblem):  # unless both came to the same checkpoint, in the same second
        compact(vault)
    assert vault.checkpoints.count() == 1
    all_come_back(vault)
    compact(vault)
    all_come_back(vault)


def _killed(place: Path, keys: Keys, operation: Callable[[Vault], Rewritten], at: int, *, after: bool) -> bool:
    """Run an operation in a child that kills itself at its nth change; whether it came that far."""
    pid = os.fork()
    if not pid:
        code = 3
        try:
            operation(Vault.open(KillingStore(place, at=at, after=after), keys))
            code = 0
        finally:
            os._exit(code)  # whatever happens, the child must not go on as a second pytest
    _, state = os.waitpid(pid, 0)
    assert state in (0, signal.SIGKILL)
    return state != 0


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("operation", [compact, reseal])
def test_killed_at_any_change_nothing_is_lost_and_the_next_call_ends_it(
    tmp_path: Path, operation: Callable[[Vault], Rewritten], after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each round starts from a filled vault and is killed one change later than the round before."""
    monkeypatch.setattr(rewrite_module, "ENTRIES", 20)  # several new segments
    at = 0
    came_so_far = True
    while came_so_far:
        at += 1
        place = tmp_path / str(at)
        store = FolderStore(place, private=True)
        vault = Vault.create(store, Keys([KEY]))
        fill_all(vault)
        keys = BOTH if operation is reseal else Keys([KEY])
        came_so_far = _killed(place, keys, operation, at, after=after)
        # The vault answers in between, and writers go on.
        all_come_back(Vault.open(store, BOTH))
        operation(Vault.open(store, keys))
        all_come_back(Vault.open(store, NEW if operation is reseal else keys))
        if operation is compact:
            writers = {name.split("/")[1] for name in segments(store)}
            kinds = {body["writer"]: body["kind"] for body in vault.writers.read()}
            assert {kinds[writer] for writer in writers} == {"compact"}
    assert at > 15


def test_what_a_killed_call_has_written_is_not_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewrite_module, "ENTRIES", 10)
    store = FolderStore(tmp_path / "vault", private=True)
    vault = Vault.create(store, Keys([KEY]))
    fill_all(vault)
    # secret, old secret's removal, head, register; then a segment and its head, again and again
    assert _killed(tmp_path / "vault", BOTH, reseal, 11, after=True)
    written = len(segments(store)) - 10
    assert written >= 3
    done = reseal(Vault.open(store, BOTH))
    assert done.written == -(-(sum(EVERYTHING.values()) - 10 * written) // 10)
    all_come_back(Vault.open(store, NEW))


_WORK = """
import sys
from pathlib import Path
from deident.stores import FolderStore
from deident.vault import Keys, LocalKey, Vault, compact, reseal, sdk
from deident.vault import rewrite
rewrite.ENTRIES = 40
place, operation, *keys = sys.argv[1:]
keys = Keys([LocalKey.load(Path(key)) for key in keys])
print("ready", flush=True)
{"compact": compact, "reseal": reseal}[operation](Vault.open(FolderStore(place, private=True), keys))
"""


@pytest.mark.slow
@pytest.mark.parametrize("operation", ["compact", "reseal"])
def test_killed_at_random_moments_nothing_is_lost(tmp_path: Path, operation: str) -> None:
    keys = [LocalKey.load_or_create(tmp_path / name) for name in ("old", "new")]
    store = FolderStore(tmp_path / "vault", private=True)
    vault = Vault.create(store, Keys(keys[:1]))
    for first in range(1, 201, 4):
        fill(vault, range(first, first + 4))
    names = ["new", "old"] if operation == "reseal" else ["old"]
    command = [sys.executable, "-c", _WORK, str(tmp_path / "vault"), operation, *(str(tmp_path / n) for n in names)]
    environment = {"PYTHONPATH": str(Path(__file__).parent.parent.parent / "src"), "PATH": "", "HOME": str(tmp_path)}
    killed = 0
    for delay in (0.05, 0.2, 0.4, 0.7, 1.1, 60):
        child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        deadline = time.monotonic() + delay
        while child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        if child.poll() is None:
            child.kill()
            killed += 1
        child.communicate()
        assert everything(Vault.open(store, Keys(keys)))["patient"] == 200
        if child.returncode == 0:
            break
    assert child.returncode == 0
    assert killed >= 2
    last = Keys(keys[1:] if operation == "reseal" else keys[:1])
    opened = Vault.open(store, last)
    assert everything(opened) == {"patient": 200, "accession": 200, "study-id": 200, "uid": 800}
    wanted = {entry for patient in range(1, 201) for entry in entries_of(opened, patient)}
    found = reidentify(opened, [entry.pseudonym for entry in wanted])
    assert {entry for entries in found.values() for entry in entries} == wanted
