"""Frames that hold a whole JP2 or JPH file instead of a bare codestream: only the boxes that decoding needs stay."""

from __future__ import annotations

from typing import Final

from deident.engine.frames.boxes import Box, drop_box, read_boxes, resize_box
from deident.engine.frames.edits import CleanedFrame, Edits, broken
from deident.engine.frames.jpeg2000 import scan_codestream

__all__ = ["JP2_SIGNATURE", "clean_jp2"]

JP2_SIGNATURE: Final = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_BRANDS: Final = frozenset({b"jp2 ", b"jpx ", b"jpxb", b"jph ", b"J2P0", b"J2P1"})
_ENUMERATED, _SRGB, _GREY = 1, 16, 17


def clean_jp2(data: bytes) -> CleanedFrame:
    """Keep signature, file type, image header and one codestream; raises Refusal if they are not there or not sound."""
    edits = Edits(data)
    seen: set[bytes] = set()
    last = len(JP2_SIGNATURE)
    for box in read_boxes(data, last, len(data)):
        last = box.end
        if box.kind == b"ftyp":
            _file_type(edits, box)
        elif box.kind == b"jp2h":
            _image_header(edits, box)
        elif box.kind == b"jp2c":
            last = _codestream(edits, box)
        else:
            drop_box(edits, box)
            continue
        if box.kind in seen:
            raise broken("JP2: a box stands twice")
        seen.add(box.kind)
    if seen != {b"ftyp", b"jp2h", b"jp2c"}:
        raise broken("JP2: a box is missing")
    return edits.finish(last)


def _file_type(edits: Edits, box: Box) -> None:
    """Brand, version, compatible brands: rebuilt when anything but known brands stands in it."""
    content = edits.data[box.content : box.end]
    brands = [content[i : i + 4] for i in range(8, len(content), 4)]
    if content[:4] not in _BRANDS or not _BRANDS.issuperset(brands) or len(content) < 8 or any(content[4:8]):
        edits.replace(box.start, box.end, b"\x00\x00\x00\x14ftypjp2 \x00\x00\x00\x00jp2 ", "ftyp")


def _codestream(edits: Edits, box: Box) -> int:
    end = scan_codestream(edits, box.content, box.end)
    if not box.open_ended and end != box.end:
        edits.remove(end, box.end, "TRAILING")
        resize_box(edits, box, end - box.start)
        return box.end
    return end


def _image_header(edits: Edits, box: Box) -> None:
    """Keep what describes samples and palette, each at its exact length; rebuild colour specifications."""
    data, components = edits.data, 0
    before, last = edits.growth, box.content
    for inner in read_boxes(data, box.content, box.end):
        content, size = inner.content, inner.end - inner.content
        exact, last = True, inner.end
        if inner.kind == b"ihdr":
            exact = size == 14
            components = int.from_bytes(data[content + 8 : content + 10])
        elif inner.kind == b"bpcc":
            exact = size == components
        elif inner.kind == b"pclr":
            exact = size == _palette_size(data[content : inner.end])
        elif inner.kind == b"cmap":
            exact = size % 4 == 0
        elif inner.kind == b"cdef":
            exact = size == 2 + 6 * int.from_bytes(data[content : content + 2])
        elif inner.kind == b"colr" and components:
            _colour(edits, inner, components)
        else:
            drop_box(edits, inner)
        if not exact:
            raise broken("JP2: length of a box in the image header")
    if box.open_ended or last != box.end or not components:
        raise broken("JP2: image header is not made of boxes")
    if growth := edits.growth - before:
        resize_box(edits, box, box.end - box.start + growth)


def _palette_size(content: bytes) -> int:
    """Bytes of a palette: entries, columns, the depth of each column, then the entries."""
    depths = content[3 : 3 + content[2]] if len(content) > 2 else b""
    return 3 + len(depths) + int.from_bytes(content[:2]) * sum(((depth & 0x7F) + 8) // 8 for depth in depths)


def _colour(edits: Edits, box: Box, components: int) -> None:
    """Replace an ICC profile or vendor colour by the enumerated space of as many components.

    Profiles carry text. PS3.5 A.4.4 wants no JP2 header at all and gives the colour space in the data set.
    """
    content = edits.data[box.content : box.end]
    if len(content) == 7 and content[0] == _ENUMERATED:
        return
    enumerated = _SRGB if components >= 3 else _GREY
    edits.replace(box.start, box.end, b"\x00\x00\x00\x0fcolr\x01\x00\x00" + enumerated.to_bytes(4), "colr")
