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
    modality: str

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
    Patient ID, for keyed references alone. `map_entries` are the pairs for the vault. `pixel_range` is (offset, length) of
    the stored pixel data value in the output, or None; native pixel data that was copied is byte-identical there.
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
    map_entries: tuple[MapEntry, ...] = field(repr=False)
