"""Whether a text is a valid value of a value representation (PS3.5 Table 6.2-1)."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["LONGEST", "VRS", "fits_vr", "fitted"]

#: The value representations of PS3.5 Table 6.2-1.
VRS: Final = frozenset(
    "AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split()
)

#: Characters at most, for VRs whose value is text; ST, LT and UT are not multi-valued (PS3.5 6.2).
LONGEST: Final = {
    "AE": 16,
    "CS": 16,
    "LO": 64,
    "LT": 10240,
    "PN": 64,
    "SH": 16,
    "ST": 1024,
    "UC": 1 << 16,
    "UT": 1 << 16,
}

_FORMS: Final = {
    "AS": r"\d{3}[DWMY]",
    "CS": r"[A-Z0-9 _]{1,16}",
    "DA": r"\d{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])",
    "DS": r"[+-]?(?=\.?\d)\d*\.?\d*(?:[eE][+-]?\d{1,3})?",
    "DT": r"\d{4}(?:(?:0[1-9]|1[0-2])(?:(?:0[1-9]|[12]\d|3[01])(?:[0-5]\d){0,3})?)?(?:\.\d{1,6})?(?:[+-]\d{4})?",
    "IS": r"[+-]?\d{1,11}",
    "TM": r"(?:[01]\d|2[0-3])(?:[0-5]\d(?:[0-5]\d(?:\.\d{1,6})?)?)?",
    "UI": r"[0-2](?:\.(?:0|[1-9]\d*))+",
}
_NUMBER_LENGTH: Final = {"DS": 16, "IS": 12, "UI": 64}
_ONE_VALUE: Final = frozenset({"LT", "ST", "UT"})


def fitted(text: str, vr: str) -> str:
    """A text as one value of a text VR: control characters become blanks where it allows none, and whole words are cut off
    where it is too long. What writers got wrong before is not written again.
    """
    if vr not in _ONE_VALUE and not text.isprintable():
        text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    longest = LONGEST.get(vr, len(text))
    if len(text) <= longest:
        return text
    if text[longest].isspace():
        return text[:longest].rstrip()
    words = text[:longest].rsplit(None, 1)
    return words[0].rstrip() if len(words) > 1 else ""


def fits_vr(value: str, vr: str) -> bool:
    """Whether `value` can be written as one value of `vr` in the default character set; other VRs than text answer False."""
    if not value.isascii() or (not value.isprintable() and vr not in _ONE_VALUE) or value != value.strip():
        return False
    if form := _FORMS.get(vr):
        return re.fullmatch(form, value) is not None and len(value) <= _NUMBER_LENGTH.get(vr, 32)
    longest = LONGEST.get(vr)
    return longest is not None and 0 < len(value) <= longest and (vr in _ONE_VALUE or "\\" not in value)
