"""Whether two compressed streams decode to the same pixels: equal once comments and metadata are left out of both.

A second reading of the formats, not the engine's: both sides are reduced to what a decoder needs, then compared.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Generator, Iterator
from itertools import zip_longest
from typing import Final

__all__ = ["streams_alike"]

_TS: Final = "1.2.840.10008.1.2."
_JPEG: Final = frozenset(_TS + f"4.{n}" for n in (*range(50, 67), 70))
_JPEG_LS: Final = frozenset({_TS + "4.80", _TS + "4.81"})
_JPEG_2000: Final = frozenset(_TS + f"4.{n}" for n in (90, 91, 92, 93, 201, 202, 203))
_JPEG_XL: Final = frozenset(_TS + f"4.{n}" for n in (110, 111, 112))
_MPEG_2: Final = frozenset(_TS + f"4.{n}" for n in ("100", "100.1", "101", "101.1"))
_HEVC: Final = frozenset({_TS + "4.107", _TS + "4.108"})
_AVC: Final = frozenset(_TS + f"4.{n}{more}" for n in range(102, 107) for more in ("", ".1"))
_RLE: Final = _TS + "5"
_DEFLATED_FRAME: Final = _TS + "8.1"

_AFTER_SCAN: Final = re.compile(rb"\xff+[\x01-\xcf\xd8-\xfe]", re.DOTALL)
_AFTER_SCAN_LS: Final = re.compile(rb"\xff+[\x80-\xfe]", re.DOTALL)
#: Not the colour specification: DICOM takes colours from Photometric Interpretation (PS3.5 A.4.4).
_JP2_HEADERS: Final = frozenset({b"ihdr", b"bpcc", b"pclr", b"cmap", b"cdef"})
_INFLATED_LIMIT: Final = 1 << 30
_START_CODE: Final = re.compile(b"\0\0\1")


def streams_alike(before: list[bytes], after: list[bytes], syntax: str) -> bool:
    """Compare the fragments of two pixel data values. False also when a stream cannot be parsed."""
    try:
        if syntax in _JPEG | _JPEG_LS:
            ls = syntax in _JPEG_LS
            return _equal(_jpeg(b"".join(before), ls=ls), _jpeg(b"".join(after), ls=ls))
        if syntax in _JPEG_2000:
            return _equal(_jpeg_2000(before), _jpeg_2000(after))
        if syntax in _MPEG_2 | _HEVC | _AVC:
            return _same_video(b"".join(before), b"".join(after), syntax)
        return _same_frames(before, after, syntax)
    except (IndexError, ValueError, struct.error, zlib.error):
        return False


def _equal(first: Iterator[bytes], second: Iterator[bytes]) -> bool:
    return all(a == b for a, b in zip_longest(first, second))


def _same_frames(before: list[bytes], after: list[bytes], syntax: str) -> bool:
    reductions: dict[str, Callable[[bytes], bytes]] = {_RLE: _rle, _DEFLATED_FRAME: _inflated}
    reduce = _jpeg_xl if syntax in _JPEG_XL else reductions.get(syntax)
    if reduce is None:
        # Encapsulated uncompressed: nothing but what stands behind the frame may have gone.
        return len(before) == len(after) and all(a.startswith(b) for a, b in zip(before, after, strict=True))
    return len(before) == len(after) and all(reduce(a) == reduce(b) for a, b in zip(before, after, strict=True))


def _jpeg(data: bytes, *, ls: bool) -> Iterator[bytes]:
    """The segments and scans of one JPEG image after the other, without comments and application data (ITU-T T.81)."""
    position, size = 0, len(data)
    while position < size:
        if data[position] in (0, 0xFF) and data[position : position + 2] != b"\xff\xd8":
            position += 1
            continue
        if data[position : position + 2] != b"\xff\xd8":
            raise ValueError
        position = yield from _jpeg_image(data, position + 2, ls=ls)


def _jpeg_image(data: bytes, position: int, *, ls: bool) -> Generator[bytes, None, int]:
    yield b"\xff\xd8"
    while True:
        if data[position] != 0xFF:
            raise ValueError
        while data[position] == 0xFF:
            position += 1
        marker = data[position]
        position += 1
        if marker == 0xD9:
            yield b"\xff\xd9"
            return position
        length = int.from_bytes(data[position : position + 2], "big")
        if length < 2:
            raise ValueError
        payload = data[position + 2 : position + length]
        position += length
        yield from _jpeg_segment(marker, payload)
        if marker == 0xDA:
            end = (_AFTER_SCAN_LS if ls else _AFTER_SCAN).search(data, position)
            if end is None:
                raise ValueError
            yield data[position : end.start()]
            position = end.start()


def _jpeg_segment(marker: int, payload: bytes) -> Iterator[bytes]:
    """What decoders need of a segment: all but comments; of application data only what sets colours."""
    if marker == 0xFE or 0xE0 <= marker <= 0xEF:
        if marker == 0xE0 and payload.startswith(b"JFIF\0"):
            yield b"JFIF"
        elif marker == 0xEE and payload.startswith(b"Adobe"):
            yield payload[:12]
        elif marker == 0xE8 and payload.startswith(b"mrfx"):
            yield payload
    else:
        yield bytes([marker]) + payload


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(type, content) of the boxes of a JPEG 2000 or JPEG XL file (ISO base media layout)."""
    position = 0
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        head = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, position + 8)
            head = 16
        end = len(data) if length == 0 else position + length
        if end < position + head or end > len(data):
            return
        yield kind, data[position + head : end]
        position = end


def _jpeg_2000(fragments: list[bytes]) -> Iterator[bytes]:
    """Codestreams without comments and pointers to tile parts, wrapped ones with their image headers (ITU-T T.800)."""
    data = b"".join(fragments)
    if data[4:8] == b"jP  ":
        for fragment in fragments:
            for kind, content in _boxes(fragment):
                if kind == b"jp2h":
                    yield from (k + c for k, c in _boxes(content) if k in _JP2_HEADERS)
                elif kind == b"jp2c":
                    yield from _codestream(content, 0)[0]
        return
    position = 0
    while position < len(data):
        if data[position : position + 2] == b"\xff\x4f":
            pieces, position = _codestream(data, position)
            yield from pieces
        elif data[position] in (0, 0xFF):
            position += 1
        else:
            raise ValueError


def _codestream(data: bytes, position: int) -> tuple[list[bytes], int]:
    pieces, position = [b"\xff\x4f"], position + 2
    tile_end = 0
    while True:
        marker = data[position : position + 2]
        if marker == b"\xff\xd9":
            return [*pieces, marker], position + 2
        if marker == b"\xff\x93":
            pieces.append(data[position:tile_end])
            position = tile_end
            continue
        if len(marker) < 2 or marker[0] != 0xFF:
            raise ValueError
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        if length < 2:
            raise ValueError
        payload = data[position + 4 : position + 2 + length]
        if marker == b"\xff\x90":
            tile_length = int.from_bytes(payload[2:6], "big")
            tile_end = position + tile_length if tile_length else data.rindex(b"\xff\xd9")
            pieces.append(marker + payload[:2] + payload[6:])
        elif marker not in (b"\xff\x64", b"\xff\x55"):
            pieces.append(marker + payload)
        position += 2 + length


def _jpeg_xl(data: bytes) -> bytes:
    """The codestream, bare or out of its container."""
    if data[4:8] != b"JXL ":
        return data.rstrip(b"\0")
    parts = [
        content if kind == b"jxlc" else content[4:] for kind, content in _boxes(data) if kind in (b"jxlc", b"jxlp")
    ]
    return b"".join(parts).rstrip(b"\0")


def _rle(data: bytes) -> bytes:
    """The segments decoded (PS3.5 G.3), each under the number of its bytes that the shortest of them has."""
    count, *offsets = struct.unpack_from("<16L", data)
    if not 1 <= count <= 15:
        raise ValueError
    ends = [*offsets[1:count], len(data)]
    decoded = [_packbits(data[a:b]) for a, b in zip(offsets[:count], ends, strict=True)]
    shortest = min(map(len, decoded))
    return b"".join(segment[:shortest] for segment in decoded)


def _packbits(data: bytes) -> bytes:
    pieces, position = [], 0
    while position < len(data) - 1:
        control = data[position]
        if control < 128:
            pieces.append(data[position + 1 : position + 2 + control])
            position += 2 + control
        elif control > 128:
            pieces.append(data[position + 1 : position + 2] * (257 - control))
            position += 2
        else:
            position += 1
    return b"".join(pieces)


def _inflated(data: bytes) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    result = inflater.decompress(data, _INFLATED_LIMIT)
    if not inflater.eof:
        raise ValueError
    return result


def _same_video(before: bytes, after: bytes, syntax: str) -> bool:
    """Whether the streams differ in nothing but user data, filled with FF in place (SEI units; user_data of MPEG-2)."""
    before, after = before.rstrip(b"\0"), after.rstrip(b"\0")
    starts = [match.end() for match in _START_CODE.finditer(before)]
    if len(after) > len(before):
        return False
    if not starts:
        return before == after
    for start, end in zip(starts, [*starts[1:], len(before)], strict=True):
        a, b = before[start:end], after[start:end]
        if a != b and not (
            _is_user_data(a[0], syntax) and all(y in (x, 0xFF) for x, y in zip_longest(a, b, fillvalue=0))
        ):
            return False
    return before[: starts[0]] == after[: starts[0]]


def _is_user_data(head: int, syntax: str) -> bool:
    if syntax in _MPEG_2:
        return head == 0xB2
    return (head >> 1) & 0x3F in (39, 40) if syntax in _HEVC else head & 0x1F == 6
