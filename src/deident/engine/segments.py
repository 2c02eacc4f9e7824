"""What the engine reads from and what it returns: positional reads in, segments out.

A segment is literal bytes or a range of the source. Stores carry segments out (writev and copy_file_range, multipart and
UploadPartCopy), so that the bulk of an instance never passes through the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

__all__ = ["MaskedRange", "Segment", "Source", "SourceRange", "materialise", "total_length"]

_CHUNK = 1 << 20


class Source(Protocol):
    """An object that can be read at any offset. Sizes and offsets are in bytes."""

    @property
    def size(self) -> int: ...

    def read_at(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`; fewer only where the object ends."""
        ...


@dataclass(frozen=True, slots=True)
class SourceRange:
    """`length` bytes of the source from `offset`, unchanged."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class MaskedRange:
    """`length` bytes of the source from `offset`, each ANDed with `mask`, which repeats from the start of the range.

    Used for overlay planes that are embedded in unused bits of native Pixel Data (PS3.5 8.1.2, retired).
    """

    offset: int
    length: int
    mask: bytes


Segment = bytes | SourceRange | MaskedRange


def total_length(segments: Iterable[Segment]) -> int:
    """Size in bytes of the object that the segments make."""
    return sum(len(s) if isinstance(s, bytes) else s.length for s in segments)


def materialise(segments: Iterable[Segment], source: Source) -> Iterator[bytes]:
    """Yield the bytes of the output in order, at most 1 MiB at a time."""
    for segment in segments:
        if isinstance(segment, bytes):
            yield segment
            continue
        mask = segment.mask if isinstance(segment, MaskedRange) else b""
        step = _CHUNK - _CHUNK % len(mask) if mask else _CHUNK
        done = 0
        while done < segment.length:
            part = source.read_at(segment.offset + done, min(step, segment.length - done))
            if not part:
                raise EOFError("the source ended before the range did")
            if mask and len(part) < min(step, segment.length - done):
                raise EOFError("the source ended before the range did")
            done += len(part)
            yield _masked(part, mask) if mask else part


def _masked(part: bytes, mask: bytes) -> bytes:
    """AND each byte with the repeating mask, one strided translation per byte of the mask."""
    result = bytearray(part)
    for phase, value in enumerate(mask):
        if value != 0xFF:
            result[phase :: len(mask)] = part[phase :: len(mask)].translate(bytes(b & value for b in range(256)))
    return bytes(result)
