"""What Clean Graphics (113103) makes of texts in and beside graphics (PS3.15 E.3.3): lines stay, words are cleaned.

Overlays and curves are removed with the option, too: what is drawn in their bits cannot be read here.
"""

from __future__ import annotations

from typing import Final

from deident.profile.decision import Action, Method
from deident.profile.model import Option, Profile
from deident.profile.options import TEXT_VRS, Chosen
from deident.profile.place import Place

__all__ = ["chosen"]

#: What a presentation state shows; other objects (segmentations, fiducials, ...) have it, too, without graphics.
_CONTENT_DESCRIPTION: Final = 0x00700081
_UNFORMATTED_TEXT: Final = 0x00700006
#: Graphic Annotation, Volumetric Annotation and Structured Display Text Box Sequence hold texts over the image.
_ANNOTATIONS: Final = frozenset({0x00700001, 0x00701905, 0x00720424})
#: Graphic Layer Description, Graphic Group Label and Description, Tick Label: a person's words.
_BESIDE: Final = frozenset({0x00700068, 0x00700207, 0x00700208, 0x00700289})


def chosen(profile: Profile, place: Place, tag: int, vr: str) -> Chosen | None:
    """The answer for a text of a presentation state, None for everything else."""
    if tag >> 16 != 0x0070 or Option.CLEAN_GRAPHICS not in profile.options or vr not in TEXT_VRS:
        return None
    drawn = tag == _UNFORMATTED_TEXT and not _ANNOTATIONS.isdisjoint(place.path)
    described = tag == _CONTENT_DESCRIPTION and place.iod.name.endswith("presentation-state")
    found = drawn or described or tag in _BESIDE
    return (Action.CLEAN, f"option:{Option.CLEAN_GRAPHICS.value}", Method.TEXT) if found else None
