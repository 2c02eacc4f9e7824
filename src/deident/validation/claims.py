"""Check that the markers of an output state exactly what was done (RULES 12)."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources
from typing import Final

from deident.standard import content_items
from deident.validation.elements import Node
from deident.validation.kinds import holds_dates, protects, tags_of
from deident.validation.model import Claims, DatePolicy
from deident.validation.reading import Instance

__all__ = ["claim_problems"]

_IDENTITY_REMOVED: Final = 0x00120062
_METHOD: Final = 0x00120063
_METHOD_CODES: Final = 0x00120064
_IN_METHOD_CODES: Final = (_METHOD_CODES,)
_LONGITUDINAL: Final = 0x00280303
_BURNED_IN: Final = 0x00280301
_RECOGNIZABLE: Final = 0x00280302
_CODE_VALUE: Final = 0x00080100
_SCHEME: Final = 0x00080102
_MEANING: Final = 0x00080104
_BASIC: Final = "113100"
_LONGEST_METHOD: Final = 64
#: Codes of options that are about one kind of object alone: tags that show that there is something of it, and that may.
_KINDS: Final = {
    "113103": (
        frozenset({0x00700001}),
        frozenset({0x00700006, 0x00700068, 0x00700081, 0x00700207, 0x00700208, 0x00700289, 0x00701905, 0x00720424}),
    ),
    "113104": (content_items.SEQUENCES | {0x00400610, 0x0040B020}, frozenset[int]()),
}


@lru_cache(maxsize=1)
def _meanings() -> dict[str, str]:
    rows = json.loads((resources.files("deident.standard") / "data" / "cid7050.json").read_bytes())["rows"]
    return {row["code_value"]: row["code_meaning"] for row in rows}


def claim_problems(before: Instance, after: Instance, claims: Claims) -> list[str]:
    """What is wrong with the markers, as `code:tag`."""
    tops, originals = after.tops, before.tops
    conforms = _BASIC in claims.codes and not claims.withheld
    if claims.kept and not claims.withheld and protects(tags_of(claims.kept), claims.options):
        conforms = False
    found = []
    removed = _text(tops, _IDENTITY_REMOVED)
    if (removed == "YES") != conforms:
        found.append("identity-removed:(0012,0062)")
    found += _codes_problems(before, after, claims, conforms=conforms)
    methods = _text(tops, _METHOD).split("\\")
    if conforms and not any(methods):
        found.append("method-missing:(0012,0063)")
    if any(len(method) > _LONGEST_METHOD for method in methods):
        found.append("method-too-long:(0012,0063)")
    left = holds_dates(tags_of(claims.kept), claims.vrs)
    if _text(tops, _LONGITUDINAL) not in _longitudinal(claims.dates, _text(originals, _LONGITUDINAL), left=left):
        found.append("longitudinal:(0028,0303)")
    for code, tag in (("113101", _BURNED_IN), ("113102", _RECOGNIZABLE)):
        expected = "NO" if code in claims.codes else _text(originals, tag)
        if _text(tops, tag) != expected:
            found.append(f"features:(0028,{tag & 0xFFFF:04X})")
    return found


def _text(tops: dict[int, bytes], tag: int) -> str:
    return tops.get(tag, b"").decode("latin-1").strip(" \0")


def _longitudinal(dates: DatePolicy, original: str, *, left: bool) -> set[str]:
    """The values that (0028,0303) may have; an input that says less keeps saying so (RULES 6).

    Where a site leaves single dates on its own, not all are removed.
    """
    if dates is DatePolicy.FULL:
        return {original} if original in ("MODIFIED", "REMOVED") else {"UNMODIFIED"}
    if dates is DatePolicy.REMOVED and not left:
        return {"REMOVED"}
    return {"MODIFIED", "REMOVED"} if original == "REMOVED" else {"MODIFIED"}


def _codes_problems(before: Instance, after: Instance, claims: Claims, *, conforms: bool) -> list[str]:
    """The items of (0012,0064): the claimed codes in order, 113100 first, besides those that the source had already."""
    found = []
    performed, allowed = _performed(before, after, claims)
    items = _items(after.nodes)
    codes = [code for scheme, code, _ in items if scheme == "DCM"]
    inherited = {
        code for scheme, code, _ in _items(before.nodes if _METHOD_CODES in before.tops else []) if scheme == "DCM"
    } - {_BASIC}
    if len(codes) != len(set(codes)):
        found.append("codes-duplicate:(0012,0064)")
    if performed - set(codes):
        found.append("codes-missing:(0012,0064)")
    if set(codes) - allowed - (inherited if conforms else inherited & set(_meanings())):
        found.append("codes-extra:(0012,0064)")
    if _BASIC in codes and codes[0] != _BASIC:
        found.append("codes-order:(0012,0064)")
    meanings = _meanings()
    if any(code in meanings and meaning != meanings[code] for scheme, code, meaning in items if scheme == "DCM"):
        found.append("codes-meaning:(0012,0064)")
    return found


def _performed(before: Instance, after: Instance, claims: Claims) -> tuple[set[str], set[str]]:
    """Codes that must be declared, and that may be: those of one kind of object alone only where something of it was.

    Where nothing is left of what the source had of it, it may have been cleaned away, or have gone with what was around it.
    """
    performed, allowed = set(claims.codes), set(claims.codes)
    kinds = _KINDS.keys() & performed
    if kinds:
        kept = tags_of(claims.kept)
        had, has = ({node[1] for node in instance.nodes} for instance in (before, after))
        performed -= {code for code in kinds if has.isdisjoint(_KINDS[code][0] - kept)}
        allowed -= {code for code in kinds if had.isdisjoint(_KINDS[code][0] | _KINDS[code][1])}
    return performed, allowed


def _items(nodes: list[Node]) -> list[tuple[str, str, str]]:
    """(scheme, code, meaning) of the items; in an item Code Value comes first."""
    items: list[dict[int, str]] = []
    for node in [node for node in nodes if node[0] == _IN_METHOD_CODES]:
        if node[1] == _CODE_VALUE or not items:
            items.append({})
        items[-1][node[1]] = (node[3] or b"").decode("latin-1").strip(" \0")
    return [(item.get(_SCHEME, ""), item.get(_CODE_VALUE, ""), item.get(_MEANING, "")) for item in items]
