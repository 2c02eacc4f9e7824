"""Keys of a profile file that would do nothing: a site that writes one expects something that will not happen."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from deident.profile.model import DateMethod, Mode, Option, Profile
from deident.profile.override import OverrideStrategy

__all__ = ["useless_keys"]


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
        "uids_beside_shifted_dates": (
            {Option.RETAIN_UIDS, modified} <= options or not profile.uids_beside_shifted_dates,
            f"it allows {Option.RETAIN_UIDS} beside {modified}, and they are not both on",
        ),
        "terms": (cleans_text, "no text is cleaned, hence no word of it stays"),
    }
    for key, (useful, reason) in used.items():
        if key in given and not useful:
            yield f"{key}: {reason}"
