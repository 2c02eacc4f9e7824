"""Plants identifiers in a file, runs the engine on it, and says what is left of them in the output."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from deident.errors import Refusal
from deident.profile import Action, Decision
from deident.profile.rules import Place as RulePlace
from deident.profile.rules import Rules
from deident.standard import dictionary, iods
from support.corpus import corpus_file
from support.elements import parse, walk
from support.leaks import Leak, find_leaks
from support.outputs import deidentifier, ending, output, profile_named
from support.planter import Identifier, plant
from support.planter_context import CONTRIBUTING_EQUIPMENT, EQUIVALENT_CODE, PURPOSE_CODE

__all__ = ["Outcome", "corpus_outcome", "kept_by_option", "outcome"]

#: The sequences in which the planter nests rows of tables.
_NESTS = {
    "table.top": (),
    "table.nested1": (CONTRIBUTING_EQUIPMENT,),
    "table.nested2": (CONTRIBUTING_EQUIPMENT, PURPOSE_CODE),
    "table.nested3": (CONTRIBUTING_EQUIPMENT, EQUIVALENT_CODE, PURPOSE_CODE),
}
_FACTS = {
    "identity/institution": 0x00080080,
    "identity/department": 0x00081040,
    "identity/station": 0x00081010,
    "identity/serial": 0x00181000,
}
_PLACE = re.compile(r"(table\.\w+)/([0-9A-F]{8})(?:>(\w+))?")
_CT = "1.2.840.10008.5.1.4.1.1.2"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a planted file ended (`released` or the refusal as text), and `place of planting -> place found` of each leak."""

    ending: str
    leaks: tuple[str, ...] = ()


def outcome(data: bytes, seed: int, places: Collection[str] | None, profile: str = "basic") -> Outcome:
    """Plant `places` (None: all) in a file and de-identify it; what an option of the profile keeps is no leak."""
    planted = plant(data, seed, places)
    try:
        result = output(deidentifier(profile), planted.data)
    except Refusal as refusal:
        return Outcome(str(refusal))
    stays = {identifier.text for identifier in planted.identifiers if kept_by_option(identifier, profile)}
    wanted = [identifier for identifier in planted.identifiers if identifier.text not in stays]
    leaks = [leak for leak in find_leaks(result, wanted) if not _chance(leak, result)]
    kept = {leak for leak in leaks if _found_where_kept(leak, profile)}
    texts = {leak.identifier.text for leak in kept}
    leaks = [
        leak for leak in leaks if leak not in kept and (leak.place != "bytes" or leak.identifier.text not in texts)
    ]
    found = {f"{leak.identifier.place} -> {leak.place}" for leak in leaks}
    return Outcome("released", tuple(sorted(found)))


def _found_where_kept(leak: Leak, profile: str) -> bool:
    """Whether an option keeps the element in which the identifier was found, or it is a date among modified ones.

    That dates are earlier as they should be is what test_oracle_options shows; here they meet others by chance.
    """
    tags = tuple(int(step[:8], 16) for step in leak.place.split(".") if re.fullmatch(r"[0-9A-F]{8}(\[\d+\])?", step))
    if not tags or "+" not in profile:
        return False
    known = dictionary.attribute(tags[-1])
    if known is None:
        return False
    dates = "+retain_longitudinal_modified_dates" in profile and known.vrs[0] in ("DA", "DT", "TM")
    return dates or _decision(profile, tags).by_option


def _decision(profile: str, tags: tuple[int, ...]) -> Decision:
    iod = iods.iod_of(_CT)
    assert iod is not None
    known = dictionary.attribute(tags[-1])
    place = RulePlace(iod, frozenset(range(len(iod.modules))), tags[:-1])
    return Rules(profile_named(profile)).decide(place, tags[-1], known.vrs[0] if known else "UN")


def _chance(leak: Leak, result: bytes) -> bool:
    """Whether a short number was met in the 39 digits of one of our own UIDs, as happens once in some hundred files."""
    if not leak.identifier.text.isdigit() or len(leak.identifier.text) > 9:
        return False
    values = [element.value for path, element in walk(parse(result).elements) if path == leak.place]
    return bool(values) and all(value.startswith(b"2.25.") for value in values)


def corpus_outcome(name: str, places: Collection[str] | None, profile: str) -> tuple[str, str, Outcome]:
    """(name, how the file ends unplanted, how it ends planted) for a file of the corpora."""
    data = corpus_file(name).read()
    before = ending(deidentifier(profile), data)
    if before != "released":
        return name, before, Outcome(before)
    return name, before, outcome(data, sum(name.encode()), places, profile)


def kept_by_option(identifier: Identifier, profile: str) -> bool:
    """Whether the decisions of the profile keep the planted element, and an option is the reason for one of them."""
    if identifier.place in _FACTS:
        return _kept_by_option(profile, (_FACTS[identifier.place],))
    match = _PLACE.fullmatch(identifier.place)
    if match is None or match[1] not in _NESTS:
        return False
    inner = dictionary.tag_of(match[3]) if match[3] else None
    steps = (*_NESTS[match[1]], int(match[2], 16), *([inner] if inner is not None else []))
    return _kept_by_option(profile, steps)


@cache
def _kept_by_option(profile: str, steps: tuple[int, ...]) -> bool:
    decisions = [_decision(profile, steps[: depth + 1]) for depth in range(len(steps))]
    kept = all(decision.action is Action.KEEP for decision in decisions)
    return kept and any(decision.because.startswith("option:") for decision in decisions)
