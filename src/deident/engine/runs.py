"""What instances of a series repeat, checked and skipped as one: runs of elements, and stretches that are the same.

The parse of a data set depends on its element headers alone. Where the headers of a run stand at the offsets at which an
earlier instance had them, with the same tags, VRs and lengths, the same entries apply, whatever the values are: one
`struct` call compares the headers, another takes out the text values. Where they differ, the scanner goes on element by
element. Sequences, and elements that two neighbours have in common, lead to what they led to before where they stand
again byte for byte, at the same level and under the same character set. So both change how fast an instance is scanned,
never what is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, Final

from deident.engine import entries as p
from deident.engine.level import Level
from deident.engine.notes import Notes
from deident.engine.repeat import BEGINNING, Repeat
from deident.engine.stretch import Stretch, bare

__all__ = ["Learner", "due"]

_SHORTEST: Final = 3
_LONGEST: Final = 64
_FIRST: Final = 2
_OF_STUDY: Final = frozenset({8, 64})
_LARGEST_REPEAT: Final = 64 << 10
#: How far an element of one instance is from where its neighbour has it.
_NEAR: Final = 512
_RUN_KINDS: Final = frozenset({p.TEXT, p.NUMBER, p.EDIT, p.GATHER})
#: Kinds of entries of which nothing but their own bytes, and the patient, decides. Ages, dates with a time beside them, values of
#: content items, private values and what is wanted of several elements together depend on more.
_REPEAT_KINDS: Final = _RUN_KINDS | {p.UID, p.BLOB, p.DEFERRED, p.CONCEPT, p.KEPT, p.CLEAN, p.RETAINED_UID, p.SEQUENCE}

Edit = tuple[int, int, bytes]
#: Scans encoded elements by themselves, at a level and with a character set in force; None where that cannot be.
Rescan = Callable[[Level, bytes, bytes], tuple[list[Edit], Notes] | None]


def due(instances: int, of_study: int) -> bool:
    """Whether to learn after this many instances of a plan (after 2, 8, 64, 512, ...), or of a study, which must be worth it."""
    power_of_two = instances & (instances - 1) == 0
    later = instances > _FIRST and power_of_two and instances.bit_length() % 3 == 1
    return later or instances == _FIRST or of_study in _OF_STUDY


class _Element:
    """An element that was met: its level, its first bytes and their entry, and where it stands; a sequence as a whole."""

    __slots__ = ("charset", "encoded", "end", "entry", "head", "level", "long", "start")

    def __init__(self, level: Level, head: bytes, entry: Any) -> None:
        self.level = level
        self.head = head
        self.entry = entry
        self.start = self.end = -1
        self.encoded: bytes | None = None
        self.charset: bytes | None = None
        self.long = False


class Learner:
    """Records the look-ups of one scan, and turns them into RUN and REPEAT entries.

    `before` are the windows of the instance before, from which one learns what neighbours have in common.
    """

    def __init__(self, before: Sequence[bytes] = ()) -> None:
        self._before = before
        self._trace: list[_Element] = []
        self._latest: dict[Level, _Element] = {}

    def lookup(self, level: Level) -> Callable[[bytes], Any]:
        """The recording stand-in for a level's memo."""
        record, get, latest = self._trace.append, level.memo.get, self._latest

        def recorded(head: bytes) -> Any:
            entry = get(head)
            while entry.__class__ is tuple and entry[0] in (p.RUN, p.REPEAT):
                entry = entry[-1]
            if entry is not None:
                latest[level] = element = _Element(level, head, entry)
                record(element)
            return entry

        return recorded

    def sequence(self, level: Level, encoded: bytes, charset: bytes) -> None:
        """Take a whole sequence that was scanned at `level`: the element that was met there last."""
        element = self._latest[level]
        element.encoded, element.charset = encoded, charset

    def learn(self, buffer: bytes, start: int, charset: bytes, rescan: Rescan) -> None:
        """Replace the runs of every level that the scan of `buffer` from `start` on visited, and know what is repeated.

        `charset` is in force where the scan started.
        """
        self._place(buffer, start, charset)
        for level in self._latest:
            level.forget_runs()
        known: list[tuple[int, int]] = []
        for group in self._groups():
            if any(first <= group[0].start < end for first, end in known):
                continue
            for shared, part in groupby(group, lambda element: self._shared(element, buffer)):
                elements = list(part)
                whole = shared and len(elements) > 1
                if whole and _know(elements, buffer[elements[0].start : elements[-1].end], rescan):
                    known.append((elements[0].start, elements[-1].end))
                _keep_runs(elements)
            for element in group:
                if element.encoded is not None:
                    _know([element], element.encoded, rescan)

    def _place(self, buffer: bytes, start: int, charset: bytes) -> None:
        """Find where each element stands; what is behind one whose extent only the scan knows has no place."""
        position = start
        for element in self._trace:
            syntax = element.level.syntax
            while buffer[position : position + 4] in (syntax.item, syntax.sequence_end):
                position += 8
            if not buffer.startswith(element.head, position):
                return
            if element.entry == (p.LONG,):
                element.long = True
                element.entry = element.level.long.get(buffer[position : position + 12], element.entry)
            inner = _inner(element.entry)
            advance = _advance(inner)
            if advance is None:
                return
            element.start = position
            position += advance
            element.end = position if element.encoded is None else element.start + len(element.encoded)
            if not element.level.path:
                if inner.__class__ is tuple and inner[0] == p.CHARSET:
                    charset = buffer[element.start + inner[2] : element.end].strip(b"\0 ")
                element.charset = charset

    def _groups(self) -> list[list[_Element]]:
        """The elements that follow each other at one level, outer ones first."""
        groups: list[list[_Element]] = []
        current: dict[Level, list[_Element]] = {}
        before: _Element | None = None
        for element in self._trace:
            group = current.get(element.level, [])
            placed = element.start >= 0
            if not group or (group[-1].end != element.start if placed else group[-1] is not before):
                group = current[element.level] = []
                groups.append(group)
            group.append(element)
            before = element
        return sorted(groups, key=lambda group: len(group[0].level.path))

    def _shared(self, element: _Element, buffer: bytes) -> bool:
        """Whether the instance before has the same element near the same place, and nothing but its bytes decides it."""
        start, end = element.start, element.end
        if start < 0 or end > len(buffer) or not _is_closed(element):
            return False
        encoded, near = buffer[start:end], max(0, start - _NEAR)
        return any(window.find(encoded, near, end + _NEAR) >= 0 for window in self._before)


def _inner(entry: Any) -> Any:
    """An entry without what wraps it."""
    entry = bare(entry)
    while entry.__class__ is tuple and entry[0] == p.KIND:
        entry = bare(entry[2])
    return entry


def _advance(inner: Any) -> int | None:
    """Bytes from the start of an element to where the scan goes on; None where the entry does not say."""
    if inner.__class__ is int:
        return int(inner)
    kind = inner[0]
    if kind in (p.LONG, p.PIXELS, p.PRIVATE):
        return None
    if kind in (p.ITEM_END, p.PHASE):
        return 8 if kind == p.ITEM_END else 0
    return int(inner[1]) + (4 if kind == p.SEQUENCE else 0)


def _is_closed(element: _Element) -> bool:
    """Whether what becomes of an element follows from its own bytes, its level, its character set and its patient."""
    inner = bare(element.entry)
    if element.level.syntax.tag_at(element.head) >> 16 == 0x7FE0:
        return False
    return inner.__class__ is int or inner[0] in _REPEAT_KINDS


def _know(part: Sequence[_Element], encoded: bytes, rescan: Rescan) -> bool:
    """Know the elements of a part as a whole, if they are worth it and say what they say by themselves."""
    level = part[0].level
    charset = next((element.charset for element in part if element.charset is not None), None)
    if charset is None or not BEGINNING <= len(encoded) <= _LARGEST_REPEAT or not all(map(_is_closed, part)):
        return False
    if not level.repeats(encoded, charset):
        found = rescan(level, encoded, charset)
        if found is None:
            return False
        edits, notes = found
        if (notes.deferred and level.path) or (notes.subject_used and notes.subject is None):
            return False  # depends on what is not known yet: this is not what will stand here
        level.add_repeat(Repeat(encoded, charset, edits, notes))
    return True


def _keep_runs(group: Sequence[_Element]) -> None:
    """Make RUN entries of stretches of elements, unless they are short or another run starts the same way."""
    for part in (list(part) for fits, part in groupby(group, _fits) if fits):
        for first in range(0, len(part), _LONGEST):
            run = part[first : first + _LONGEST]
            if len(run) >= _SHORTEST:
                run[0].level.add_run(run[0].head, Stretch([(element.head, element.entry) for element in run]))


def _fits(element: _Element) -> bool:
    """Whether an element can be part of a run: it asks for nothing but its own bytes, and its length does not vary."""
    tag = element.level.syntax.tag_at(element.head)
    if tag in element.level.varying or tag >> 16 == 0x7FE0 or element.long:
        return False
    inner = bare(element.entry)
    return inner.__class__ is int or inner[0] in _RUN_KINDS
