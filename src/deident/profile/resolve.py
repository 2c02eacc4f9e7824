"""Compound action codes resolved by type, and the elements that never survive (RULES sections 2.3, 9 and 10)."""

from __future__ import annotations

from typing import Final

from deident.profile.decision import Action

__all__ = ["MARKERS", "PIXELS", "never_survives", "resolve"]

#: Attributes that deident itself writes at the top level (PS3.15 E.1.1, PS3.3 C.7.1.1 and C.12.1).
MARKERS: Final = frozenset({0x00120062, 0x00120063, 0x00120064, 0x00280303})
#: Pixel data, and what says how to read them (PS3.3 C.7.6.3).
PIXELS: Final = frozenset(
    {0x7FE00008, 0x7FE00009, 0x7FE00010, 0x00280002, 0x00280004, 0x00280006, 0x00280008, 0x00280010, 0x00280011}
    | {0x00280100, 0x00280101, 0x00280102, 0x00280103}
)


def resolve(code: str, attribute_type: str | None, vr: str) -> Action:
    """A compound code resolved by type, with the escalations that keep the IOD whole (RULES 2.3).

    Codes without a letter that the type allows are escalated; a zero-item sequence is illegal for Type 3 (PS3.5 7.4.5).
    """
    required = attribute_type in ("1", "1C")
    if code == "U" or (vr == "UI" and (required or code == "D")):
        return Action.UID
    if required or code == "D":
        return Action.REMOVE if vr == "SQ" and not required and attribute_type not in ("2", "2C") else Action.DUMMY
    if attribute_type in ("2", "2C"):
        return Action.EMPTY
    if code in ("Z", "Z/D") and vr != "SQ":
        return Action.EMPTY
    return Action.REMOVE


#: Private Data Element Characteristics Sequence: it tells of private elements by block, as the sender saw them, and neither
#: its word is trusted nor are the blocks the same after de-identification (RULES 2.4 and 9).
_PRIVATE_CHARACTERISTICS: Final = 0x00080300


def never_survives(tag: int, path: tuple[int, ...]) -> str:
    """Why an element goes whatever the profile says; "" when it may stay. Private ones that may are decided before."""
    group, element = tag >> 16, tag & 0xFFFF
    if group & 1:
        return "private" if group > 8 and group != 0xFFFF else "illegal group"
    if element == 0:
        return "group length"
    if group in (0x0000, 0x0002):
        return "group out of place"
    if group == 0x0004:
        return "DICOMDIR group"
    if group >> 8 in (0x50, 0x60):
        return "E.1-1 curves" if group >> 8 == 0x50 else "E.1-1 overlays"
    if tag == _PRIVATE_CHARACTERISTICS:
        return "tells of private elements"
    if path and group == 0x7FE0:
        return "nested pixel data"
    if group >> 8 == 0x7F and group != 0x7FE0:
        return "variable pixel data"
    if group == 0x5400 and any(sequence >> 16 & 1 for sequence in path):
        return "waveform in a private sequence"  # PS3.5 7.8.2
    return ""
