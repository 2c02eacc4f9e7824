"""Regular files: opened without following links, written so that they appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import secrets
import stat
from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self

from deident.engine.segments import Segment, Source
from deident.errors import Reason, Refusal
from deident.stores.carry import carry_out
from deident.stores.problems import safe_reading, safe_writing

__all__ = [
    "PRIVATE",
    "PUBLIC",
    "OpenFile",
    "link_open_file",
    "open_file",
    "publish_named",
    "umask",
    "version_of",
    "write_file",
]

#: Modes of files; PUBLIC is narrowed by the umask.
PUBLIC: Final = 0o666
PRIVATE: Final = 0o600

_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_TEMPORARY: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_UNNAMED: Final = os.O_WRONLY | getattr(os, "O_TMPFILE", 0) | os.O_CLOEXEC
_HAS_UNNAMED: Final = hasattr(os, "O_TMPFILE") and os.path.isdir("/proc/self/fd")


class OpenFile:
    """A regular file open for positional reads; `version` is `<mtime in ns>-<size>-<inode>`."""

    __slots__ = ("_fd", "_status", "size")

    def __init__(self, fd: int, status: os.stat_result) -> None:
        self._fd = fd
        self._status = status
        self.size = status.st_size

    @property
    def version(self) -> str:
        return version_of(self._status)

    def fileno(self) -> int:
        return self._fd

    @safe_reading
    def read_at(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`; fewer only where the file ends."""
        data = os.pread(self._fd, length, offset)
        if len(data) == length or offset + len(data) >= self.size:
            return data
        parts = [data]
        while data and (done := sum(map(len, parts))) < length:
            data = os.pread(self._fd, length - done, offset + done)
            parts.append(data)
        return b"".join(parts)

    @safe_reading
    def check_unchanged(self) -> None:
        """Raise Refusal(CHANGED) when size or time of change differ from those at opening."""
        status = os.fstat(self._fd)
        if status.st_mtime_ns != self._status.st_mtime_ns or status.st_size != self.size:
            raise Refusal(Reason.CHANGED)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


def version_of(status: os.stat_result) -> str:
    """The version of a file: changes with its content, and with the file itself when another takes its name."""
    return f"{status.st_mtime_ns}-{status.st_size}-{status.st_ino}"


@safe_reading
def open_file(name: str, folder: int | None = None) -> OpenFile:
    """Open a regular file; `folder` is the descriptor of the folder that holds it.

    The last part of the name is never followed when it is a link. Raises NotFound, Refusal (NOT_A_FILE, UNREADABLE) or
    TransientProblem. O_NONBLOCK, since opening a pipe for reading would wait for a writer.
    """
    fd = os.open(name, _READ, dir_fd=folder)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise Refusal(Reason.NOT_A_FILE)
        return OpenFile(fd, status)
    except BaseException:
        os.close(fd)
        raise


def write_file(
    folder: int | str,
    name: str,
    segments: Iterable[Segment],
    source: Source | None = None,
    *,
    overwrite: bool = False,
    mode: int = PUBLIC,
) -> int:
    """Write `segments`, ranges taken from `source`, as the file `name` in `folder` (descriptor or path); give its size.

    The file appears whole or not at all, and replaces nothing unless `overwrite`. Where `source` is an open file the
    kernel copies the ranges. A `source` that can tell is checked for changes first. Raises AlreadyExists,
    Refusal(CHANGED), TransientProblem (disk full, ...) or PlaceProblem (no permission, ...).
    """
    if isinstance(folder, str):
        opened = _open_folder(folder)
        try:
            return _write(opened, name, segments, source, overwrite, mode)
        finally:
            os.close(opened)
    return _write(folder, name, segments, source, overwrite, mode)


@safe_writing
def _open_folder(folder: str) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


@safe_writing
def _write(
    folder: int, name: str, segments: Iterable[Segment], source: Source | None, overwrite: bool, mode: int
) -> int:
    fd, temporary = _create(folder, mode)
    try:
        size = carry_out(fd, segments, source)
        check = getattr(source, "check_unchanged", None)
        if check is not None:
            check()
        if temporary:
            publish_named(folder, fd, temporary, name, overwrite=overwrite, mode=mode)
        else:
            link_open_file(folder, fd, name, overwrite=overwrite)
        temporary = ""
        return size
    finally:
        os.close(fd)
        if temporary:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder)


def _create(folder: int, mode: int) -> tuple[int, str]:
    """A temporary file: without a name where the file system can, so that a killed process leaves nothing behind."""
    if _HAS_UNNAMED:
        try:
            return os.open(".", _UNNAMED, mode, dir_fd=folder), ""
        except OSError as problem:
            # EPERM: ext4 says so in a folder that was removed meanwhile; creating by name then gives the plain ENOENT.
            if problem.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.EPERM):
                raise
    temporary = _temporary_name()
    return os.open(temporary, _TEMPORARY, PRIVATE, dir_fd=folder), temporary


def _temporary_name() -> str:
    return f".deident-{secrets.token_hex(8)}.tmp"


def link_open_file(folder: int, fd: int, name: str, *, overwrite: bool) -> None:
    """Give the open file `fd` the name `name` in `folder`. Raises OSError (EXDEV: another file system)."""
    unnamed = f"/proc/self/fd/{fd}"
    try:
        os.link(unnamed, name, dst_dir_fd=folder, follow_symlinks=True)
    except FileExistsError:
        if not overwrite:
            raise
        temporary = _temporary_name()
        os.link(unnamed, temporary, dst_dir_fd=folder, follow_symlinks=True)
        _replace(folder, temporary, name)


def publish_named(folder: int | None, fd: int, temporary: str, name: str, *, overwrite: bool, mode: int) -> None:
    """Give the finished file `fd`, now called `temporary`, its name and mode. Without `folder` both names are paths."""
    if mode != PRIVATE:
        os.fchmod(fd, mode & ~umask())
    if overwrite:
        _replace(folder, temporary, name)
        return
    try:
        os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as problem:
        if problem.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        # A file system without hard links: the look before the rename is all the exclusion there is.
        _check_absent(folder, name)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    else:
        os.unlink(temporary, dir_fd=folder)


def _check_absent(folder: int | None, name: str) -> None:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    raise FileExistsError(errno.EEXIST, "")


def _replace(folder: int | None, temporary: str, name: str) -> None:
    """Rename over `name`. The temporary name goes in any case: rename does nothing when both are the same file."""
    try:
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)


@functools.cache
def umask() -> int:
    """The umask at the first call, read without setting it (which other threads would notice) where Linux shows it."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            return next(int(line.split()[1], 8) for line in status if line.startswith("Umask:"))
    except (OSError, StopIteration):
        current = os.umask(0o077)
        os.umask(current)
        return current
