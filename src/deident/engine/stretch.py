"""A stretch of elements that an earlier instance had with the same headers, and what follows from it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

from deident.engine import entries as p

if TYPE_CHECKING:
    from deident.engine.notes import Notes

__all__ = ["Stretch", "bare"]

_HEAD: Final = 8

Unpack = Callable[[bytes, int], tuple[bytes, ...]]


class Stretch:
    """Elements of known headers, one after the other; `length` in bytes, `delta` what the edits add to it.

    One `struct` call compares all headers, others take out the values that the scanner would have looked at.
    """

    __slots__ = (
        *(
            "_captured",
            "_done",
            "_edits",
            "_expected",
            "_gathered",
            "_heads",
            "_kinds",
            "_marks",
            "_numbers",
            "_tags",
            "_texts",
        ),
        *("delta", "elements", "length"),
    )

    def __init__(self, elements: Sequence[tuple[bytes, Any]]) -> None:
        inner = [bare(entry) for _head, entry in elements]
        self.elements = len(elements)
        self._heads = _unpack(
            [(head, 0, _HEAD, _advance(e)) for (head, _entry), e in zip(elements, inner, strict=True)]
        )
        self._expected = tuple(head for head, _entry in elements)
        self._texts = _values(inner, p.TEXT)
        self._numbers = _values(inner, p.NUMBER)
        self._gathered = _values(inner, p.GATHER)
        self._kinds = tuple(e[5] for e in inner if e.__class__ is tuple and e[0] == p.GATHER)
        self._tags = tuple(tag for _head, entry in elements for tag in _wrapped(entry, p.CAPTURE))
        self._marks = frozenset(tag for _head, entry in elements for tag in _wrapped(entry, p.MARK))
        spans = [(_captures(entry), _advance(e)) for (_head, entry), e in zip(elements, inner, strict=True)]
        wanted = [(capture is not None, capture or 0, 0, advance) for capture, advance in spans]
        self._captured = _unpack([(w, start, advance if w else 0, advance) for w, start, _end, advance in wanted])
        self._done, self._edits = _edits(inner)
        self.length = sum(map(_advance, inner))
        self.delta = sum(len(out) - (last - first) for first, last, out in self._edits)

    def apply(
        self, buf: bytes, position: int, notes: Notes, edits: list[tuple[int, int, bytes]], charset: bytes
    ) -> bool:
        """Note and edit as the scan of these elements would; False, with nothing done, where they are not what they were."""
        if self._heads is None or self._heads(buf, position) != self._expected:
            return False
        texts = self._texts(buf, position) if self._texts is not None else ()
        numbers = self._numbers(buf, position) if self._numbers is not None else ()
        hits = notes.hits
        if hits and not (hits.isdisjoint(texts) and hits.isdisjoint(numbers)):
            return False
        notes.texts += texts
        notes.numbers += numbers
        if self._gathered is not None:
            notes.gathered += zip(self._kinds, self._gathered(buf, position), repeat(charset))
        if self._captured is not None:
            notes.seen.update(zip(self._tags, self._captured(buf, position), strict=True))
        if self._marks:
            notes.marks |= self._marks
        if self._edits:
            for first, last, out in self._edits:
                edits.append((position + first, position + last, out))
            notes.done += self._done
        return True


def bare(entry: Any) -> Any:
    """An entry without what wraps it."""
    while entry.__class__ is tuple and entry[0] in (p.CAPTURE, p.MARK):
        entry = entry[2]
    return entry


def _advance(entry: Any) -> int:
    return int(entry if entry.__class__ is int else entry[1])


def _wrapped(entry: Any, kind: int) -> list[int]:
    """The tags of the wrappers of one kind around an entry."""
    tags = []
    while entry.__class__ is tuple and entry[0] in (p.CAPTURE, p.MARK):
        if entry[0] == kind:
            tags.append(entry[1])
        entry = entry[2]
    return tags


def _captures(entry: Any) -> int | None:
    """Offset of the value that is wanted from an element, None when it is not."""
    while entry.__class__ is tuple and entry[0] in (p.CAPTURE, p.MARK):
        if entry[0] == p.CAPTURE:
            return int(entry[4])
        entry = entry[2]
    return None


def _values(inner: Sequence[Any], kind: int) -> Unpack | None:
    """What takes out the values of the entries of one kind, None when there are none."""
    spans = []
    for entry in inner:
        wanted = entry.__class__ is tuple and entry[0] == kind
        advance = _advance(entry)
        spans.append((wanted, entry[2] if wanted else 0, advance if wanted else 0, advance))
    return _unpack(spans)


def _unpack(spans: Sequence[tuple[Any, int, int, int]]) -> Unpack | None:
    """A `struct` for (wanted, start, end, advance) of each element: the bytes from start to end of those wanted."""
    form, skipped = [], 0
    for wanted, start, end, advance in spans:
        if wanted:
            form.append(f"{skipped + start}x{end - start}s")
            skipped = advance - end
        else:
            skipped += advance
    return struct.Struct("<" + "".join(form)).unpack_from if form else None


def _edits(inner: Sequence[Any]) -> tuple[tuple[int, ...], tuple[tuple[int, int, bytes], ...]]:
    """Decision numbers and merged edits of the entries that replace their element."""
    done: list[int] = []
    edits: list[tuple[int, int, bytes]] = []
    position = 0
    for entry in inner:
        after = position + _advance(entry)
        out, number = _replacement(entry)
        if out is not None:
            done.append(number)
            if edits and edits[-1][1] == position:
                edits[-1] = (edits[-1][0], after, edits[-1][2] + out)
            else:
                edits.append((position, after, out))
        position = after
    return tuple(done), tuple(edits)


def _replacement(entry: Any) -> tuple[bytes | None, int]:
    if entry.__class__ is tuple and entry[0] == p.EDIT:
        return entry[2], entry[3]
    if entry.__class__ is tuple and entry[0] == p.GATHER:
        return entry[3], entry[4]
    return None, -1
