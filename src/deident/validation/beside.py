"""Which time of day stands beside each date of an object: of the same data set or item, or in a content item next to it."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any, Final

from deident.validation.elements import Node, Path
from deident.validation.reading import Instance

__all__ = ["times_beside"]

_DATE: Final = 0x0040A121
_TIME: Final = 0x0040A122
_CONCEPT_NAME: Final = 0x0040A043
_CODE: Final = 0x00080100
_TOP: Final = 0


def _load(name: str) -> Any:
    return json.loads((resources.files("deident.standard") / "data" / name).read_bytes())["rows"]


@lru_cache(maxsize=1)
def _attributes() -> dict[int, int]:
    """DA -> TM by keyword: StudyDate, StudyTime."""
    rows = {row[2]: (int(tag, 16), row[0]) for tag, row in _load("data_elements.json").items() if "X" not in tag}
    found = {}
    for keyword, (tag, vr) in rows.items():
        time, time_vr = rows.get(keyword.replace("Date", "Time"), (0, ""))
        if vr == "DA" and time_vr == "TM":
            found[tag] = time
    return found


@lru_cache(maxsize=1)
def _concepts() -> dict[str, str]:
    """Code of a DATE -> code of the TIME by meaning: Content Date, Content Time. All of them are codes of DCM."""
    codes = {
        (row["code_meaning"], row["value_type"]): row["code_value"]
        for row in _load("sr_content_items.json")
        if row["coding_scheme_designator"] == "DCM"
    }
    named = (
        (code, (meaning.replace("Date", "Time"), "TIME")) for (meaning, kind), code in codes.items() if kind == "DATE"
    )
    return {code: codes[time] for code, time in named if time in codes}


@dataclass(slots=True)
class _Item:
    """A data set or item: the sequence it is of (its path, and the item around), its times and dates, its concept name."""

    sequence: tuple[Path, int]
    texts: dict[int, str] = field(default_factory=dict)
    dates: list[tuple[int, int]] = field(default_factory=list)
    code: str = ""


def times_beside(instance: Instance, apart: frozenset[int]) -> dict[int, str]:
    """Index of the node of a date (DA) -> the text of the time that belongs to it; dates that have none are not in it.

    Tags that are `apart` do not move with others: a user keeps them.
    """
    items = _items(instance)
    named: dict[tuple[Path, int], dict[tuple[int, str], list[_Item]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        for tag in item.texts.keys() & {_DATE, _TIME}:
            if item.code:
                named[item.sequence][tag, item.code].append(item)
    found = {}
    for item in items:
        for index, tag in item.dates:
            beside = _attributes().get(tag, 0)
            text = item.texts.get(beside, "")
            if tag == _DATE and item.code in _concepts():
                times = named[item.sequence][_TIME, _concepts()[item.code]]
                alone = len(times) == len(named[item.sequence][_DATE, item.code]) == 1
                text = times[0].texts[_TIME] if alone else ""
            if text and beside not in apart:
                found[index] = text
    return found


def _items(instance: Instance) -> list[_Item]:
    """The top level first, then every item of a sequence."""
    items = [_Item(((), -1))]
    current: dict[Path, int] = {(): _TOP}
    starts = iter([*instance.starts, (-1, ())])
    start, path = next(starts)
    for index, node in enumerate(instance.nodes):
        while start == index:
            items.append(_Item((path, current[path[:-1]])))
            current[path] = len(items) - 1
            start, path = next(starts)
        _take(items, items[current[node[0]]], index, node)
    return items


def _take(items: list[_Item], item: _Item, index: int, node: Node) -> None:
    path, tag, vr, value = node[:4]
    if vr == "TM" or tag == _DATE:
        item.texts[tag] = (value or b"").decode("latin-1").strip(" \0")
    if vr == "DA":
        item.dates.append((index, tag))
    if tag == _CODE and path and path[-1] == _CONCEPT_NAME:
        items[item.sequence[1]].code = (value or b"").decode("latin-1").strip(" \0")
