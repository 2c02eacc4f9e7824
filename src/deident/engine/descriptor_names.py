"""Which words of a descriptor are names for where they stand: titles, initials, commas, particles, carets, hyphens."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from deident.engine.descriptor_tidy import Piece
from deident.engine.descriptor_tokens import (
    AFTER,
    APOSTROPHES,
    BEFORE,
    BOTH,
    CODE,
    CONNECTOR,
    DROP,
    LINES,
    NUMBER,
    PARTICLES,
    SPACED,
    WEAK,
    WORD,
)
from deident.standard.lexicon import lexicon

__all__ = ["TITLES", "connectors", "names", "phrases"]

_LONGEST_NAME: Final = 6
#: Words that are titles in another case (`Mr`) or before a colon (`patient: Hand`).
_TITLES_BY_CASE: Final = frozenset({"mr", "ms", "sr", "pt"})
_TITLES_BY_COLON: Final = frozenset({"patient", "paziente", "paciente"})
TITLES: Final = _TITLES_BY_CASE | _TITLES_BY_COLON
#: What ends a name that a title has begun; acronyms are no names.
_ACRONYMS: Final = frozenset("CT MR MRI MRT IRM RM RMN TDM TC TAC US XR CR DX PET NM MRA CTA RX".split())
_NAME_BEGINS: Final = frozenset("van der den de del della di du dos al".split())
_AFTER_VAN: Final = frozenset({"der", "den"})
_STRONG: Final = re.compile(r"[;|\r\n(]| - ")
_GLUED: Final = frozenset({"-", "+", "=", "'", "\u2019", ".", "&", "\u2010", "\u2011", "\u00b4", "`"})
#: What may stand between the names of a person; kinds of neighbours that make a word clinical.
_BESIDE: Final = frozenset({" ", "  ", "_", "/"})
_SAVING: Final = frozenset({WORD, CODE, NUMBER, WEAK})
#: Words that stay at an end, but not where what they lead to has gone.
_LEADING: Final = frozenset(
    "with without including incl excluding excl versus vs plus minus mit ohne avec sans con sin senza met zonder".split()
)
_ELIDED: Final = frozenset({"l", "d", "L", "dell", "all", "nell", "sull"})


def phrases(pieces: list[Piece]) -> None:
    """Pairs of words that are kept together (`fat sat`)."""
    known = lexicon().phrases
    for first, second in pairwise(pieces):
        if (first.lower, second.lower) in known and second.gap in SPACED:
            first.kind = second.kind = WORD


def names(pieces: list[Piece]) -> None:
    """Drop what the neighbours make a name."""
    _articles(pieces)
    _initials(pieces)
    if any(piece.kind in (BEFORE, AFTER, BOTH) for piece in pieces):
        _titles(pieces)
    if any(piece.kind == DROP or piece.lower in _NAME_BEGINS for piece in pieces):
        _beside_unknown(pieces)
        _bare(pieces)


def _articles(pieces: list[Piece]) -> None:
    """`l'abdomen`, `d'épaule`: elided articles are no initials; `D'Hand` is a name."""
    for piece, after in pairwise(pieces):
        if after.gap in APOSTROPHES:
            if piece.token in _ELIDED:
                piece.kind = WORD if after.kind == WORD else DROP
            elif len(piece.token) == 1:
                piece.kind = DROP


def _initials(pieces: list[Piece]) -> None:
    """`J. Hand`, `Hand, J.`; and titles that are acronyms in another spelling: `Mr`, `MR.`"""
    last = len(pieces) - 1
    for index, piece in enumerate(pieces):
        following = pieces[index + 1].gap if index < last else ""
        if piece.lower in TITLES and _is_title(piece, following):
            piece.kind = BEFORE if index < last else BOTH
        elif len(piece.token) == 1 and piece.token.isalpha() and following.startswith("."):
            if following.rstrip(" ") == "." and pieces[index + 1].kind != DROP:
                piece.kind = BOTH
            else:
                piece.kind = BOTH if piece.gap.strip(" ,") == "" else DROP
    ending = pieces[-1]
    if (
        last >= 1
        and len(ending.token) == 1
        and ending.token.isalpha()
        and ending.kind == DROP
        and ending.gap in (" ", ", ")
    ):
        ending.kind = AFTER


def _is_title(piece: Piece, following: str) -> bool:
    if piece.lower in _TITLES_BY_COLON:
        return following.lstrip(" ")[:1] in (":", "=")
    return not piece.token.isupper() if piece.lower == "pt" else piece.token.istitle() or following.startswith(".")


def _titles(pieces: list[Piece]) -> None:
    """Drop what follows or stands before titles, staff, places and kinds of ids, and these too."""
    marks = [(index, piece.kind) for index, piece in enumerate(pieces) if piece.kind in (BEFORE, AFTER, BOTH)]
    for index, kind in marks:
        if kind in (BEFORE, BOTH):
            _drop_following(pieces, index)
        if kind in (AFTER, BOTH):
            _drop_preceding(pieces, index)
    for index, _ in marks:
        pieces[index].kind = DROP


def _drop_following(pieces: list[Piece], index: int) -> None:
    """Drop unknown words, numbers, particles, and the first known word; it may be a name."""
    for step, piece in enumerate(pieces[index + 1 : index + 1 + _LONGEST_NAME]):
        if step and _STRONG.search(piece.gap):
            return
        if piece.kind == CODE or (step and piece.token in _ACRONYMS):
            return
        if piece.kind in (BEFORE, AFTER, BOTH):
            continue
        was, piece.kind = piece.kind, DROP
        follower = pieces[index + step + 2 : index + step + 3]
        joined = bool(follower) and follower[0].gap in _GLUED
        if was == WORD and piece.lower not in PARTICLES and not joined:
            return


def _drop_preceding(pieces: list[Piece], index: int) -> None:
    for place in range(index - 1, max(index - 1 - _LONGEST_NAME, -1), -1):
        piece = pieces[place]
        if LINES.search(pieces[place + 1].gap) or piece.kind in (CODE, BEFORE, AFTER, BOTH):
            return
        was, piece.kind = piece.kind, DROP
        if was == WORD and piece.lower not in PARTICLES and piece.gap not in _GLUED:
            return


def _beside_unknown(pieces: list[Piece]) -> None:
    """Words that something unknown makes part of a name: hyphens, carets, commas, particles."""
    pairs = list(pairwise(pieces))
    for first, second in pairs:
        if first.kind == DROP and second.kind not in (DROP, CODE) and _is_glued(second.gap):
            second.kind = DROP
    for first, second in reversed(pairs):
        if second.kind == DROP and first.kind not in (DROP, CODE) and _is_glued(second.gap):
            first.kind = DROP
    for first, second in pairs:
        if first.kind == WORD and second.kind == DROP and second.token.isalpha() and second.gap.strip(" ") == ",":
            first.kind = DROP
    _particles(pieces)


def _bare(pieces: list[Piece]) -> None:
    """`Peter Hand`: a word that is also a name, beside something unknown; a clinical word or code on its other side saves it.

    Judged from both ends, as a name that has gone is something unknown to the word behind it.
    """
    possible = lexicon().also_names
    nothing = Piece("", "", 0, DROP)
    for index, piece in enumerate(pieces):
        if piece.kind != WORD or piece.lower not in possible:
            continue
        before = pieces[index - 1] if index and piece.gap in _BESIDE else nothing
        after = pieces[index + 1] if index + 1 < len(pieces) and pieces[index + 1].gap in _BESIDE else nothing
        both = (before, after)
        saved = any(other.kind in _SAVING and other.lower not in possible for other in both)
        if not saved and any(other.kind == DROP and other.token.isalpha() and len(other.token) > 1 for other in both):
            piece.kind = DROP


def _is_glued(gap: str) -> bool:
    return gap in _GLUED or "^" in gap


def _particles(pieces: list[Piece]) -> None:
    """`Juan de la Main`, `van der Hand`: particles after something unknown or at the beginning, and what follows them."""
    in_name = pieces[0].lower in _NAME_BEGINS and not pieces[0].token.isupper()
    after_particle = False
    for before, piece in pairwise([Piece("", "", 0, DROP), *pieces]):
        if LINES.search(piece.gap):
            in_name = after_particle = False
        if piece.lower in PARTICLES and (in_name or (before.lower == "van" and piece.lower in _AFTER_VAN)):
            piece.kind = before.kind = DROP
            in_name = after_particle = True
        elif piece.kind == DROP:
            in_name, after_particle = any(c.isalpha() for c in piece.token), False
        else:
            if after_particle and piece.kind == WORD:
                piece.kind = DROP
            in_name = after_particle = False


def connectors(pieces: list[Piece]) -> None:
    """Drop connectors that connect nothing any more: at the end, and beside what was dropped.

    `with` and its like may stand at an end, but what they led to may not have been dropped (`CT Thorax with Miller`).
    """
    following = None
    for piece in reversed(pieces):
        gone = following is None or following.kind == DROP
        led = piece.lower in _LEADING and following is not None and not following.gap.strip()
        if gone and (led or piece.kind == CONNECTOR):
            piece.kind = DROP
        following = piece
    before = WORD
    for piece in pieces:
        if piece.kind == CONNECTOR and before == DROP:
            piece.kind = DROP
        before = piece.kind
