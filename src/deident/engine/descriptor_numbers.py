"""Which numbers of a descriptor may stay: measures and counts, no dates, times, phones or ids."""

from __future__ import annotations

from typing import Final

from deident.engine.descriptor_tidy import Piece
from deident.engine.descriptor_tokens import (
    APOSTROPHES,
    CODE,
    CONNECTOR,
    DROP,
    LINES,
    LONG,
    NUMBER,
    SPACED,
    WEAK,
    is_unit,
    is_unit_of_thousands,
    kind_of,
    tells_old_age,
)

__all__ = ["measures", "weak"]

_RANGES: Final = frozenset({"-", "/", " - ", "x", "\u2013"})
_VERTEBRAE: Final = frozenset({"c", "t", "th", "d", "l", "s"})
_PARAMETERS: Final = _VERTEBRAE | {"b", "te", "tr", "ti", "fa", "ww", "wl", "venc", "etl", "v"}


def measures(pieces: list[Piece]) -> None:
    """Numbers that a unit, a parameter's name, a ratio, `x` or `%` explains."""
    for before, piece in zip([None, *pieces], pieces, strict=False):
        if before is not None and piece.kind in (NUMBER, LONG) and _is_parameter(before, piece):
            before.kind = piece.kind = CODE
    for index, piece in enumerate(pieces):
        if piece.kind in (NUMBER, LONG):
            _measure(pieces, index)
        if piece.kind == CODE:
            _units(pieces, index)
    for before, cross, after in zip(pieces, pieces[1:], pieces[2:], strict=False):
        if cross.lower == "x" and before.kind in (NUMBER, CODE) and after.kind in (NUMBER, CODE):
            before.kind = cross.kind = after.kind = CODE


def _is_parameter(before: Piece, number: Piece) -> bool:
    """`b=1000`, `TE 80`, `L 5`; and the values that follow one in a list of b-values (`b50_400_800`)."""
    gap = number.gap.strip(" ")
    if before.lower in _PARAMETERS:
        may_follow = gap == "=" or (gap == "" and number.kind == NUMBER) or (gap == "-" and before.lower in _VERTEBRAE)
        return may_follow and kind_of(before.token + number.token) == CODE
    listed = before.kind == CODE and number.gap in ("_", ",", "/") and before.lower.lstrip("b").isdigit()
    return listed and kind_of("b" + number.token) == CODE


def _measure(pieces: list[Piece], index: int) -> None:
    piece, following = pieces[index], pieces[index + 1] if index + 1 < len(pieces) else None
    gap = following.gap if following else ""
    if following and gap in SPACED and is_unit(following.token):
        if tells_old_age(piece.token, following.token):
            piece.kind = DROP
        elif piece.kind == NUMBER or is_unit_of_thousands(following.token):
            following.kind = CODE
            _keep_run(pieces, index)
    elif following and piece.kind == NUMBER and gap.startswith("%"):
        _keep_run(pieces, index)
    elif (
        following
        and piece.kind == NUMBER
        and gap in _RANGES
        and following.kind == CODE
        and following.token[0].isdigit()
    ):
        _keep_run(pieces, index + 1)
    elif following and piece.kind == NUMBER and gap == ":" and _is_one(pieces[index + 1 : index + 3]):
        piece.kind = following.kind = CODE
    if piece.kind == LONG:
        piece.kind = DROP


def _is_one(rest: list[Piece]) -> bool:
    """Whether what follows a colon makes a ratio (`16:1`) and no time."""
    return rest[0].token == "1" and not (len(rest) > 1 and rest[1].gap.startswith(":"))  # noqa: S105


def _units(pieces: list[Piece], index: int) -> None:
    """Keep the unit after a kept number (`VENC 150 cm`), and what it is divided by (`cm/s`)."""
    if index + 1 < len(pieces) and is_unit(pieces[index + 1].token):
        number = pieces[index].token[0].isdigit() and pieces[index + 1].gap in SPACED
        if (number and pieces[index].token.isdigit()) or (
            pieces[index + 1].gap == "/" and is_unit(pieces[index].token)
        ):
            pieces[index + 1].kind = CODE


def _keep_run(pieces: list[Piece], index: int) -> None:
    """Keep a number with a unit: on its own or as the end of a range, never as the end of a longer run."""
    run = index
    while run > 0 and _belong_together(pieces[run - 1], pieces[run]):
        run -= 1
    if index == run or (index - run == 1 and pieces[index].gap in _RANGES and pieces[run].kind == NUMBER):
        for piece in pieces[run : index + 1]:
            piece.kind = CODE


def _belong_together(before: Piece, after: Piece) -> bool:
    """Whether a number stands before another with nothing between that parts them (`recon 2: 5 mm` does)."""
    is_number = before.kind in (NUMBER, LONG) or (before.kind == DROP and before.token[0].isdigit())
    return is_number and not (after.gap.endswith(" ") and after.gap.strip(" ") in (":", ",", ";", "-"))


def weak(pieces: list[Piece]) -> None:
    """Drop numbers and short codes beside anything dropped, numbers beside numbers, letters beside numbers.

    Back and forth until nothing changes: what is dropped makes its neighbours stand beside something dropped.
    """
    places = [index for index, piece in enumerate(pieces) if piece.kind in (NUMBER, WEAK)]
    changed = bool(places)
    while changed:
        changed = False
        for index in (*places, *reversed(places)):
            if pieces[index].kind != DROP and not _may_stay(pieces, index):
                pieces[index].kind = DROP
                changed = True


def _may_stay(pieces: list[Piece], index: int) -> bool:
    piece = pieces[index]
    after = _neighbour(pieces, index, 1)
    before = _neighbour(pieces, index, -1)
    if "#" in piece.gap or (piece.kind == NUMBER and piece.gap[-1:] in APOSTROPHES):
        return False
    if piece.gap == ":" and piece.kind == NUMBER and pieces[index - 1].token[-1].isdigit():
        return False
    for other in (before, after):
        if other is None:
            continue
        if other.kind == DROP or (piece.kind == NUMBER and other.kind == NUMBER):
            return False
    if piece.kind == NUMBER:
        return before is None or before.kind != WEAK or len(before.token) > 1
    return len(piece.token) > 1 or after is None or after.kind != NUMBER


def _neighbour(pieces: list[Piece], index: int, step: int) -> Piece | None:
    """The next token that is no connector; None at an end, a line break or a semicolon."""
    place = index
    while 0 <= place + step < len(pieces):
        if LINES.search(pieces[max(place, place + step)].gap):
            return None
        place += step
        if pieces[place].kind != CONNECTOR:
            return pieces[place]
    return None
