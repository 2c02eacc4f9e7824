"""Gather from the source instances of a study everything that identifies, afresh and in memory only (RULES 14.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from pydicom.charset import decode_bytes
from pydicom.values import convert_PN

from deident.validation.elements import Node
from deident.validation.kinds import PLACES, REPORTED, Exempt, is_class_uid, kind_of, well_known
from deident.validation.matching import Matcher
from deident.validation.needles import Needles
from deident.validation.reading import PYDICOM_ERRORS, Instance
from deident.validation.spellings import Spellings, spell

__all__ = ["Gathering", "text_of", "uids_of"]

_CODE_VALUE: Final = 0x00080100
_CONCEPT_NAME: Final = 0x0040A043
#: Study, Series and Frame of Reference Instance UID: those of the instances mostly begin with them.
_MAIN_UIDS: Final = frozenset({0x0020000D, 0x0020000E, 0x00200052})
_NEEDLE_UIDS: Final = 64
#: As of ids (RULES 14.3): what is shorter, such as a reference to "0", is met by chance.
_SHORTEST_UID: Final = 4
_REPORTED_VALUES: Final = frozenset({0x0040A160, 0x0040A121, 0x0040A120})
_SETS: Final = ("words", "glued", "phrases", "inside", "whole", "texts", "dates")
_DEFAULT: Final = ("iso8859", "ascii")


def uids_of(value: bytes) -> list[str]:
    """The values of a UI element; blanks and NULs around them dropped."""
    return [uid.strip(" \0") for uid in value.decode("latin-1").split("\\") if uid.strip(" \0")]


def text_of(vr: str, value: bytes, encodings: tuple[str, ...]) -> str:
    """A text value decoded by pydicom. Raises what pydicom raises."""
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    if vr == "PN":
        return str(convert_PN(value, list(encodings)))
    return str(decode_bytes(value, list(encodings), set()))


@dataclass(slots=True)
class Gathering:
    """What the sources of one study say; `modifies_dates`: the true dates would give the modified ones away."""

    exempt: Exempt
    keeps_uids: bool
    modifies_dates: bool = False
    spellings: Spellings = field(default_factory=Spellings, repr=False)
    places: Spellings = field(default_factory=Spellings, repr=False)
    days: Spellings = field(default_factory=Spellings, repr=False)
    kept: Spellings = field(default_factory=Spellings, repr=False)
    uids: set[str] = field(default_factory=set, repr=False)
    main_uids: set[str] = field(default_factory=set, repr=False)
    charsets: set[str] = field(default_factory=set)
    _seen: set[tuple[str, bytes, tuple[str, ...]]] = field(default_factory=set, repr=False)
    _days: set[tuple[str, bytes]] = field(default_factory=set, repr=False)
    _seen_uids: set[bytes] = field(default_factory=set, repr=False)

    def add(self, instance: Instance, nodes: Iterable[Node]) -> None:
        """Take up one source instance; elements taken up before may be left out, but not out of content items."""
        concept: dict[tuple[int, ...], str] = {}
        for path, tag, vr, value, encodings, _ in nodes:
            if value is None:
                continue
            if tag == _CODE_VALUE and path and path[-1] == _CONCEPT_NAME:
                concept[path[:-1]] = value.decode("latin-1").strip(" \0")
            kind = kind_of(path, tag, vr)
            about = concept.get(path, "") if not kind and tag in _REPORTED_VALUES else ""
            kind = kind or REPORTED.get(about, "")
            if kind:
                self._take(kind, tag, vr, value, encodings, about)
            elif self.modifies_dates and vr in ("DA", "DT") and (vr, value) not in self._days:
                self._days.add((vr, value))
                spell("date", value.decode("latin-1"), self.days)
            elif vr == "UI" and value not in self._seen_uids and not (tag >> 16) & 1:
                self._take_uids(tag, value)
        for tag, element in instance.meta.items():
            if kind_of((), tag, element.VR or "") and element.value:
                self._take(kind_of((), tag, ""), tag, "AE", element.value, _DEFAULT)

    def _take(self, kind: str, tag: int, vr: str, value: bytes, encodings: tuple[str, ...], about: str = "") -> None:
        key = (kind, value, encodings)
        by_user = self.exempt.by_user(tag, vr)
        stays = by_user or (about in self.exempt.concepts if about else tag in self.exempt.by_option)
        if key in self._seen and not stays:
            return
        try:
            text = text_of(vr, value, encodings)
        except PYDICOM_ERRORS:
            text = value.decode("latin-1")
        self.charsets.update(encodings)
        if stays:
            if kind in PLACES or by_user:
                spell(kind, text, self.kept)
            return
        self._seen.add(key)
        spell(kind, text, self.places if kind in PLACES else self.spellings)

    def _take_uids(self, tag: int, value: bytes) -> None:
        self._seen_uids.add(value)
        if self.keeps_uids or is_class_uid(tag) or tag in self.exempt.by_option or self.exempt.by_user(tag, "UI"):
            self._seen_uids.discard(value)
            return
        found = [uid for uid in uids_of(value) if len(uid) >= _SHORTEST_UID and not well_known(uid)]
        self.uids.update(found)
        if tag in _MAIN_UIDS:
            self.main_uids.update(found)

    def matcher(self) -> Matcher:
        """For decoded text. What the profile keeps of places and machines may stand elsewhere, too, and all that a user keeps."""
        for name in _SETS:
            places: set[str] = getattr(self.places, name)
            getattr(self.spellings, name).update(places - getattr(self.kept, name))
            if self.exempt.tags or self.exempt.vrs:
                getattr(self.spellings, name).difference_update(getattr(self.kept, name))
        return Matcher(self.spellings, frozenset(self.uids))

    def day_matcher(self) -> Matcher | None:
        """For the true dates of the study in free text; None when they are no secret."""
        return Matcher(self.days, frozenset()) if self.modifies_dates else None

    def needles(self) -> Needles:
        """For bytes; call after `matcher`."""
        uids = sorted(self.main_uids)[:_NEEDLE_UIDS]
        return Needles([*self.spellings.texts, *uids], sorted(self.charsets - set(_DEFAULT)))
