"""What validation takes and gives: pairs of source and output, what the profile claims, and findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from deident.errors import Reason

__all__ = ["Claims", "DatePolicy", "Finding", "Kept", "Pair", "Source"]


class Source(Protocol):
    """An object that can be read at any offset. Sizes and offsets are in bytes."""

    @property
    def size(self) -> int: ...

    def read_at(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`; fewer only where the object ends."""
        ...


class Kept(Protocol):
    """What an object store says of a range of the output: it is a range of that version of the source.

    Without a `digest` the store copied it under a precondition; with one it was sent, and `digest` is the SHA-256 (hex) of what
    was read of the source.
    """

    @property
    def source_offset(self) -> int: ...

    @property
    def offset(self) -> int: ...

    @property
    def length(self) -> int: ...

    @property
    def digest(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Pair:
    """An instance and the output that is to be released for it.

    `reference` is opaque. `pixel_data` is what is said to have been done to it: absent, copied, comments-stripped or
    planes-cleared. `kept` are ranges for which the word of the object store is taken: too large to be read.
    """

    reference: str
    source: Source = field(repr=False)
    output: Source = field(repr=False)
    output_name: str
    pixel_data: str
    kept: tuple[Kept, ...] = ()


class DatePolicy(StrEnum):
    """What the profile does to dates and times."""

    REMOVED = "removed"
    FULL = "full"
    SHIFTED = "shifted"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Claims:
    """What the profile says was done to the study.

    `codes` are CID 7050 code values. `kept` are keywords (or `gggg,eeee`) that a user kept although no option covers
    them, `vrs` whole value representations and `creators` private creators: exempt from the leak check. `withheld` says
    that conformance is not claimed therefore (RULES 14.6). `options` are the columns of Table E.1-1 that are on, `dates`
    what was done to dates, `times` whether times of day were shifted with them. `private` are the site's own safe private
    elements: creator, group, low byte of the element. `exclusions` counts the instances of the study that were held and are not
    among the pairs: references to them resolve to nothing released. `by_class` says it for single SOP classes, and for all others
    (""), where a user decided for some alone; all of it together is said of the study.
    """

    codes: tuple[str, ...]
    kept: frozenset[str] = frozenset()
    exclusions: int = 0
    vrs: frozenset[str] = frozenset()
    withheld: bool = False
    options: frozenset[str] = frozenset()
    dates: DatePolicy = DatePolicy.REMOVED
    times: bool = False
    private: frozenset[tuple[str, int, int]] = frozenset()
    creators: frozenset[str] = frozenset()
    by_class: tuple[tuple[str, Claims], ...] = ()

    def in_class(self, sop_class: str) -> Claims:
        """What is said of the instances of a SOP class."""
        narrower = dict(self.by_class)
        return narrower.get(sop_class) or narrower.get("") or self

    def has(self, option: str) -> bool:
        """Whether an option, by its column in Table E.1-1, is on."""
        return option in self.options


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why the study is not released. `detail` holds tags, codes and counts, never a value."""

    reason: Reason
    check: str
    reference: str
    detail: str
