"""Hides a fictitious patient's identifiers in a DICOM file, in every place where tools have been seen to miss them.

planted = plant(data, seed=1)                                 everywhere
planted = plant(data, seed=1, places=GENTLE)                  everywhere a well-formed file can have them
planted = plant(data, seed=1, places=["private", "table.top/00101040"])    families, places, or single details
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from support import planter_charsets, planter_pixels, planter_private, planter_structure, planter_table, planter_text
from support.elements import Unparsable, parse
from support.planter_context import Context, Identifier, NotHere, Person, Place, make, registry

__all__ = ["GENTLE", "IDENTITY_TAGS", "PLACES", "Identifier", "Person", "Place", "Planted", "Unparsable", "plant"]

_MODULES = (planter_structure, planter_private, planter_pixels, planter_charsets, planter_text, planter_table)
# Those that fill whatever is still free, or wrap what another place changes, come last.
_LAST = ("gaps.top", "jpeg2000.boxes", "repeat.dictionary", "table.top")

PLACES: Final[Mapping[str, Place]] = {p.name: p for p in sorted(registry(), key=lambda p: (p.name in _LAST, p.name))}
"""Every place by name, in the order in which they are planted."""

GENTLE: Final[frozenset[str]] = frozenset(p.name for p in PLACES.values() if not p.refusable and not p.checked_late)
"""The places that leave the file well formed: whatever was released before must be released, clean, after planting."""

_IDENTITY: Final[dict[int, str]] = {
    0x00080050: "accession",
    0x00080080: "institution",
    0x00080090: "referring",
    0x00081010: "station",
    0x00081040: "department",
    0x00081050: "performing",
    0x00081070: "operator",
    0x00100010: "name",
    0x00100020: "mrn",
    0x00100030: "birth_date",
    0x00101000: "other_id",
    0x00102154: "phone",
    0x00181000: "serial",
    0x00200010: "study_id",
    0x00380010: "admission",
}


_ADDRESS, _EMAIL = 0x00101040, 0x00102155
IDENTITY_TAGS: Final[frozenset[int]] = frozenset({*_IDENTITY, _ADDRESS, _EMAIL})
"""The top-level elements that always hold the fictitious patient."""


@dataclass(frozen=True, slots=True)
class Planted:
    """The planted file, what was hidden where, and the places that this file does not have (place -> why)."""

    data: bytes
    identifiers: tuple[Identifier, ...]
    places: tuple[str, ...]
    skipped: Mapping[str, str]
    file_name: str
    """A file name that holds the patient's name, id and birth date."""

    def at(self, place: str) -> tuple[Identifier, ...]:
        """The identifiers of a place, a family or a detail."""
        return tuple(i for i in self.identifiers if _belongs(i.place, place))


def plant(data: bytes, seed: int, places: Collection[str] | None = None) -> Planted:
    """Hide identifiers in `places` (None: all). Equal arguments give equal bytes; the identity is always planted.

    Raises Unparsable where the bytes are no data set, KeyError where a place is unknown.
    """
    chosen, details = _choose(places)
    file = parse(data)
    context = Context(file, seed, Person.of(seed), details=details)
    _plant_identity(context)
    skipped, done = dict[str, str](), list[str]()
    for name in chosen:
        before = len(context.identifiers)
        try:
            PLACES[name].hide(context)
            done.append(name)
        except NotHere as absent:
            del context.identifiers[before:]
            skipped[name] = str(absent)
    person = context.person
    return Planted(
        file.encode(),
        tuple(context.identifiers),
        tuple(done),
        skipped,
        f"{person.family}_{person.given}_{person.mrn}_{person.birth_date}.dcm",
    )


def _choose(places: Collection[str] | None) -> tuple[list[str], dict[str, set[str]]]:
    """The places asked for, in planting order, and the details of those that were asked for by detail."""
    if places is None:
        return list(PLACES), {}
    details: dict[str, set[str]] = {}
    chosen = set[str]()
    for wanted in places:
        name, _, detail = wanted.partition("/")
        found = {p for p in PLACES if _belongs(p, name)}
        if not found:
            raise KeyError(wanted)
        chosen |= found
        if detail:
            details.setdefault(name, set()).add(detail)
    return [p for p in PLACES if p in chosen], details


def _belongs(place: str, family: str) -> bool:
    return place == family or place.startswith((f"{family}.", f"{family}/", f"{family}>"))


def _plant_identity(context: Context) -> None:
    """Give the file the fictitious patient, in the elements where every data set keeps one."""
    facts = context.person.facts()
    for tag, fact in _IDENTITY.items():
        text, kind = facts[fact]
        context.put(make(tag, context.hide(text, kind, f"identity/{fact}")))
    person = context.person
    address = f"{person.street}, {person.post_code} {person.town}"
    context.put(make(_ADDRESS, address))
    for fact in ("street", "town", "post_code"):
        context.hide(*facts[fact], f"identity/{fact}")
    context.put(make(_EMAIL, person.email))
    context.hide(person.email, "text", "identity/email")
