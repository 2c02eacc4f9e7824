"""Read one Part 10 object with pydicom: its parts, its elements one by one, and where its pixel data lies."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.filereader import data_element_generator
from pydicom.tag import BaseTag

from deident.validation.model import Source

__all__ = ["PIXEL_TAGS", "PYDICOM_ERRORS", "Element", "Instance", "PixelPlace", "Run", "Unreadable", "read_instance"]

#: What pydicom raises on broken input. Their messages quote values: they are never shown nor chained.
PYDICOM_ERRORS: Final = (
    *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, NotImplementedError, OSError),
    *(RecursionError, TypeError, ValueError, struct.error, zlib.error),
)

#: Float, Double Float and plain Pixel Data; their values are compared by range, never held in memory.
PIXEL_TAGS: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})

_WINDOW: Final = 1 << 16
_NATIVE: Final = frozenset(
    {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"}
)
_UNDEFINED: Final = 0xFFFFFFFF
_ITEM: Final = 0xFFFEE000
_SEQUENCE_END: Final = 0xFFFEE0DD
_INFLATED_LIMIT: Final = 1 << 31
_LONG_VRS: Final = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)

Element = RawDataElement | DataElement


class Unreadable(Exception):
    """The object cannot be parsed to its end. The only argument is a code."""


@dataclass(frozen=True, slots=True)
class _Bytes:
    """Bytes in memory as a Source."""

    data: bytes = field(repr=False)

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


@dataclass(frozen=True, slots=True)
class PixelPlace:
    """Where a pixel data value lies in `Instance.body`. `fragments` are (offset, length) of items, None when native."""

    tag: int
    offset: int
    length: int
    fragments: tuple[tuple[int, int], ...] | None


@dataclass(frozen=True, slots=True)
class Run:
    """Top-level elements that follow each other: `buffer` holds them from `start` to `end`."""

    elements: list[Element] = field(repr=False)
    buffer: bytes = field(repr=False)
    start: int
    end: int


@dataclass(slots=True)
class Instance:
    """One object, parsed. `body` is where the data set lies: in the object itself, or in the bytes it inflates to."""

    preamble: bytes | None = field(repr=False)
    meta: dict[int, RawDataElement] = field(repr=False)
    meta_order: list[int] = field(repr=False)
    meta_span: tuple[int, int]
    syntax: str
    implicit: bool
    little: bool
    body: Source = field(repr=False)
    runs: list[Run] = field(repr=False)
    pixels: list[PixelPlace]
    trailing: int


def read_instance(source: Source) -> Instance:
    """Parse an object to its end, all but the values of its pixel data. Raises Unreadable with a code."""
    try:
        return _read(source)
    except PYDICOM_ERRORS:
        pass
    raise Unreadable("not-parsable")


def _read(source: Source) -> Instance:
    head = source.read_at(0, min(_WINDOW, source.size))
    preamble = head[:128] if head[128:132] == b"DICM" else None
    start = 132 if preamble is not None else 0
    meta_order, meta, meta_end = _read_meta(head, start)
    syntax = _text(meta.get(0x00020010))
    body, offset, trailing, window = source, meta_end, 0, head
    if syntax == "1.2.840.10008.1.2.1.99":
        inflated, trailing = _inflate(source, meta_end)
        body, offset, window = inflated, 0, inflated.data
    implicit, little = _encoding(syntax, window[offset : offset + 6])
    instance = Instance(preamble, meta, meta_order, (start, meta_end), syntax, implicit, little, body, [], [], trailing)
    _read_runs(instance, offset, window)
    return instance


def _read_meta(head: bytes, start: int) -> tuple[list[int], dict[int, RawDataElement], int]:
    """The elements of group 0002 (always explicit VR little endian, PS3.10 7.1), and where the group ends."""
    stream = BytesIO(head)
    stream.seek(start)
    meta: dict[int, RawDataElement] = {}
    order = []
    if head[start : start + 2] == b"\2\0":
        for element in data_element_generator(stream, False, True, stop_when=_not_meta):
            if isinstance(element, RawDataElement):
                order.append(int(element.tag))
                meta[int(element.tag)] = element
    return order, meta, stream.tell()


def _not_meta(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return int(tag) >> 16 != 2


def _text(element: RawDataElement | None) -> str:
    value = element.value if element is not None else None
    return value.rstrip(b"\0 ").decode("latin-1") if isinstance(value, bytes) else ""


def _encoding(syntax: str, first: bytes) -> tuple[bool, bool]:
    """(implicit VR, little endian) of the data set. The first element tells, whatever the transfer syntax says."""
    explicit = len(first) == 6 and first[4:6].isalpha() and first[4:6].isupper()
    if syntax == "1.2.840.10008.1.2.2":
        return False, False
    if not syntax and explicit and first[0] == 0 and first[1] != 0:
        return False, False
    return not explicit if first else syntax == "1.2.840.10008.1.2", True


def _inflate(source: Source, offset: int) -> tuple[_Bytes, int]:
    """The inflated data set, and how many bytes follow the deflate stream (one NUL pads it, PS3.5 A.5)."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    data = inflater.decompress(source.read_at(offset, source.size - offset), _INFLATED_LIMIT)
    if not inflater.eof:
        raise Unreadable("deflate-stream")
    rest = inflater.unused_data
    return _Bytes(data), 0 if rest in (b"", b"\0") else len(rest)


def _read_runs(instance: Instance, position: int, window: bytes) -> None:
    """Parse from `position` to the end of the body: a run of elements, a pixel data value, a run, ..."""
    body, base = instance.body, 0
    while position < body.size:
        run, stopped = _parse(instance, window, position - base)
        if not stopped and base + len(window) < body.size:
            base, window = position, body.read_at(position, min(body.size - position, max(len(window), 1) * 8))
            continue
        if run is None:
            raise Unreadable("not-parsable")
        if run.elements:
            instance.runs.append(run)
        position = base + run.end
        if not stopped:
            instance.trailing += body.size - position
            return
        position = _read_pixels(instance, position)
        base, window = position, body.read_at(position, min(_WINDOW, max(body.size - position, 0)))


def _parse(instance: Instance, window: bytes, start: int) -> tuple[Run | None, bool]:
    """The run of elements at `start`, and whether it ended at pixel data inside the window. None: not parsable."""
    run = _parse_native(instance, window, start) if instance.syntax in _NATIVE else None
    if run is not None:
        return run, True
    stream = BytesIO(window)
    stream.seek(start)
    seen_pixels = False

    def at_pixels(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        nonlocal seen_pixels
        seen_pixels = tag in PIXEL_TAGS
        return seen_pixels

    try:
        elements = list(data_element_generator(stream, instance.implicit, instance.little, stop_when=at_pixels))
    except PYDICOM_ERRORS:
        return None, False
    end = stream.tell()
    return Run(elements, window, start, end), seen_pixels and end + 12 <= len(window)


def _parse_native(instance: Instance, window: bytes, start: int) -> Run | None:
    """The same for the common case, twice as fast: all elements up to native pixel data lie in the window, or None."""
    stream = BytesIO(window)
    stream.seek(start)
    try:
        elements = list(data_element_generator(stream, instance.implicit, instance.little, defer_size=_WINDOW // 2))
    except PYDICOM_ERRORS:
        return None
    for index, element in enumerate(elements):
        if element.tag in PIXEL_TAGS:
            if isinstance(element, DataElement) or element.length == _UNDEFINED:
                return None
            long = not element.is_implicit_VR and (element.VR or "").encode() in _LONG_VRS
            return Run(elements[:index], window, start, element.value_tell - (12 if long else 8))
        if element.value is None and isinstance(element, RawDataElement) and element.length:
            return None
    return None


def _read_pixels(instance: Instance, position: int) -> int:
    """Note the pixel data element whose header lies at `position`; return where it ends."""
    body, order = instance.body, "<" if instance.little else ">"
    head = body.read_at(position, 12)
    group, number = struct.unpack_from(f"{order}HH", head)
    if instance.implicit or not head[4:6].isalpha():
        form, at, offset = "L", 4, position + 8
    elif head[4:6] in _LONG_VRS:
        form, at, offset = "L", 8, position + 12
    else:
        form, at, offset = "H", 6, position + 8
    length: int = struct.unpack_from(order + form, head, at)[0]
    fragments = None
    end = offset + length
    if length == _UNDEFINED:
        fragments, end = _fragments(body, offset, order)
    if end > body.size:
        raise Unreadable("pixel-data-truncated")
    instance.pixels.append(PixelPlace(group << 16 | number, offset, end - offset, fragments))
    return end


def _fragments(body: Source, offset: int, order: str) -> tuple[tuple[tuple[int, int], ...], int]:
    """The items of encapsulated pixel data, the offset table first (PS3.5 A.4), and where the sequence ends."""
    found: list[tuple[int, int]] = []
    while True:
        head = body.read_at(offset, 8)
        if len(head) < 8:
            raise Unreadable("pixel-data-truncated")
        group, number, length = struct.unpack(f"{order}HHL", head)
        offset += 8
        if group << 16 | number == _SEQUENCE_END:
            return tuple(found), offset
        if group << 16 | number != _ITEM or offset + length > body.size:
            raise Unreadable("pixel-data-items")
        found.append((offset, length))
        offset += length
