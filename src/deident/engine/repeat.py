"""A sequence that was seen before, byte for byte, and everything that its scan led to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deident.engine.values import Notes
    from deident.pseudonyms import Subject

__all__ = ["Repeat"]


@dataclass(slots=True)
class Repeat:
    """What follows from the bytes `encoded` where `charset` is in force: `edits` relative to their start, and notes.

    `values` are all kept values, to compare with those that must not stay; `subject` is the one whose dates were shifted,
    None when none were. `uses` counts how often it helped.
    """

    encoded: bytes
    charset: bytes
    edits: tuple[tuple[int, int, bytes], ...]
    delta: int
    notes: Notes
    values: frozenset[bytes]
    subject: Subject | None
    uses: int = 0

    def apply(self, notes: Notes, edits: list[tuple[int, int, bytes]], position: int) -> None:
        """Note and edit as the scan of the sequence at `position` would."""
        self.uses += 1
        for first, last, out in self.edits:
            edits.append((position + first, position + last, out))
        mine = self.notes
        notes.texts += mine.texts
        notes.numbers += mine.numbers
        notes.done += mine.done
        if mine.gathered:
            notes.gathered += mine.gathered
        if mine.uids:
            notes.uids.update(mine.uids)
        notes.subject_used |= mine.subject_used
        notes.by_reference |= mine.by_reference
        if self.rare:
            notes.blobs += mine.blobs
            notes.originals += mine.originals
            notes.charsets |= mine.charsets
            notes.un_sequence |= mine.un_sequence
            notes.concept = dict(mine.concept) or notes.concept
            for tag, values in mine.inside.items():
                notes.inside.setdefault(tag, []).extend(values)

    @property
    def rare(self) -> bool:
        """Whether the scan noted anything that few sequences lead to."""
        mine = self.notes
        return bool(mine.blobs or mine.originals or mine.charsets or mine.un_sequence or mine.inside or mine.concept)
