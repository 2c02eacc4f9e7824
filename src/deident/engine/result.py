"""What the engine returns for one instance."""

from __future__ import annotations

from dataclasses import dataclass, field

from deident.engine.segments import Segment
from deident.profile.decision import Decision

__all__ = ["Deidentified", "Identity", "MapEntry", "Statistics"]


@dataclass(frozen=True, slots=True)
class Identity:
    """The new names of an instance: patient pseudonym and new UIDs. Nothing of the original."""

    patient: str
    study_uid: str
    series_uid: str
    sop_uid: str
    sop_class_uid: str

    @property
    def output_name(self) -> str:
        """`<patient>/<study>/<series>/<sop>.dcm`: made of pseudonyms alone."""
        return f"{self.patient}/{self.study_uid}/{self.series_uid}/{self.sop_uid}.dcm"


@dataclass(frozen=True, slots=True)
class MapEntry:
    """One pair of the pseudonym map. `domain`: patient, accession, study-id or uid."""

    domain: str
    original: str = field(repr=False)
    pseudonym: str


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts over all levels of the data set. `pixel_data`: absent, copied, comments-stripped or planes-cleared."""

    elements: int
    removed: int
    private_removed: int
    changed: int
    pixel_data: str


@dataclass(frozen=True, slots=True)
class Deidentified:
    """The output of one instance as segments, and everything that was decided on the way.

    `decisions` holds one entry for each element that was not simply kept, in data-set order. `patient_id` is the original
    Patient ID and `study_uid` the original Study Instance UID, for keyed references alone. `originals` are (domain, original,
    pseudonym) and UI values with their replacements, from which `map_entries` makes the pairs for the vault.
    `codes` are the CID 7050 code values that the output declares; `warnings` name codes, never values.
    """

    segments: list[Segment] = field(repr=False)
    identity: Identity
    decisions: tuple[Decision, ...]
    statistics: Statistics
    codes: tuple[str, ...]
    warnings: tuple[str, ...]
    patient_id: str = field(repr=False)
    study_uid: str = field(repr=False)
    originals: tuple[tuple[str, str, str] | tuple[bytes, bytes], ...] = field(repr=False)

    @property
    def map_entries(self) -> tuple[MapEntry, ...]:
        """The pairs for the vault: patient id, accession number, study id and UIDs with what replaced them."""
        entries = dict[MapEntry, None]()
        for entry in self.originals:
            if len(entry) == 3:
                entries[MapEntry(*entry)] = None
                continue
            for original, new in zip(entry[0].split(b"\\"), entry[1].split(b"\\"), strict=False):
                pair = MapEntry("uid", _uid_text(original), _uid_text(new))
                if pair.original and pair.original != pair.pseudonym:
                    entries[pair] = None
        return tuple(entries)


def _uid_text(value: bytes) -> str:
    return value.strip(b"\0 ").decode("latin-1")
