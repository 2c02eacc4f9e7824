"""Strict mode: what becomes of standard elements that no table lists (RULES section 1); an output stays valid and whole."""

from __future__ import annotations

from typing import Final

from deident.profile.decision import Action, Method
from deident.profile.options import Chosen
from deident.profile.resolve import resolve

__all__ = ["strict"]

#: Numbers, code strings, class UIDs, and sequences, which are walked.
_VRS: Final = frozenset("AT CS DS FD FL IS OD OF OL OV OW SL SQ SS SV UI UL US UV".split())
#: Bulk values of VR OB that are numbers: waveforms with their padding and range, ICC profiles (PS3.3 C.10.9, C.11.15).
_NUMBERS: Final = frozenset({0x54001010, 0x5400100A, 0x54000110, 0x54000112, 0x00282000})
#: Text that PS3.3 gives enumerated values or defined terms: framing (C.7.6.18), rescale and modality LUT types (C.11.1).
_TERMS: Final = frozenset({0x00181064, 0x00281054, 0x00283004})
#: Text by which parts of an object refer to each other: stacks, coil elements, optical paths, tracked and fiducial objects.
#: One constant for all of them would make one of many, so they become keyed digests.
_LINKS: Final = frozenset({0x00189047, 0x00209056, 0x00480106, 0x00620020, 0x006A000E, 0x00700310})


def strict(tag: int, vr: str, attribute_type: str | None, allowed: frozenset[int]) -> Chosen | None:
    """What strict mode makes of an unlisted element; None when it stays, being no text or one that the site allows."""
    if tag in allowed or vr in _VRS or tag in _NUMBERS or tag in _TERMS or tag >> 16 == 0x7FE0 or tag == 0x00080005:
        return None
    if tag in _LINKS:
        return Action.DUMMY, f"strict: {vr}, a link", Method.HASH
    return resolve("X/Z/D", attribute_type, vr), f"strict: {vr}", Method.PLAIN
