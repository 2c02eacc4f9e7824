"""A profile: what a site decides about de-identification, validated when it is made.

A plain dataclass: `deident anonymize` starts in a fraction of the time that it takes to import a validation library.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Final, TypeVar

from deident.errors import ConfigurationError
from deident.profile.override import Override
from deident.standard.values import VRS

__all__ = ["DateMethod", "Mode", "Option", "PixelRisk", "Profile", "SitePrivate", "Strategy", "TimeMethod"]

_PREFIX: Final = re.compile(r"[A-Za-z0-9_-]{0,32}")
_AE_TITLE: Final = re.compile(r"[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?")
_OLDEST: Final = 120
_CREATOR_LENGTH: Final = 64
_LONGEST_RANGE: Final = 36_500
_LARGEST_MULTIPLE: Final = 365


class Option(StrEnum):
    """The options of PS3.15 E.3 that deident carries out; the names are those of the columns of Table E.1-1."""

    RETAIN_SAFE_PRIVATE = "retain_safe_private"
    RETAIN_UIDS = "retain_uids"
    RETAIN_DEVICE_IDENTITY = "retain_device_identity"
    RETAIN_INSTITUTION_IDENTITY = "retain_institution_identity"
    RETAIN_PATIENT_CHARACTERISTICS = "retain_patient_characteristics"
    RETAIN_LONGITUDINAL_FULL_DATES = "retain_longitudinal_full_dates"
    RETAIN_LONGITUDINAL_MODIFIED_DATES = "retain_longitudinal_modified_dates"
    CLEAN_DESCRIPTORS = "clean_descriptors"
    CLEAN_STRUCTURED_CONTENT = "clean_structured_content"
    CLEAN_GRAPHICS = "clean_graphics"


class Strategy(StrEnum):
    """What stands in place of a direct identifier (patient name and id, accession number, study id)."""

    HASH = "hash"
    REMOVE = "remove"
    REPLACE = "replace"


class PixelRisk(StrEnum):
    """What happens to images that may show text: held for a look, or accepted because somebody looked."""

    HOLD = "hold"
    ACCEPT = "accept"


class Mode(StrEnum):
    """What becomes of standard elements that no table lists: they stay (searched for known identifiers), or only numbers,
    code strings and what the site allows do (PS3.15 E.1.1 leaves the choice; RULES section 1).
    """

    TABLE = "table"
    STRICT = "strict"


class DateMethod(StrEnum):
    """How dates are modified (PS3.15 E.3.6): all of a patient shifted by one number of days, or reduced to their year."""

    SHIFT = "shift"
    YEAR = "year"


class TimeMethod(StrEnum):
    """What becomes of times of day where dates are shifted: they stay, or move together with the dates (PS3.15 E.3.6)."""

    KEEP = "keep"
    SHIFT = "shift"


@dataclass(frozen=True, slots=True)
class SitePrivate:
    """A private element that a site knows to be safe: creator, group (odd), low byte of the element and VR.

    Raises ConfigurationError for one that cannot exist (PS3.5 7.8.1).
    """

    creator: str
    group: int
    element: int
    vr: str

    def __post_init__(self) -> None:
        if not 0 < len(self.creator.strip()) <= _CREATOR_LENGTH:
            raise ConfigurationError(f"creator: 1 to {_CREATOR_LENGTH} characters (PS3.5 7.8.1)")
        if not _within(self.group, 0x0009, 0xFFFD) or not self.group & 1:
            raise ConfigurationError("group: private groups are odd, from 0009 to FFFD (PS3.5 7.8)")
        if not _within(self.element, 0, 0xFF):
            raise ConfigurationError(
                "element: the low byte alone, 00 to FF; the block is where the creator has reserved it"
            )
        if self.vr not in VRS:
            raise ConfigurationError("vr: none of the value representations of PS3.5 Table 6.2-1")


@dataclass(frozen=True)
class Profile:
    """Options and overrides over the Basic Application Level Confidentiality Profile.

    `keep_tags` are keywords or `gggg,eeee` tags whose value stays although no option covers it: the output then claims no
    conformance (RULES 14.6). `overrides` are a site's decisions for attributes, paths, VRs and private creators.
    `strategies` maps a keyword to its strategy, `strategy` is that of the other direct identifiers. `age_cap` is in
    years: older ages become the cap. `patient_prefix` stands before patient pseudonyms.

    `dates` says how the option for modified dates modifies; shifts are of 1 to `date_range_days` days, multiples of
    `date_multiple`; `times` says whether times of day move with them. `uids_beside_shifted_dates` allows to retain UIDs then,
    though many hold the time at which they were made. `ae_titles` are those that may stay when device
    identity does. `private` are a site's safe private elements. `allowed` are keywords or tags that stay in strict mode.
    `terms` are a site's own words that descriptors may keep.

    Strings are taken for members of the enumerations. Raises ConfigurationError, which names the key and no value.
    """

    name: str = "research"
    options: frozenset[Option] = frozenset({Option.RETAIN_PATIENT_CHARACTERISTICS})
    mode: Mode = Mode.TABLE
    strategy: Strategy = Strategy.HASH
    strategies: Mapping[str, Strategy] = field(default_factory=dict)
    keep_tags: frozenset[str] = frozenset()
    overrides: tuple[Override, ...] = ()
    allowed: frozenset[str] = frozenset()
    pixel_risk: PixelRisk = PixelRisk.HOLD
    age_cap: int | None = 90
    patient_prefix: str = ""
    dates: DateMethod = DateMethod.SHIFT
    date_range_days: int = 3650
    date_multiple: int = 1
    times: TimeMethod = TimeMethod.KEEP
    uids_beside_shifted_dates: bool = False
    ae_titles: frozenset[str] = frozenset()
    private: tuple[SitePrivate, ...] = ()
    terms: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self._set("options", frozenset(_member(Option, "options", option) for option in self.options))
        self._set("mode", _member(Mode, "mode", self.mode))
        self._set("strategy", _member(Strategy, "strategy", self.strategy))
        strategies = {str(key): _member(Strategy, "strategies", value) for key, value in self.strategies.items()}
        self._set("strategies", strategies)
        for key in ("keep_tags", "allowed", "ae_titles", "terms"):
            self._set(key, frozenset(map(str, getattr(self, key))))
        self._set("overrides", tuple(self.overrides))
        self._set("private", tuple(self.private))
        self._set("pixel_risk", _member(PixelRisk, "pixel_risk", self.pixel_risk))
        self._set("dates", _member(DateMethod, "dates", self.dates))
        self._set("times", _member(TimeMethod, "times", self.times))
        self._check_numbers()
        if _PREFIX.fullmatch(self.patient_prefix) is None:
            raise ConfigurationError("patient_prefix: at most 32 letters, digits, hyphens and underscores")
        if not all(_AE_TITLE.fullmatch(title) for title in self.ae_titles):
            raise ConfigurationError("ae_titles: application entity titles have 1 to 16 printable ASCII characters")
        self._check_combination()

    def _check_numbers(self) -> None:
        if self.age_cap is not None and not _within(self.age_cap, 1, _OLDEST):
            raise ConfigurationError(f"age_cap: a number of years from 1 to {_OLDEST}, or nothing")
        if not _within(self.date_range_days, 1, _LONGEST_RANGE):
            raise ConfigurationError(f"date_range_days: a number of days from 1 to {_LONGEST_RANGE}")
        if not _within(self.date_multiple, 1, min(_LARGEST_MULTIPLE, self.date_range_days)):
            raise ConfigurationError(
                f"date_multiple: a number of days from 1 to {_LARGEST_MULTIPLE}, and no more than date_range_days"
            )

    def _check_combination(self) -> None:
        full, modified = Option.RETAIN_LONGITUDINAL_FULL_DATES, Option.RETAIN_LONGITUDINAL_MODIFIED_DATES
        if {full, modified} <= self.options:
            raise ConfigurationError(f"options: {full} and {modified} exclude each other (PS3.15 E.3.6)")
        if {Option.RETAIN_UIDS, modified} <= self.options and not self.uids_beside_shifted_dates:
            raise ConfigurationError(
                f"options: {Option.RETAIN_UIDS} beside {modified} gives the dates away, since many UIDs hold the time at "
                "which they were made; leave one out, or set uids_beside_shifted_dates = true"
            )
        if self.dates is not DateMethod.SHIFT and modified not in self.options:
            raise ConfigurationError(f"dates: without the option {modified} no date is kept that could be modified")

    def changed(self, **changes: Any) -> Profile:
        """This profile with some keys changed. Raises ConfigurationError for unknown keys and wrong values."""
        unknown = set(changes) - {entry.name for entry in fields(self)}
        if unknown:
            raise ConfigurationError(f"unknown key of a profile; there are: {', '.join(e.name for e in fields(self))}")
        return replace(self, **changes)

    def digest(self) -> str:
        """Digest of everything that decides the output: another profile means that the work is done again."""
        content = {entry.name: _plain(getattr(self, entry.name)) for entry in fields(self) if entry.name != "name"}
        return "sha256:" + hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


def _plain(value: Any) -> Any:
    """A field as JSON can hold it, in one order."""
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(sorted(value.items()))
    if isinstance(value, tuple):
        return [asdict(entry) for entry in value]
    return value


def _within(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


_E = TypeVar("_E", bound=StrEnum)


def _member(kind: type[_E], key: str, value: object) -> _E:
    try:
        return kind(str(value))
    except ValueError:
        raise ConfigurationError(f"{key}: one of {', '.join(kind)}") from None
