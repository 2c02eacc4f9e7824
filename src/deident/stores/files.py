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

from deident.engine.segments import MaskedRange, Segment, Source, SourceRange, materialise
from deident.errors import Reason, Refusal
from deident.stores.problems import safe_reading, safe_writing
from deident.stores.protocol import BLOCK

__all__ = ["PRIVATE", "PUBLIC", "OpenFile", "link_open_file", "open_file", "umask", "version_of", "write_file"]

#: Modes of files; PUBLIC is narrowed by the umask.
PUBLIC: Final = 0o666
PRIVATE: Final = 0o600

_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_TEMPORARY: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_UNNAMED: Final = os.O_WRONLY | getattr(os, "O_TMPFILE", 0) | os.O_CLOEXEC
_HAS_UNNAMED: Final = hasattr(os, "O_TMPFILE") and os.path.isdir("/proc/self/fd")
#: Vectors handed to one writev (IOV_MAX is 1024 on Linux).
_VECTORS: Final = 512
#: A range below this length is read and written with its neighbours: cheaper than two more system calls.
_SMALL: Final = 1 << 15
_NO_KERNEL_COPY: Final = frozenset(
    {errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM, errno.ETXTBSY, errno.EBADF}
)


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
        size = _fill(fd, segments, source)
        check = getattr(source, "check_unchanged", None)
        if check is not None:
            check()
        if temporary:
            _publish_named(folder, fd, temporary, name, overwrite, mode)
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


def _publish_named(folder: int, fd: int, temporary: str, name: str, overwrite: bool, mode: int) -> None:
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


def _check_absent(folder: int, name: str) -> None:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    raise FileExistsError(errno.EEXIST, "")


def _replace(folder: int, temporary: str, name: str) -> None:
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


def _fill(fd: int, segments: Iterable[Segment], source: Source | None) -> int:
    """Carry the segments out: literals gathered into few writes, large ranges copied by the kernel."""
    fileno = getattr(source, "fileno", None)
    readable: int = fileno() if fileno is not None else -1
    gathered: list[bytes] = []
    size = 0
    for segment in segments:
        if isinstance(segment, bytes):
            size += len(segment)
            gathered.append(segment)
        elif source is None:
            raise ValueError("a range of a source needs the source")
        else:
            size += segment.length
            if segment.length < _SMALL:
                gathered.extend(_ranges(segment, source))
            else:
                _write_all(fd, gathered)
                gathered = []
                _carry_out(fd, segment, source, readable)
        if len(gathered) >= _VECTORS:
            _write_all(fd, gathered)
            gathered = []
    if gathered:
        _write_all(fd, gathered)
    return size


def _carry_out(fd: int, segment: SourceRange | MaskedRange, source: Source, readable: int) -> None:
    if isinstance(segment, SourceRange) and readable >= 0:
        done = _copy(readable, segment.offset, fd, segment.length)
        segment = SourceRange(segment.offset + done, segment.length - done)
    for part in _ranges(segment, source):
        _write_all(fd, [part])


def _ranges(segment: Segment, source: Source) -> Iterable[bytes]:
    """The bytes of a range; a source that ended since its size was read has changed."""
    try:
        yield from materialise([segment], source)
        return
    except EOFError:
        pass
    raise Refusal(Reason.CHANGED)


def _copy(source: int, offset: int, target: int, length: int) -> int:
    """Let the kernel copy; return how many bytes it did, fewer than `length` where it cannot or the source ended."""
    done = 0
    try:
        while done < length and (copied := os.copy_file_range(source, target, length - done, offset + done)):
            done += copied
        return done
    except OSError as problem:
        if problem.errno not in _NO_KERNEL_COPY:
            raise
    try:
        while done < length and (copied := os.sendfile(target, source, offset + done, length - done)):
            done += copied
    except OSError as problem:
        if problem.errno not in _NO_KERNEL_COPY:
            raise
    return done


def _write_all(fd: int, parts: list[bytes]) -> None:
    """Write until everything is written; a short write happens when a disk is nearly full or a part is very large."""
    wanted = sum(map(len, parts))
    written = os.writev(fd, parts)
    if written == wanted:
        return
    rest = memoryview(b"".join(parts))[written:]
    while rest:
        rest = rest[os.write(fd, rest[:BLOCK]) :]
