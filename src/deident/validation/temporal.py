"""Check the dates of a study: kept as they were, earlier by one number of days, or gone (PS3.15 E.3.6; RULES section 6).

Where times of day are shifted, too, clock.py says what becomes of a moment.
"""

from __future__ import annotations

import datetime
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from deident.validation.beside import times_beside
from deident.validation.clock import is_placeholder
from deident.validation.elements import Node, Path, place_of
from deident.validation.kinds import Exempt, never_dated
from deident.validation.model import DatePolicy
from deident.validation.offsets import Offset
from deident.validation.reading import Instance

__all__ = ["DATE_VRS", "TemporalCheck"]

DATE_VRS: Final = frozenset({"DA", "DT", "TM"})

#: What stands in place of a value that must not stay (RULES section 3).
_DUMMIES: Final = frozenset({"", "19000101", "000000", "19000101000000"})
#: Published dates of context groups: never of a patient.
_CONSTANTS: Final = frozenset({0x00080106, 0x00080107, 0x0040DB06, 0x0040DB07})
#: Place -> what stood there with the time that belongs to it, in the order of the file. Items share their place.
_Values = dict[tuple[Path, int], list[tuple[str, str]]]


@dataclass(slots=True)
class TemporalCheck:
    """Takes the instances of one patient, one by one; their dates have one offset (`days`, as soon as one has told it).

    `times`: times of day are shifted, too, together with their dates.
    """

    policy: DatePolicy
    times: bool = False
    days: int | None = None
    offset: Offset = field(default_factory=Offset)

    def problems(self, before: Instance, after: Instance, exempt: Exempt) -> Iterator[str]:
        """What is wrong with the dates and times of an output, as `code:tag`."""
        originals, beside = _values(before.nodes, self._beside(before, exempt)), self._beside(after, exempt)
        nodes = [
            (node, _text(node), beside.get(index, ""))
            for index, node in enumerate(after.nodes)
            if node[2] in DATE_VRS and node[3] and not exempt.by_user(node[1], node[2])
        ]
        if self.times:
            self.offset.learn((node[2], originals.get(node[:2], []), (text, time)) for node, text, time in nodes)
        for node, text, time in nodes:
            olds = originals.get(node[:2], [])
            kept = node[1] in _CONSTANTS or node[1] in exempt.by_option
            if kept and any(text == old for old, _ in olds):
                continue
            if node[1] in never_dated():
                olds = []
            if not self._fits(node[2], text, time, olds):
                yield f"{self.policy.value}-dates:{place_of(node)}"

    def _beside(self, instance: Instance, exempt: Exempt) -> dict[int, str]:
        """The times of dates, where they move together; a time that the user keeps does not."""
        if not self.times or exempt.by_user(0, "TM"):
            return {}
        return times_beside(instance, exempt.tags)

    def _fits(self, vr: str, new: str, time: str, olds: list[tuple[str, str]]) -> bool:
        """Whether some value that stood at this place leads to the new one."""
        if all(part in _DUMMIES for part in new.split("\\")):
            return True
        if self.times:
            return any(self.offset.leads_to(vr, old, (new, time)) for old in olds)
        return any(self._leads_to(vr, old, new) for old, _ in olds)

    def _leads_to(self, vr: str, old: str, new: str) -> bool:
        policy = self.policy
        if policy is DatePolicy.REMOVED:
            return False
        if policy is DatePolicy.FULL or vr == "TM":
            return old == new
        parts = list(zip(old.split("\\"), new.split("\\"), strict=False))
        if len(old.split("\\")) != len(new.split("\\")):
            return False
        if policy is DatePolicy.YEAR:
            return all(_year_of(a, vr) == b.strip() for a, b in parts)
        return all(self._shifted(a.strip(), b.strip(), vr) for a, b in parts)

    def _shifted(self, old: str, new: str, vr: str) -> bool:
        if not old or not new:
            return old == new
        if self.days is None:
            first, second = _day(old), _day(new)
            if first is None or second is None or len(_digits(old)) < 8 or first <= second:
                return first is not None and second is not None and first > second
            self.days = (first - second).days
        return _minus(old, self.days, vr) == new


def _values(nodes: list[Node], beside: dict[int, str]) -> _Values:
    found: _Values = defaultdict(list)
    for index, node in enumerate(nodes):
        if node[2] in DATE_VRS and node[3]:
            found[node[:2]].append((_text(node), beside.get(index, "")))
    return found


def _text(node: Node) -> str:
    return (node[3] or b"").decode("latin-1").strip(" \0")


def _digits(text: str) -> str:
    """The date part without separators: `2004.01.19` -> `20040119`, `200401+0100` -> `200401`."""
    plain = text[:10].replace(".", "") if text[4:5] == "." else text
    return re.split(r"[+\-.]", plain)[0][:8]


def _day(text: str) -> datetime.date | None:
    """The day of a date; of a month or a year alone, its middle."""
    digits = _digits(text)
    if not digits.isdigit() or len(digits) not in (4, 6, 8) or is_placeholder(text):
        return None
    year, month, day = int(digits[:4]), int(digits[4:6] or 7), int(digits[6:8] or (15 if digits[4:6] else 2))
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None


def _minus(text: str, days: int, vr: str) -> str | None:
    day = _day(text)
    if day is None:
        return None
    try:
        moved = (day - datetime.timedelta(days)).isoformat().replace("-", "")
    except OverflowError:
        return None
    kept = len(_digits(text))
    return moved if vr == "DA" else moved[:kept] + text[kept:]


def _year_of(text: str, vr: str) -> str | None:
    text = text.strip()
    if not text:
        return ""
    return None if _day(text) is None else text[:4] + ("0101" if vr == "DA" else "")
