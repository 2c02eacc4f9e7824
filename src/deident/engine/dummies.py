"""Dummy values per VR and dummy items per sequence (RULES sections 3 and 4): constants, valid, saying nothing."""

from __future__ import annotations

import struct
from typing import Final

from deident.engine.syntax import Syntax
from deident.profile.decision import Action, Decision, Method
from deident.standard import dictionary

__all__ = ["TEXT", "dummy_items", "dummy_value", "graphic_annotation", "pad", "replacement", "written_vr"]

TEXT: Final = b"ANONYMIZED"

_NULL_PADDED: Final = frozenset({"UI", "OB", "UN"})

_DUMMIES: Final[dict[str, bytes]] = {
    **dict.fromkeys(("PN", "LO", "SH", "UC", "ST", "LT", "UT", "AE", "CS"), TEXT),
    "AS": b"000Y",
    "DA": b"19000101",
    "TM": b"000000",
    "DT": b"19000101000000",
    "DS": b"0",
    "IS": b"0",
    "UI": b"2.25.0",
    "UR": b"urn:uuid:00000000-0000-0000-0000-000000000000",
    **dict.fromkeys(("US", "SS", "OW", "OB", "UN"), b"\0" * 2),
    **dict.fromkeys(("UL", "SL", "FL", "OL", "OF", "AT"), b"\0" * 4),
    **dict.fromkeys(("FD", "SV", "UV", "OD", "OV"), b"\0" * 8),
}
_BINARY: Final = frozenset({"US", "SS", "UL", "SL", "FL", "FD", "SV", "UV", "AT"})

#: Reason for the Attribute Modification has defined terms (PS3.3 C.12.1.1.9).
_BY_TAG: Final = {0x04000565: b"COERCE"}


def pad(value: bytes, vr: str) -> bytes:
    """The value with even length: NUL for UI and binary VRs, space for text (PS3.5 6.2)."""
    if len(value) % 2 == 0:
        return value
    return value + (b"\0" if vr in _NULL_PADDED else b" ")


def dummy_value(tag: int, vr: str) -> bytes:
    """The dummy of an attribute: padded, and repeated where PS3.6 fixes its multiplicity (RULES section 3)."""
    single = _BY_TAG.get(tag) or _DUMMIES[vr]
    known = dictionary.attribute(tag)
    low = (known.vm if known else "1").split("-", 1)[0]
    count = int(low) if low.isdigit() else 1
    if count == 1 or vr in ("ST", "LT", "UT", "UR", "OB", "OW", "OL", "OF", "OD", "OV", "UN"):
        return pad(single, vr)
    return single * count if vr in _BINARY else pad(b"\\".join([single] * count), vr)


def _coded(syntax: Syntax, value: bytes, scheme: bytes, meaning: bytes) -> bytes:
    return (
        syntax.element(0x00080100, "SH", pad(value, "SH"))
        + syntax.element(0x00080102, "SH", pad(scheme, "SH"))
        + syntax.element(0x00080104, "LO", pad(meaning, "LO"))
    )


def dummy_items(tag: int, syntax: Syntax) -> bytes:
    """The encoded sequence that stands in place of a Type 1 sequence whose content must go."""
    anonymous = _coded(syntax, b"ANON", b"99ANON", TEXT)
    person = syntax.sequence(0x00401101, anonymous)
    if tag in (0x00080082, 0x00401101, 0x0040A168):
        return syntax.sequence(tag, anonymous)
    if tag == 0x00081072:
        return syntax.sequence(tag, syntax.element(0x00080080, "LO", TEXT) + person)
    if tag == 0x0040A073:
        observer = (
            syntax.element(0x0040A027, "LO", TEXT)
            + syntax.element(0x0040A030, "DT", _DUMMIES["DT"])
            + syntax.element(0x0040A075, "PN", TEXT)
            + syntax.element(0x0040A088, "SQ", b"")
        )
        return syntax.sequence(tag, observer)
    if tag == 0x0040B020:
        channels = struct.pack("<HH" if syntax.little else ">HH", 1, 0)
        note = syntax.element(0x0040A0B0, "US", channels) + syntax.element(0x00700006, "ST", TEXT)
        return syntax.sequence(tag, note)
    if tag == 0x0040A730:
        concept = syntax.sequence(0x0040A043, _coded(syntax, b"121106", b"DCM", b"Comment"))
        item = (
            syntax.element(0x0040A010, "CS", b"CONTAINS")
            + syntax.element(0x0040A040, "CS", b"TEXT")
            + concept
            + syntax.element(0x0040A160, "UT", TEXT)
        )
        return syntax.sequence(tag, item)
    raise KeyError(f"no dummy item for ({tag >> 16:04X},{tag & 0xFFFF:04X})")


def graphic_annotation(syntax: Syntax, layer: bytes) -> bytes:
    """Graphic Annotation Sequence with one text object on the given layer (PS3.3 C.10.5)."""
    point = struct.pack("<ff" if syntax.little else ">ff", 0.0, 0.0)
    text = (
        syntax.element(0x00700004, "CS", pad(b"DISPLAY", "CS"))
        + syntax.element(0x00700006, "ST", TEXT)
        + syntax.element(0x00700014, "FL", point)
        + syntax.element(0x00700015, "CS", pad(b"N", "CS"))
    )
    item = syntax.element(0x00700002, "CS", pad(layer, "CS")) + syntax.sequence(0x00700008, text)
    return syntax.sequence(0x00700001, item)


def written_vr(tag: int, vr: str) -> str:
    """The VR in which a replacement is written: that of PS3.6, unless the wire's is one of its alternatives."""
    known = dictionary.attribute(tag)
    return vr if known is None or vr in known.vrs else known.vrs[0]


def replacement(syntax: Syntax, decision: Decision, vr: str) -> bytes:
    """The encoded element that a decision puts in place of the original."""
    tag = decision.tag
    if decision.action is Action.REMOVE:
        return b""
    written = "SQ" if vr == "SQ" else written_vr(tag, vr)
    if decision.action is Action.EMPTY:
        return syntax.element(tag, written, b"")
    if written == "SQ":
        return dummy_items(tag, syntax) if decision.method is Method.DUMMY_ITEM else syntax.sequence(tag, b"")
    if decision.method in (Method.CONSTANT, Method.CODE_MEANING):
        return syntax.element(tag, written, pad(decision.value.encode(), written))
    return syntax.element(tag, written, dummy_value(tag, written))
