"""Whether the pixels of an image may show text: decided from attributes, never from the pixels (RULES section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["pixel_risk"]

_BURNED_IN: Final = 0x00280301
_IMAGE_TYPE: Final = 0x00080008
_MODALITY: Final = 0x00080060
_CONVERSION_TYPE: Final = 0x00080064
_PHOTOMETRIC: Final = 0x00280004

_STORAGE: Final = "1.2.840.10008.5.1.4.1.1."

#: SOP classes whose images often carry text: ultrasound, secondary capture, angiography and fluoroscopy, endoscopy and
#: photography, ophthalmic photography, hardcopy, standalone and generic visible light, screen-like objects.
_CLASSES: Final = frozenset(
    _STORAGE + suffix
    for suffix in (
        *("3", "3.1", "6", "6.1", "6.2", "6.3", "7", "7.1", "7.2", "7.3", "7.4"),
        *("12.1", "12.1.1", "12.2", "12.2.1", "12.3"),
        *("77.1", "77.2", "77.1.1", "77.1.1.1", "77.1.2.1", "77.1.4", "77.1.4.1", "77.1.5.1", "77.1.5.2"),
    )
)

#: Classes whose IOD knows gray images alone: colour there is a screen, a report or a map with a legend.
_GRAY_CLASSES: Final = frozenset(
    _STORAGE + suffix for suffix in ("2", "4", "128", "1", "1.1", "1.1.1", "1.2", "1.2.1", "20")
)

_SCREEN_TYPES: Final = frozenset(
    {b"SCREEN SAVE", b"SCREENSAVE", b"SCREEN", b"SCREEN CAPTURE", b"DOSE REPORT", b"REPORT"}
)
_RISKY_CONVERSIONS: Final = frozenset({b"DV", b"DI", b"DF", b"WSD", b"SD", b"SI", b"DRW"})
_RISKY_MODALITIES: Final = frozenset({b"US", b"IVUS", b"XA", b"RF", b"ES", b"OP", b"SC", b"XC", b"GM", b"DOC"})


def pixel_risk(sop_class: str, seen: Mapping[int, bytes]) -> str:
    """Why the image may show text; "" when nothing says so.

    Burned In Annotation (0028,0301) YES is a risk on every image. NO clears the image. Absent or unknown, it is a risk on
    the kinds of images that carry text: by SOP class, screen-like Image Type, Conversion Type, modality, or colour where
    the IOD has none.
    """
    stated = seen.get(_BURNED_IN, b"").strip(b"\0 ").upper()
    if stated == b"YES":
        return "(0028,0301) is YES"
    if stated == b"NO":
        return ""
    if sop_class in _CLASSES:
        return "(0028,0301) does not say NO on a SOP class that often shows text"
    kinds = {part.strip(b"\0 ").upper() for part in seen.get(_IMAGE_TYPE, b"").split(b"\\")}
    if kinds & _SCREEN_TYPES:
        return "(0008,0008) names a screen capture"
    if seen.get(_CONVERSION_TYPE, b"").strip(b"\0 ").upper() in _RISKY_CONVERSIONS:
        return "(0008,0064) names a capture"
    if seen.get(_MODALITY, b"").strip(b"\0 ").upper() in _RISKY_MODALITIES:
        return "(0028,0301) does not say NO on a modality that often shows text"
    photometric = seen.get(_PHOTOMETRIC, b"").strip(b"\0 ").upper()
    if sop_class in _GRAY_CLASSES and photometric and not photometric.startswith(b"MONOCHROME"):
        return "colour on a SOP class that knows gray images alone"
    return ""
