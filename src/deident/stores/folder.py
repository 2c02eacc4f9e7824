"""A folder of the local file system as a store."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import functools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

from deident.engine.segments import Segment, Source, SourceRange
from deident.errors import NotFound, Reason, Refusal, TransientProblem
from deident.stores.descriptors import Directory, Folders
from deident.stores.files import (
    PRIVATE,
    PUBLIC,
    OpenFile,
    link_open_file,
    open_file,
    umask,
    version_of,
    write_file,
)
from deident.stores.names import check_key, check_prefix, split_key
from deident.stores.problems import safe_reading, safe_writing
from deident.stores.protocol import Entry, Store, Written, check_version

__all__ = ["FolderStore", "OpenFile", "open_file", "write_file"]

#: Folders nested deeper than this are listed as a problem: every level costs one more open.
_MAX_DEPTH: Final = 256
#: How often a folder that keeps vanishing under a writer is made again.
_ATTEMPTS: Final = 16
_NO_LINK: Final = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOENT})
_T = TypeVar("_T")


class FolderStore:
    """Objects are regular files below `root`, which is made when the first one is written.

    With `private`, folders get mode 0700 and files 0600; else the umask decides. Pickles as its root.
    """

    def __init__(self, root: str | os.PathLike[str], *, private: bool = False) -> None:
        self._root = os.path.abspath(os.path.expanduser(os.fspath(root)))
        self._private = private
        self._mode = PRIVATE if private else PUBLIC
        self._folders = Folders(self._root, 0o700 if private else 0o777)

    def __repr__(self) -> str:
        return f"FolderStore(<root>, private={self._private})"

    def __reduce__(self) -> tuple[Callable[[str], FolderStore], tuple[str]]:
        return functools.partial(FolderStore, private=self._private), (self._root,)

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Everything whose key starts with `prefix`, folder by folder, sorted; see the protocol."""
        start, first = split_key(check_prefix(prefix))
        pending = [start]
        while pending:
            folder = pending.pop()
            if folder.count("/") >= _MAX_DEPTH:
                yield Entry(folder, 0, "", Reason.LIMIT)
                continue
            try:
                opened = self._open_folder(folder)
            except NotFound:
                continue
            except Refusal as refusal:
                if folder != start or refusal.reason is not Reason.NOT_A_FILE:
                    yield Entry(folder or ".", 0, "", refusal.reason)
                continue
            below: list[str] = []
            yield from _entries(opened, f"{folder}/" if folder else "", first, below)
            first = ""
            pending.extend(reversed(below))

    @safe_reading
    def open(self, key: str) -> OpenFile:
        """Open a regular file for positional reads; no link is followed at any level."""
        return self._at(key, lambda folder, name: open_file(name, folder))

    def exists(self, key: str) -> bool:
        """Whether anything stands under this name."""
        try:
            self._status(key)
        except (NotFound, Refusal):
            return False
        return True

    def write(
        self, key: str, segments: Iterable[Segment], source: Source | None = None, *, overwrite: bool = False
    ) -> Written:
        """Write a file; it appears whole or not at all. See `write_file`."""

        def operate(folder: int, name: str) -> int:
            return write_file(folder, name, segments, source, overwrite=overwrite, mode=self._mode)

        # An iterator cannot be started twice, so its folder must be one that is surely there.
        return Written(key, self._make(key, operate, fresh=not isinstance(segments, Sequence)))

    def put(self, key: str, data: bytes, *, overwrite: bool = False) -> Written:
        """Write a small file; it appears whole or not at all."""
        return self.write(key, [data], overwrite=overwrite)

    def replace(self, key: str, data: bytes, version: str) -> Written:
        """Let a small file take the place of the one that was read; see the protocol.

        Those who replace lock the file that they replace. A second one waits, and then finds that it has lost its name.
        """
        try:
            with self.open(key) as standing:
                self._lock_file(standing)
                if standing.version == version and self._named(key) == version:
                    return self.put(key, data, overwrite=True)
        except NotFound:
            pass
        raise Refusal(Reason.CHANGED)

    @safe_writing
    def _lock_file(self, opened: OpenFile) -> None:
        fcntl.flock(opened.fileno(), fcntl.LOCK_EX)

    def _named(self, key: str) -> str:
        """The version that stands under the name now, "" for none."""
        try:
            return version_of(self._status(key))
        except NotFound:
            return ""

    def copy_from(
        self, other: Store, key: str, to: str, *, overwrite: bool = False, version: str | None = None
    ) -> Written:
        """Copy an object; from a private folder on the same file system by a hard link: those never change in place."""
        with other.open(key) as source:
            check_version(source, version)
            if isinstance(other, FolderStore) and other._private and isinstance(source, OpenFile):
                with contextlib.suppress(_NotLinkedError):
                    self._make(to, functools.partial(self._link, source, overwrite))
                    return Written(to, source.size)
            return self.write(to, [SourceRange(0, source.size)], source, overwrite=overwrite)

    @safe_writing
    def delete(self, key: str) -> None:
        """Remove a file, and the folders that this leaves empty."""
        folder, _ = split_key(check_key(key))
        with contextlib.suppress(FileNotFoundError):
            self._at(key, lambda at, name: os.unlink(name, dir_fd=at))
        with contextlib.suppress(OSError):
            while folder:
                parent, last = split_key(folder)
                os.rmdir(last, dir_fd=self._folders.fresh(parent).fd)
                folder = parent

    @safe_writing
    def sync(self) -> None:
        """Flush the file system of the root; one call for many files costs less than one for each."""
        if not os.path.isdir(self._root):
            return
        import ctypes  # noqa: PLC0415 - for start-up: once, at the end of a batch

        syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
        if syncfs is None:
            os.sync()
        elif syncfs(self._folders.fresh("").fd) != 0:
            raise OSError(ctypes.get_errno(), "syncfs")

    @safe_reading
    def _open_folder(self, folder: str) -> Directory:
        return self._folders.fresh(folder)

    @safe_reading
    def _status(self, key: str) -> os.stat_result:
        return self._at(key, lambda folder, name: os.stat(name, dir_fd=folder, follow_symlinks=False))

    @safe_writing
    def _make(self, key: str, operate: Callable[[int, str], _T], *, fresh: bool = False) -> _T:
        """Run `operate` in a folder that is made if needed; again when others remove it, as `delete` may do."""
        for attempt in range(1 if fresh else _ATTEMPTS):
            try:
                return self._at(key, operate, create=True, fresh=fresh or attempt > 0)
            except (FileNotFoundError, NotFound):
                continue
        raise TransientProblem("another process removed the folder of a new object")

    def _at(self, key: str, operate: Callable[[int, str], _T], *, create: bool = False, fresh: bool = False) -> _T:
        """Run `operate` with the open folder and the name of `key`; again when a folder kept open is gone by now."""
        folder, name = split_key(check_key(key))
        if not fresh:
            directory, kept = self._folders.get(folder, create=create)
            try:
                return operate(directory.fd, name)
            except (FileNotFoundError, NotFound):
                if not kept:
                    raise
        return operate(self._folders.fresh(folder, create=create).fd, name)

    def _link(self, source: OpenFile, overwrite: bool, folder: int, name: str) -> None:
        """Give the open file another name, with the mode of this store. Raises _NotLinkedError where it cannot be."""
        try:
            if not self._private:
                os.fchmod(source.fileno(), PUBLIC & ~umask())
            link_open_file(folder, source.fileno(), name, overwrite=overwrite)
            return
        except OSError as problem:
            if problem.errno not in _NO_LINK:
                raise
        raise _NotLinkedError


class _NotLinkedError(Exception):
    """Two places that cannot share a file."""


def _entries(opened: Directory, prefix: str, first: str, below: list[str]) -> Iterator[Entry]:
    """The objects of one folder whose name starts with `first`; the names of the folders in it go to `below`."""
    with os.scandir(opened.fd) as scan:
        found = sorted(scan, key=lambda entry: entry.name)
    for entry in found:
        if not entry.name.startswith(first):
            continue
        key = prefix + entry.name
        try:
            if entry.is_dir(follow_symlinks=False):
                below.append(key)
            elif entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                yield Entry(key, status.st_size, version_of(status), modified=status.st_mtime)
            else:
                yield Entry(key, 0, "", Reason.NOT_A_FILE)
        except FileNotFoundError:
            continue
        except OSError:
            yield Entry(key, 0, "", Reason.UNREADABLE)
