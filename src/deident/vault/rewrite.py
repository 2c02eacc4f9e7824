"""Offline work on a vault: bring it under another wrapping key, or many segments into few; the old go last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from deident.engine.result import MapEntry
from deident.errors import AlreadyExists, TransientProblem, VaultProblem
from deident.vault.index import Index, WriterState, open_segments, read_index, segment_name
from deident.vault.place import Vault, now
from deident.vault.segments import fingerprint
from deident.vault.writer import ENTRIES, VaultWriter

__all__ = ["Rewritten", "compact", "reseal"]

_COMPACT: Final = "compact"
_RESEAL: Final = "reseal"


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What was done: segments read, entries in them, segments written in their place, old ones removed."""

    read: int = 0
    entries: int = 0
    written: int = 0
    removed: int = 0


def reseal(vault: Vault) -> Rewritten:
    """Seal the project secret and every segment of an older key under the sealing key; pseudonyms stay what they are.

    New segments are written, read back and compared before a checkpoint declares them valid; only then the old are
    removed. Killed anywhere, the next call goes on: what it finds sealed under the new key is not written again. Memory:
    16 bytes (some 100 with Python's own) for each entry. Raises VaultProblem, and then the old segments are all there.
    """
    vault.reseal_secret()
    key = vault.keys.sealing.id
    return _rewrite(vault, _RESEAL, lambda _, writer: writer.key == key)


def compact(vault: Vault) -> Rewritten:
    """Bring all segments into as few as possible, each entry once. As safe and as resumable as `reseal`."""
    key = vault.keys.sealing.id

    def unfinished(index: Index, writer: WriterState) -> bool:
        """Segments that a killed compaction left are in the final form already."""
        return writer.kind == _COMPACT and writer.registered > index.merged and writer.key == key

    return _rewrite(vault, _COMPACT, unfinished)


def _rewrite(vault: Vault, kind: str, keep: Callable[[Index, WriterState], bool]) -> Rewritten:
    removed = _remove_superseded(vault)
    index = read_index(vault).whole()
    kept = [writer for writer in index.writers if keep(index, writer)]
    old = [writer for writer in index.writers if writer.live and not keep(index, writer)]
    if not old or (kind == _COMPACT and _is_compact(index)):
        return Rewritten(removed=removed)
    present = {fingerprint(entry) for opened in open_segments(vault, kept) for entry in opened.entries}
    copy = _Copy(vault, VaultWriter(vault, kind), present)
    copy.all(old)
    _verify(vault, copy)
    last = {writer.id: (writer.last, copy.digests[writer.id]) for writer in old}
    _commit(vault, index, last)
    removed += _remove_superseded(vault)
    return Rewritten(index.segments - sum(len(w.live) for w in kept), len(copy.wanted), copy.written, removed)


def _is_compact(index: Index) -> bool:
    live = [writer for writer in index.writers if writer.live]
    return len(live) == 1 and (live[0].kind in (_COMPACT, _RESEAL) or len(live[0].live) == 1)


class _Copy:
    """Entries of old segments on their way into a writer's new ones; what is `present` already stays where it is."""

    def __init__(self, vault: Vault, writer: VaultWriter, present: set[bytes]) -> None:
        self._vault = vault
        self.writer = writer
        self.present = present
        self.wanted: set[bytes] = set()
        self.written = 0
        #: Digest of the last segment of each writer that was read.
        self.digests: dict[str, str] = {}

    def all(self, writers: list[WriterState]) -> None:
        chunk: list[MapEntry] = []
        for entry in self._new(writers):
            chunk.append(entry)
            if len(chunk) == ENTRIES:
                self._flush(chunk)
                chunk = []
        self._flush(chunk)

    def _new(self, writers: list[WriterState]) -> Iterator[MapEntry]:
        for opened in open_segments(self._vault, writers):
            self.digests[opened.writer] = opened.digest
            for entry in opened.entries:
                mark = fingerprint(entry)
                if mark not in self.wanted:
                    self.wanted.add(mark)
                    if mark not in self.present:
                        yield entry

    def _flush(self, chunk: list[MapEntry]) -> None:
        self.written += self.writer.seal(chunk) is not None


def _verify(vault: Vault, copy: _Copy) -> None:
    """Read back what was written and compare: every entry of the old segments must be there."""
    found = set(copy.present)
    if copy.written:
        new = [writer for writer in read_index(vault).whole().writers if writer.id == copy.writer.id]
        found.update(fingerprint(entry) for opened in open_segments(vault, new) for entry in opened.entries)
    if not copy.wanted <= found:
        raise VaultProblem("the new segments do not hold every entry of the old ones, which stay")


def _commit(vault: Vault, index: Index, last: dict[str, tuple[int, str]]) -> None:
    """The checkpoint is the commit: from here on the old segments are of no account."""
    before = {writer.id: (writer.through, writer.through_digest) for writer in index.writers if writer.through}
    body = {"frontier": {**before, **last}, "register": vault.writers.count(), "time": now()}
    try:
        vault.checkpoints.append(body, after=index.checkpoint)
        return
    except AlreadyExists:
        pass
    raise TransientProblem("another process rewrites this vault; nothing was removed")


def _remove_superseded(vault: Vault) -> int:
    """Remove what the last checkpoint has replaced; also what a killed call left of that."""
    vault.store.sync()
    _, latest = vault.checkpoints.latest()
    frontier: dict[str, tuple[int, str]] = latest.get("frontier", {})
    removed = 0
    for writer, (through, _) in frontier.items():
        for entry in list(vault.store.list(f"map/{writer}/")):
            number = entry.key.rpartition("/")[2]
            if number.isdigit() and int(number) <= through and entry.key == segment_name(writer, int(number)):
                vault.store.delete(entry.key)
                removed += 1
    return removed
