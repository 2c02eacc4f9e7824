"""A small reader of encoded elements: every element at every depth, with bounds checked (PS3.5 section 7).

Written for validation alone. What it reads is proven with pydicom, once for each layout (see `proof`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from struct import Struct, error
from typing import Final

from pydicom.charset import convert_encodings, default_encoding
from pydicom.datadict import dictionary_VR

__all__ = ["PIXEL_TAGS", "Node", "Path", "Reader", "Short", "Unreadable", "encodings_of", "place_of", "vr_of"]

#: Float, Double Float and plain Pixel Data; their values are compared by range, never held in memory.
PIXEL_TAGS: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})

Path = tuple[int, ...]

#: One element: the sequences around it, tag, VR, raw value (None for a sequence), pydicom's encodings, little endian.
#: A plain tuple: there are hundreds in an object, and the garbage collector forgets about plain tuples.
Node = tuple[Path, int, str, bytes | None, tuple[str, ...], bool]

_CHARACTER_SET: Final = 0x00080005
_ITEM: Final = 0xFFFEE000
_ITEM_END: Final = 0xFFFEE00D
_SEQUENCE_END: Final = 0xFFFEE0DD
_UNDEFINED: Final = 0xFFFFFFFF
_DEEPEST: Final = 64
_SHORT_VRS: Final = "AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US"
_LONG_VRS: Final = "OB OD OF OL OV OW SQ SV UC UN UR UT UV"
_VRS: Final = {vr.encode(): vr for vr in f"{_SHORT_VRS} {_LONG_VRS}".split() if vr != "UN"}
_LONG: Final = frozenset(vr.encode() for vr in _LONG_VRS.split())
#: No VR on the wire, or UN: what is inside is in implicit VR.
_IMPLICIT_INSIDE: Final = (b"", b"UN")
#: Group, element, VR and short length; group, element and long length; a long length alone. By little endian.
_HEAD: Final = {True: Struct("<HH2sH").unpack_from, False: Struct(">HH2sH").unpack_from}
_ITEM_HEAD: Final = {True: Struct("<HHL").unpack_from, False: Struct(">HHL").unpack_from}
_NUMBER: Final = {True: Struct("<L").unpack_from, False: Struct(">L").unpack_from}


class Unreadable(Exception):
    """The object cannot be parsed to its end. The only argument is a code."""


class Short(Exception):
    """The bytes at hand end within an element."""


def place_of(node: Node) -> str:
    """`(gggg,eeee)` with the sequences around it."""
    return ">".join(f"({tag >> 16:04X},{tag & 0xFFFF:04X})" for tag in (*node[0], node[1]))


@lru_cache(maxsize=16384)
def vr_of(tag: int, wire: str | None) -> str:
    """The VR to decode by: the wire's; the dictionary's for implicit VR and for standard elements sent as UN."""
    if wire is not None and wire != "UN":
        return wire
    if (tag >> 16) & 1:
        return "LO" if 0x10 <= tag & 0xFFFF <= 0xFF else "UN"
    if tag & 0xFFFF == 0:
        return "UL"
    try:
        return str(dictionary_VR(tag))
    except KeyError:
        return "UN"


@lru_cache(maxsize=256)
def encodings_of(raw: bytes) -> tuple[str, ...]:
    """pydicom's names for the values of Specific Character Set (0008,0005)."""
    values = [part.strip() for part in raw.rstrip(b"\0 ").decode("latin-1").split("\\")]
    return tuple(convert_encodings(values))


def _unusual(tag: int, wire: bytes) -> str:
    if wire != b"UN":
        raise Unreadable("unknown-vr")
    return vr_of(tag, "UN")


@dataclass(slots=True)
class Reader:
    """Reads the elements of one object out of `buffer` into `nodes`.

    `heads` are the heads of all elements and items without their lengths, six bytes each: the layout. `starts` are the
    items: how many elements stand before, and the sequences around. `problems` are (code, tag).
    """

    implicit: bool
    little: bool
    nodes: list[Node] = field(default_factory=list, repr=False)
    heads: list[bytes] = field(default_factory=list, repr=False)
    starts: list[tuple[int, Path]] = field(default_factory=list, repr=False)
    problems: set[tuple[str, int]] = field(default_factory=set)
    buffer: bytes = field(default=b"", repr=False)
    encodings: tuple[str, ...] = (default_encoding,)

    def run(self, buffer: bytes, start: int) -> int:
        """Read top-level elements from `start` up to pixel data or the end of the buffer; return where it stopped.

        Raises Short when the buffer ends within an element, Unreadable when a structure inside does not fit.
        """
        self.buffer = buffer
        try:
            position, self.encodings = self._level(start, len(buffer), (), self.encodings, implicit=self.implicit)
        except error:
            raise Short from None
        return position

    def _level(
        self, position: int, stop: int, path: Path, encodings: tuple[str, ...], *, implicit: bool
    ) -> tuple[int, tuple[str, ...]]:
        """Read one data set or item up to `stop`, to an item delimiter, or at the top to pixel data."""
        buffer, little, append, heads = self.buffer, self.little, self.nodes.append, self.heads.append
        head_at, number_at, last = _HEAD[little], _NUMBER[little], -1
        while position < stop:
            group, element, wire, length = head_at(buffer, position)
            tag = group << 16 | element
            if tag == _ITEM_END or (not path and tag in PIXEL_TAGS):
                break
            if tag <= last:
                self.problems.add(("duplicate" if tag == last else "order", tag))
            last = tag
            start = position + 8
            if implicit or not wire.isupper():
                # Some writers change to implicit VR within explicit VR; pydicom reads that, too.
                length, vr, wire = number_at(buffer, position + 4)[0], vr_of(tag, None), b""
                heads(buffer[position : position + 4] + b"--")
            else:
                if wire in _LONG:
                    length, start = number_at(buffer, start)[0], start + 4
                vr = _VRS.get(wire) or _unusual(tag, wire)
                heads(buffer[position : position + 6])
            if length == _UNDEFINED:
                position = self._undefined(start, tag, vr, wire, path, encodings)
                continue
            position = start + length
            if position > stop:
                raise Short if position > len(buffer) else Unreadable("item-length")
            if length & 1:
                self.problems.add(("odd-length", tag))
            if vr == "SQ":
                append((path, tag, vr, None, encodings, little))
                self._items(start, position, (*path, tag), encodings, implicit=wire in _IMPLICIT_INSIDE)
                continue
            value = buffer[start:position]
            append((path, tag, vr, value, encodings, little))
            if tag == _CHARACTER_SET:
                encodings = encodings_of(value)
        return position, encodings

    def _undefined(self, start: int, tag: int, vr: str, wire: bytes, path: Path, encodings: tuple[str, ...]) -> int:
        """Read an element of undefined length: a sequence, which UN always is (PS3.5 6.2.2), else encapsulated data."""
        if vr in ("SQ", "UN") or wire == b"UN":
            self.nodes.append((path, tag, "SQ", None, encodings, self.little))
            return self._items(start, None, (*path, tag), encodings, implicit=wire in _IMPLICIT_INSIDE)
        position = start
        while True:
            group, element, length = _ITEM_HEAD[self.little](self.buffer, position)
            if group << 16 | element == _SEQUENCE_END:
                self.nodes.append((path, tag, vr, self.buffer[start:position], encodings, self.little))
                return position + 8
            if group << 16 | element != _ITEM:
                raise Unreadable("fragments")
            position += 8 + length

    def _items(self, position: int, stop: int | None, path: Path, encodings: tuple[str, ...], *, implicit: bool) -> int:
        """Read the items of a sequence up to `stop` or its delimiter; return where it ended."""
        if len(path) > _DEEPEST:
            raise Unreadable("depth")
        size = len(self.buffer)
        while stop is None or position < stop:
            group, element, length = _ITEM_HEAD[self.little](self.buffer, position)
            position += 8
            if group << 16 | element == _SEQUENCE_END and stop is None:
                self.heads.append(b"ended.")
                return position
            if group << 16 | element != _ITEM:
                raise Unreadable("sequence-items")
            self.starts.append((len(self.nodes), path))
            if length == _UNDEFINED:
                self.heads.append(b"item..")
                position, _ = self._level(position, size if stop is None else stop, path, encodings, implicit=implicit)
                if position + 8 > size:
                    raise Short
                position += 8
                continue
            self.heads.append(b"item--")
            end = position + length
            if end > size:
                raise Short
            if self._level(position, end, path, encodings, implicit=implicit)[0] != end:
                raise Unreadable("item-length")
            position = end
        if position != stop:
            raise Unreadable("sequence-length")
        self.heads.append(b"ended-")
        return position
