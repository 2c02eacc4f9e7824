"""Patient's Age from birth and study date (PS3.15 E.1.1 allows the age to stand in for the birth date)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Final

__all__ = ["age_at_study"]

BIRTH_DATE: Final = 0x00100030
STUDY_DATE: Final = 0x00080020


def age_at_study(seen: Mapping[int, bytes]) -> bytes:
    """An AS value from Patient's Birth Date and Study Date among top-level values; empty when either is unusable.

    Years from the second birthday on, months from the first month on, else days: what AS can say of a small child.
    """
    birth, study = _date(seen.get(BIRTH_DATE, b"")), _date(seen.get(STUDY_DATE, b""))
    if birth is None or study is None or study < birth:
        return b""
    months = (study.year - birth.year) * 12 + study.month - birth.month - (study.day < birth.day)
    if months >= 24:
        years = months // 12
        return b"%03dY" % years if years < 150 else b""
    return b"%03dM" % months if months else b"%03dD" % (study - birth).days


def _date(value: bytes) -> datetime.date | None:
    text = value.strip(b"\0 ").replace(b".", b"")
    if len(text) != 8 or not text.isdigit():
        return None
    try:
        return datetime.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
