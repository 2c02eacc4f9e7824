"""Clean descriptions: only words that identify nobody stay (PS3.15 E.3.5; RULES section 7)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from deident.standard.vocabulary import is_term

if TYPE_CHECKING:
    from deident.engine.known import KnownIdentifiers

__all__ = ["Cleaner"]

_WORD: Final = re.compile(r"[^\W_]+")


class Cleaner:
    """Cleans texts. `site_terms` are words that may stay beside those of the vocabulary."""

    def __init__(self, site_terms: frozenset[str] = frozenset()) -> None:
        self._terms = frozenset(term.casefold() for term in site_terms)

    def clean(self, text: str, known: KnownIdentifiers | None = None) -> str:
        """The words of the vocabulary that are in the text, without known identifiers."""
        for start, end in reversed(known.find(text) if known is not None else []):
            text = text[:start] + " " + text[end:]
        words = (found.group() for found in _WORD.finditer(text))
        return " ".join(w for w in words if is_term(w.casefold()) or w.casefold() in self._terms)
