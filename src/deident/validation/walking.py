"""Flatten the elements of an object over all levels, and prove on the way that they account for every byte."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from struct import Struct
from typing import Final, NamedTuple, cast

from pydicom.charset import convert_encodings, default_encoding
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import data_element_generator
from pydicom.sequence import Sequence

from deident.validation.reading import PYDICOM_ERRORS, Element, Instance, Unreadable

__all__ = ["Node", "SequenceCache", "Walked", "vr_of", "walk"]

_CHARACTER_SET: Final = 0x00080005
_LONG: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
_UNDEFINED: Final = 0xFFFFFFFF
_LITTLE: Final = Struct("<HHL")
_BIG: Final = Struct(">HHL")
_CACHED_LENGTH: Final = 1 << 14
_CACHED_SEQUENCES: Final = 20_000

Path = tuple[int, ...]


class Node(NamedTuple):
    """One element: the sequences around it, tag, VR, raw value (None for a sequence) and pydicom's encodings."""

    path: Path
    tag: int
    vr: str
    value: bytes | None
    encodings: tuple[str, ...]
    little: bool

    @property
    def place(self) -> str:
        """`(gggg,eeee)` with the sequences around it."""
        return ">".join(f"({tag >> 16:04X},{tag & 0xFFFF:04X})" for tag in (*self.path, self.tag))


@dataclass(slots=True)
class Walked:
    """All elements of one object in file order, and what is wrong with its structure, as `code: place`."""

    nodes: list[Node] = field(repr=False)
    problems: set[tuple[str, int]]


#: Sequences of defined length that were walked before: path, encodings, encoding and bytes -> elements and problems.
SequenceCache = dict[
    tuple[Path, tuple[str, ...], bool, bool, bytes], tuple[tuple[Node, ...], frozenset[tuple[str, int]]]
]


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
def _encodings(raw: bytes) -> tuple[str, ...]:
    """pydicom's names for the values of Specific Character Set (0008,0005)."""
    values = [part.strip() for part in raw.rstrip(b"\0 ").decode("latin-1").split("\\")]
    return tuple(convert_encodings(values))


def walk(instance: Instance, cache: SequenceCache | None = None) -> Walked:
    """Every element of the data set at every depth. Raises Unreadable when pydicom cannot parse a sequence.

    `cache` is for the instances of one study, whose sequences are mostly alike.
    """
    try:
        return _walk(instance, {} if cache is None else cache)
    except PYDICOM_ERRORS:
        pass
    raise Unreadable("not-parsable")


def _walk(instance: Instance, cache: SequenceCache) -> Walked:
    walker = _Walker(cache)
    encodings: tuple[str, ...] = (default_encoding,)
    for run in instance.runs:
        encodings, length = walker.level(run.elements, (), encodings, run.buffer)
        if length != run.end - run.start:
            walker.problems.add(("bytes-unaccounted", 0))
    return Walked(walker.nodes, walker.problems)


class _Walker:
    __slots__ = ("cache", "nodes", "problems")

    def __init__(self, cache: SequenceCache) -> None:
        self.cache = cache
        self.nodes: list[Node] = []
        self.problems: set[tuple[str, int]] = set()

    def level(
        self, elements: Iterable[Element], path: Path, encodings: tuple[str, ...], buffer: bytes
    ) -> tuple[tuple[str, ...], int]:
        """Add the elements of one data set or item; return its encodings and its encoded length in bytes."""
        total, last = 0, -1
        append = self.nodes.append
        for element in elements:
            tag = int(element.tag)
            if tag <= last:
                self.problems.add(("duplicate" if tag == last else "order", tag))
            last = tag
            if isinstance(element, DataElement):
                append(Node(path, tag, "SQ", None, encodings, True))
                total += self._sequence(cast("Sequence", element.value), (*path, tag), encodings, buffer)
                total += 8 + (8 if _has_short_header(element, buffer) else 12)
                continue
            vr = vr_of(tag, element.VR)
            value, length = element.value or b"", element.length
            total += 8 if element.is_implicit_VR or element.VR not in _LONG else 12
            if length == _UNDEFINED:
                total += len(value) + 8
            elif len(value) != length:
                raise Unreadable("truncated")
            else:
                total += length
                if length & 1:
                    self.problems.add(("odd-length", tag))
            if tag == _CHARACTER_SET:
                encodings = _encodings(value)
            if vr == "SQ":
                append(Node(path, tag, "SQ", None, encodings, True))
                self._defined_sequence(element, value, (*path, tag), encodings)
            else:
                append(Node(path, tag, vr, value, encodings, element.is_little_endian))
        return encodings, total

    def _defined_sequence(self, element: RawDataElement, value: bytes, path: Path, encodings: tuple[str, ...]) -> None:
        """Add the items of a sequence of defined length, each parsed by pydicom's element generator."""
        key = (path, encodings, element.is_implicit_VR, element.is_little_endian, value)
        known = self.cache.get(key)
        if known is None:
            before, problems = len(self.nodes), self.problems
            self.problems = set()
            self._items(value, path, encodings, element.is_implicit_VR or element.VR == "UN", element.is_little_endian)
            known = tuple(self.nodes[before:]), frozenset(self.problems)
            self.problems = problems
            if len(value) <= _CACHED_LENGTH and len(self.cache) < _CACHED_SEQUENCES:
                self.cache[key] = known
        else:
            self.nodes.extend(known[0])
        self.problems |= known[1]

    def _items(self, value: bytes, path: Path, encodings: tuple[str, ...], implicit: bool, little: bool) -> None:
        unpack = (_LITTLE if little else _BIG).unpack_from
        position, end = 0, len(value)
        while position + 8 <= end:
            group, number, length = unpack(value, position)
            position += 8
            if group != 0xFFFE or number != 0xE000:
                raise Unreadable("sequence-items")
            if length == _UNDEFINED:
                stream, buffer = BytesIO(value), value
                stream.seek(position)
            else:
                buffer = value[position : position + length]
                stream = BytesIO(buffer)
            elements = list(data_element_generator(stream, implicit, little, encoding=list(encodings)))
            _, found = self.level(elements, path, encodings, buffer)
            if length == _UNDEFINED:
                found, length = found + 8, stream.tell() - position
            if found != length:
                self.problems.add(("item-length", path[-1]))
            position += length
        if position != end:
            self.problems.add(("bytes-unaccounted", path[-1]))

    def _sequence(self, sequence: Sequence, path: Path, encodings: tuple[str, ...], buffer: bytes) -> int:
        """Add the items of a sequence; return their encoded length. Items begin in `buffer` at pydicom's tells."""
        total = 0
        for item in sequence:
            _, length = self.level(_elements(item), path, encodings, buffer)
            tell = cast("int", item.seq_item_tell)
            declared = buffer[tell + 4 : tell + 8]
            total += 8 + length
            if item.is_undefined_length_sequence_item:
                total += 8
            elif length not in (int.from_bytes(declared, "little"), int.from_bytes(declared, "big")):
                self.problems.add(("item-length", path[-1]))
        return total


def _elements(item: Dataset) -> Iterable[Element]:
    """The elements of an item as read, none of them converted."""
    return cast("Mapping[object, Element]", item).values()


def _has_short_header(element: DataElement, buffer: bytes) -> bool:
    """Whether a sequence of undefined length has the header of implicit VR: without SQ or UN before its length."""
    tell = cast("int", element.file_tell)
    return tell < 12 or buffer[tell - 8 : tell - 4] not in (b"SQ\0\0", b"UN\0\0")
