"""Carry segments out into an open file: few system calls, and the bulk copied by the kernel."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from typing import Final

from deident.engine.segments import MaskedRange, Segment, Source, SourceRange, materialise
from deident.errors import Reason, Refusal
from deident.stores.protocol import BLOCK

__all__ = ["carry_out"]

#: Vectors handed to one writev (IOV_MAX is 1024 on Linux).
_VECTORS: Final = 512
#: A range below this length is read and written with its neighbours: cheaper than two more system calls.
_SMALL: Final = 1 << 15
_NO_KERNEL_COPY: Final = frozenset(
    {errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM, errno.ETXTBSY, errno.EBADF}
)


def carry_out(fd: int, segments: Iterable[Segment], source: Source | None) -> int:
    """Write the segments to the open file `fd`: literals gathered into few writes, large ranges copied by the kernel.

    Returns how many bytes that were. Raises OSError, or Refusal(CHANGED) when the source ends before a range does.
    """
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
                _carry_range(fd, segment, source, readable)
        if len(gathered) >= _VECTORS:
            _write_all(fd, gathered)
            gathered = []
    if gathered:
        _write_all(fd, gathered)
    return size


def _carry_range(fd: int, segment: SourceRange | MaskedRange, source: Source, readable: int) -> None:
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
