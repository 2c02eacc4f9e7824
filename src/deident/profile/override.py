"""A site's decision for some attributes: which ones, and what is done to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from deident.errors import ConfigurationError
from deident.profile.resolve import MARKERS, PIXELS, never_survives
from deident.standard import dictionary, iods
from deident.standard.values import VRS, fits_vr

__all__ = ["PSEUDONYM", "STRUCTURE", "Override", "OverrideStrategy"]

#: The value of a `replace` that asks for the patient's pseudonym.
PSEUDONYM: Final = "{patient}"

_DATES: Final = frozenset({"DA", "DT", "TM"})
_TEXTS: Final = frozenset({"LO", "LT", "SH", "ST", "UC", "UT"})
_HASHABLE: Final = _TEXTS | {"AE", "PN"}
_LONG: Final = frozenset({"LO", "LT", "PN", "ST", "UC", "UT"})
#: What names the instance and says how to read it; another value there makes the object a wrong one.
STRUCTURE: Final = frozenset({0x00080005, 0x00080016, 0x00080018, 0x0020000D, 0x0020000E}) | PIXELS


class OverrideStrategy(StrEnum):
    """What is done: the letters K, Z, X, D of Table E.1-1, D with a keyed digest, dates shifted, text cleaned."""

    KEEP = "keep"
    EMPTY = "empty"
    REMOVE = "remove"
    REPLACE = "replace"
    HASH = "hash"
    SHIFT = "shift"
    CLEAN = "clean"


@dataclass(frozen=True, slots=True)
class Override:
    """`strategy` for the attributes that one of `tag`, `path`, `vr` and `creator` selects.

    `tag` is a keyword or `gggg,eeee`, at any level; `path` names an attribute with the sequences around it, outermost first
    (`RequestAttributesSequence>ScheduledProcedureStepID`); `vr` selects by value representation; `creator` the elements of a
    private creator. `sop_class` (a UID) limits any of them to one SOP class. `value` is what `replace` writes; `{patient}` is the
    pseudonym of the patient. Raises ConfigurationError for what cannot be carried out; the message holds no value.
    """

    strategy: OverrideStrategy
    tag: str = ""
    path: str = ""
    vr: str = ""
    creator: str = ""
    sop_class: str = ""
    value: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "strategy", OverrideStrategy(str(self.strategy)))
        except ValueError:
            raise ConfigurationError(f"strategy: one of {', '.join(OverrideStrategy)}") from None
        if sum(map(bool, (self.tag, self.path, self.vr, self.creator))) != 1:
            raise ConfigurationError("an override names exactly one of tag, path, vr and creator")
        if self.sop_class and iods.iod_of(self.sop_class) is None:
            raise ConfigurationError("sop_class: no SOP class with rules has this UID")
        if bool(self.value) != (self.strategy is OverrideStrategy.REPLACE):
            raise ConfigurationError("value: what replace writes, and replace alone")
        self._check_vr()

    @property
    def tags(self) -> tuple[int, ...]:
        """The sequences and the attribute that `path` or `tag` names; empty for `vr` and `creator`."""
        names = self.path.split(">") if self.path else [self.tag] if self.tag else []
        found = tuple(dictionary.parse_tag(name.strip()) or -1 for name in names)
        if -1 in found:
            raise ConfigurationError("a tag or keyword of the profile is not in PS3.6")
        return found

    def _check_vr(self) -> None:
        if self.creator:
            if self.strategy not in (OverrideStrategy.KEEP, OverrideStrategy.REMOVE):
                raise ConfigurationError("elements of a private creator can be kept or removed")
            return
        if self.vr and self.vr not in VRS:
            raise ConfigurationError("vr: none of the value representations of PS3.5 Table 6.2-1")
        vrs = self._vrs()
        wanted = {
            OverrideStrategy.SHIFT: (_DATES, "shift is for dates and times (DA, DT, TM)"),
            OverrideStrategy.CLEAN: (_TEXTS, "clean is for text (LO, LT, SH, ST, UC, UT)"),
            OverrideStrategy.HASH: (_HASHABLE, "hash is for text and names (AE, LO, LT, PN, SH, ST, UC, UT)"),
        }.get(self.strategy)
        if wanted and not vrs <= wanted[0]:
            raise ConfigurationError(wanted[1])
        if PSEUDONYM in self.value and self.value != PSEUDONYM:
            raise ConfigurationError(f"value: {PSEUDONYM} stands alone")
        if self.value == PSEUDONYM and not vrs <= _LONG:
            # A prefix, or a name out of a patient list, makes pseudonyms longer than AE, CS and SH can be.
            raise ConfigurationError(f"value: {PSEUDONYM} is for text and names (LO, LT, PN, ST, UC, UT)")
        if self.strategy is OverrideStrategy.REPLACE and not all(fits_vr(self.value, vr) for vr in vrs):
            raise ConfigurationError("value: does not fit the value representation (PS3.5 Table 6.2-1)")

    def _vrs(self) -> set[str]:
        """The value representations of what is selected, if that may be overridden."""
        tags = self.tags
        if not tags:
            return {self.vr}
        known = dictionary.attribute(tags[-1])
        if tags[-1] >> 16 & 1:
            raise ConfigurationError("private elements are selected by creator")
        if known is None:
            raise ConfigurationError("a tag or keyword of the profile is not in PS3.6")
        if tags[-1] in MARKERS:
            raise ConfigurationError("deident writes this attribute itself (PS3.15 E.1.1)")
        if never_survives(tags[-1], tags[:-1]):
            raise ConfigurationError("this element never stays, whatever a profile says")
        if tags[-1] in STRUCTURE and self.strategy is not OverrideStrategy.KEEP:
            raise ConfigurationError("this attribute says what the object is; it cannot be overridden")
        return set(known.vrs)
