"""H.264 and HEVC byte streams (Annex B of both): user data and unspecified units are overwritten in place.

Nothing changes its length: sizes inside SEI messages, emulation prevention and offset tables stay right. Units that
decode to pixels are not looked into; bytes appended to one of them cannot be told from coded data.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

from deident.engine.frames.edits import CleanedFrame, Edits, broken

__all__ = ["clean_avc", "clean_hevc"]

_START_CODE: Final = b"\x00\x00\x01"
_FIRST: Final = re.compile(rb"\x00{2,}+\x01")
_ONES: Final = re.compile(rb"\xff*")
# SEI payload types with numeric content (H.264 and HEVC Annex D): kept. Not so filler (3), user data registered by T.35
# (4), unregistered user data (5), and all types that neither defines.
_NUMERIC_SEI: Final = frozenset({*range(57), *range(128, 206)} - {3, 4, 5})


class _Codec:
    """How one codec numbers its NAL units: SEI, parameter sets, units to blank, units of fixed payload length."""

    def __init__(
        self, shift: int, mask: int, header: int, sei: set[int], sps: int, blank: Iterable[int], ends: int
    ) -> None:
        self.shift, self.mask, self.header, self.sei = shift, mask, header, sei
        self.blank = frozenset(blank)
        # access unit delimiter with one byte, then end of sequence and end of stream with none
        self.fixed = {ends: 1, ends + 1: 0, ends + 2: 0}
        notable = self.sei | self.blank | set(self.fixed)
        self.notable = self._finder(b for b in range(256) if b > 127 or self.kind(b) in notable)
        self.parameters = self._finder(b for b in range(128) if self.kind(b) == sps)

    def kind(self, first: int) -> int:
        return first >> self.shift & self.mask

    @staticmethod
    def _finder(first: Iterable[int]) -> re.Pattern[bytes]:
        return re.compile(_START_CODE + b"[" + b"".join(rb"\x%02x" % b for b in first) + b"]", re.DOTALL)


_AVC: Final = _Codec(0, 0x1F, 1, {6}, 7, [0, 12, 17, 18, *range(22, 32)], 9)
_HEVC: Final = _Codec(1, 0x3F, 2, {39, 40}, 33, [*range(10, 16), *range(22, 32), 38, *range(41, 64)], 35)


def clean_avc(data: bytes) -> CleanedFrame:
    """Clean one H.264 byte stream; MP4, transport streams and anything else raise Refusal."""
    return _clean(data, _AVC)


def clean_hevc(data: bytes) -> CleanedFrame:
    """Clean one HEVC byte stream; MP4, transport streams and anything else raise Refusal."""
    return _clean(data, _HEVC)


def _clean(data: bytes, codec: _Codec) -> CleanedFrame:
    if not _FIRST.match(data) or not codec.parameters.search(data):
        raise broken("video: no H.264 or HEVC byte stream (containers are not supported)")
    edits = Edits(data)
    for found in codec.notable.finditer(data):
        first, start = data[found.end() - 1], found.end() - 1 + codec.header
        if first > 127:
            raise broken("video: NAL unit with the forbidden bit set")
        end = data.find(_START_CODE, found.end())
        end = len(data) if end < 0 else end
        kind = codec.kind(first)
        if kind in codec.sei:
            _clean_sei(edits, start, end)
        elif kind in codec.fixed:
            start += codec.fixed[kind]
            if start < end:
                edits.replace(start, end, bytes(end - start), "TRAILING")
        else:
            _blank(edits, start, end)
    return edits.finish()


def _blank(edits: Edits, start: int, end: int) -> None:
    """Make a unit that decoders ignore look like filler: ones, then the stop bit, then the zeros that stood there."""
    size = len(edits.data[start:end].rstrip(b"\x00"))
    if size:
        edits.replace(start, start + size, b"\xff" * (size - 1) + b"\x80", "NAL unit")


def _clean_sei(edits: Edits, start: int, end: int) -> None:
    """Overwrite the user data messages of the SEI unit whose payload is [start, end)."""
    unit = edits.data[start:end]
    escapes = _emulation_prevention(unit)
    before = [escape - number for number, escape in enumerate(escapes)]
    payload = unit.replace(b"\x00\x00\x03", b"\x00\x00").rstrip(b"\x00")
    limit = len(payload) - payload.endswith(b"\x80")
    position = 0
    while position < limit:
        kind, position = _number(payload, position, limit)
        size, position = _number(payload, position, limit)
        if position + size > limit:
            raise broken("video: SEI message longer than its unit")
        if size and kind not in _NUMERIC_SEI:
            first = position + bisect_right(before, position)
            last = position + size - 1 + bisect_right(before, position + size - 1)
            edits.replace(start + first, start + last + 1, _ones(first, last + 1, escapes), "SEI user data")
        position += size


def _emulation_prevention(unit: bytes) -> list[int]:
    """Positions of the bytes 03 that keep the unit free of start codes (H.264 7.4.1)."""
    return [found.end() - 1 for found in re.finditer(rb"\x00\x00\x03", unit)]


def _number(payload: bytes, position: int, limit: int) -> tuple[int, int]:
    """Read a payload type or size (each byte FF counts 255, another byte ends it); return it and what follows."""
    found = _ONES.match(payload, position, limit)
    end = found.end() if found else position
    if end >= limit:
        raise broken("video: SEI message cut short")
    return 255 * (end - position) + payload[end], end + 1


def _ones(first: int, last: int, escapes: list[int]) -> bytes:
    """Ones for [first, last) of a unit, but for 00 00 03, which must stay for the message to keep its size."""
    result = bytearray(b"\xff" * (last - first))
    for escape in escapes[bisect_right(escapes, first - 1) : bisect_right(escapes, last + 1)]:
        for offset, value in ((escape - 2, 0), (escape - 1, 0), (escape, 3)):
            if first <= offset < last:
                result[offset - first] = value
    return bytes(result)
