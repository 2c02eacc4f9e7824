"""Words that identify nobody on their own: DICOM terms, placeholders, particles of names, generic words."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from deident.standard.tables import load_table

__all__ = ["generic_words", "is_term", "is_vocabulary", "name_particles", "placeholders"]

_WORDS: Final = re.compile(r"[^\W_]+")


@lru_cache(maxsize=1)
def _lists() -> dict[str, frozenset[str]]:
    table = load_table("vocabulary.json")
    return {name: frozenset(table[name]) for name in ("terms", "placeholders", "name_particles", "generic")}


@lru_cache(maxsize=1)
def _terms() -> frozenset[str]:
    return _lists()["terms"]


@lru_cache(maxsize=1)
def _names_nobody() -> frozenset[str]:
    return _lists()["terms"] | _lists()["placeholders"]


def is_term(word: str) -> bool:
    """Whether a casefolded word is a term of anatomy, modality, laterality, view or acquisition, or a defined term."""
    return word in _terms()


def is_vocabulary(text: str) -> bool:
    """Whether all words of a value are terms or placeholders, numbers of up to two digits aside: it names nobody."""
    words = [word for word in _WORDS.findall(text.casefold()) if not (word.isdigit() and len(word) <= 2)]
    return bool(words) and all(word in _names_nobody() for word in words)


def placeholders() -> frozenset[str]:
    """Casefolded words that stand in place of a name or an id (`anonymous`, `unknown`)."""
    return _lists()["placeholders"]


def name_particles() -> frozenset[str]:
    """Casefolded titles, endings and particles of names (`dr`, `van`, `jr`)."""
    return _lists()["name_particles"]


def generic_words() -> frozenset[str]:
    """Casefolded words of organisations and addresses that are not distinctive alone (`hospital`, `street`)."""
    return _lists()["generic"]
