"""Dates and times moved by days and seconds, written down once more for validation: with datetime, from earliest and latest."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final, NamedTuple

__all__ = ["Moment", "is_placeholder", "read", "read_time", "written"]

_TIME: Final = re.compile(r"(?P<h>\d\d)(?::?(?P<m>\d\d)(?::?(?P<s>\d\d)(?P<f>\.\d{1,6})?)?)?")
_DATE: Final = re.compile(r"(?P<y>\d{4})(?:(?P<n>\d\d)(?P<d>\d\d)?)?(?P<t>[\d.]*)(?P<z>[+-]\d{4})?")
_DOTTED: Final = re.compile(r"(\d{4})\.(\d\d)\.(\d\d)")
_ANY_DAY: Final = datetime(2000, 6, 1)  # noqa: DTZ001 - a time of day, wherever it is
_LAST_SECOND: Final = 60
_PLACEHOLDERS: Final = frozenset({"19000101", "19700101", "00010101", "99991231"})


def is_placeholder(text: str) -> bool:
    """Whether a date stands for none."""
    digits = text.replace(".", "")[:8]
    return not digits.strip("0") or digits in _PLACEHOLDERS or digits[:4] in ("0001", "9999")


class Moment(NamedTuple):
    """The middle of what a value leaves open; how many digits of date and time it has, fraction and zone.

    A date without a time has its middle at noon; a time without a date is of any day.
    """

    middle: datetime
    date_digits: int
    time_digits: int
    fraction: str = ""
    zone: str = ""

    @property
    def exact(self) -> bool:
        """Whether it is known to the second."""
        return self.date_digits in (0, 8) and self.time_digits == 6


def read_time(text: str) -> Moment | None:
    """A time of day (TM); None for what is none, and for zeros alone, which stand for none."""
    found = _TIME.fullmatch(text)
    if found is None or not text.strip("0:."):
        return None
    hour, minute, second = int(found["h"]), found["m"], found["s"]
    if hour > 23 or int(minute or 0) > 59 or int(second or 0) > _LAST_SECOND:
        return None
    earliest = _ANY_DAY + timedelta(hours=hour, minutes=int(minute or 0), seconds=int(second or 0))
    open_for = 0 if second else 60 if minute else 3600
    digits = 6 if second else 4 if minute else 2
    return Moment(earliest + timedelta(seconds=open_for / 2), 0, digits, found["f"] or "")


def read(text: str, time: str = "") -> Moment | None:
    """A date (DA, with the text of its time) or a date and time (DT); None for what is none."""
    found = _DATE.fullmatch(_DOTTED.sub(r"\1\2\3", text))
    if found is None or is_placeholder(text):
        return None
    year, month, day = int(found["y"]), int(found["n"] or 7), int(found["d"] or (15 if found["n"] else 2))
    clock = read_time(time or found["t"])
    if found["t"] and not found["t"].strip("0.") and not time:
        clock = None
    elif (time or found["t"]) and clock is None:
        return None
    digits = 8 if found["d"] else 6 if found["n"] else 4
    try:
        middle = datetime(year, month, day)  # noqa: DTZ001 - moved as it stands, whatever its zone
        middle += clock.middle - _ANY_DAY if clock else timedelta(hours=12)
    except (ValueError, OverflowError):
        return None
    if clock is None:
        return Moment(middle, digits, 0, "", found["z"] or "")
    return Moment(middle, digits, clock.time_digits, clock.fraction, found["z"] or "")


def written(moment: Moment, days: int, seconds: int) -> tuple[str, str] | None:
    """Date and time of a moment that is so much earlier, as precise as they were; None out of the years 1 to 9999."""
    try:
        earlier = moment.middle - timedelta(days=days, seconds=seconds)
    except OverflowError:
        return None
    date = f"{earlier.year:04d}{earlier.month:02d}{earlier.day:02d}"
    time = f"{earlier.hour:02d}{earlier.minute:02d}{earlier.second:02d}"
    return date[: moment.date_digits], time[: moment.time_digits] + moment.fraction
