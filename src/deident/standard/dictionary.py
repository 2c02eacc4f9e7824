"""The data dictionary of PS3.6: VR, VM and keyword of every standard attribute, repeating groups included."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from deident.standard.tables import load_table

__all__ = ["Attribute", "attribute", "keywords", "parse_tag", "place_of", "tag_of"]


class Attribute(NamedTuple):
    """One row of PS3.6. `vrs` are the allowed value representations, the usual one first."""

    tag: int
    vrs: tuple[str, ...]
    vm: str
    keyword: str
    retired: bool


@lru_cache(maxsize=1)
def _rows() -> dict[str, list[str]]:
    rows: dict[str, list[str]] = load_table("data_elements.json")["rows"]
    return rows


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[int, int, str], ...]:
    """(mask, value, key) of each repeating-group row."""
    return tuple(
        (int("".join("0" if c == "X" else "F" for c in key), 16), int(key.replace("X", "0"), 16), key)
        for key in _rows()
        if "X" in key
    )


@lru_cache(maxsize=8192)
def attribute(tag: int) -> Attribute | None:
    """The attribute of a tag (group << 16 | element), None when PS3.6 has none (private tags included)."""
    row = _rows().get(f"{tag:08X}")
    if row is None:
        if (tag >> 16) & 1:
            return None
        for mask, value, key in _patterns():
            if tag & mask == value:
                row = _rows()[key]
                break
        else:
            return None
    return Attribute(tag, tuple(row[0].split("/")), row[1], row[2], bool(row[3]))


@lru_cache(maxsize=1)
def _keywords() -> dict[str, int]:
    return {row[2]: int(key, 16) for key, row in _rows().items() if row[2] and "X" not in key}


def keywords() -> Collection[str]:
    """Every keyword that names a single tag."""
    return _keywords().keys()


def tag_of(keyword: str) -> int | None:
    """The tag of a PS3.6 keyword, None when there is none (keywords of repeating groups have no single tag)."""
    return _keywords().get(keyword)


def place_of(tag: int) -> str:
    """`(gggg,eeee)` for a message about broken data, if PS3.6 knows the tag.

    Where a parser has lost its way, what it takes for a tag may be four letters of a name.
    """
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})" if attribute(tag) else "an unknown tag"


def parse_tag(text: str) -> int | None:
    """A tag from a keyword, `gggg,eeee`, `(gggg,eeee)` or `ggggeeee`; None when it is none of them."""
    found = tag_of(text)
    if found is not None:
        return found
    digits = text.strip("() ").replace(",", "").replace(" ", "")
    if len(digits) != 8:
        return None
    try:
        return int(digits, 16)
    except ValueError:
        return None
