"""What a profile will do, in words: one line per attribute, with the table, option or override that decided."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from deident.profile.concepts import Concept, concepts
from deident.profile.decision import Action, Decision
from deident.profile.model import Mode, Option, PixelRisk, Profile
from deident.profile.rules import MARKERS, Place, Rules
from deident.profile.words import date_words
from deident.standard import confidentiality, dictionary, iods
from deident.standard.sop_classes import sop_class_named

__all__ = ["explain", "explain_concepts", "explain_json"]

#: What an override tells of the attributes that it selects; never the value that it writes.
_SELECTORS: Final = ("tag", "path", "vr", "creator", "sop_class")

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

    Without it every row of Table E.1-1 is listed as the CT Image IOD and attributes unknown to it would be treated. Concepts of
    structured content are listed without it, and for documents.
    """
    rules, place = Rules(profile), _place(sop_class)
    lines = [
        f"Profile {profile.name} over PS3.15 {confidentiality.EDITION}, IOD {place.iod.name}",
        f"Options: {', '.join(sorted(option.value for option in profile.options)) or 'none'}",
        f"Declared codes (CID 7050): {_codes(rules, place.sop_class if sop_class else '')}",
        f"Mode: {profile.mode.value}",
        *(f"Dates: {words}" for words in date_words(profile)),
        f"Images that may show text: {'held' if profile.pixel_risk is PixelRisk.HOLD else 'accepted'}",
        f"Ages: {profile.age_cap} and over become {profile.age_cap}" if profile.age_cap else "Ages: no cap",
        "",
        f"{'tag':<12} {'keyword':<52} {'type':<4} {'action':<10} because",
        *(_line(*found) for found in _attributes(rules, place, every=sop_class is None)),
    ]
    lines += _overrides(profile, place.sop_class if sop_class else "")
    listed = sop_class is None or place.iod.is_structured_report
    lines += _everywhere(rules, listed=listed)
    content = explain_concepts(profile) if listed else ""
    return "\n".join([*lines, ""]) + (f"\nContent items, by concept name and value type:\n{content}" if content else "")


def explain_concepts(profile: Profile) -> str:
    """A line for each concept of Table E.3.4-1, empty where content items are not treated one by one."""
    lines = [_concept(concept) for concept in concepts(Rules(profile))]
    head = f"{'concept':<14} {'meaning':<64} {'value type':<10} {'table':<5} {'action':<11} because"
    return "\n".join([head, *lines, ""]) if lines else ""


def explain_json(profile: Profile, sop_class: str | None = None) -> dict[str, Any]:
    """The plan as plain data; concepts are listed wherever content items are treated one by one."""
    rules, place = Rules(profile), _place(sop_class)
    return {
        "profile": profile.name,
        "edition": confidentiality.EDITION,
        "iod": place.iod.name,
        "sop_class": place.sop_class,
        "every_row": sop_class is None,
        "options": sorted(option.value for option in profile.options),
        "codes": list(rules.codes(place.sop_class if sop_class else "")),
        "mode": profile.mode.value,
        "dates": list(date_words(profile)),
        "age_cap": profile.age_cap,
        "pixel_risk": profile.pixel_risk.value,
        "attributes": [
            {"tag": decision.place, "keyword": decision.keyword, "type": attribute_type, **_decided(decision)}
            for decision, attribute_type in _attributes(rules, place, every=sop_class is None)
        ],
        "concepts": [
            {
                "scheme": row.scheme,
                "code": row.code,
                "meaning": row.meaning,
                "value_type": row.value_type,
                "table": row.basic,
                **_decided(decision),
            }
            for row, decision in concepts(rules)
        ],
        "overrides": [
            {"strategy": entry.strategy.value, **{key: value for key in _SELECTORS if (value := getattr(entry, key))}}
            for entry in profile.overrides
            if sop_class is None or entry.sop_class in ("", place.sop_class)
        ],
        "private_elements": rules.private.listed,
    }


def _codes(rules: Rules, sop_class: str) -> str:
    """What instances of a class ("": those that no override names) declare."""
    found = ", ".join(rules.codes(sop_class)) or "none: the profile keeps what the standard protects"
    others = sorted(limit for limit in rules.limits if not sop_class and not rules.conforms_in(limit))
    return found + (f"; none in {', '.join(others)}" if others and rules.codes() else "")


def _decided(decision: Decision) -> dict[str, str]:
    return {"action": decision.action.value, "because": decision.because, "method": decision.method.value}


def _place(sop_class: str | None) -> Place:
    """The top level of an instance of that class with everything that its IOD can have."""
    uid = sop_class_named(sop_class or "CT")
    iod = iods.iod_of(uid)
    assert iod is not None
    return Place(iod, frozenset(range(len(iod.modules))), (), uid)


def _attributes(rules: Rules, place: Place, *, every: bool) -> Iterator[tuple[Decision, str | None]]:
    """Each attribute that the IOD knows, or `every` one, with the decision and its type."""
    for tag in _tags(rules):
        attribute_type = place.type_of(tag)
        if every or attribute_type is not None:
            known = dictionary.attribute(tag)
            yield rules.decide(place, tag, known.vrs[0] if known else "UN"), attribute_type


def _overrides(profile: Profile, sop_class: str) -> Iterator[str]:
    """What the site decides for paths, representations and creators, and for tags wherever they stand."""
    found = [entry for entry in profile.overrides if not sop_class or entry.sop_class in ("", sop_class)]
    if found:
        yield from ("", "Decisions of the site, the most specific one holds (path, tag, VR):")
    for entry in found:
        kind = "path" if entry.path else "tag" if entry.tag else "VR" if entry.vr else "creator"
        limit = f" in {entry.sop_class}" if entry.sop_class else ""
        yield f"{kind:<8} {entry.path or entry.tag or entry.vr or entry.creator}: {entry.strategy.value}{limit}"


def _everywhere(rules: Rules, *, listed: bool) -> Iterator[str]:
    """What no row of the table tells; `listed` says that concepts are, too."""
    profile = rules.profile
    yield from ("", "Private elements, at every level:")
    if rules.private.listed:
        yield f"(odd groups)  K keep     {rules.private.listed} that are known to be safe, by creator, group, element and VR"
        yield "              C clean    their text and dates as the other options say, U remap their UIDs unless those stay"
        for private in sorted(rules.profile.private, key=lambda entry: (entry.creator, entry.group, entry.element)):
            place = f"({private.group:04X},xx{private.element:02X})"
            yield f"{place}   K keep     {private.vr} of {private.creator}, by the site's list"
    yield "(odd groups)  X remove   " + (
        "all others, and creators of which nothing stays" if rules.private.active else "all"
    )
    yield from ("", "Structured content (content items and codes):")
    if Option.CLEAN_STRUCTURED_CONTENT in profile.options:
        one_by_one = "below" if listed else "deident plan --sop-class SR lists them"
        yield f"(0040,A730)   C clean    item by item, by concept name and value type (Table E.3.4-1: {one_by_one})"
    else:
        yield "(0040,A730)   D replace  one text item that says nothing, in reports; X remove elsewhere"
    if Option.CLEAN_DESCRIPTORS in profile.options:
        yield "codes         C clean    items of private coding schemes are removed, meanings are those of the dictionary"
    if profile.mode is Mode.STRICT:
        yield from ("", "Strict mode:")
        yield "unlisted      X, Z, D    text that no table lists, by type; numbers, code strings and sequences stay"
        for name in sorted(profile.allowed):
            yield f"{name}: allowed by the site"
    yield from _ALWAYS


def _tags(rules: Rules) -> Iterator[int]:
    """Every tag that has a row, a gap or a strategy, in ascending order."""
    tags = set(confidentiality.rows()) | set(MARKERS) | set(confidentiality.gaps()) | set(rules.kept)
    yield from sorted(tag for tag in tags if not tag >> 16 & 1)


def _line(decision: Decision, attribute_type: str | None) -> str:
    tag = f"({decision.tag >> 16:04X},{decision.tag & 0xFFFF:04X})"
    method = f" ({decision.method.value})" if decision.method else ""
    action = f"{decision.action.value} {_WORDS[decision.action]}"
    return f"{tag:<12} {decision.keyword:<52} {attribute_type or '-':<4} {action:<10} {decision.because}{method}"


def _concept(concept: Concept) -> str:
    row, decision = concept
    method = f" ({decision.method.value})" if decision.method else ""
    action = f"{decision.action.value} {_WORDS[decision.action]}"
    name = f"{row.code} {row.scheme}"
    return f"{name:<14} {row.meaning:<64} {row.value_type:<10} {row.basic:<5} {action:<11} {decision.because}{method}"


_ALWAYS: Final = (
    "",
    "Whatever the profile says:",
    "(gggg,0000)   X remove   group lengths (PS3.5 7.2)",
    "(50xx,eeee)   X remove   curves; (60xx,eeee) overlays, whole planes",
    "(0002,eeee)   rebuilt    file meta information; the preamble is zeroed",
    "(60xx,eeee)   X remove   also overlays in unused bits of the pixels, which are cleared",
    "unlisted      K keep     unless a known identifier of the instance is found in it (then X, Z or D by type)",
    "not in PS3.6  X remove   elements of even groups that the standard does not define",
    "written       (0012,0062), (0012,0063), (0012,0064), (0028,0303)",
)
