"""RLE Lossless frames (PS3.5 Annex G): unused header fields, gaps and bytes beyond the last run are emptied."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import Final

from deident.engine.frames.edits import CleanedFrame, Edits, broken

__all__ = ["clean_rle"]

_HEADER: Final = struct.Struct("<16L")
_NO_OPERATION: Final = b"\x80"  # decoders skip it (G.3.2)


def clean_rle(data: bytes, native_length: int | None) -> CleanedFrame:
    """Clean one RLE frame.

    With `native_length`, the bytes of the decoded frame, every segment is walked and what follows its last run goes;
    without it, where a segment ends cannot be known, and only the header and the gap after it are cleaned.
    """
    if len(data) < _HEADER.size:
        raise broken("RLE: header cut short")
    count, *offsets = _HEADER.unpack_from(data)
    if not 1 <= count <= 15:
        raise broken("RLE: number of segments")
    bounds = [*offsets[:count], len(data)]
    if bounds[0] < _HEADER.size or any(a >= b for a, b in pairwise(bounds)):
        raise broken("RLE: segment offsets")
    edits = Edits(data)
    used = 4 + 4 * count
    edits.replace(used, bounds[0], bytes(bounds[0] - used), "RLE header")
    if native_length is None:
        return edits.finish()
    if native_length % count:
        raise broken("RLE: segments do not divide the frame")
    end = len(data)
    for start, stop in pairwise(bounds):
        end = _runs_end(data, start, stop, native_length // count)
        if stop < len(data) and data[end:stop].strip(b"\x00"):
            edits.replace(end, stop, _NO_OPERATION * (stop - end), "RLE slack")
    return edits.finish(end if data[end:].strip(b"\x00") else None)


def _runs_end(data: bytes, position: int, stop: int, wanted: int) -> int:
    """Where the runs that decode to `wanted` bytes end."""
    while wanted > 0 and position < stop:
        control = data[position]
        if control < 128:
            position += control + 2
            wanted -= control + 1
        elif control > 128:
            position += 2
            wanted -= 257 - control
        else:
            position += 1
    if wanted > 0 or position > stop:
        raise broken("RLE: segment shorter than its rows")
    return position
