"""Sets of confidentiality options that tests go through: each alone, and as they are used together."""

from __future__ import annotations

from typing import Final

__all__ = ["SETS"]

_CHARACTERISTICS = "retain_patient_characteristics"
_DEVICE = "retain_device_identity"
_FULL = "retain_longitudinal_full_dates"
_INSTITUTION = "retain_institution_identity"
_MODIFIED = "retain_longitudinal_modified_dates"
_UIDS = "retain_uids"

SETS: Final[dict[str, frozenset[str]]] = {
    "uids": frozenset({_UIDS}),
    "device": frozenset({_DEVICE}),
    "institution": frozenset({_INSTITUTION}),
    "full-dates": frozenset({_FULL}),
    "modified-dates": frozenset({_MODIFIED}),
    "descriptors": frozenset({"clean_descriptors"}),
    "graphics": frozenset({"clean_graphics"}),
    "modified-dates-beside-device": frozenset({_MODIFIED, _DEVICE, _CHARACTERISTICS}),
    "identities": frozenset({_UIDS, _DEVICE, _INSTITUTION, _CHARACTERISTICS, _FULL, "clean_graphics"}),
    "longitudinal": frozenset({_MODIFIED, _CHARACTERISTICS, "clean_descriptors", "clean_graphics"}),
}
"""What the oracle knows; structured content and private elements have tests of their own."""
