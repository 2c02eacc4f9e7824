"""PS3.15 Table E.3.10-1: private elements that a vendor's documents describe as free of identifying information."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from deident.standard.tables import load_table

__all__ = ["SafePrivate", "creators", "retained", "rows"]

#: Bytes that nobody can look into: frames, padding, whole study files. The standard warrants none of its rows (E.3.10).
_BULK: Final = frozenset({"OB", "OW", "OW/OB"})

_Key = tuple[str, int, int]


class SafePrivate(NamedTuple):
    """One row: the private creator, the group, the low byte of the element, VR ("" where the table has none) and VM.

    Which block of the group the creator reserved differs from data set to data set (PS3.5 7.8.1).
    """

    creator: str
    group: int
    element: int
    vr: str
    vm: str

    @property
    def pattern(self) -> str:
        """The tag as the table writes it: `(0019,xx23)`."""
        return f"({self.group:04X},xx{self.element:02X})"

    @property
    def is_bulk(self) -> bool:
        """Whether the value is bytes that nobody can look into."""
        return self.vr in _BULK

    @property
    def is_retained(self) -> bool:
        """Whether the option keeps it: not the 20 bulk ones, nor the 5 that have no VR to compare with that of the wire."""
        return bool(self.vr) and not self.is_bulk


@lru_cache(maxsize=1)
def rows() -> Mapping[_Key, SafePrivate]:
    """The 479 rows by creator, group and low byte of the element."""
    found = (
        SafePrivate(row["private_creator"], int(row["group"], 16), int(row["element"], 16), row["vr"] or "", row["vm"])
        for row in load_table("safe_private.json")["rows"]
    )
    return {(row.creator, row.group, row.element): row for row in found}


@lru_cache(maxsize=1)
def retained() -> Mapping[_Key, SafePrivate]:
    """The rows that the option Retain Safe Private keeps."""
    return {key: row for key, row in rows().items() if row.is_retained}


@lru_cache(maxsize=1)
def creators() -> frozenset[str]:
    """The private creators of the rows that are retained."""
    return frozenset(creator for creator, _group, _element in retained())
