"""What a profile makes of each concept of PS3.15 Table E.3.4-1, decided by the rules as in a document (RULES section 8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from deident.profile.content import VALUES, Item
from deident.profile.decision import Action, Decision
from deident.profile.model import Option
from deident.profile.place import CONTENT_SEQUENCE, Place
from deident.profile.rules import Rules
from deident.standard import content_items, dictionary, iods

__all__ = ["Concept", "concepts"]

#: Comprehensive 3D SR: content items of every value type.
_ANY_REPORT: Final = "1.2.840.10008.5.1.4.1.1.88.34"
_REFERENCED_SOP: Final = 0x00081199
_REFERENCED_UID: Final = 0x00081155


class Concept(NamedTuple):
    """A row of the table and the decision for the value of its item, or for the item as a whole."""

    row: content_items.Row
    decision: Decision


def concepts(rules: Rules) -> Iterator[Concept]:
    """All rows, in the order of the table; none where content items are not treated one by one."""
    iod = iods.iod_of(_ANY_REPORT)
    if iod is None:
        raise AssertionError("the tables hold Comprehensive 3D SR")
    if Option.CLEAN_STRUCTURED_CONTENT not in rules.profile.options:
        return
    for row in content_items.rows():
        item = Item(True, row.value_type, row.scheme, row.code)
        place = Place(iod, frozenset(range(len(iod.modules))), (CONTENT_SEQUENCE,), _ANY_REPORT, item)
        yield Concept(row, rules.item_removed(place) or _value(rules, place, row))


def _value(rules: Rules, place: Place, row: content_items.Row) -> Decision:
    tag = VALUES.get(row.value_type)
    if tag is not None:
        known = dictionary.attribute(tag)
        return rules.decide(place, tag, known.vrs[0] if known else "UN")
    if row.value_type == "CONTAINER":
        return Decision(CONTENT_SEQUENCE, (), "", Action.KEEP, f"E.3.4-1 {row.basic}, items are decided one by one")
    # A reference goes on to lead where it led: the only dummy for it is the new UID of what it refers to.
    found = rules.decide(place._replace(path=(CONTENT_SEQUENCE, _REFERENCED_SOP), item=None), _REFERENCED_UID, "UI")
    return replace(found, because=f"E.3.4-1 {row.basic}, reference by {found.because}")
