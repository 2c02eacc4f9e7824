"""Words that never identify anybody on their own: DICOM terms, placeholders, particles of names, generic words of addresses."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from deident.standard._load import load_table

__all__ = ["generic_words", "is_term", "is_vocabulary", "name_particles", "placeholders"]

_WORDS: Final = re.compile(r"[^\W_]+")


@lru_cache(maxsize=1)
def _lists() -> dict[str, frozenset[str]]:
    table = load_table("vocabulary.json")
    return {name: frozenset(table[name]) for name in ("terms", "placeholders", "name_particles", "generic")}


@lru_cache(maxsize=1)
def _terms() -> frozenset[str]:
    return _lists()["terms"]


def is_term(word: str) -> bool:
    """Whether a casefolded word is a term of anatomy, modality, laterality, view or acquisition, or a defined term."""
    return word in _terms()


def is_vocabulary(text: str) -> bool:
    """Whether every word of a value is a term or a placeholder, numbers of up to two digits aside: such a value names nobody."""
    words = _WORDS.findall(text.casefold())
    names_nobody = _terms() | placeholders()
    return bool(words) and all(word in names_nobody or (word.isdigit() and len(word) <= 2) for word in words)


def placeholders() -> frozenset[str]:
    """Casefolded words that stand in place of a name or an id (`anonymous`, `unknown`)."""
    return _lists()["placeholders"]


def name_particles() -> frozenset[str]:
    """Casefolded titles, endings and particles of names (`dr`, `van`, `jr`)."""
    return _lists()["name_particles"]


def generic_words() -> frozenset[str]:
    """Casefolded words of organisations and addresses that are not distinctive alone (`hospital`, `street`)."""
    return _lists()["generic"]
