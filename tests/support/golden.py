"""Readable dumps of the engine's outputs: one line for each element, as `tests/golden/*.txt` holds them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, Final

from pydicom.datadict import keyword_for_tag

from deident.errors import Refusal
from deident.profile import Option
from support.builders import build
from support.elements import Element, parse, vr_of
from support.outputs import fresh, output

__all__ = ["OPTIONED", "dump", "golden", "golden_of_each_option", "golden_of_options"]

_TEXT = frozenset("AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT".split())
_LONGEST = 72

_CONTENT: Final = ("sr-basic", "sr-comprehensive-3d", "sr-dose", "ko", "wsi")
OPTIONED: Final[dict[str, tuple[dict[str, Any], tuple[str, ...]]]] = {
    "content": ({"options": ["clean_structured_content"]}, _CONTENT),
    "content-descriptors": ({"options": ["clean_structured_content", "clean_descriptors"]}, _CONTENT),
    "content-full-dates": (
        {"options": ["clean_structured_content", "retain_longitudinal_full_dates", "retain_uids"]},
        _CONTENT,
    ),
    "content-modified-dates": (
        {"options": ["clean_structured_content", "retain_longitudinal_modified_dates"]},
        _CONTENT,
    ),
    "modified-times": (
        {"options": ["clean_structured_content", "retain_longitudinal_modified_dates"], "times": "shift"},
        ("ct", "pet", "enhanced-mr", "rt-plan", "sr-comprehensive-3d", "sr-dose"),
    ),
    "graphics": ({"options": ["clean_graphics"]}, ("pr-grayscale", "pr-color", "pr-pseudo-color", "pr-blending")),
}
"""Name -> what it changes of the Basic Profile, and the families whose outputs are committed under it."""


#: What options decide about, in every object whatever its IOD.
_TELLING: Final = {
    "SeriesDate": "20200215",
    "AcquisitionDateTime": "20200215101010.5+0100",
    "StudyDescription": "CT Thorax with contrast, Dr. Hand",
    "SeriesDescription": "Axial 5mm lung for Miller",
    "InstitutionAddress": "12 Mill Lane, Kilnsea",
    "StationName": "CTAWP0815",
    "DeviceSerialNumber": "SN4711-22",
    "PatientWeight": "71.5",
    "PatientComments": "left knee, called 01632 960123",
}

BEYOND: Final = ("longitudinal", "retain-all-safe", "safe-harbor")


def golden(family: str) -> str:
    """The output of a family's builder under both presets."""
    return "\n".join(f"== {profile}\n{_ending(build(family), profile)}" for profile in ("basic", "research")) + "\n"


def golden_of_options(name: str, family: str) -> str:
    """The output of a family's builder under an entry of OPTIONED."""
    return _ending(build(family), "basic", **OPTIONED[name][0]) + "\n"


def golden_of_each_option(family: str) -> str:
    """What each option alone, and each preset beyond `research`, changes in the output of the Basic Profile."""
    data = build(family, **_TELLING)
    basic = _ending(data, "basic").split("\n")
    parts = []
    for title, changes in (*((o.value, {"options": [o]}) for o in Option), *((p, None) for p in BEYOND)):
        ending = _ending(data, title) if changes is None else _ending(data, "basic", **changes)
        lines = difflib.unified_diff(basic, ending.split("\n"), n=0, lineterm="")
        parts += [f"== {title}", *(line for line in lines if not line.startswith(("---", "+++", "@@")))]
    return "\n".join(parts) + "\n"


def _ending(source: bytes, profile: str, **changes: Any) -> str:
    try:
        data = output(fresh(profile, **changes), source)
    except Refusal as refusal:
        return f"refused: {refusal}"
    return "\n".join(dump(data))


def dump(data: bytes) -> Iterator[str]:
    """Each element of a file with tag, VR and value, indented by depth."""
    file = parse(data)
    for element in file.meta or []:
        if element.tag not in (0x00020000, 0x00020013):  # the version of deident, and a length that depends on it
            yield from _lines(element, 0)
    for element in file.elements:
        yield from _lines(element, 0)


def _lines(element: Element, depth: int) -> Iterator[str]:
    name = keyword_for_tag(element.tag)
    vr = element.vr or vr_of(element.tag)
    head = f"{'  ' * depth}({element.tag >> 16:04X},{element.tag & 0xFFFF:04X}) {vr} {name}"
    if element.items is None:
        yield f"{head} = {_value(element, vr)}" if element.value or element.fragments else head
        return
    yield f"{head}: {len(element.items)} items"
    for number, item in enumerate(element.items, 1):
        yield f"{'  ' * depth}  item {number}"
        for inner in item.elements:
            yield from _lines(inner, depth + 2)


def _value(element: Element, vr: str) -> str:
    if element.fragments is not None:
        return f"{len(element.fragments)} fragments"
    if element.tag == 0x00120063:
        return "(deident and its version)"
    if vr in _TEXT:
        text = repr(element.value.rstrip(b"\0 ").decode("ascii", "backslashreplace"))
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    shown = element.value[:16].hex(" ")
    return shown if len(element.value) <= 16 else f"{shown} ... {len(element.value)} bytes"
