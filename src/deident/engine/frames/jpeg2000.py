"""JPEG 2000 and HTJ2K codestreams (ISO/IEC 15444-1 Annex A, -2, -15): comments are blanked, what follows EOC goes.

Comments are overwritten with spaces and not removed: Psot, TLM, PLM, PLT and the offset tables of the data set stay
right, however a tile-part is laid out. Tile-parts are stepped over by Psot, so the cost does not grow with the image.
"""

from __future__ import annotations

from typing import Final

from deident.engine.frames.edits import CleanedFrame, Edits, broken

__all__ = ["clean_codestream", "scan_codestream"]

_SOC_SIZ: Final = b"\xff\x4f\xff\x51"  # every codestream starts so
_SOT, _SOD, _EOC, _COM = 0xFF90, 0xFF93, 0xFFD9, 0xFF64
_SEGMENTS: Final = frozenset(
    {
        *(
            0xFF50,
            0xFF51,
            0xFF52,
            0xFF53,
            0xFF55,
            0xFF56,
            0xFF57,
            0xFF58,
            0xFF59,
        ),  # CAP SIZ COD COC TLM PRF PLM PLT CPF
        *(0xFF5C, 0xFF5D, 0xFF5E, 0xFF5F, 0xFF60, 0xFF61, 0xFF63),  # QCD QCC RGN POC PPM PPT CRG
        *range(0xFF70, 0xFF7A),  # Part 2: DCO VMS DFS ADS MCT MCC NLT MCO CBD ATK
    }
)
# COM: length and registration (0 binary, 1 Latin text) stand before the text
_LATIN: Final = b"\x00\x01"


def clean_codestream(data: bytes) -> CleanedFrame:
    """Clean a frame that is a bare codestream; raises Refusal when the tile-parts do not lead to its end."""
    edits = Edits(data)
    return edits.finish(scan_codestream(edits, 0, len(data)), _SOC_SIZ)


def scan_codestream(edits: Edits, start: int, limit: int) -> int:
    """Blank the comments of the codestream in [start, limit) and return where it ends."""
    data = edits.data
    if data[start : start + 4] != _SOC_SIZ:
        raise broken("JPEG 2000: no SOC and SIZ at the start")
    position = _header(edits, start + 2, limit, _SOT)
    while _marker(data, position, limit) == _SOT:
        length = int.from_bytes(data[position + 6 : position + 10])
        end = position + length if length else _last_tile_part_end(data, position + 12, limit)
        if data[position + 2 : position + 4] != b"\x00\x0a" or end > limit:
            raise broken("JPEG 2000: tile-part longer than the frame")
        _header(edits, position + 12, end, _SOD)
        position = end
    if _marker(data, position, limit) == _EOC:
        return position + 2
    # Encoders forget EOC; the tile-parts still say where the image ends, if no more than a pad byte follows.
    if data[position:limit] in (b"", b"\x00"):
        return position
    raise broken("JPEG 2000: neither SOT nor EOC after a tile-part")


def _marker(data: bytes, position: int, limit: int) -> int:
    return int.from_bytes(data[position : position + 2]) if position + 2 <= limit else 0


def _header(edits: Edits, position: int, limit: int, last: int) -> int:
    """Walk the segments of a main or tile-part header up to the marker `last`; return its position."""
    data = edits.data
    while (marker := _marker(data, position, limit)) != last:
        if marker & 0xFFF0 == 0xFF30:  # these have no segment
            position += 2
            continue
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4])
        if marker not in _SEGMENTS and marker != _COM:
            raise broken(
                "JPEG 2000: unknown marker in a header" if marker >= 0xFF00 else "JPEG 2000: no marker in a header"
            )
        if end > limit or end < position + 4:
            raise broken("JPEG 2000: segment longer than its enclosure")
        if marker == _COM:
            _blank(edits, position + 4, end)
        position = end
    return position


def _blank(edits: Edits, start: int, end: int) -> None:
    size = end - start
    edits.replace(start, end, (_LATIN + b" " * (size - 2))[:size] if size > 1 else b"\x00" * size, "COM")


def _last_tile_part_end(data: bytes, start: int, limit: int) -> int:
    """Psot 0: the tile-part ends at EOC. Coded data holds no FF90 or above; only a number in SOP looks like EOC."""
    position = data.find(b"\xff\xd9", start, limit)
    while position >= 0 and data[position - 4 : position] == b"\xff\x91\x00\x04":
        position = data.find(b"\xff\xd9", position + 2, limit)
    if position < 0:
        raise broken("JPEG 2000: no EOC")
    return position
