"""JPEG (ITU-T T.81) and JPEG-LS (T.87) frames: comments, application segments and trailing bytes go.

Kept of the application segments, because colour and lossless decoding look at them: JFIF (without its thumbnail), SPIFF
(header and end of directory), the HP colour transform of JPEG-LS ("mrfx") and Adobe, each cut to its exact length.
"""

from __future__ import annotations

import re
from typing import Final

from deident.engine.frames.edits import CleanedFrame, Edits, broken

__all__ = ["clean_jpeg"]

# A marker is any number of fill bytes FF and a code (T.81 B.1.1.2).
_MARKER: Final = re.compile(rb"\xff++[^\x00\xff]", re.DOTALL)
# What ends the entropy-coded data: after FF come a stuffed 00, a restart marker, or the next marker (T.81 B.1.1.5).
_SCAN_END: Final = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]", re.DOTALL)
# JPEG-LS stuffs one bit instead: after FF, any byte below 80 is data (T.87 C.1).
_SCAN_END_LS: Final = re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]", re.DOTALL)
_MAX_SEGMENTS: Final = 1 << 16

_SOF55, _LSE = 0xF7, 0xF8  # JPEG-LS
_DHT, _DAC, _EOI, _SOS, _DQT, _DNL, _DRI, _DHP, _EXP, _COM = 0xC4, 0xCC, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF, 0xFE
_APPN: Final = range(0xE0, 0xF0)
_SOFN: Final = frozenset({*range(0xC0, 0xD0)} - {_DHT, 0xC8, _DAC}) | {_SOF55, _DHP}


def clean_jpeg(data: bytes) -> CleanedFrame:
    """Clean one JPEG or JPEG-LS frame; raises Refusal when its markers do not lead to an EOI."""
    if data[:2] != b"\xff\xd8":
        raise broken("JPEG: no SOI at the start")
    edits = Edits(data)
    position, scan_end = 2, _SCAN_END
    for _ in range(_MAX_SEGMENTS):
        found = _MARKER.match(data, position)
        if not found:
            raise broken("JPEG: no marker where one must be")
        body = found.end()
        marker = data[body - 1]
        if marker == _EOI:
            return edits.finish(body, b"\xff\xd8\xff")
        end = _segment_end(data, body)
        if marker in _APPN:
            _application(edits, marker - _APPN[0], position, body, end)
        elif marker == _COM:
            edits.remove(position, end, "COM")
        else:
            _structural(data, marker, body + 2, end)
        if marker == _SOF55:
            scan_end = _SCAN_END_LS
        if marker == _SOS:
            found = scan_end.search(data, end)
            if not found:
                raise broken("JPEG: no marker after the scan")
            end = found.start()
        position = end
    raise broken("JPEG: too many segments")


def _segment_end(data: bytes, body: int) -> int:
    length = int.from_bytes(data[body : body + 2])
    if length < 2 or body + length > len(data):
        raise broken("JPEG: segment longer than the frame")
    return body + length


def _application(edits: Edits, number: int, start: int, body: int, end: int) -> None:
    """Strip an APPn segment, or cut one that decoding needs to the length that its format gives it."""
    content = edits.data[body + 2 : end]
    exact = content
    name = f"APP{number}"
    if number == 0 and content[:5] == b"JFIF\x00" and len(content) >= 14:
        # twelve bytes up to the densities, then the size of the thumbnail that follows: none
        exact, name = content[:12] + b"\x00\x00", "JFIF thumbnail"
    elif number == 8 and content[:6] == b"SPIFF\x00" and len(content) >= 30:
        exact = content[:30]
    elif number == 8 and content == b"\x00\x00\x00\x01\xff\xd8":
        pass  # end of the SPIFF directory, whose other entries are title, author, thumbnail …
    elif number == 8 and content[:4] == b"mrfx" and len(content) >= 5:
        exact = content[:5]
    elif number == 14 and content[:5] == b"Adobe":  # short ones occur, and some decoders heed them
        exact = content[:12]
    else:
        edits.remove(start, end, name)
        return
    if exact != content:
        edits.replace(body, end, (len(exact) + 2).to_bytes(2) + exact, name)


def _structural(data: bytes, marker: int, start: int, end: int) -> None:
    """Refuse a segment that no decoder knows, or that is longer than its own fields say: text could stand there."""
    size = end - start
    if marker in _SOFN:
        exact = size >= 6 and size == 6 + 3 * data[start + 5]
    elif marker == _SOS:
        exact = size >= 1 and size == 4 + 2 * data[start]
    elif marker == _DHT:
        exact = _tables_end(data, start, end, huffman=True) == end
    elif marker == _DQT:
        exact = _tables_end(data, start, end, huffman=False) == end
    elif marker == _DRI:
        exact = 2 <= size <= 4  # JPEG-LS allows three or four bytes for the interval
    elif marker in (_DNL, _EXP, _DAC):
        exact = size == 2 if marker == _DNL else size == 1 if marker == _EXP else size % 2 == 0 and size <= 64
    elif marker == _LSE:
        exact = size >= 1 and 1 <= data[start] <= 4  # preset parameters, mapping tables, image size
    else:
        raise broken(f"JPEG: marker FF{marker:02X} is reserved or out of place")
    if not exact:
        raise broken(f"JPEG: length of segment FF{marker:02X}")


def _tables_end(data: bytes, start: int, end: int, *, huffman: bool) -> int:
    """Where the last Huffman or quantisation table of a segment ends (T.81 B.2.4); beyond `end` if one is cut short."""
    while start < end:
        start += 17 + sum(data[start + 1 : start + 17]) if huffman else 65 + 64 * (data[start] >> 4)
    return start
