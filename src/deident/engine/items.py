"""Look ahead into an item of a sequence: what it says of itself decides what becomes of it.

A content item (PS3.3 C.17.3) has its value type and concept name before its value, a coded item (Table 8.8-1) its scheme
before its meaning; but what stands before them in the item would be decided too early.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from deident.engine.syntax import IMPLICIT_LITTLE, LONG_VRS, UNDEFINED, Syntax
from deident.profile.content import Item
from deident.profile.decision import Method

__all__ = ["LOOKS", "ItemTooLong", "content_item", "items_of", "values_of"]

_CODE_VALUE: Final = 0x00080100
_SCHEME: Final = 0x00080102
_MEANING: Final = 0x00080104
_LONG_CODE: Final = 0x00080119
_URN_CODE: Final = 0x00080120
_VALUE_TYPE: Final = 0x0040A040
_CONCEPT_NAME: Final = 0x0040A043
_UNITS: Final = 0x004008EA
_DEEPEST: Final = 64


class ItemTooLong(Exception):
    """The bytes at hand end before the item has said what it is."""


def coded_item(buf: bytes, pos: int, end: int, syntax: Syntax) -> Item:
    """Scheme and code of the item whose elements start at `pos`."""
    found = values_of(buf, pos, end, syntax, frozenset({_CODE_VALUE, _SCHEME, _LONG_CODE, _URN_CODE}), _URN_CODE)
    code = found.get(_CODE_VALUE) or found.get(_LONG_CODE) or found.get(_URN_CODE) or b""
    return Item(False, "", _text(found.get(_SCHEME, b"")), _text(code))


def content_item(buf: bytes, pos: int, end: int, syntax: Syntax) -> Item:
    """Value type of the content item whose elements start at `pos`, with scheme and code of its concept name."""
    found = values_of(buf, pos, end, syntax, frozenset({_VALUE_TYPE, _CONCEPT_NAME}), _CONCEPT_NAME)
    concept = _first_code(found.get(_CONCEPT_NAME, b""), syntax)
    return Item(True, _text(found.get(_VALUE_TYPE, b"")), concept.scheme, concept.code)


def measured_value(buf: bytes, pos: int, end: int, syntax: Syntax) -> Item:
    """Scheme and code of the unit of the measured value whose elements start at `pos`."""
    return _first_code(values_of(buf, pos, end, syntax, frozenset({_UNITS}), _UNITS).get(_UNITS, b""), syntax)


#: How to look at the items of a sequence, by the method that selects among them.
LOOKS: Final[dict[Method, Callable[[bytes, int, int, Syntax], Item]]] = {
    Method.CODES: coded_item,
    Method.CONTENT: content_item,
    Method.UNITS: measured_value,
}


def items_of(buf: bytes, pos: int, end: int, syntax: Syntax) -> Iterator[tuple[int, int]]:
    """Where the elements of each item begin and end, of a sequence whose value starts at `pos`.

    What cannot be read ends it: the scan says what is wrong. Raises ItemTooLong where the bytes end too early.
    """
    while pos + 8 <= end:
        if pos + 8 > len(buf):
            raise ItemTooLong
        length = int(syntax.long.unpack_from(buf, pos + 4)[0])
        if buf[pos : pos + 4] != syntax.item:
            return
        start = pos + 8
        stop = _end_of_item(buf, start, syntax, 0) if length == UNDEFINED else start + length
        if stop < start or stop > end:
            return
        if stop > len(buf):
            raise ItemTooLong
        yield start, stop
        pos = stop + 8 if length == UNDEFINED else stop


def _first_code(value: bytes, syntax: Syntax) -> Item:
    """Scheme and code of the first item of an encoded code sequence."""
    start, stop, inner = _first_item(value, syntax)
    return coded_item(value[:stop], start, stop, inner)


def _text(value: bytes) -> str:
    return value.strip(b"\0 ").decode("latin-1")


def _first_item(value: bytes, syntax: Syntax) -> tuple[int, int, Syntax]:
    """Where the first item of an encoded sequence value begins and ends; (0, 0) when it has none."""
    if len(value) < 8 or value[:4] != syntax.item:
        return 0, 0, syntax
    length = int(syntax.long.unpack_from(value, 4)[0])
    return 8, len(value) if length == UNDEFINED else min(8 + length, len(value)), syntax


def values_of(buf: bytes, pos: int, end: int, syntax: Syntax, wanted: frozenset[int], last: int) -> dict[int, bytes]:
    """The values of the `wanted` elements of an item; it is read up to the element `last`, or what comes after it.

    What cannot be read ends the look: the scan that follows says what is wrong. Raises ItemTooLong as `items_of` does.
    """
    found: dict[int, bytes] = {}
    while pos + 8 <= end:
        if pos + 8 > len(buf):
            raise ItemTooLong
        tag = syntax.tag_at(buf[pos : pos + 4])
        if tag > last or tag >> 16 == 0xFFFE:
            break
        start, length = _value_at(buf, pos, syntax)
        stop = _end_of_sequence(buf, start, syntax, 0) if length == UNDEFINED else start + length
        if stop < 0 or stop > end:
            break
        if stop > len(buf):
            raise ItemTooLong
        if tag in wanted:
            found[tag] = buf[start:stop]
        pos = stop
    return found


def _value_at(buf: bytes, pos: int, syntax: Syntax) -> tuple[int, int]:
    """Where the value of the element starts whose first 8 bytes are there, and its length."""
    if not syntax.explicit:
        return pos + 8, int(syntax.long.unpack_from(buf, pos + 4)[0])
    if buf[pos + 4 : pos + 6].decode("latin-1") in LONG_VRS | {"SQ"}:
        if pos + 12 > len(buf):
            raise ItemTooLong
        return pos + 12, int(syntax.long.unpack_from(buf, pos + 8)[0])
    return pos + 8, int(syntax.short.unpack_from(buf, pos + 6)[0])


def _end_of_sequence(buf: bytes, pos: int, syntax: Syntax, depth: int) -> int:
    """The end of a sequence of undefined length that starts at `pos`; -1 when it cannot be walked."""
    if depth > _DEEPEST:
        return -1
    while True:
        if pos + 8 > len(buf):
            raise ItemTooLong
        head, length = buf[pos : pos + 4], int(syntax.long.unpack_from(buf, pos + 4)[0])
        pos += 8
        if head == syntax.sequence_end:
            return pos
        if head != syntax.item:
            return -1
        if length != UNDEFINED:
            pos += length
            continue
        pos = _end_of_item(buf, pos, syntax, depth)
        if pos < 0:
            return -1
        pos += 8


def _end_of_item(buf: bytes, pos: int, syntax: Syntax, depth: int) -> int:
    """Where the delimiter of an item of undefined length stands; -1 when the item cannot be walked."""
    while buf[pos : pos + 4] != syntax.item_end:
        if pos + 8 > len(buf):
            raise ItemTooLong
        start, length = _value_at(buf, pos, syntax)
        unknown = syntax.explicit and buf[pos + 4 : pos + 6] == b"UN"
        inner = IMPLICIT_LITTLE if unknown else syntax
        pos = _end_of_sequence(buf, start, inner, depth + 1) if length == UNDEFINED else start + length
        if pos < 0:
            return -1
    return pos
