"""Where an attribute stands in a data set, and the type that PS3.3 gives it there."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from deident.profile.content import Item
from deident.standard import iods
from deident.standard.iods import Iod

__all__ = ["CONTENT_SEQUENCE", "Place"]

CONTENT_SEQUENCE: Final = 0x0040A730
#: What the recursion of Content Sequence adds to its items (PS3.3 Table C.17-6). The condition of a Content Sequence that loses
#: its items is no longer true.
_RELATIONSHIP_TYPES: Final = {0x0040A032: "1C", 0x0040A171: "3", CONTENT_SEQUENCE: "3"}
#: Comprehensive 3D SR: content items of every value type.
_ANY_REPORT: Final = "1.2.840.10008.5.1.4.1.1.88.34"


class Place(NamedTuple):
    """Where an attribute stands: the IOD, the indices of its modules in force, and the sequences around it.

    `item` is what the innermost item says of itself, where rules depend on it (content items and codes). `fixed` says that
    content items have to stay where they are, because others refer to them by position.
    """

    iod: Iod
    in_force: frozenset[int]
    path: tuple[int, ...]
    sop_class: str = ""
    item: Item | None = None
    fixed: bool = False

    def type_of(self, tag: int) -> str | None:
        """The type at this place; the items of a content tree are all of one kind, however deep they are."""
        if CONTENT_SEQUENCE not in self.path:
            return self.iod.type_of(self.path, tag, self.in_force)
        below = self.path[len(self.path) - self.path[::-1].index(CONTENT_SEQUENCE) :]
        if not below and tag in _RELATIONSHIP_TYPES:
            return _RELATIONSHIP_TYPES[tag]
        report, in_force = _report()
        return report.type_of((CONTENT_SEQUENCE, *below), tag, in_force)


@lru_cache(maxsize=1)
def _report() -> tuple[Iod, frozenset[int]]:
    """The IOD whose content items are those of every other one, with its modules in force."""
    found = iods.iod_of(_ANY_REPORT)
    if found is None:
        raise AssertionError("the tables hold Comprehensive 3D SR")
    return found, found.in_force(frozenset())
