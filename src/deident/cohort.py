"""The cohort of a run: which instances a protocol approves, told by their headers (docs/patients-and-cohorts.md)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Final

from deident.engine.headers import Header
from deident.errors import ConfigurationError

__all__ = ["Cohort"]

_LONGEST: Final = 64
_MOST: Final = 1000


@dataclass(frozen=True)
class Cohort:
    """Criteria over the originals; all that are given must hold. An attribute that is absent or malformed fulfils none.

    `modality` (0008,0060) and `body_part` (0018,0015) are values, compared without regard to case. `sop_class` are UIDs
    or short names (CT, MR, ...). Study Date (0008,0020) lies between `study_date_from` and `study_date_to`, both included.
    Series Description (0008,103E) matches one of the shell patterns of `series_description` and none of
    `series_description_exclude`, without regard to case. Raises ConfigurationError, which names the key and no value.
    """

    modality: tuple[str, ...] = ()
    sop_class: tuple[str, ...] = ()
    body_part: tuple[str, ...] = ()
    study_date_from: date | None = None
    study_date_to: date | None = None
    series_description: tuple[str, ...] = ()
    series_description_exclude: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._normalise("modality", _folded)
        self._normalise("body_part", _folded)
        self._normalise("series_description", _folded)
        self._normalise("series_description_exclude", _folded)
        self._normalise("sop_class", _sop_class)
        for key in ("study_date_from", "study_date_to"):
            object.__setattr__(self, key, _date(key, getattr(self, key)))
        if self.study_date_from and self.study_date_to and self.study_date_from > self.study_date_to:
            raise ConfigurationError("study_date_from: lies after study_date_to")

    @property
    def everything(self) -> bool:
        """Whether no criterion is given."""
        return not any(getattr(self, entry.name) for entry in fields(self))

    def holds(self, header: Header) -> bool:
        """Whether an instance is in the cohort."""
        return (
            _among(header.modality, self.modality)
            and _among(header.body_part, self.body_part)
            and (not self.sop_class or header.sop_class_uid in self.sop_class)
            and self._approves_date(header.study_date)
            and self._approves_description(_folded(header.series_description))
        )

    def _approves_date(self, value: str) -> bool:
        if self.study_date_from is None and self.study_date_to is None:
            return True
        day = _study_date(value)
        return day is not None and (self.study_date_from or day) <= day <= (self.study_date_to or day)

    def _approves_description(self, value: str) -> bool:
        if not (self.series_description or self.series_description_exclude):
            return True
        if not value or any(fnmatchcase(value, pattern) for pattern in self.series_description_exclude):
            return False
        return not self.series_description or any(fnmatchcase(value, pattern) for pattern in self.series_description)

    def _normalise(self, key: str, one: Callable[[str], str]) -> None:
        """Put the values of a criterion into the form in which they are compared: sorted, each once."""
        given = getattr(self, key)
        values = () if isinstance(given, str) else tuple(given)
        if isinstance(given, str) or not all(isinstance(value, str) for value in values):
            raise ConfigurationError(f"{key}: a list of texts")
        if len(values) > _MOST or not all(value.strip() and len(value) <= _LONGEST for value in values):
            raise ConfigurationError(f"{key}: at most {_MOST} texts of 1 to {_LONGEST} characters")
        object.__setattr__(self, key, tuple(sorted({one(value) for value in values})))


def _folded(value: str) -> str:
    return " ".join(value.replace("\0", " ").casefold().split())


def _among(value: str, wanted: tuple[str, ...]) -> bool:
    return not wanted or _folded(value) in wanted


def _sop_class(name: str) -> str:
    from deident.standard.sop_classes import sop_class_named  # noqa: PLC0415 - for start-up: it loads the tables of the IODs

    failure = ""
    try:
        return sop_class_named(name.strip())
    except ConfigurationError as problem:
        failure = str(problem)
    raise ConfigurationError(f"sop_class: {failure}")


def _date(key: str, value: object) -> date | None:
    """A date, also one written as YYYY-MM-DD."""
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    found = None
    if isinstance(value, str) and len(value) == 10:
        found = _calendar(value[:4] + value[5:7] + value[8:]) if value[4] == value[7] == "-" else None
    if found is None:
        raise ConfigurationError(f"{key}: a date, written YYYY-MM-DD")
    return found


def _study_date(value: str) -> date | None:
    """The day in a DA value, in its old form too (PS3.5 6.2, `YYYY.MM.DD`); None for ranges, several values and nonsense."""
    if len(value) == 10 and value[4] == value[7] == ".":
        value = value.replace(".", "")
    return _calendar(value)


def _calendar(digits: str) -> date | None:
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
