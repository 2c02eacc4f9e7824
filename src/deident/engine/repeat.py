"""Elements that were seen before, byte for byte, and everything that their scan led to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from deident.engine.notes import Notes


__all__ = ["BEGINNING", "CARRIED_ON", "Repeat", "Repeats"]

#: In `Notes.concept` before elements are scanned by themselves: still there, it says that no content item began in them.
CARRIED_ON: Final = 0

#: Encodings are looked up by what follows the first tag and VR (8 bytes), up to here: in a sequence of codes, the code.
BEGINNING: Final = 48
_HEAD: Final = 8
#: Encodings that are known where one element stands: those that begin alike, and ways to begin.
_ALIKE: Final = 16
_BEGINNINGS: Final = 64
#: Bytes of encodings that are known where one element stands, or the last one.
_BYTES: Final = 64 << 10


class Repeat:
    """What follows from the bytes `encoded` where `charset` is in force: `edits` relative to their start, and notes.

    `values` are all kept values, to compare with those that must not stay; `subject` is the one whose dates were shifted,
    None when none were. `silent`: nothing follows but where the scan goes on. `uses` counts how often it helped.
    """

    __slots__ = (
        *("_begins", "_concept", "_notes", "_of_data_set", "_rare", "_texts"),
        *("charset", "delta", "edits", "elements", "encoded", "length", "silent", "subject", "uses", "values"),
    )

    def __init__(self, encoded: bytes, charset: bytes, edits: Sequence[tuple[int, int, bytes]], notes: Notes) -> None:
        self.encoded = encoded
        self.length = len(encoded)
        self.charset = charset
        self.edits = _joined(edits)
        self.delta = sum(len(out) - (last - first) for first, last, out in edits)
        self.elements = notes.elements
        self.values = frozenset((*notes.texts, *notes.numbers, *notes.blobs))
        self.subject = notes.subject if notes.subject_used else None
        self.uses = 0
        self._notes = notes
        self._texts = notes.texts
        self._begins = CARRIED_ON not in notes.concept
        self._concept = {tag: value for tag, value in notes.concept.items() if tag != CARRIED_ON}
        self._of_data_set = bool(notes.seen or notes.marks or notes.deferred)
        rare = (notes.blobs, notes.originals, notes.charsets, notes.un_sequence, notes.inside, notes.met)
        self._rare = any(rare) or self._begins or bool(self._concept)
        usual = (notes.texts, notes.numbers, notes.done, notes.gathered, notes.uids, notes.subject_used)
        self.silent = not any((*usual, notes.by_reference, self.edits, self._of_data_set, self._rare))

    def counts(self, position: int, end: int, charset: bytes, notes: Notes) -> bool:
        """Whether the bytes, which stand at `position`, lead to the same there."""
        if position + self.length > end or self.charset != charset:
            return False
        if self.subject is not None and self.subject != notes.subject:
            return False
        if notes.hits and not notes.hits.isdisjoint(self.values):
            return False
        self.uses += 1
        return True

    def apply(self, notes: Notes, edits: list[tuple[int, int, bytes]], position: int) -> None:
        """Note and edit as the scan of the elements at `position` would."""
        for first, last, out in self.edits:
            edits.append((position + first, position + last, out))
        mine = self._notes
        notes.texts += self._texts
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
        if self._of_data_set:
            notes.seen.update(mine.seen)
            notes.marks |= mine.marks
            notes.deferred += mine.deferred
            notes.deferred_at += [(position + first, position + last) for first, last in mine.deferred_at]
        if self._rare:
            notes.blobs += mine.blobs
            notes.originals += mine.originals
            notes.charsets |= mine.charsets
            notes.un_sequence |= mine.un_sequence
            notes.met |= mine.met
            notes.concept = self._concept.copy() if self._begins else notes.concept | self._concept
            for tag, values in mine.inside.items():
                notes.inside.setdefault(tag, []).extend(values)


class Repeats:
    """The known encodings from one element on: `alike` are those with the same beginning; none is shorter."""

    __slots__ = ("_size", "alike")

    def __init__(self) -> None:
        self.alike: dict[bytes, list[Repeat]] = {}
        self._size = 0

    def holds(self, encoded: bytes, charset: bytes) -> bool:
        """Whether an encoding is known where `charset` is in force."""
        known = self.alike.get(_beginning(encoded), ())
        return any(other.encoded == encoded and other.charset == charset for other in known)

    def add(self, repeat: Repeat) -> None:
        """Know one more; those that were of no use since room was made the last time make room."""
        start = _beginning(repeat.encoded)
        self._size += repeat.length
        if self._size > _BYTES or (start not in self.alike and len(self.alike) >= _BEGINNINGS):
            self._make_room(repeat.length)
        known = self.alike.setdefault(start, [])
        if len(known) >= _ALIKE:
            known[:] = [other for other in known if other.uses][1 - _ALIKE :]
        known.append(repeat)
        known.sort(key=lambda other: -other.length)  # what is known of more comes first

    def _make_room(self, wanted: int) -> None:
        """Forget what was of no use, and if that is not enough everything."""
        for start, known in list(self.alike.items()):
            known[:] = [other for other in known if other.uses]
            if not known:
                del self.alike[start]
        self._size = wanted + sum(other.length for known in self.alike.values() for other in known)
        if self._size > _BYTES or len(self.alike) >= _BEGINNINGS:
            self.alike.clear()
            self._size = wanted
        for known in self.alike.values():
            for other in known:
                other.uses = 0


def _beginning(encoded: bytes) -> bytes:
    return encoded[_HEAD:BEGINNING]


def _joined(edits: Sequence[tuple[int, int, bytes]]) -> tuple[tuple[int, int, bytes], ...]:
    """Edits in order, those that follow each other as one."""
    joined: list[tuple[int, int, bytes]] = []
    for edit in edits:
        if joined and joined[-1][1] == edit[0]:
            first, _last, out = joined.pop()
            joined.append((first, edit[1], out + edit[2]))
        else:
            joined.append(edit)
    return tuple(joined)
