"""What a profile file says in vain: a site that writes it expects something that will not happen."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from deident.profile.decision import Action
from deident.profile.model import DateMethod, Mode, Option, Profile
from deident.profile.override import Override, OverrideStrategy
from deident.profile.rules import Place, Rules
from deident.standard import iods

__all__ = ["unreachable", "useless_keys"]

#: What they do to an attribute is done, too, when the sequence around it goes.
_GONE_ANYWAY: Final = frozenset({OverrideStrategy.REMOVE, OverrideStrategy.EMPTY})


def useless_keys(profile: Profile, given: Collection[str]) -> Iterator[str]:
    """`key: reason` for each of the `given` keys that nothing in the profile makes use of."""
    options = profile.options
    strategies = {override.strategy for override in profile.overrides}
    modified = Option.RETAIN_LONGITUDINAL_MODIFIED_DATES
    shifts = (modified in options and profile.dates is DateMethod.SHIFT) or OverrideStrategy.SHIFT in strategies
    cleans = {Option.CLEAN_DESCRIPTORS, Option.CLEAN_STRUCTURED_CONTENT, Option.CLEAN_GRAPHICS} & options
    cleans_text = bool(cleans) or OverrideStrategy.CLEAN in strategies
    used = {
        "allowed": (profile.mode is Mode.STRICT, 'only mode = "strict" reads it'),
        "private": (
            Option.RETAIN_SAFE_PRIVATE in options,
            f"without {Option.RETAIN_SAFE_PRIVATE} no private element stays",
        ),
        "ae_titles": (
            Option.RETAIN_DEVICE_IDENTITY in options,
            f"without {Option.RETAIN_DEVICE_IDENTITY} no title stays",
        ),
        "date_range_days": (shifts, "no date is shifted"),
        "date_multiple": (shifts, "no date is shifted"),
        "times": (shifts, "no date is shifted"),
        "uids_beside_shifted_dates": (
            {Option.RETAIN_UIDS, modified} <= options or not profile.uids_beside_shifted_dates,
            f"it allows {Option.RETAIN_UIDS} beside {modified}, and they are not both on",
        ),
        "terms": (cleans_text, "no text is cleaned, hence no word of it stays"),
    }
    for key, (useful, reason) in used.items():
        if key in given and not useful:
            yield f"{key}: {reason}"


def unreachable(rules: Rules, override: Override) -> str:
    """Why an override for a path is never met, "" when it can be: a sequence on the way has to stay in some IOD."""
    *around, _tag = override.tags or (0,)
    if not around or override.strategy in _GONE_ANYWAY:
        return ""
    for sop_class in [override.sop_class] if override.sop_class else iods.sop_classes():
        iod = iods.iod_of(sop_class)
        assert iod is not None
        in_force = frozenset(range(len(iod.modules)))
        places = (Place(iod, in_force, tuple(around[:depth]), sop_class) for depth in range(len(around)))
        if all(rules.decide(at, tag, "SQ").action is Action.KEEP for at, tag in zip(places, around, strict=True)):
            return ""
    return (
        "path: a sequence on the way is removed; keep it with an override of its own, or with an option that covers it"
    )
