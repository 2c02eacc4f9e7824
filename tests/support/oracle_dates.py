"""The oracle's reading of RULES section 6: what a date or time becomes under an offset of days and seconds."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from pydicom.datadict import keyword_dict
from pydicom.datadict import keyword_for_tag as keyword

__all__ = ["earlier", "time_of"]

_TIME: Final = re.compile(r"([01]\d|2[0-3])(?::?([0-5]\d)(?::?([0-5]\d|60)(\.\d{1,6})?)?)?")
_DATE: Final = re.compile(r"(\d{4})\.?(\d\d)?\.?(\d\d)?((?:\d\d){0,3}(?:\.\d{1,6})?)([+-]\d{4})?")


def time_of(tag: int, values: dict[int, bytes]) -> bytes:
    """The value beside a date whose keyword says Time where that of the date says Date."""
    other = keyword(tag).replace("Date", "Time") if tag >> 16 & 1 == 0 else ""
    return values.get(keyword_dict.get(other, 0), b"") if other != keyword(tag) else b""


def earlier(value: bytes, vr: str, days: int, seconds: int = 0, time: bytes = b"") -> bytes | None:
    """The value with every date `days` and `seconds` earlier; None when one is no date or stands for none."""
    values = [part.decode("latin-1").strip(" \0") for part in value.strip(b"\0 ").split(b"\\")]
    times = [part.decode("latin-1").strip(" \0") for part in time.strip(b"\0 ").split(b"\\")]
    usable = seconds and len(times) == len(values)
    if not usable or any(t and (not _TIME.fullmatch(t) or _zero(t)) for t in times):
        times = [""] * len(values)
    moved = [_one(v, vr, days, seconds, t) for v, t in zip(values, times, strict=True)]
    return None if None in moved else "\\".join(v or "" for v in moved).encode()


def _one(text: str, vr: str, days: int, seconds: int, time: str) -> str | None:
    if not text:
        return ""
    if vr == "TM":
        found = _TIME.fullmatch(text)
        if found is None or (seconds and _zero(text)):
            return None
        return _cut(_middle(datetime(2001, 1, 2), text) - timedelta(seconds=seconds), found) if seconds else text  # noqa: DTZ001
    found = _DATE.fullmatch(text)
    if found is None or (vr == "DA" and (not found[3] or found[4] or found[5])):
        return None
    if not re.fullmatch(r"(?:([01]\d|2[0-3])([0-5]\d([0-5]\d|60)?)?(\.\d+)?)?", found[4]):
        return None
    whole = f"{found[1]}{found[2] or '07'}{found[3] or ('15' if found[2] else '02')}"
    if found[1] in ("0000", "0001", "9999") or whole in ("19000101", "19700101"):
        return None
    clock = found[4] if not seconds or not _zero(found[4]) else ""
    try:
        day = datetime.strptime(whole, "%Y%m%d")  # noqa: DTZ007 - a day
        moved = _middle(day, time or clock) - timedelta(days=days, seconds=seconds)
    except (ValueError, OverflowError):
        return None
    date = f"{moved.year:04d}{moved.month:02d}{moved.day:02d}"[: 8 if found[3] else 6 if found[2] else 4]
    if seconds and clock:
        inner = _TIME.fullmatch(clock)
        assert inner is not None
        clock = _cut(moved, inner)
    return date + clock + (found[5] or "")


def _zero(text: str) -> bool:
    return not text.strip("0:.")


def _middle(day: datetime, time: str) -> datetime:
    """The middle of what a day and time leave open."""
    if not time:
        return day + timedelta(hours=12)
    parts = [int(part) for part in re.findall(r"\d\d", time.split(".", maxsplit=1)[0])]
    left = {1: 1800, 2: 30, 3: 0}[len(parts)]
    hours, minutes, seconds = (*parts, 0, 0)[:3]
    return day + timedelta(hours=hours, minutes=minutes, seconds=seconds + left)


def _cut(moved: datetime, like: re.Match[str]) -> str:
    return moved.strftime("%H%M%S")[: 6 if like[3] else 4 if like[2] else 2] + (like[4] or "")
