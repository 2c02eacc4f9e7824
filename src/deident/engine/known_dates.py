"""Find known dates in a text in their usual spellings: ISO, dotted, slashed, compact, with names of months."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from deident.engine.known_text import flatten

__all__ = ["Date", "KnownDates", "parse_date"]

#: Year, month, day.
Date = tuple[int, int, int]

#: Dates that stand for "no date"; the first is what the profile writes in place of a date.
_PLACEHOLDERS: Final = frozenset({(1900, 1, 1), (1, 1, 1), (9999, 12, 31)})

_MONTHS: Final = (
    "jan january januar janner janvier janv enero ene gennaio gen janeiro januari",
    "feb february februar feber fevrier fevr fev febrero febbraio fevereiro februari",
    "mar march marz mrz mars marzo marco maart mrt",
    "apr april avril avr abril abr aprile",
    "may mai mayo maggio mag maio mei",
    "jun june juni juin junio giugno giu junho",
    "jul july juli juillet juil julio luglio lug julho",
    "aug august aout agosto ago augustus",
    "sep sept september septembre septiembre settembre set setembro",
    "oct october oktober okt octobre octubre ottobre ott outubro out",
    "nov november novembre noviembre novembro",
    "dec december dezember dez decembre diciembre dic dicembre dezembro",
)
_MONTH_NUMBERS: Final = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}

#: Every pattern stands in a look-ahead, so that a false start hides no date that begins inside it.
_GAP: Final = r"[\s./\-_,]"
_DAY: Final = r"(\d{1,2})(?:st|nd|rd|th|er|\.)?"
_YEAR: Final = r"(\d{4}|\d{2})(?!\d)"
_COMPACT: Final = re.compile(r"(?<!\d)(\d{8})(?=(?:\d{4}|\d{6})?(?!\d))")
_NUMERIC: Final = re.compile(r"(?<!\d)(?=((\d{1,4})[\s./\-_,年년]{1,3}(\d{1,2})[\s./\-_,月월]{1,3}(\d{1,4})(?!\d)))")
_MONTH: Final = rf"{_GAP}{{0,3}}(?:de |of )?([a-z]{{3,10}}){_GAP}{{0,3}}(?:de |del )?"
_DAY_FIRST: Final = re.compile(rf"(?<!\d)(?=({_DAY}{_MONTH}{_YEAR}))")
_MONTH_FIRST: Final = re.compile(rf"(?<![a-z])(?=(([a-z]{{3,10}}){_GAP}{{0,3}}{_DAY}{_GAP}{{1,3}}{_YEAR}))")
_YEAR_FIRST: Final = re.compile(rf"(?<!\d)(?=((\d{{4}}){_MONTH}(\d{{1,2}})(?!\d)))")
_VALUE: Final = re.compile(r"\s*(\d{4})[.\-/ ]?(\d{2})[.\-/ ]?(\d{2})(?!\d{1,3}(?!\d))")


def parse_date(text: str) -> Date | None:
    """The date of a DA, a DT or an ISO text; None when it is none, is partial, or stands for "no date"."""
    found = _VALUE.match(text)
    if not found:
        return None
    year, month, day = (int(group) for group in found.groups())
    date = (year, month, day)
    return date if 1 <= month <= 12 and 1 <= day <= 31 and date not in _PLACEHOLDERS else None


class KnownDates:
    """Full dates to be found in any order of day, month and year; years of two or four digits."""

    def __init__(self, dates: Iterable[Date]) -> None:
        self._dates = frozenset(dates)
        self._year_ends = tuple({f"{year % 100:02}" for year, _, _ in self._dates})
        self._compact = frozenset(
            text
            for y, m, d in self._dates
            for text in (f"{y:04}{m:02}{d:02}", f"{d:02}{m:02}{y:04}", f"{m:02}{d:02}{y:04}")
        )
        self._orders = frozenset(
            order
            for year, m, d in self._dates
            for y in (year, year % 100)
            for order in ((y, m, d), (d, m, y), (m, d, y))
        )

    def __len__(self) -> int:
        return len(self._dates)

    @property
    def compact(self) -> frozenset[str]:
        """The spellings of eight digits."""
        return self._compact

    def find(self, text: str) -> list[tuple[int, int]]:
        """Spans of known dates in the original text."""
        if text.isascii():
            for end in self._year_ends:
                if end in text:
                    break
            else:
                return []
        flat, index_of = flatten(text)
        spans = self._spans(flat)
        return [(index_of[start], index_of[end - 1] + 1) for start, end in spans] if index_of else list(spans)

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        for m in _COMPACT.finditer(text):
            if m.group(1) in self._compact:
                yield m.span(1)
        for m in _NUMERIC.finditer(text):
            if (int(m.group(2)), int(m.group(3)), int(m.group(4))) in self._orders:
                yield m.span(1)
        for pattern in (_DAY_FIRST, _MONTH_FIRST, _YEAR_FIRST):
            for m in pattern.finditer(text):
                if self._named(m.group(2), m.group(3), m.group(4)):
                    yield m.span(1)

    def _named(self, *parts: str) -> bool:
        """Whether three parts, one of them a month's name, are a known date."""
        month = next((_MONTH_NUMBERS.get(part, 0) for part in parts if part.isalpha()), 0)
        first, second = (int(part) for part in parts if not part.isalpha())
        return bool(month) and ((first, month, second) in self._orders or (second, month, first) in self._orders)
