"""What every store can do: list, open, write, put, copy, delete; objects are named by relative POSIX-like keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol

from deident.engine.segments import Segment, Source
from deident.errors import Reason, Refusal

__all__ = ["BLOCK", "Entry", "Kept", "OpenObject", "Store", "Written", "check_version", "read_all", "read_lines"]

#: Bytes moved at a time wherever the kernel does not copy by itself.
BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a store lists. `size` in bytes; `version` changes when the content does.

    `modified` is the time of the last change by the clock of the store, in seconds since 1970; None where it has none.

    `problem` is None for an object that can be opened. Anything else (a link, pipe, device or socket, a folder that
    cannot be listed) is listed with the reason and is never opened.
    """

    key: str = field(repr=False)
    size: int
    version: str
    problem: Reason | None = None
    modified: float | None = field(default=None, compare=False)

    @property
    def irregular(self) -> bool:
        return self.problem is not None


@dataclass(frozen=True, slots=True)
class Kept:
    """A range of a source that stands unchanged at `offset` of a new object.

    Without a `digest` the service copied it by itself, of exactly the version that was open (a precondition of the request).
    With one, the bytes were read of that version and sent, and `digest` is their SHA-256, which the service checked.
    """

    source_offset: int
    offset: int
    length: int
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """An object that now stands in the store whole. `size` in bytes; `kept` are ranges that the service itself copied."""

    key: str = field(repr=False)
    size: int
    kept: tuple[Kept, ...] = ()


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

    def replace(self, key: str, data: bytes, version: str) -> Written:
        """Let a small object take the place of the version that was read; of several at once one does.

        Raises Refusal(CHANGED) when the object is another by now, or gone.
        """
        ...

    def copy_from(
        self, other: Store, key: str, to: str, *, overwrite: bool = False, version: str | None = None
    ) -> Written:
        """Make `to` here of the object `key` of another store, in the cheapest way. The other keeps its object.

        With `version`, of exactly that version: raises Refusal(CHANGED) when the object is another by now.
        """
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


def check_version(opened: OpenObject, version: str | None) -> None:
    """Raise Refusal(CHANGED) when a version is asked for and this is another."""
    if version is not None and opened.version != version:
        raise Refusal(Reason.CHANGED)


def read_lines(opened: OpenObject) -> Iterator[bytes]:
    """The lines of an object with their ends, read a block at a time."""
    rest = b""
    for offset in range(0, opened.size, BLOCK):
        *lines, rest = (rest + opened.read_at(offset, BLOCK)).split(b"\n")
        yield from (line + b"\n" for line in lines)
    if rest:
        yield rest
