"""Sealing entries of the map: numbered segments, one writer's chain, safe from several threads."""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from deident.engine.result import MapEntry
from deident.errors import AlreadyExists, VaultTampered
from deident.vault.envelope import digest, fetch, seal
from deident.vault.index import head_name, segment_name
from deident.vault.place import Vault, now
from deident.vault.segments import encode, fingerprint

__all__ = ["ENTRIES", "SegmentRef", "VaultWriter"]

#: Entries in one segment at most.
ENTRIES: Final = 50_000
#: Entries that a writer remembers as sealed, so that it need not seal them again.
_REMEMBERED: Final = 500_000


@dataclass(frozen=True, slots=True)
class SegmentRef:
    """A segment as stored; `entries` is what it added."""

    name: str
    digest: str
    entries: int


@dataclass
class _Ticket:
    """What one caller wants sealed, and where it went."""

    entries: Sequence[MapEntry] = field(repr=False)
    ref: SegmentRef | None = None
    done: bool = False


class VaultWriter:
    """Seals entries into segments of its own. Thread safe; other processes make writers of their own.

    Calls that come while a segment is being written wait and share the next one: with many threads few segments are
    made, and none waits for a timer. Nothing is in the store before the first call.
    """

    def __init__(self, vault: Vault, kind: str = "run") -> None:
        self.id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(8)}"
        self._vault = vault
        self._kind = kind
        self._queue: list[_Ticket] = []
        self._queue_lock = threading.Lock()
        self._commit_lock = threading.Lock()
        self._number = 0
        self._digest = ""
        self._recorded = -1
        self._registered = False
        self._attempts: dict[str, Collection[bytes]] = {}
        self._sealed: set[bytes] = set()
        self._last: SegmentRef | None = None

    def __repr__(self) -> str:
        return f"VaultWriter({self.id}, {self._number} segments)"

    @property
    def vault(self) -> Vault:
        return self._vault

    def seal(self, entries: Iterable[MapEntry]) -> SegmentRef | None:
        """Return when all `entries` are in the vault: the segment that holds the last of them, None when there is none.

        Raises TransientProblem (call it again: nothing is lost, and nothing sealed twice that need not be) or
        VaultProblem; then they may or may not be there.
        """
        ticket = _Ticket(tuple(entries))
        if not ticket.entries:
            return None
        with self._queue_lock:
            self._queue.append(ticket)
        with self._commit_lock:
            if not ticket.done:
                self._commit(ticket)
        return ticket.ref

    def _commit(self, ticket: _Ticket) -> None:
        """Seal everything that waits. When that fails the others try by themselves: their callers wait for the lock."""
        with self._queue_lock:
            batch, self._queue = self._queue, []
        try:
            self._write(entry for waiting in batch for entry in waiting.entries)
        except BaseException:
            with self._queue_lock:
                self._queue[:0] = [waiting for waiting in batch if waiting is not ticket]
            raise
        for waiting in batch:
            waiting.ref, waiting.done = self._last, True

    def _write(self, entries: Iterable[MapEntry]) -> None:
        pending = {fingerprint(entry): entry for entry in entries}
        for mark in self._sealed.intersection(pending):
            del pending[mark]
        while pending:
            stored = self._append(dict(itertools.islice(pending.items(), ENTRIES)))
            if len(self._sealed) + len(stored) > _REMEMBERED:
                self._sealed.clear()
            self._sealed.update(stored)
            # What was stored can be what an earlier call tried to store and thought lost: some may still be pending.
            for mark in stored:
                pending.pop(mark, None)
        self._record()

    def _append(self, entries: dict[bytes, MapEntry]) -> Collection[bytes]:
        """Put the next segment and return what it holds, by fingerprint; called again, it goes on after a failure."""
        self._register()
        self._record()
        name = segment_name(self.id, self._number + 1)
        data = seal(self._vault.keys, self._vault.bound(name, "map", self._digest), encode(entries.values()))
        self._attempts[digest(data)] = entries.keys()
        try:
            self._vault.store.put(name, data)
            stored = digest(data)
        except AlreadyExists:
            # The answer to an earlier request was lost: what is stored is the truth.
            stored = digest(fetch(self._vault.store, name))
        if stored not in self._attempts:
            raise VaultTampered("a segment of this writer is not what was written", name)
        held = self._attempts[stored]
        self._number, self._digest, self._attempts = self._number + 1, stored, {}
        self._last = SegmentRef(name, stored, len(held))
        return held

    def _register(self) -> None:
        """Make the writer known before its first segment; its head first, so that a registered writer has one."""
        if self._registered:
            return
        self._record()
        body = {"writer": self.id, "kind": self._kind, "key": self._vault.keys.sealing.id, "time": now()}
        self._vault.writers.append(body)
        self._registered = True

    def _record(self) -> None:
        """Write down how far this writer has come; the head is never more than one segment behind."""
        if self._recorded == self._number:
            return
        name = head_name(self.id)
        body = {"count": self._number, "digest": self._digest}
        self._vault.store.put(name, self._vault.signer.record(name, body), overwrite=True)
        self._recorded = self._number
