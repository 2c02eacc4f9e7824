"""The words that Clean Descriptors may keep (PS3.15 E.3.5), and those beside which names stand.

Made by tools/make_lexicon.py, which says where they come from and what was left out. All words are in lower case (not
casefolded: `ß` stays), with diacritics where the language has them and, beside that, without.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from deident.standard.tables import load_table

__all__ = ["Lexicon", "lexicon"]


@dataclass(frozen=True, slots=True, repr=False)
class Lexicon:
    """Sets of words.

    `words`: kept. `connectors`: kept between kept words. `units`: kept after a number. `glue`: pieces of protocol names
    that are written together (`axt2fs`). `phrases`: pairs of neighbours that are kept together. `dates`: names of
    months, weekdays and the like. `before_names`, `after_names`: titles, staff, places, kinds of ids; what follows, or
    stood before, goes with them. `also_names`: those of the words that somebody may be called, too.
    """

    words: frozenset[str]
    connectors: frozenset[str]
    units: frozenset[str]
    glue: frozenset[str]
    phrases: frozenset[tuple[str, str]]
    dates: frozenset[str]
    before_names: frozenset[str]
    after_names: frozenset[str]
    also_names: frozenset[str]


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The lexicon that ships; read on first use."""
    table = load_table("lexicon.json")
    words = frozenset(" ".join(table["words"].values()).split())
    return Lexicon(
        words=words,
        connectors=frozenset(table["connectors"].split()),
        units=frozenset(table["units"].split()),
        glue=frozenset(table["glue"].split()),
        phrases=frozenset((first, second) for first, second in map(str.split, table["phrases"].split("|"))),
        dates=frozenset(table["dates"].split()),
        before_names=frozenset(table["before_names"].split()),
        after_names=frozenset(table["after_names"].split()),
        also_names=frozenset(table["also_names"].split()),
    )
