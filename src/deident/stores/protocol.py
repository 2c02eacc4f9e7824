"""What every store can do: list, open, write, put, copy, delete; objects are named by relative POSIX-like keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol

from deident.engine.segments import Segment, Source
from deident.errors import Reason

__all__ = ["BLOCK", "Entry", "OpenObject", "Store", "Written", "read_all"]

#: Bytes moved at a time wherever the kernel does not copy by itself.
BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a store lists. `size` in bytes; `version` changes when the content does.

    `problem` is None for an object that can be opened. Anything else (a link, pipe, device or socket, a folder that
    cannot be listed) is listed with the reason and is never opened.
    """

    key: str = field(repr=False)
    size: int
    version: str
    problem: Reason | None = None

    @property
    def irregular(self) -> bool:
        return self.problem is not None


@dataclass(frozen=True, slots=True)
class Written:
    """An object that now stands in the store whole. `size` in bytes."""

    key: str = field(repr=False)
    size: int


class OpenObject(Source, Protocol):
    """An object open for reading."""

    @property
    def version(self) -> str: ...

    def check_unchanged(self) -> None:
        """Raise Refusal(CHANGED) when the object is no longer the one that was opened."""
        ...


class Store(Protocol):
    """A place for objects. Implementations pass `tests/stores`, one behaviour suite for all of them.

    Methods raise NotFound and AlreadyExists; Refusal (UNREADABLE, NOT_A_FILE, CHANGED) for an object that cannot be
    read; TransientProblem for what may pass (a full disk, a lost connection); PlaceProblem for what will not (no
    permission); UsageProblem for a key that is no relative name. No message holds a key. A store may be used from
    several threads.
    """

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Everything at any depth whose key starts with `prefix`, sorted within each folder; follows no link."""
        ...

    def open(self, key: str) -> AbstractContextManager[OpenObject]:
        """Open an object for positional reads."""
        ...

    def write(
        self, key: str, segments: Iterable[Segment], source: Source | None = None, *, overwrite: bool = False
    ) -> Written:
        """Make an object of `segments`, ranges taken from `source`. It appears whole or not at all.

        When `source` is an OpenObject, it is checked for changes before the new object appears.
        """
        ...

    def put(self, key: str, data: bytes, *, overwrite: bool = False) -> Written:
        """Make a small object of `data`, whole or not at all."""
        ...

    def copy_from(self, other: Store, key: str, to: str, *, overwrite: bool = False) -> Written:
        """Make `to` here of the object `key` of another store, in the cheapest way. The other keeps its object."""
        ...

    def exists(self, key: str) -> bool: ...

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens when there is none."""
        ...

    def sync(self) -> None:
        """Return when everything written so far would survive a power cut."""
        ...


def read_all(store: Store, key: str) -> bytes:
    """The bytes of a small object."""
    with store.open(key) as source:
        return source.read_at(0, source.size)
