"""Find the time of day that belongs to a date: they move as one moment (RULES section 6), and the date is met first.

In a data set or item it is the attribute that PS3.6 names alike, among content items the TIME item that Table E.3.4-1 names
alike, below the same parent. Of several items with one of the two names nobody knows which belong together: they are dates
alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from deident.engine.items import content_item, items_of, values_of
from deident.engine.syntax import Syntax
from deident.profile.content import Item
from deident.profile.decision import Decision, Method
from deident.profile.model import TimeMethod
from deident.standard.moments import pairs_of_attributes, pairs_of_concepts

if TYPE_CHECKING:
    from deident.engine.plan import Plan
    from deident.profile.place import Place

__all__ = ["Beside", "Moments", "beside"]

_DATE: Final = 0x0040A121
_TIME: Final = 0x0040A122

#: The content items of a sequence by what they say of themselves: the value of TIME; None where several say the same.
Moments = dict[Item, bytes | None]


class Beside(NamedTuple):
    """Where the time is that belongs to a date: the attribute `tag` of the data set or item, or the content item `time`.

    `before`: the attribute comes before the date. `date` is the content item of the date.
    """

    tag: int
    before: bool
    date: Item | None = None
    time: Item | None = None

    def value(
        self, buf: bytes, pos: int, end: int, sequence: tuple[int, int], syntax: Syntax, known: dict[int, Moments]
    ) -> bytes:
        """The time; empty when there is none, or nobody knows which. Raises ItemTooLong where the bytes end too early.

        Attributes are looked for from `pos` to `end`, content items in the value of the `sequence` that holds that of the date;
        what is `known` of a sequence is remembered by where it starts.
        """
        if self.date is None or self.time is None:
            return values_of(buf, pos, end, syntax, frozenset({self.tag}), self.tag).get(self.tag, b"")
        moments = known.get(sequence[0])
        if moments is None:
            moments = known[sequence[0]] = _moments(buf, *sequence, syntax)
        return b"" if moments.get(self.date) is None else moments.get(self.time) or b""


def beside(plan: Plan, place: Place, decision: Decision) -> Beside | None:
    """What belongs to a date that is decided so; None when nothing does, or it stays where it is."""
    if decision.method is not Method.SHIFT or plan.rules.profile.times is not TimeMethod.SHIFT:
        return None
    item = place.item
    if decision.tag == _DATE and item is not None and item.content:
        concept = pairs_of_concepts().get((item.scheme, item.code))
        if item.value_type != "DATE" or concept is None:
            return None
        found, place = (
            Beside(_TIME, False, item, Item(True, "TIME", *concept)),
            place._replace(item=Item(True, "TIME", *concept)),
        )
    else:
        tag = pairs_of_attributes().get(decision.tag)
        if tag is None:
            return None
        found = Beside(tag, tag < decision.tag)
    return found if plan.rules.decide(place, found.tag, "TM").method is Method.SHIFT else None


def _moments(buf: bytes, pos: int, end: int, syntax: Syntax) -> Moments:
    """The dates and times among the content items of a sequence whose value starts at `pos`. Raises ItemTooLong."""
    found: Moments = {}
    for start, stop in items_of(buf, pos, end, syntax):
        item = content_item(buf, start, stop, syntax)
        if item.value_type in ("DATE", "TIME"):
            value = values_of(buf, start, stop, syntax, frozenset({_TIME}), _TIME).get(_TIME, b"")
            found[item] = None if item in found else value
    return found
