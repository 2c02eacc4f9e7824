"""What instances of a series repeat, checked and skipped as one: runs of elements, and whole sequences.

The parse of a data set depends on its element headers alone. Where the headers of a stretch stand at the offsets at which an
earlier instance had them, with the same tags, VRs and lengths, the same entries apply, whatever the values are: one
`struct` call compares the headers, another takes out the text values. Where they differ, the scanner goes on element by
element. A sequence that stands there again byte for byte, at the same level and under the same character set, leads to what
it led to before. So both change how fast an instance is scanned, never what is decided.
"""

from __future__ import annotations

from collections.abc import Callable
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
_LARGEST_REPEAT: Final = 64 << 10

Edit = tuple[int, int, bytes]


def due(instances: int) -> bool:
    """Whether to learn after this many instances of a plan: after 2, 8, 64, 512, ... of them."""
    power_of_two = instances & (instances - 1) == 0
    return instances == _FIRST or (instances > _FIRST and power_of_two and instances.bit_length() % 3 == 1)


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
        if BEGINNING <= len(encoded) <= _LARGEST_REPEAT:
            self._sequences.append((level, encoded, charset))

    def learn(self, rescan: Callable[[Level, bytes, bytes], tuple[list[Edit], Notes]]) -> None:
        """Replace the runs of every level that the scan visited, and know its sequences.

        `rescan` scans an encoded sequence by itself, with a character set in force.
        """
        for level, encoded, charset in self._sequences:
            if level.repeats(encoded, charset):
                continue
            edits, notes = rescan(level, encoded, charset)
            if notes.deferred or (notes.subject_used and notes.subject is None):
                continue  # depends on what is not known yet: this is not what will stand here
            level.add_repeat(Repeat(encoded, charset, edits, notes))
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
    if entry is None:
        return False
    tag = level.syntax.tag_at(head)
    if tag in level.varying or tag >> 16 == 0x7FE0:
        return False
    inner = bare(entry)
    return inner.__class__ is int or inner[0] in (p.TEXT, p.NUMBER, p.EDIT, p.GATHER)


def _keep(level: Level, elements: list[tuple[bytes, Any]]) -> None:
    """Make a RUN entry of a stretch, unless it is short or another run starts the same way."""
    if len(elements) < _SHORTEST:
        return
    first, entry = elements[0]
    if level.memo.get(first) == entry:
        level.add_run(first, (p.RUN, Stretch(elements), entry))
