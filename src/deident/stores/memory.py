"""A store in memory, for tests and for callers that hold their objects anyway."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from deident.engine.segments import Segment, Source, SourceRange, materialise
from deident.errors import AlreadyExists, NotFound, Reason, Refusal
from deident.stores.names import check_key, check_prefix
from deident.stores.protocol import Entry, OpenObject, Store, Written, check_version

__all__ = ["MemoryStore"]


@dataclass(frozen=True, slots=True)
class _Object:
    """An object open for reading; it stays readable when the store replaces or deletes it."""

    data: bytes = field(repr=False)
    version: str
    key: str = field(repr=False)
    store: MemoryStore = field(repr=False)

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]

    def check_unchanged(self) -> None:
        if self.store._version(self.key) != self.version:
            raise Refusal(Reason.CHANGED)


class MemoryStore:
    """Objects are bytes in a dictionary. Thread safe; does not pickle."""

    def __init__(self) -> None:
        self._objects: dict[str, tuple[bytes, str]] = {}
        self._versions = itertools.count(1)
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"MemoryStore({len(self._objects)} objects)"

    def list(self, prefix: str = "") -> Iterator[Entry]:
        check_prefix(prefix)
        with self._lock:
            found = [Entry(key, len(data), version) for key, (data, version) in self._objects.items()]
        yield from sorted((e for e in found if e.key.startswith(prefix)), key=lambda entry: entry.key)

    @contextlib.contextmanager
    def open(self, key: str) -> Iterator[OpenObject]:
        check_key(key)
        with self._lock:
            found = self._objects.get(key)
        if found is None:
            raise NotFound("there is no such object")
        yield _Object(*found, key=key, store=self)

    def write(
        self, key: str, segments: Iterable[Segment], source: Source | None = None, *, overwrite: bool = False
    ) -> Written:
        check_key(key)
        data = _join(segments, source)
        check = getattr(source, "check_unchanged", None)
        if check is not None:
            check()
        with self._lock:
            if key in self._objects and not overwrite:
                raise AlreadyExists("an object of this name exists already")
            self._objects[key] = (data, str(next(self._versions)))
        return Written(key, len(data))

    def put(self, key: str, data: bytes, *, overwrite: bool = False) -> Written:
        return self.write(key, [data], overwrite=overwrite)

    def replace(self, key: str, data: bytes, version: str) -> Written:
        with self._lock:
            if self._version(check_key(key)) != version:
                raise Refusal(Reason.CHANGED)
            self._objects[key] = (data, str(next(self._versions)))
        return Written(key, len(data))

    def copy_from(
        self, other: Store, key: str, to: str, *, overwrite: bool = False, version: str | None = None
    ) -> Written:
        with other.open(key) as source:
            check_version(source, version)
            return self.write(to, [SourceRange(0, source.size)], source, overwrite=overwrite)

    def exists(self, key: str) -> bool:
        return check_key(key) in self._objects

    def delete(self, key: str) -> None:
        with self._lock:
            self._objects.pop(check_key(key), None)

    def sync(self) -> None:
        """Nothing here survives a power cut anyway."""

    def _version(self, key: str) -> str:
        found = self._objects.get(key)
        return found[1] if found is not None else ""


def _join(segments: Iterable[Segment], source: Source | None) -> bytes:
    try:
        return b"".join(_parts(segments, source))
    except EOFError:
        pass
    raise Refusal(Reason.CHANGED)


def _parts(segments: Iterable[Segment], source: Source | None) -> Iterator[bytes]:
    for segment in segments:
        if isinstance(segment, bytes):
            yield segment
        elif source is None:
            raise ValueError("a range of a source needs the source")
        else:
            yield from materialise([segment], source)
