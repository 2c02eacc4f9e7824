"""A DICOM reader and writer of its own for tests: bytes to a tree of encoded elements and back, with no value decoded.

It knows neither the engine nor pydicom's Dataset, keeps what it does not understand, and can write what no library
would (wrong VRs, elements out of order, illegal groups).
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydicom.datadict import dictionary_VR

__all__ = ["Element", "Item", "Part10", "Unparsable", "Wire", "find", "inflated", "parse", "put", "vr_of", "walk"]

LONG_VRS = frozenset("OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
SHORT_VRS = frozenset("AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
IMPLICIT_LITTLE, EXPLICIT_LITTLE = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
EXPLICIT_BIG, DEFLATED = "1.2.840.10008.1.2.2", ("1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95")
MAX_DEPTH = 64


class Unparsable(Exception):
    """The bytes are no data set that this reader understands."""


@dataclass(frozen=True, slots=True)
class Wire:
    """How elements are encoded: explicit VR or not, little endian or not."""

    explicit: bool = True
    little: bool = True

    def pack(self, form: str, *values: int) -> bytes:
        return struct.pack(("<" if self.little else ">") + form, *values)

    def unpack(self, form: str, data: bytes, at: int) -> tuple[int, ...]:
        try:
            return struct.unpack_from(("<" if self.little else ">") + form, data, at)
        except struct.error:
            raise Unparsable(f"ends inside a header at {at}") from None


@dataclass(slots=True)
class Item:
    """The data set of one item of a sequence."""

    elements: list[Element] = field(default_factory=list)
    undefined: bool = False


@dataclass(slots=True)
class Element:
    """One element as it is on the wire: bytes, or items, or the fragments of encapsulated Pixel Data.

    `start` is the offset of the value in the (inflated) bytes that were parsed, -1 in elements made by hand.
    """

    tag: int
    vr: str
    value: bytes = b""
    items: list[Item] | None = None
    fragments: list[bytes] | None = None
    undefined: bool = False
    start: int = -1


@dataclass(slots=True)
class Part10:
    """A whole file: preamble, file meta, data set, and what follows. Both heads are None where the file has none."""

    preamble: bytes | None
    meta: list[Element] | None
    transfer_syntax: str
    wire: Wire
    elements: list[Element]
    tail: bytes = b""

    def encode(self) -> bytes:
        """The bytes of the file; sizes of groups 0002 and of all enclosing sequences are computed anew."""
        head = b"" if self.preamble is None else self.preamble + b"DICM"
        if self.meta is not None:
            wire = Wire()
            rest = b"".join(encode(e, wire) for e in self.meta if e.tag != 0x00020000)
            if find(self.meta, 0x00020000) is not None:
                head += encode(Element(0x00020000, "UL", struct.pack("<I", len(rest))), wire)
            head += rest
        body = b"".join(encode(e, self.wire) for e in self.elements) + self.tail
        if self.transfer_syntax in DEFLATED:
            squeeze = zlib.compressobj(wbits=-15)
            body = squeeze.compress(body) + squeeze.flush()
            body += b"\0" * (len(body) % 2)
        return head + body


def vr_of(tag: int) -> str:
    """The dictionary's VR of a tag, the first where it names several, `UN` where it knows none."""
    if tag & 0xFFFF == 0:
        return "UL"
    try:
        return dictionary_VR(tag).split(" ")[0]
    except KeyError:
        return "LO" if tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF else "UN"


def find(elements: list[Element], tag: int) -> Element | None:
    return next((e for e in elements if e.tag == tag), None)


def put(elements: list[Element], element: Element) -> None:
    """Replace the element of that tag, or insert it where ascending order wants it."""
    for index, present in enumerate(elements):
        if present.tag == element.tag:
            elements[index] = element
            return
        if present.tag > element.tag:
            elements.insert(index, element)
            return
    elements.append(element)


def walk(elements: list[Element], path: str = "") -> Iterator[tuple[str, Element]]:
    """Every element at every depth with its path, as `00081140[0].00080018`."""
    for element in elements:
        here = f"{path}{element.tag:08X}"
        yield here, element
        for index, item in enumerate(element.items or ()):
            yield from walk(item.elements, f"{here}[{index}].")


# --- writing ------------------------------------------------------------------------------------------------


def encode(element: Element, wire: Wire) -> bytes:
    """One element with its header. A value too long for its VR is written as UN, as PS3.5 6.2.2 allows."""
    tag = wire.pack("HH", element.tag >> 16, element.tag & 0xFFFF)
    inner = Wire(explicit=False) if element.vr == "UN" and element.items is not None else wire
    value = _value(element, inner)
    if not wire.explicit:
        return tag + wire.pack("I", UNDEFINED if element.undefined else len(value)) + value
    vr = element.vr or vr_of(element.tag)
    if vr not in LONG_VRS and len(value) > 0xFFFE:
        vr = "UN"
    if vr in LONG_VRS:
        return tag + vr.encode() + b"\0\0" + wire.pack("I", UNDEFINED if element.undefined else len(value)) + value
    return tag + vr.encode() + wire.pack("H", len(value)) + value


def _value(element: Element, wire: Wire) -> bytes:
    if element.items is not None:
        body = b"".join(_item(item, wire) for item in element.items)
    elif element.fragments is not None:
        body = b"".join(wire.pack("HHI", 0xFFFE, 0xE000, len(f)) + f for f in element.fragments)
    else:
        return element.value
    return body + wire.pack("HHI", 0xFFFE, 0xE0DD, 0) if element.undefined else body


def _item(item: Item, wire: Wire) -> bytes:
    body = b"".join(encode(e, wire) for e in item.elements)
    if item.undefined:
        return wire.pack("HHI", 0xFFFE, 0xE000, UNDEFINED) + body + wire.pack("HHI", 0xFFFE, 0xE00D, 0)
    return wire.pack("HHI", 0xFFFE, 0xE000, len(body)) + body


# --- reading ------------------------------------------------------------------------------------------------


def parse(data: bytes) -> Part10:
    """Read a file with or without preamble and file meta. Raises Unparsable."""
    preamble = data[:128] if data[128:132] == b"DICM" else None
    start = 0 if preamble is None else 132
    meta, at = _meta(data, start)
    named = find(meta, 0x00020010) if meta is not None else None
    syntax = named.value.rstrip(b"\0 ").decode("ascii", "replace") if named is not None else ""
    if syntax in DEFLATED:
        data, at = _inflated(data[at:]), 0
    wire = _guess(data, at, syntax)
    if not syntax:
        syntax = EXPLICIT_BIG if not wire.little else EXPLICIT_LITTLE if wire.explicit else IMPLICIT_LITTLE
    reader = _Reader(data)
    elements, end = reader.elements(at, len(data), wire, 0, closing=0)
    if not elements:
        raise Unparsable("no elements")
    return Part10(preamble, meta, syntax, wire, elements, data[end:])


def inflated(data: bytes) -> bytes:
    """The data set of a deflated file, from which the offsets of its elements count."""
    _, at = _meta(data, 132 if data[128:132] == b"DICM" else 0)
    return _inflated(data[at:])


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=-15).decompress(data)
    except zlib.error:
        raise Unparsable("deflated bytes are damaged") from None


def _meta(data: bytes, at: int) -> tuple[list[Element] | None, int]:
    wire, found = Wire(), list[Element]()
    while data[at : at + 2] == b"\x02\x00" and data[at + 4 : at + 6].decode("latin-1") in LONG_VRS | SHORT_VRS:
        element, at = _Reader(data).element(at, len(data), wire, 0)
        found.append(element)
    return (found or None), at


def _guess(data: bytes, at: int, syntax: str) -> Wire:
    """The encoding that the transfer syntax names, corrected by what the first element looks like (files do lie)."""
    looks_explicit = re.fullmatch(rb"[A-Z]{2}", data[at + 4 : at + 6]) is not None
    if syntax == EXPLICIT_BIG or (not syntax and data[at : at + 2] == b"\x00\x08"):
        return Wire(explicit=True, little=False)
    return Wire(explicit=looks_explicit)


class _Reader:
    """Reads elements out of `data`, which nothing changes."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def elements(self, at: int, end: int, wire: Wire, depth: int, closing: int) -> tuple[list[Element], int]:
        """Elements up to `end`, or past the delimiter `closing`; at the top, up to bytes that are no element."""
        if depth > MAX_DEPTH:
            raise Unparsable("nested too deeply")
        found = list[Element]()
        while at < end:
            if depth == 0 and (end - at < 8 or not any(self.data[at : at + 8])):
                break
            group, number = wire.unpack("HH", self.data, at)
            if closing and (group << 16 | number) == closing:
                return found, at + 8
            element, at = self.element(at, end, wire, depth)
            found.append(element)
        if closing:
            raise Unparsable("an item is never closed")
        return found, at

    def element(self, at: int, end: int, wire: Wire, depth: int) -> tuple[Element, int]:
        group, number = wire.unpack("HH", self.data, at)
        tag = group << 16 | number
        if group == 0xFFFE:
            raise Unparsable(f"a delimiter out of place at {at}")
        vr, length, start = self._header(at, tag, wire)
        if length == UNDEFINED and (tag == 0x7FE00010 or vr in ("OB", "OW")):
            fragments, after = self._fragments(start, end, wire)
            return Element(tag, vr, fragments=fragments, undefined=True, start=start), after
        if vr == "SQ" or length == UNDEFINED:
            inner = Wire(explicit=False) if vr == "UN" else wire
            items, after = self._items(start, end, length, inner, depth)
            return Element(tag, vr, items=items, undefined=length == UNDEFINED, start=start), after
        if start + length > end:
            raise Unparsable(f"{tag:08X} runs over its end")
        return Element(tag, vr, self.data[start : start + length], start=start), start + length

    def _header(self, at: int, tag: int, wire: Wire) -> tuple[str, int, int]:
        if not wire.explicit:
            return vr_of(tag), wire.unpack("I", self.data, at + 4)[0], at + 8
        vr = self.data[at + 4 : at + 6].decode("latin-1")
        if vr in LONG_VRS:
            return vr, wire.unpack("I", self.data, at + 8)[0], at + 12
        if vr in SHORT_VRS:
            return vr, wire.unpack("H", self.data, at + 6)[0], at + 8
        raise Unparsable(f"{tag:08X} has no VR that exists")

    def _items(self, at: int, end: int, length: int, wire: Wire, depth: int) -> tuple[list[Item], int]:
        if length != UNDEFINED:
            if at + length > end:
                raise Unparsable("a sequence runs over its end")
            end = at + length
        items = list[Item]()
        while at < end:
            group, number, size = wire.unpack("HHI", self.data, at)
            tag, at = group << 16 | number, at + 8
            if tag == SEQUENCE_END and length == UNDEFINED:
                return items, at
            if tag != ITEM:
                raise Unparsable("no item where one must be")
            if size == UNDEFINED:
                elements, at = self.elements(at, end, wire, depth + 1, closing=ITEM_END)
            elif at + size > end:
                raise Unparsable("an item runs over its end")
            else:
                elements, at = self.elements(at, at + size, wire, depth + 1, closing=0)
            items.append(Item(elements, size == UNDEFINED))
        if length == UNDEFINED:
            raise Unparsable("a sequence is never closed")
        return items, at

    def _fragments(self, at: int, end: int, wire: Wire) -> tuple[list[bytes], int]:
        fragments = list[bytes]()
        while True:
            group, number, size = wire.unpack("HHI", self.data, at)
            tag, at = group << 16 | number, at + 8
            if tag == SEQUENCE_END:
                return fragments, at
            if tag != ITEM or at + size > end:
                raise Unparsable("fragments are damaged")
            fragments.append(self.data[at : at + size])
            at += size
