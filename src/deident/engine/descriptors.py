"""Keep the clinical words of a description and drop all else (PS3.15 E.3.5, Clean Descriptors, CID 7050 113105).

The approach is that of note 2 of E.3.5: what is known to be safe is kept, what is not known is not. A text is cut into
tokens; known identifiers and what a recogniser points at are cut out first; then a token stays only if the lexicon has it
(`standard.lexicon`), if it is a code of acquisition (`t2_tse_sag_p2`, `b1000`), or a number that identifies nothing.

Numbers: up to three digits, or more with a unit that has such values; never two beside each other unless a unit, `x`, `:1`
or a range with a unit says what they are (so no date, time, phone or id survives in any spelling), never beside
something that was dropped, never an age over 89.

Names that are words lose: after a title, a kind of staff, place or id (`Dr`, `by`, `Frau`, `ward`, `MRN`), before a degree
or `Street`, beside an initial, beside an unknown word unless a clinical one on the other side needs them (`Peter Hand`), on
either side of `^`, `-` or `'` from something unknown, before a comma and something unknown, after a particle that follows
something unknown (`Juan de la Main`). Months, weekdays and seasons are never kept.

Not caught: a name that is a word of the lexicon and stands alone or among clinical words (`MR Hand Head`) when it is not a
known identifier of the instance. Context is judged within one value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final, Protocol

from deident.engine.descriptor_names import TITLES, connectors, names, phrases
from deident.engine.descriptor_numbers import measures, weak
from deident.engine.descriptor_tidy import Piece, join
from deident.engine.descriptor_tokens import CODE, DROP, NUMBER, WORD, kind_of
from deident.engine.known import KnownIdentifiers

__all__ = ["Cleaner", "Recogniser"]

_CUT: Final = "\0"
_CACHED: Final = 4096
_LONGEST_CACHED: Final = 1024
_LONGEST_TOKEN: Final = 64
_PASSES: Final = 12

#: Tokens with the dotted abbreviations that would else read as initials; combining marks belong to their letter.
_TOKEN: Final = re.compile(
    r"(?<![^\W_])(?:i\.v|p\.o|p\.i|a\.p|p\.a|z\.n|s\.p|e\.g|i\.e)(?![^\W_])|(?<![^\W_])(?:li|re)(?=\.)|(?:[0-9]+(?:[.,][0-9]+)*|[^\W_]|[\0\u0300-\u036f])+"
)
#: `12.3.`: with a full stop after it a day of a month.
_DAY_AND_MONTH: Final = re.compile(r"[0-9]{1,2}[.,][0-9]{1,2}")
#: Whole runs between blanks that are addresses of the net: cut as one.
_ADDRESS: Final = re.compile(r"@|\b(?:https?|ftp|file):|\bwww\.", re.IGNORECASE)
_RUN: Final = re.compile(r"\S+")
_ABBREVIATIONS: Final = frozenset("i.v p.o p.i a.p p.a z.n s.p e.g i.e li re".split())


class Recogniser(Protocol):
    """Something that points at what names a person, a place or the like; it can only remove more."""

    def spans(self, text: str) -> list[tuple[int, int]]:
        """(start, end) of what is to go."""


class Cleaner:
    """Cleans decoded values; results are remembered, so that a repeated description costs a look-up.

    `site_terms`: tokens (as written between blanks, any case) that a site has approved; they are kept whatever they are.
    `recogniser`: see `Recogniser`.
    """

    __slots__ = ("_cache", "_recogniser", "_site_terms")

    def __init__(self, site_terms: frozenset[str] = frozenset(), recogniser: Recogniser | None = None) -> None:
        self._site_terms = frozenset(term.lower() for term in site_terms)
        self._recogniser = recogniser
        self._cache: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Cleaner({len(self._site_terms)} site terms, recogniser: {self._recogniser is not None})"

    def clean(self, text: str, known: KnownIdentifiers | None = None) -> str:
        """The text without whatever is not known to be safe; "" when nothing is left. CR and LF stay.

        `text` is one decoded value: `\\` of multiple values is split by the caller. Cleaning again changes nothing.
        """
        for _ in range(_PASSES):
            cleaned = self._once(_without(text, known.find(text)) if known is not None else text)
            if cleaned == text:
                return cleaned
            text = cleaned
        return ""

    def _once(self, text: str) -> str:
        if len(text) > _LONGEST_CACHED:
            return self._cleaned(text)
        cleaned = self._cache.get(text)
        if cleaned is None:
            cleaned = self._cleaned(text)
            if len(self._cache) >= _CACHED:
                self._cache.clear()
            self._cache[text] = cleaned
        return cleaned

    def _cleaned(self, text: str) -> str:
        cut = text
        if self._recogniser is not None:
            cut = _without(cut, self._recogniser.spans(cut))
        if not cut.isascii():
            cut = unicodedata.normalize("NFC", cut)
        if "@" in cut or ":" in cut or "www" in cut.lower():
            cut = _RUN.sub(_without_address, cut)
        tokens = _tokens(cut, self._site_terms)
        return join(_judged(tokens), cut[tokens[-1].end :] if tokens else "")


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with a mark in place of each span."""
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + _CUT + text[end:]
    return text


def _without_address(run: re.Match[str]) -> str:
    return _CUT if _ADDRESS.search(run.group()) else run.group()


def _tokens(text: str, site_terms: frozenset[str]) -> list[Piece]:
    """Tokens with their kinds as they are on their own."""
    pieces: list[Piece] = []
    end = 0
    if site_terms:
        for chunk in re.finditer(r"\S+", text):
            if chunk.group().lower() in site_terms:
                pieces.extend(_plain_tokens(text, end, chunk.start()))
                before = pieces[-1].end if pieces else 0
                pieces.append(Piece(chunk.group(), text[before : chunk.start()], chunk.end(), CODE))
                end = chunk.end()
    pieces.extend(_plain_tokens(text, end, len(text)))
    return pieces


def _plain_tokens(text: str, start: int, stop: int) -> list[Piece]:
    pieces = []
    for found in _TOKEN.finditer(text, start, stop):
        token = found.group()
        kind = (
            WORD
            if _is_abbreviation(token, text[found.end() : found.end() + 1])
            else kind_of(token)
            if _CUT not in token
            else DROP
        )
        if kind == NUMBER and text[found.end() : found.end() + 1] == "." and _DAY_AND_MONTH.fullmatch(token):
            kind = DROP
        pieces.append(Piece(token, text[start : found.start()], found.end(), kind))
        start = found.end()
    return pieces


def _kind(token: str) -> int:
    return DROP if _CUT in token or len(token) > _LONGEST_TOKEN else kind_of(token)


def _is_abbreviation(token: str, following: str) -> bool:
    return token in _ABBREVIATIONS and (len(token) > 2 or following == ".")


def _judged(pieces: list[Piece]) -> list[Piece]:
    """The same tokens after their neighbours had their say."""
    kinds = {piece.kind for piece in pieces}
    if kinds <= {WORD, CODE} and not any(piece.lower in TITLES for piece in pieces):
        return pieces
    phrases(pieces)
    measures(pieces)
    names(pieces)
    weak(pieces)
    connectors(pieces)
    return pieces
