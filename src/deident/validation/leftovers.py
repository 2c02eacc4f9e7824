"""Attributes that identify and stand in the output as they stood in the original, however short or common their value is."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources
from typing import Final

from deident.standard.vocabulary import placeholders
from deident.validation.elements import Node
from deident.validation.kinds import Exempt, kind_of
from deident.validation.spellings import DATE_PLACEHOLDERS

__all__ = ["leftovers", "ruled_by_options"]

_BLANK: Final = b" \0"


@lru_cache(maxsize=64)
def ruled_by_options(options: frozenset[str]) -> frozenset[int]:
    """The attributes that options (columns of Table E.1-1) keep or clean: what is left of those may equal the original."""
    rows = json.loads((resources.files("deident.standard") / "data" / "table_e1_1.json").read_bytes())["rows"]
    return frozenset(
        int(row["match"]["tag"], 16)
        for row in rows
        if row["match"]["kind"] == "exact" and not options.isdisjoint(row["options"])
    )


def leftovers(before: list[Node], after: list[Node], exempt: Exempt, ruled: frozenset[int]) -> list[Node]:
    """The elements of an output that identify and have the value of the original at the same place (RULES 14.3).

    A rule was not carried out there, even where the value is too short, or too common a word, to be searched for. What says
    nothing, such as the dummy of an original that was de-identified before, may stay.
    """
    left = [
        node
        for node in after
        if node[3]
        and kind_of(node[0], node[1], node[2])
        and not exempt.by_user(node[1], node[2])
        and ruled.isdisjoint((*node[0], node[1]))
        and not _says_nothing(node[3])
    ]
    stood = {(node[0], node[1], node[3]) for node in before} if left else set()
    return [node for node in left if (node[0], node[1], node[3]) in stood]


def _says_nothing(value: bytes) -> bool:
    text = value.strip(_BLANK).decode("latin-1").casefold()
    return not text.strip("^=\\ ") or text in placeholders() or text in DATE_PLACEHOLDERS or text in _DUMMIES


#: What stands in the place of what was removed (RULES 3 and 4).
_DUMMIES: Final = frozenset({"anonymized", "anon", "99anon"})
