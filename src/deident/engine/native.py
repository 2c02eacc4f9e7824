"""Native pixel data: copied as it is, but for overlay planes that are embedded in its unused bits (RULES section 10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from deident.engine.segments import MaskedRange, Segment, SourceRange
from deident.engine.syntax import Syntax

__all__ = ["expected_length", "native_segment"]

_PHOTOMETRIC: Final = 0x00280004
_ROWS: Final = 0x00280010
_COLUMNS: Final = 0x00280011
_ALLOCATED: Final = 0x00280100
_STORED: Final = 0x00280101
_HIGH_BIT: Final = 0x00280102
_SAMPLES: Final = 0x00280002
_FRAMES: Final = 0x00280008

_HALF_CHROMA: Final = frozenset({b"YBR_FULL_422", b"YBR_PARTIAL_422"})


def native_segment(offset: int, length: int, seen: Mapping[int, bytes], syntax: Syntax) -> Segment:
    """The segment for a native pixel data value of `length` bytes at `offset`.

    A plane is embedded when its Overlay Bit Position (60xx,0102) names a bit outside the stored ones and the data set has
    no Overlay Data for it. Only such planes are cleared: the other high bits may hold sign extension or padding.
    """
    allocated = _number(seen, _ALLOCATED, syntax)
    if allocated not in (8, 16, 32):
        return SourceRange(offset, length)
    stored, high = _number(seen, _STORED, syntax), _number(seen, _HIGH_BIT, syntax)
    used = range(high - stored + 1, high + 1)
    bits = 0
    for tag in seen:
        if tag >> 24 == 0x60 and tag & 0xFFFF == 0x0102 and (tag & 0xFFFF0000 | 0x3000) not in seen:
            position = _number(seen, tag, syntax)
            if 0 < position < allocated and position not in used:
                bits |= 1 << position
    if not bits:
        return SourceRange(offset, length)
    mask = ((1 << allocated) - 1 & ~bits).to_bytes(allocated // 8, "little" if syntax.little else "big")
    return MaskedRange(offset, length, mask)


def expected_length(seen: Mapping[int, bytes], syntax: Syntax, frames: int | None = None) -> int | None:
    """Bytes that rows, columns, samples, bits and frames ask for, None when they do not say.

    `frames` stands in for Number of Frames (0028,0008) when it is given.
    """
    numbers = [_number(seen, tag, syntax) for tag in (_ROWS, _COLUMNS, _ALLOCATED)]
    if 0 in numbers:
        return None
    samples = _number(seen, _SAMPLES, syntax) or 1
    if frames is None and seen.get(_PHOTOMETRIC, b"").strip(b"\0 ") in _HALF_CHROMA:
        samples = 2  # Cb and Cr for every other pixel alone (PS3.3 C.7.6.3.1.2)
    stated = seen.get(_FRAMES, b"").strip(b"\0 ")
    count = frames or (int(stated) if stated.isdigit() else 1)
    bits = numbers[0] * numbers[1] * numbers[2] * samples * count
    return (bits + 7) // 8


def _number(seen: Mapping[int, bytes], tag: int, syntax: Syntax) -> int:
    value = seen.get(tag, b"")
    return int(syntax.short.unpack_from(value)[0]) if len(value) >= 2 else 0
