"""Dates and times with an offset of whole days, or reduced to the year (PS3.15 E.3.6; RULES section 6).

Times of day stay, so every interval of a patient is exact. Values that stand for "no date" are not shifted: a shifted
constant would hand out the offset.
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

__all__ = ["shift", "to_year"]

_DA: Final = re.compile(rb"(\d{4})(\.?)(\d{2})\2(\d{2})")
_TM: Final = re.compile(rb"(?:[01]\d|2[0-3])(?::?[0-5]\d(?::?(?:[0-5]\d|60)(?:\.\d{1,6})?)?)?")
_DT: Final = re.compile(
    rb"(\d{4})(?:(\d{2})(?:(\d{2})((?:[01]\d|2[0-3])(?:[0-5]\d(?:(?:[0-5]\d|60)(?:\.\d{1,6})?)?)?)?)?)?([+-]\d{4})?"
)
_ONE_DAY: Final = datetime.timedelta(days=1)
#: Dates that stand for "no date"; years alone and months alone that begin them count, too.
_PLACEHOLDERS: Final = frozenset({b"19000101", b"19700101", b"00010101", b"99991231"})


@lru_cache(maxsize=8192)
def shift(value: bytes, vr: str, days: int) -> bytes | None:
    """A value of DA, DT or TM, `days` days earlier; each of several values. Blank stays blank.

    Precision, fraction and time zone suffix of DT stay; of a DT without day or month its middle is shifted and cut to the
    same precision. DA in the form of ACR-NEMA (`YYYY.MM.DD`) is read and written as PS3.5 wants it. None when a value is
    none of its VR, is a placeholder, or leaves the years 1 to 9999: it must not stay, and cannot be shifted.
    """
    return _each(value, lambda single: _shifted(single, vr, days))


@lru_cache(maxsize=8192)
def to_year(value: bytes, vr: str) -> bytes | None:
    """A value of DA or DT reduced to its year (DA: its first day); times of day stay, as they name no day. None as in `shift`."""
    return _each(value, lambda single: _year(single, vr))


def _each(value: bytes, change: Callable[[bytes], bytes | None]) -> bytes | None:
    parts = []
    for part in value.strip(b"\0 ").split(b"\\"):
        single = part.strip(b"\0 ")
        changed = change(single) if single else b""
        if changed is None:
            return None
        parts.append(changed)
    return b"\\".join(parts)


def _shifted(value: bytes, vr: str, days: int) -> bytes | None:
    if vr == "TM":
        return value if _TM.fullmatch(value) else None
    if vr == "DA":
        found = _DA.fullmatch(value)
        return _minus(int(found[1]), int(found[3]), int(found[4]), days) if found and not _nothing(value) else None
    found = _DT.fullmatch(value)
    if found is None or _nothing(value):
        return None
    year, month, day = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    moved = _minus(year, month or 7, day or (15 if month else 2), days)
    if moved is None:
        return None
    return moved[: 8 if day else 6 if month else 4] + (found[4] or b"") + (found[5] or b"")


def _year(value: bytes, vr: str) -> bytes | None:
    if vr == "TM":
        return value if _TM.fullmatch(value) else None
    moved = _shifted(value, vr, 0)  # what cannot be shifted is no date
    return None if moved is None else moved[:4] + (b"0101" if vr == "DA" else b"")


def _nothing(value: bytes) -> bool:
    """Whether a date stands for none, at whatever precision."""
    digits = value.replace(b".", b"")[:8]
    return not digits.strip(b"0") or digits in _PLACEHOLDERS or digits[:4] in (b"0000", b"0001", b"9999")


def _minus(year: int, month: int, day: int, days: int) -> bytes | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    if year < 1 or day > calendar.monthrange(year, month)[1]:
        return None
    try:
        moved = datetime.date(year, month, day) - days * _ONE_DAY
    except OverflowError:
        return None
    return f"{moved.year:04d}{moved.month:02d}{moved.day:02d}".encode()
