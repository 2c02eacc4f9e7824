"""Read one Part 10 object: its parts, its elements one by one, and where its pixel data lies."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

from pydicom.dataelem import RawDataElement
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import data_element_generator
from pydicom.tag import BaseTag

from deident.validation.elements import PIXEL_TAGS, Node, Path, Reader, Short, Unreadable
from deident.validation.model import Source
from deident.validation.proof import Reading

__all__ = ["PYDICOM_ERRORS", "Instance", "PixelPlace", "Unreadable", "read_instance"]

#: What pydicom raises on broken input. Their messages quote values: they are never shown nor chained.
PYDICOM_ERRORS: Final = (
    *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, NotImplementedError, OSError),
    *(RecursionError, TypeError, ValueError, struct.error, zlib.error, BytesLengthException, InvalidDicomError),
)

_WINDOW: Final = 1 << 16
_UNDEFINED: Final = 0xFFFFFFFF
_ITEM: Final = 0xFFFEE000
_SEQUENCE_END: Final = 0xFFFEE0DD
_INFLATED_LIMIT: Final = 1 << 31
_LONG_VRS: Final = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SV", b"UN", b"UV"})

_PROVEN_LIMIT: Final = 100_000
#: Layouts that pydicom was seen to read alike in this process: digests of tags and VRs, no value of anybody.
_proven: set[bytes] = set()

#: A buffer, and where in it a run of top-level elements starts and ends.
_Run = tuple[bytes, int, int]


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


@dataclass(slots=True)
class Instance:
    """One object, parsed. `body` is where the data set lies: in the object itself, or in the bytes it inflates to.

    `nodes` are all elements at every depth in file order, but for pixel data; `starts` are the items (how many nodes
    stand before, and the sequences around); `problems` are (code, tag). Objects
    with the same `layout` have the same elements at the same places; their values differ.
    """

    preamble: bytes | None = field(repr=False)
    meta: dict[int, RawDataElement] = field(repr=False)
    meta_order: list[int] = field(repr=False)
    meta_span: tuple[int, int]
    syntax: str
    implicit: bool
    little: bool
    body: Source = field(repr=False)
    trailing: int
    nodes: list[Node] = field(default_factory=list, repr=False)
    starts: list[tuple[int, Path]] = field(default_factory=list, repr=False)
    problems: set[tuple[str, int]] = field(default_factory=set)
    pixels: list[PixelPlace] = field(default_factory=list)
    layout: bytes = field(default=b"", repr=False)
    _tops: dict[int, bytes] | None = field(default=None, repr=False)

    @property
    def tops(self) -> dict[int, bytes]:
        """The raw values of the top-level elements; those of sequences are empty."""
        if self._tops is None:
            self._tops = {node[1]: node[3] or b"" for node in self.nodes if not node[0]}
        return self._tops


def read_instance(source: Source) -> Instance:
    """Parse an object to its end, all but the values of its pixel data. Raises Unreadable with a code.

    pydicom must read the same elements; that is tried once for each layout.
    """
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
    instance = Instance(preamble, meta, meta_order, (start, meta_end), syntax, implicit, little, body, trailing)
    reader = Reader(implicit, little, instance.nodes, starts=instance.starts, problems=instance.problems)
    runs = _read_runs(instance, offset, window, reader)
    heads = b"%d%d" % (implicit, little) + b"".join(reader.heads)
    instance.layout = hashlib.blake2b(heads, digest_size=16).digest()
    if instance.layout not in _proven:
        _prove(instance, runs)
        if len(_proven) >= _PROVEN_LIMIT:
            _proven.clear()
        _proven.add(instance.layout)
    return instance


def _prove(instance: Instance, runs: list[_Run]) -> None:
    """Whether pydicom reads the same elements; how it does depends on tags, VRs and items, not on the values."""
    reading = Reading(implicit=instance.implicit, little=instance.little)
    if any(reading.run(buffer, start) != end for buffer, start, end in runs) or reading.nodes != instance.nodes:
        raise Unreadable("readers-disagree")


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


def _read_runs(instance: Instance, position: int, window: bytes, reader: Reader) -> list[_Run]:
    """Read from `position` to the end of the body: a run of elements, a pixel data value, a run, ..."""
    body, base, runs = instance.body, 0, list[_Run]()
    while position < body.size:
        known = len(reader.nodes), len(reader.heads), len(reader.starts)
        complete = base + len(window) >= body.size
        try:
            end = reader.run(window, position - base)
        except Short:
            end = -1
        # Short of pixel data and of the object's end, it was the window that ended.
        if not complete and (end < 0 or end + 12 > len(window)):
            del reader.nodes[known[0] :], reader.heads[known[1] :], reader.starts[known[2] :]
            base, window = position, body.read_at(position, min(body.size - position, max(len(window), _WINDOW) * 8))
            continue
        if end < 0:
            raise Unreadable("truncated")
        runs.append((window, position - base, end))
        position = base + end
        if position >= body.size or not _at_pixels(instance, window[end : end + 4]):
            instance.trailing += body.size - position
            break
        position = _read_pixels(instance, position)
        base, window = position, body.read_at(position, min(_WINDOW, max(body.size - position, 0)))
    return runs


def _at_pixels(instance: Instance, head: bytes) -> bool:
    if len(head) < 4:
        return False
    group, number = struct.unpack("<HH" if instance.little else ">HH", head)
    return group << 16 | number in PIXEL_TAGS


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
