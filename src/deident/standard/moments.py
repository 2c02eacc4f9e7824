"""Which date and which time of day name one moment: pairs of attributes of PS3.6, and of concepts of Table E.3.4-1.

They are told by their names: Study Date (0008,0020) and Study Time (0008,0030); Content Date (111018, DCM) and Content Time
(111019, DCM). Both stand in one data set or item, and content items below one parent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from deident.standard import content_items, dictionary

__all__ = ["pairs_of_attributes", "pairs_of_concepts"]

#: Coding scheme and code.
Concept = tuple[str, str]


@lru_cache(maxsize=1)
def pairs_of_attributes() -> Mapping[int, int]:
    """Tag of a date (DA) -> tag of the time (TM) that belongs to it."""
    found = {}
    for keyword in dictionary.keywords():
        date = _attribute(keyword, "DA")
        times = (_attribute(name, "TM") for name in _as_time(keyword)) if date else ()
        time = next(filter(None, times), None)
        if date is not None and time is not None:
            found[date.tag] = time.tag
    return found


@lru_cache(maxsize=1)
def pairs_of_concepts() -> Mapping[Concept, Concept]:
    """Concept name of a DATE item -> that of the TIME item that belongs to it."""
    times = {row.meaning: (row.scheme, row.code) for row in content_items.rows() if row.value_type == "TIME"}
    return {
        (row.scheme, row.code): times[name]
        for row in content_items.rows()
        if row.value_type == "DATE"
        for name in _as_time(row.meaning)
        if name in times
    }


def _attribute(keyword: str, vr: str) -> dictionary.Attribute | None:
    tag = dictionary.tag_of(keyword)
    known = dictionary.attribute(tag) if tag is not None else None
    return known if known is not None and known.vrs[0] == vr else None


def _as_time(name: str) -> Iterator[str]:
    """The names that a time would have: "Date" replaced at one place, the last one first ("Date" ends most names)."""
    at = name.rfind("Date")
    while at >= 0:
        yield f"{name[:at]}Time{name[at + 4 :]}"
        at = name.rfind("Date", 0, at)
