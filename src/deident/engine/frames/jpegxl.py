"""JPEG XL frames (ISO/IEC 18181-2): of a container only level and codestream stay; a bare codestream is kept as it is.

The JPEG reconstruction box (jbrd) goes as well: it holds the comments and application segments of the former JPEG file,
compressed, and is of no use for decoding to pixels.
"""

from __future__ import annotations

from typing import Final

from deident.engine.frames.boxes import drop_box, read_boxes
from deident.engine.frames.edits import CleanedFrame, Edits, broken

__all__ = ["clean_jpegxl"]

_CODESTREAM: Final = b"\xff\x0a"
_SIGNATURE: Final = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
_FILE_TYPE: Final = b"\x00\x00\x00\x14ftypjxl \x00\x00\x00\x00jxl "


def clean_jpegxl(data: bytes) -> CleanedFrame:
    """Clean one JPEG XL frame; raises Refusal when it is neither a codestream nor a sound container."""
    edits = Edits(data)
    if data.startswith(_CODESTREAM):
        return edits.finish()
    if not data.startswith(_SIGNATURE):
        raise broken("JPEG XL: neither codestream nor container")
    last = len(_SIGNATURE)
    types = codestreams = 0
    for box in read_boxes(data, last, len(data)):
        last = box.end
        if box.kind == b"ftyp":
            types += 1
            edits.replace(box.start, box.end, _FILE_TYPE, "ftyp")
        elif box.kind in (b"jxlc", b"jxlp"):
            codestreams += 1
        elif box.kind != b"jxll" or box.end - box.content != 1:
            drop_box(edits, box)
    if types != 1 or not codestreams:
        raise broken("JPEG XL: a box is missing or stands twice")
    return edits.finish(last)
