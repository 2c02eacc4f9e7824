"""A sequence that was seen before, byte for byte, and everything that its scan led to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from deident.engine.notes import Notes


__all__ = ["BEGINNING", "Repeat", "Repeats"]

#: Encodings of a sequence are looked up by what follows its tag and VR (8 bytes), up to here: in a sequence of codes, the code.
BEGINNING: Final = 48
_HEAD: Final = 8
#: Encodings of one sequence that are known: those that begin alike, and ways to begin.
_ALIKE: Final = 8
_BEGINNINGS: Final = 64


class Repeat:
    """What follows from the bytes `encoded` where `charset` is in force: `edits` relative to their start, and notes.

    `values` are all kept values, to compare with those that must not stay; `subject` is the one whose dates were shifted,
    None when none were. `uses` counts how often it helped.
    """

    __slots__ = (
        "_notes",
        "_rare",
        "charset",
        "delta",
        "edits",
        "elements",
        "encoded",
        "length",
        "subject",
        "uses",
        "values",
    )

    def __init__(self, encoded: bytes, charset: bytes, edits: Sequence[tuple[int, int, bytes]], notes: Notes) -> None:
        self.encoded = encoded
        self.length = len(encoded)
        self.charset = charset
        self.edits = tuple(edits)
        self.delta = sum(len(out) - (last - first) for first, last, out in edits)
        self.elements = notes.elements
        self.values = frozenset((*notes.texts, *notes.numbers, *notes.blobs))
        self.subject = notes.subject if notes.subject_used else None
        self.uses = 0
        self._notes = notes
        rare = (notes.blobs, notes.originals, notes.charsets, notes.un_sequence, notes.inside, notes.concept, notes.met)
        self._rare = any(rare)

    def apply(self, notes: Notes, edits: list[tuple[int, int, bytes]], position: int) -> None:
        """Note and edit as the scan of the sequence at `position` would."""
        self.uses += 1
        for first, last, out in self.edits:
            edits.append((position + first, position + last, out))
        mine = self._notes
        notes.texts += mine.texts
        if mine.numbers:
            notes.numbers += mine.numbers
        if mine.done:
            notes.done += mine.done
        if mine.gathered:
            notes.gathered += mine.gathered
        if mine.uids:
            notes.uids.update(mine.uids)
        if mine.subject_used:
            notes.subject_used = True
        if mine.by_reference:
            notes.by_reference = True
        if self._rare:
            notes.blobs += mine.blobs
            notes.originals += mine.originals
            notes.charsets |= mine.charsets
            notes.un_sequence |= mine.un_sequence
            notes.met |= mine.met
            notes.concept = dict(mine.concept) or notes.concept
            for tag, values in mine.inside.items():
                notes.inside.setdefault(tag, []).extend(values)


class Repeats:
    """The known encodings of one sequence at one level: `alike` are those with the same beginning; none is shorter."""

    __slots__ = ("alike",)

    def __init__(self) -> None:
        self.alike: dict[bytes, list[Repeat]] = {}

    def holds(self, encoded: bytes, charset: bytes) -> bool:
        """Whether an encoding is known where `charset` is in force."""
        known = self.alike.get(_beginning(encoded), ())
        return any(other.encoded == encoded and other.charset == charset for other in known)

    def add(self, repeat: Repeat) -> None:
        """Know one more; those that were of no use make room, and where there is none it is not known."""
        start = _beginning(repeat.encoded)
        if start not in self.alike and len(self.alike) >= _BEGINNINGS:
            for useless in [key for key, known in self.alike.items() if not any(other.uses for other in known)]:
                del self.alike[useless]
            if len(self.alike) >= _BEGINNINGS:
                return
        known = self.alike.setdefault(start, [])
        known[:] = [*(other for other in known if other.uses), repeat][-_ALIKE:]


def _beginning(encoded: bytes) -> bytes:
    return encoded[_HEAD:BEGINNING]
