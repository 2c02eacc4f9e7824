"""Whether the standard protects what a site leaves in an attribute: then no conformance may be claimed (RULES 14.6)."""

from __future__ import annotations

from typing import Final

from deident.profile.decision import Action
from deident.profile.model import Option, Profile
from deident.profile.options import DATE_VRS, unlisted_date
from deident.standard import confidentiality, dictionary

__all__ = ["TEXT_VALUE", "protected"]

#: What a person wrote, in content items outside Content Sequence (acquisition and protocol context); RULES section 8.
TEXT_VALUE: Final = 0x0040A160


def protected(profile: Profile, tag: int, code: str) -> bool:
    """Whether a value that stays (`code` K) or is cleaned (C) is one that no option of the profile covers so.

    C beats K: what one option cleans is not covered by another that keeps it.
    """
    row = confidentiality.row(tag)
    if row is None:
        return _protected_unlisted(profile, tag, code)
    answers = {row.options.get(option.value) for option in profile.options} - {None}
    return not answers if code == "C" else answers != {"K"}


def _protected_unlisted(profile: Profile, tag: int, code: str) -> bool:
    known, gap = dictionary.attribute(tag), confidentiality.gap(tag)
    kind = gap.kind if gap else ""
    if known is None or known.vrs[0] == "PN":
        return True
    if known.vrs[0] in DATE_VRS and kind in ("", "date"):
        dated = unlisted_date(profile)
        return dated is None or (code == "K" and dated[0] is not Action.KEEP)
    if tag == TEXT_VALUE or kind == "free-text":
        return code == "K" or Option.CLEAN_DESCRIPTORS not in profile.options
    if kind == "uid":
        return Option.RETAIN_UIDS not in profile.options
    return kind not in ("", "uid-class")
