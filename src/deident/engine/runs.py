"""What instances of a series repeat, checked and skipped as one: runs of elements, and whole sequences.

The parse of a data set depends on its element headers alone. Where the headers of a stretch stand at the offsets at which an
earlier instance had them, with the same tags, VRs and lengths, the same entries apply, whatever the values are: one
`struct` call compares the headers, another takes out the text values. Where they differ, the scanner goes on element by
element. A sequence that stands there again byte for byte, at the same level and under the same character set, leads to what
it led to before. So both change how fast an instance is scanned, never what is decided.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

from deident.engine import entries as p
from deident.engine.plan import Level
from deident.engine.repeat import Repeat
from deident.engine.values import Notes

__all__ = ["Learner", "due"]

_SHORTEST: Final = 3
_LONGEST: Final = 64
_FIRST: Final = 2
_FACTOR: Final = 4
_HEAD: Final = 8
_LARGEST_REPEAT: Final = 64 << 10

Edit = tuple[int, int, bytes]


def due(instances: int) -> bool:
    """Whether to learn after this many instances of a plan: after 2, 8, 32, ... of them."""
    while instances > _FIRST and instances % _FACTOR == 0:
        instances //= _FACTOR
    return instances == _FIRST


class Learner:
    """Records the look-ups of one scan, and turns stretches of them into RUN entries."""

    def __init__(self) -> None:
        self._trace: list[tuple[Level, bytes, Any]] = []
        self._sequences: list[tuple[Level, bytes, bytes]] = []

    def lookup(self, level: Level) -> Callable[[bytes], Any]:
        """The recording stand-in for a level's memo."""
        record, get = self._trace.append, level.memo.get

        def recorded(head: bytes) -> Any:
            entry = get(head)
            if entry.__class__ is tuple and entry[0] in (p.RUN, p.REPEAT):
                entry = entry[-1]
            record((level, head, entry))
            return entry

        return recorded

    def sequence(self, level: Level, encoded: bytes, charset: bytes) -> None:
        """Take a whole sequence that was scanned at `level`."""
        if len(encoded) <= _LARGEST_REPEAT:
            self._sequences.append((level, encoded, charset))

    def learn(self, rescan: Callable[[Level, bytes, bytes], tuple[list[Edit], Notes]]) -> None:
        """Replace the runs of every level that the scan visited, and know its sequences.

        `rescan` scans an encoded sequence by itself, with a character set in force.
        """
        for level, encoded, charset in self._sequences:
            edits, notes = rescan(level, encoded, charset)
            delta = sum(len(out) - (last - first) for first, last, out in edits)
            values = frozenset((*notes.texts, *notes.numbers, *notes.blobs))
            level.add_repeat(encoded[:_HEAD], Repeat(encoded, charset, tuple(edits), delta, notes, values))
        for level in {id(level): level for level, _head, _entry in self._trace}.values():
            level.forget_runs()
        stretch: list[tuple[bytes, Any]] = []
        current: Level | None = None
        for level, head, entry in self._trace:
            if level is not current or not _fits(level, head, entry) or len(stretch) >= _LONGEST:
                if current is not None:
                    _keep(current, stretch)
                stretch, current = [], level
            if _fits(level, head, entry):
                stretch.append((head, entry))
        if current is not None:
            _keep(current, stretch)


def _fits(level: Level, head: bytes, entry: Any) -> bool:
    """Whether an element can be part of a run: it asks for nothing but its own bytes, and its length does not vary."""
    if entry is None or level.syntax.tag_at(head) in level.varying:
        return False
    return entry.__class__ is int or entry[0] in (p.TEXT, p.NUMBER, p.EDIT)


def _keep(level: Level, stretch: list[tuple[bytes, Any]]) -> None:
    """Make a RUN entry of a stretch, unless it is short or another run starts the same way."""
    if len(stretch) < _SHORTEST:
        return
    first, entry = stretch[0]
    if level.memo.get(first) != entry:
        return
    done = []
    edits: list[tuple[int, int, bytes]] = []
    position = delta = 0
    for _head, element in stretch:
        advance = _advance(element)
        if element.__class__ is tuple and element[0] == p.EDIT:
            done.append(element[3])
            delta += len(element[2]) - advance
            if edits and edits[-1][1] == position:
                edits[-1] = (edits[-1][0], position + advance, edits[-1][2] + element[2])
            else:
                edits.append((position, position + advance, element[2]))
        position += advance
    elements = [element for _head, element in stretch]
    heads = struct.Struct("<" + "".join(f"{_HEAD}s{_advance(element) - _HEAD}x" for element in elements)).unpack_from
    expected = tuple(head for head, _element in stretch)
    texts, numbers = _values(elements, p.TEXT), _values(elements, p.NUMBER)
    run = (p.RUN, heads, expected, position, len(stretch), texts, numbers, tuple(edits), tuple(done), delta, entry)
    level.add_run(first, run)


def _advance(element: Any) -> int:
    return int(element if element.__class__ is int else element[1])


def _values(elements: list[Any], kind: int) -> Callable[..., tuple[Any, ...]] | None:
    """What takes the values of one kind out of a run, None when it has none."""
    form, skipped = [], 0
    for element in elements:
        advance = _advance(element)
        if element.__class__ is tuple and element[0] == kind:
            form.append(f"{skipped + element[2]}x{advance - element[2]}s")
            skipped = 0
        else:
            skipped += advance
    return struct.Struct("<" + "".join(form)).unpack_from if form else None
