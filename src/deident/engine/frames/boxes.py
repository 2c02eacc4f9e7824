"""The box structure that JP2 and JPEG XL files share (ISO/IEC 15444-1 Annex I)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from deident.engine.frames.edits import Edits, broken

__all__ = ["Box", "drop_box", "read_boxes", "resize_box"]

# Types are four free bytes, so only those that a standard knows are named in reports.
_NAMES: Final = {
    b"xml ": "xml",
    b"rreq": "rreq",
    b"uuid": "uuid",
    b"uinf": "uinf",
    b"jp2i": "jp2i",
    b"asoc": "asoc",
    b"lbl ": "lbl",
    b"res ": "res",
    b"Exif": "Exif",
    b"jumb": "jumb",
    b"brob": "brob",
    b"jbrd": "jbrd",
    b"jxli": "jxli",
    b"free": "free",
}


@dataclass(frozen=True, slots=True)
class Box:
    """One box: header in [start, content), content in [content, end). `open_ended`: length 0, up to the end."""

    kind: bytes
    start: int
    content: int
    end: int
    open_ended: bool


def read_boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes of [start, end); fewer than eight bytes at the end are no box and are left to the caller."""
    while end - start >= 8:
        length = int.from_bytes(data[start : start + 4])
        content = start + 8
        if length == 1:
            length = int.from_bytes(data[start + 8 : start + 16])
            content = start + 16
        stop = start + length if length else end
        if stop > end or stop < content:
            raise broken("box: length beyond its enclosure")
        yield Box(data[start + 4 : start + 8], start, content, stop, length == 0)
        start = stop


def drop_box(edits: Edits, box: Box) -> None:
    edits.remove(box.start, box.end, _NAMES.get(box.kind, "unknown box"))


def resize_box(edits: Edits, box: Box, length: int) -> None:
    """Write the length of a box whose content changed size; `length` counts the header. Not for open-ended boxes."""
    if box.content - box.start == 16:
        edits.replace(box.start + 8, box.content, length.to_bytes(8), "")
    else:
        edits.replace(box.start, box.start + 4, length.to_bytes(4), "")
