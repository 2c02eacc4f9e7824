"""Who is at work: locks on runs and studies, of one machine by files of the home, of several by leases in staging."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol

from deident.errors import AlreadyExists, NotFound, Reason, Refusal, TransientProblem
from deident.home import Busy, Lock, ProjectHome
from deident.roots import Roots
from deident.stores.places import is_s3
from deident.stores.protocol import Store

__all__ = ["LEASES", "HomeLocks", "LeaseLocks", "Locks", "seen_at_work"]

#: Where leases stand in staging: ledger and audit are for what is never changed.
LEASES: Final = "leases/"
SECONDS: Final = 120.0
_RUN: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


class Locks(Protocol):
    """What a run needs to know of others, and lets them know."""

    def study(self, study: str) -> AbstractContextManager[None]:
        """Wait until no other releases the study, and keep them waiting."""
        ...

    def at_work(self, run: str) -> bool:
        """Whether a run has not ended and was not killed."""
        ...

    def runs(self) -> set[str]:
        """Runs, and perhaps studies, that left a lock or hold one."""
        ...

    def left(self, run: str) -> AbstractContextManager[None]:
        """For clearing up after a run. Raises Busy when it is at work."""
        ...

    def tidy(self) -> None:
        """Take away what dead runs held of studies."""
        ...

    def check(self) -> None:
        """Raise TransientProblem when this run may have lost its locks, to a pause of its machine say."""
        ...

    def close(self) -> None:
        """The run has ended."""
        ...


class HomeLocks:
    """By locks on files of the home, which a process loses when it dies."""

    def __init__(self, home: ProjectHome, run: str) -> None:
        self._home = home
        self._own: Lock | None = home.lock(run, shared=True, wait=False)

    def study(self, study: str) -> AbstractContextManager[None]:
        return self._home.lock(f"study-{study}")

    def at_work(self, run: str) -> bool:
        return self._home.at_work(run)

    def runs(self) -> set[str]:
        return set(os.listdir(self._home.runs))

    def left(self, run: str) -> AbstractContextManager[None]:
        return self._home.lock(run, wait=False)

    def tidy(self) -> None:
        """Those files go with the runs'."""

    def check(self) -> None:
        """A lock on a file is not lost while its process lives."""

    def close(self) -> None:
        if self._own is not None:
            self._own.release()


def seen_at_work(home: ProjectHome, roots: Roots) -> Callable[[str], bool]:
    """Tells whether a run is at work, for who only looks: leases are judged by this machine's clock."""
    if not is_s3(roots.ledger):
        return home.at_work
    store = roots.open("staging")

    def alive(run: str) -> bool:
        found = store.list(f"{LEASES}runs/{run}/") if _RUN.fullmatch(run) else ()
        return any(time.time() - (entry.modified or 0.0) < roots.lease_seconds for entry in found)

    return alive


@dataclass(slots=True)
class _Lease:
    """One of ours: its version in the store, and until when (by our own clock) others respect it."""

    key: str
    version: str
    until: float
    lock: threading.Lock = field(default_factory=threading.Lock)


class LeaseLocks:
    """By objects that are created conditionally and renewed as long as the holder lives.

    How old a lease is, is told by the clock of the store alone: the time of its last renewal beside that of our own. One
    that nobody renewed for `seconds` is dead, and taken over conditionally. Thread safe.
    """

    def __init__(self, store: Store, run: str, *, seconds: float = SECONDS) -> None:
        self._store = store
        self._seconds = seconds
        self._token = secrets.token_hex(8)
        self._count = 0
        self._held: dict[str, _Lease] = {}
        self._lock = threading.Lock()
        self._local: dict[str, threading.Lock] = {}
        self._ended = threading.Event()
        # Each of several contexts of a run (a test, a tool) holds a lease of its own; any of them keeps the run alive.
        self._run = self._create(f"{LEASES}runs/{run}/{self._token}")
        self._store_clock = self._now_of_store()
        self._thread = threading.Thread(target=self._renew_all, name="deident-leases", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def study(self, study: str) -> Iterator[None]:
        with self._lock:
            local = self._local.setdefault(study, threading.Lock())
        with local:  # the threads of this run; the lease is for others
            lease = self._acquire(f"{LEASES}studies/{study}")
            try:
                yield
            finally:
                self._give_up(lease)

    def at_work(self, run: str) -> bool:
        return _RUN.fullmatch(run) is not None and any(self._alive(run))

    def runs(self) -> set[str]:
        return {entry.key.removeprefix(LEASES).split("/")[1] for entry in self._store.list(f"{LEASES}runs/")}

    @contextlib.contextmanager
    def left(self, run: str) -> Iterator[None]:
        if self.at_work(run):
            raise Busy("the run is at work")
        yield
        for entry in list(self._store.list(f"{LEASES}runs/{run}/")):
            self._store.delete(entry.key)

    def tidy(self) -> None:
        for entry in list(self._store.list(f"{LEASES}studies/")):
            if self._now() - (entry.modified or self._now()) >= self._seconds:
                with contextlib.suppress(Refusal):
                    self._give_up(self._put(entry.key, entry.version))

    def check(self) -> None:
        with self._lock:
            held = list(self._held.values())
        if any(lease.until < time.monotonic() for lease in held):
            raise TransientProblem("this process was halted for so long that others may have taken its work over")

    def close(self) -> None:
        if not self._ended.is_set():
            self._ended.set()
            self._thread.join()
            self._give_up(self._run)

    def _alive(self, run: str) -> Iterator[bool]:
        now = self._now()
        for entry in self._store.list(f"{LEASES}runs/{run}/"):
            yield now - (entry.modified or now) < self._seconds

    def _acquire(self, key: str) -> _Lease:
        pause = 0.05
        while True:
            lease = self._try(key)
            if lease is not None:
                return lease
            time.sleep(pause)
            pause = min(pause * 1.5, self._seconds / 20, 2.0)

    def _try(self, key: str) -> _Lease | None:
        """The lease, when it is free or its holder is dead."""
        with contextlib.suppress(AlreadyExists):
            return self._create(key)
        found = next((entry for entry in self._store.list(key) if entry.key == key), None)
        if found is None or self._now() - (found.modified or 0.0) < self._seconds:
            return None
        try:
            return self._put(key, found.version)
        except Refusal:
            return None

    def _create(self, key: str) -> _Lease:
        return self._put(key, None)

    def _put(self, key: str, version: str | None) -> _Lease:
        """Create a lease, or replace a version of it. Raises AlreadyExists, or Refusal(CHANGED)."""
        started = time.monotonic()
        with self._lock:
            self._count += 1
            data = json.dumps({"holder": self._token, "renewal": self._count}).encode()
        if version is None:
            self._store.put(key, data)
        else:
            self._store.replace(key, data, version)
        with self._store.open(key) as opened:
            # Others go by the time of this write, which is later than `started`: we end first.
            if opened.read_at(0, opened.size) != data:
                raise Refusal(Reason.CHANGED)
            lease = _Lease(key, opened.version, started + self._seconds * 0.75)
        with self._lock:
            self._held[key] = lease
        return lease

    def _give_up(self, lease: _Lease) -> None:
        with self._lock:
            held = self._held.pop(lease.key, None)
        if held is None:
            return
        with held.lock, contextlib.suppress(NotFound, TransientProblem, Refusal):
            with self._store.open(held.key) as opened:
                ours = opened.version == held.version
            if ours and held.until > time.monotonic():
                self._store.delete(held.key)

    def _renew_all(self) -> None:
        while not self._ended.wait(self._seconds / 6):
            with self._lock:
                held = list(self._held.values())
            for lease in held:
                with contextlib.suppress(TransientProblem, Refusal, NotFound, AlreadyExists):
                    self._renew(lease)
                    if lease is self._run:
                        self._store_clock = self._now_of_store()

    def _renew(self, lease: _Lease) -> None:
        started = time.monotonic()
        with lease.lock:
            with self._lock:
                if lease.key not in self._held:
                    return
                self._count += 1
                data = json.dumps({"holder": self._token, "renewal": self._count}).encode()
            self._store.replace(lease.key, data, lease.version)
            with self._store.open(lease.key) as opened:
                if opened.read_at(0, opened.size) == data:
                    lease.version, lease.until = opened.version, started + self._seconds * 0.75

    def _now_of_store(self) -> tuple[float, float]:
        """(time of our own lease by the store's clock, the same moment by ours)."""
        after = time.monotonic()
        found = next((entry for entry in self._store.list(self._run.key) if entry.key == self._run.key), None)
        return (found.modified or 0.0) if found is not None else 0.0, after

    def _now(self) -> float:
        at, after = self._store_clock
        return at + time.monotonic() - after
