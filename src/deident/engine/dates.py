"""Dates and times with the offset of a patient, or reduced to the year (PS3.15 E.3.6; RULES section 6).

An offset is a number of days and, where times of day are shifted, too, a number of seconds of less than half a day either
way. One rule for every value: it is taken at the middle of what its precision leaves open, moved by the whole offset and cut
to the precision that it had. So a date that has no time (its middle is noon) moves by the days alone, and a time that has
no date wraps around midnight. Values that stand for no date or time are not shifted: a shifted constant would hand out the
offset.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

__all__ = ["shift", "to_year"]

_DA: Final = re.compile(rb"(\d{4})(\.?)(\d{2})\2(\d{2})")
_TM: Final = re.compile(rb"([01]\d|2[0-3])(?::?([0-5]\d)(?::?([0-5]\d|60)(\.\d{1,6})?)?)?")
_DT: Final = re.compile(
    rb"(\d{4})(?:(\d{2})(?:(\d{2})((?:[01]\d|2[0-3])(?:[0-5]\d(?:(?:[0-5]\d|60)(?:\.\d{1,6})?)?)?)?)?)?([+-]\d{4})?"
)
_ONE_DAY: Final = datetime.timedelta(days=1)
_DAY: Final = 86_400
_NOON: Final = _DAY // 2
#: Dates that stand for "no date"; years alone and months alone that begin them count, too.
_PLACEHOLDERS: Final = frozenset({b"19000101", b"19700101", b"00010101", b"99991231"})


@lru_cache(maxsize=8192)
def shift(value: bytes, vr: str, days: int, seconds: int = 0, time: bytes = b"") -> bytes | None:
    """A value of DA, DT or TM, `days` and `seconds` earlier; each of several values. Blank stays blank.

    `time` is the value of TM that belongs to a DA: as many times as dates, or they are dates alone. Precision, fraction and
    time zone suffix stay; of a DT without day or month the middle is shifted. DA in the form of ACR-NEMA (`YYYY.MM.DD`) is
    read and written as PS3.5 wants it. None when a value is none of its VR, is a placeholder, or leaves the years 1 to
    9999: it must not stay, and cannot be shifted. A time of nothing but zeros stands for none where times are shifted: such
    a TM is None, such a DT is cut to its date.
    """
    if vr == "TM":
        return _each(value, lambda single: _time(single, seconds))
    if vr == "DA":
        times = iter(_times(time, value.count(b"\\") + 1) if seconds else ())
        return _each(value, lambda single: _date(single, days, _moved(next(times, None), seconds)))
    return _each(value, lambda single: _date_time(single, days, seconds))


@lru_cache(maxsize=8192)
def to_year(value: bytes, vr: str) -> bytes | None:
    """A value of DA or DT reduced to its year (DA: its first day); times of day stay, as they name no day. None as in `shift`."""
    return _each(value, lambda single: _year(single, vr))


def _each(value: bytes, change: Callable[[bytes], bytes | None]) -> bytes | None:
    parts = []
    for part in value.strip(b"\0 ").split(b"\\"):
        single = part.strip(b"\0 ")
        changed = change(single)
        if changed is None and single:
            return None
        parts.append(changed or b"")
    return b"\\".join(parts)


# -- one value


def _date(value: bytes, days: int, moved: int) -> bytes | None:
    """A DA; `moved` is the second of the day at which it ends up, counted from the day it had."""
    found = _DA.fullmatch(value)
    if found is None or _nothing(value):
        return None
    return _minus(int(found[1]), int(found[3]), int(found[4]), days - moved // _DAY)


def _time(value: bytes, seconds: int) -> bytes | None:
    found = _TM.fullmatch(value)
    if found is None:
        return None
    if not seconds:
        return value
    second = _second(found)
    return None if second is None else _clock(_moved(second, seconds) % _DAY, found)


def _date_time(value: bytes, days: int, seconds: int) -> bytes | None:
    found = _DT.fullmatch(value)
    if found is None or _nothing(value):
        return None
    year, month, day, rest = int(found[1]), int(found[2] or 0), int(found[3] or 0), found[4] or b""
    time = _TM.fullmatch(rest) if seconds else None
    second = _second(time) if time else None
    moved = _moved(second, seconds)
    date = _minus(year, month or 7, day or (15 if month else 2), days - moved // _DAY)
    if date is None:
        return None
    if time is not None:
        rest = b"" if second is None else _clock(moved % _DAY, time)
    return date[: 8 if day else 6 if month else 4] + rest + (found[5] or b"")


def _year(value: bytes, vr: str) -> bytes | None:
    if vr == "TM":
        return _time(value, 0)
    moved = _date(value, 0, _NOON) if vr == "DA" else _date_time(value, 0, 0)  # what cannot be shifted is no date
    return None if moved is None else moved[:4] + (b"0101" if vr == "DA" else b"")


# -- times of day


def _times(value: bytes, wanted: int) -> list[int | None]:
    """The seconds of the day of the times that belong to as many dates, None for what tells none."""
    parts = value.strip(b"\0 ").split(b"\\")
    found = [_TM.fullmatch(part.strip(b"\0 ")) for part in parts]
    if len(found) != wanted or any(
        match is None and part.strip(b"\0 ") for match, part in zip(found, parts, strict=True)
    ):
        return []
    seconds = [_second(match) if match else None for match in found]
    placeholder = any(match is not None and second is None for match, second in zip(found, seconds, strict=True))
    return [] if placeholder else seconds


def _second(time: re.Match[bytes]) -> int | None:
    """The second of the day in the middle of what a time leaves open; None for midnight, which stands for no time."""
    hour, minute, second = (None if part is None else int(part) for part in time.groups()[:3])
    if not any((hour, minute, second)) and not (time[4] or b"").strip(b".0"):
        return None
    if minute is None:
        return int(time[1]) * 3600 + 1800
    return int(time[1]) * 3600 + minute * 60 + (30 if second is None else second)


def _moved(second: int | None, seconds: int) -> int:
    return (_NOON if second is None else second) - seconds


def _clock(second: int, like: re.Match[bytes]) -> bytes:
    """A second of the day, as precise as a time was."""
    text = b"%02d%02d%02d" % (second // 3600, second // 60 % 60, second % 60)
    return text[: 2 if like[2] is None else 4 if like[3] is None else 6] + (like[4] or b"")


# -- days


def _nothing(value: bytes) -> bool:
    """Whether a date stands for none, at whatever precision."""
    digits = value.replace(b".", b"")[:8]
    return not digits.strip(b"0") or digits in _PLACEHOLDERS or digits[:4] in (b"0000", b"0001", b"9999")


def _minus(year: int, month: int, day: int, days: int) -> bytes | None:
    try:
        moved = datetime.date(year, month, day) - days * _ONE_DAY
    except (ValueError, OverflowError):
        return None
    return f"{moved.year:04d}{moved.month:02d}{moved.day:02d}".encode()
