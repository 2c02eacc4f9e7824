"""Leases: who holds one keeps others waiting, who dies loses it, and who was halted for too long notices."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from deident.errors import TransientProblem
from deident.home import Busy
from deident.locks import LEASES, LeaseLocks
from deident.stores import FolderStore, Store

SECONDS = 1.2


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return FolderStore(tmp_path)


def died(locks: LeaseLocks) -> None:
    """As when its process is killed: nothing is renewed or given up."""
    locks._ended.set()
    locks._thread.join()


def test_one_at_a_time_releases_a_study(store: Store) -> None:
    first, second = (LeaseLocks(store, run, seconds=SECONDS) for run in ("run-1", "run-2"))
    order: list[str] = []

    def other() -> None:
        with second.study("a"):
            order.append("second")

    with first.study("a"):
        thread = threading.Thread(target=other)
        thread.start()
        with second.study("b"):
            order.append("another study")
        time.sleep(2 * SECONDS)  # renewed: it does not pass to who waits
        order.append("first")
    thread.join()
    assert order == ["another study", "first", "second"]
    first.close()
    second.close()
    assert list(store.list(LEASES)) == []


def test_who_dies_loses_his_lease_and_only_then(store: Store) -> None:
    first, second = (LeaseLocks(store, run, seconds=SECONDS) for run in ("run-1", "run-2"))
    held = first.study("a")
    held.__enter__()
    assert second.at_work("run-1")
    with pytest.raises(Busy), second.left("run-1"):
        raise AssertionError
    died(first)
    started = time.monotonic()
    with second.study("a"):
        assert time.monotonic() - started > SECONDS / 3
    time.sleep(SECONDS / 4)  # the lease on the run was renewed a moment after that on the study
    assert not second.at_work("run-1")
    assert second.runs() == {"run-1", "run-2"}
    with second.left("run-1"):
        pass
    assert second.runs() == {"run-2"}
    second.close()
    assert [entry.key for entry in store.list(f"{LEASES}runs/")] == []


def test_who_was_halted_too_long_may_go_no_further(store: Store) -> None:
    locks = LeaseLocks(store, "run-1", seconds=SECONDS)
    with locks.study("a"):
        locks.check()
        died(locks)
        time.sleep(SECONDS)
        with pytest.raises(TransientProblem):
            locks.check()


def test_of_many_that_wait_for_a_dead_one_each_gets_it_once(store: Store) -> None:
    dead = LeaseLocks(store, "run-0", seconds=SECONDS)
    held = dead.study("a")
    held.__enter__()
    died(dead)
    several = [LeaseLocks(store, f"run-{number}", seconds=SECONDS) for number in range(1, 6)]
    inside, most = 0, 0

    def work(locks: LeaseLocks) -> None:
        nonlocal inside, most
        with locks.study("a"):
            inside += 1
            most = max(most, inside)
            time.sleep(0.02)
            inside -= 1

    threads = [threading.Thread(target=work, args=(locks,)) for locks in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
        assert not thread.is_alive()
    assert most == 1
    for locks in several:
        locks.close()


def test_a_store_that_fails_now_and_then_costs_no_lease(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    locks = LeaseLocks(store, "run-1", seconds=SECONDS)
    real, failed = store.replace, 0

    def busy(key: str, data: bytes, version: str) -> object:
        nonlocal failed
        failed += 1
        if failed % 3 == 0:
            raise TransientProblem("busy")
        return real(key, data, version)

    monkeypatch.setattr(store, "replace", busy)
    with locks.study("a"):
        time.sleep(2 * SECONDS)
        locks.check()
    assert failed > 2
    locks.close()


def test_tidying_takes_the_leases_of_the_dead_and_no_others(store: Store) -> None:
    dead, alive = (LeaseLocks(store, run, seconds=SECONDS) for run in ("run-1", "run-2"))
    held = dead.study("a")
    held.__enter__()
    died(dead)
    with alive.study("b"):
        time.sleep(SECONDS * 1.2)
        alive.tidy()
        assert [entry.key for entry in store.list(f"{LEASES}studies/")] == [f"{LEASES}studies/b"]
    alive.close()
