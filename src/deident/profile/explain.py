"""What a profile will do, in words: one line per attribute, with the table, option or override that decided."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from deident.profile.decision import Action, Decision
from deident.profile.model import PixelRisk, Profile
from deident.profile.rules import MARKERS, Place, Rules
from deident.standard import confidentiality, dictionary, iods
from deident.standard.sop_classes import sop_class_named

__all__ = ["explain"]

_WORDS: Final = {
    Action.KEEP: "keep",
    Action.REMOVE: "remove",
    Action.EMPTY: "empty",
    Action.DUMMY: "replace",
    Action.UID: "remap UID",
    Action.CLEAN: "clean",
}


def explain(profile: Profile, sop_class: str | None = None) -> str:
    """The plan as text. `sop_class` (a short name or UID) limits it to the attributes of that IOD, types resolved.

    Without it every row of Table E.1-1 is listed as the CT Image IOD and attributes unknown to it would be treated.
    """
    rules = Rules(profile)
    iod = iods.iod_of(sop_class_named(sop_class or "CT"))
    assert iod is not None
    place = Place(iod, frozenset(range(len(iod.modules))), ())
    lines = [
        f"Profile {profile.name} over PS3.15 {confidentiality.EDITION}, IOD {iod.name}",
        f"Options: {', '.join(sorted(option.value for option in profile.options)) or 'none'}",
        f"Declared codes (CID 7050): {', '.join(rules.codes()) or 'none: the profile keeps what the standard protects'}",
        f"Images that may show text: {'held' if profile.pixel_risk is PixelRisk.HOLD else 'accepted'}",
        f"Ages: {profile.age_cap} and over become {profile.age_cap}" if profile.age_cap else "Ages: no cap",
        "",
        f"{'tag':<12} {'keyword':<52} {'type':<4} {'action':<10} because",
    ]
    for tag in _tags(rules):
        attribute_type = place.type_of(tag)
        if sop_class is not None and attribute_type is None:
            continue
        known = dictionary.attribute(tag)
        decision = rules.decide(place, tag, known.vrs[0] if known else "UN")
        lines.append(_line(decision, attribute_type))
    return "\n".join([*lines, *(line.format(private=_private(rules)) for line in _ALWAYS), ""])


def _private(rules: Rules) -> str:
    """What becomes of private elements, in words."""
    if not rules.private.active:
        return "X remove   private elements and their creators, at every level"
    return (
        f"X remove   private elements but {rules.private.listed} that are known to be safe (E.3.10), and creators of which "
        "nothing stays, at every level"
    )


def _tags(rules: Rules) -> Iterator[int]:
    """Every tag that has a row, a gap or a strategy, in ascending order."""
    tags = set(confidentiality.rows()) | set(MARKERS) | set(confidentiality.gaps()) | set(rules.kept)
    yield from sorted(tag for tag in tags if not tag >> 16 & 1)


def _line(decision: Decision, attribute_type: str | None) -> str:
    tag = f"({decision.tag >> 16:04X},{decision.tag & 0xFFFF:04X})"
    method = f" ({decision.method.value})" if decision.method else ""
    action = f"{decision.action.value} {_WORDS[decision.action]}"
    return f"{tag:<12} {decision.keyword:<52} {attribute_type or '-':<4} {action:<10} {decision.because}{method}"


_ALWAYS: Final = (
    "",
    "Whatever the profile says:",
    "(odd groups)  {private}",
    "(gggg,0000)   X remove   group lengths (PS3.5 7.2)",
    "(50xx,eeee)   X remove   curves; (60xx,eeee) overlays, whole planes",
    "(0002,eeee)   rebuilt    file meta information; the preamble is zeroed",
    "unlisted      K keep     unless a known identifier of the instance is found in it (then X, Z or D by type)",
    "not in PS3.6  X remove   elements of even groups that the standard does not define",
    "written       (0012,0062), (0012,0063), (0012,0064), (0028,0303)",
)
