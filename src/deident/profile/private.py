"""Which private elements stay, and how: PS3.15 Table E.3.10-1, a site's own list, and overrides by private creator."""

from __future__ import annotations

from typing import Final

from deident.profile.decision import Action, Decision, Method
from deident.profile.model import Option, Profile
from deident.profile.options import DATE_VRS, TEXT_VRS, Chosen, unlisted_date
from deident.profile.override import OverrideStrategy
from deident.profile.overrides import Overrides
from deident.standard import safe_private

__all__ = ["PrivateRules"]

_BECAUSE: Final = f"option:{Option.RETAIN_SAFE_PRIVATE.value}"
_KEEP: Final = f"override:{OverrideStrategy.KEEP.value}"
_TAKING_AWAY: Final = frozenset(
    {OverrideStrategy.EMPTY, OverrideStrategy.REMOVE, OverrideStrategy.REPLACE, OverrideStrategy.HASH}
)
#: Code strings, numbers, bytes that a site vouches for, and sequences, which are walked. Never PN, UR, and UN.
_KEPT_VRS: Final = frozenset("AT CS DS FD FL IS OB OD OF OL OV OW SL SQ SS SV UL US UV".split())


class PrivateRules:
    """Look-up of private elements by creator, group and low byte of the element (RULES section 9).

    An element of the site's list has the site's VR, even where Table E.3.10-1 has another. An override by creator beats both.
    """

    def __init__(self, profile: Profile, overrides: Overrides) -> None:
        self._profile = profile
        self._overrides = overrides
        self._vrs: dict[tuple[str, int, int], str] = {}
        if Option.RETAIN_SAFE_PRIVATE in profile.options:
            self._vrs = {key: row.vr for key, row in safe_private.retained().items()}
            self._vrs.update({(row.creator.strip(" "), row.group, row.element): row.vr for row in profile.private})
        self._creators = frozenset(creator for creator, _group, _element in self._vrs)

    @property
    def active(self) -> bool:
        """Whether any private element can stay at all."""
        return bool(self._vrs) or self._overrides.keeps_creators

    @property
    def listed(self) -> int:
        """How many elements the lists name."""
        return len(self._vrs)

    def knows(self, creator: str, sop_class: str) -> bool:
        """Whether anything of a private creator can stay."""
        strategy = self._overrides.creator(creator, sop_class)
        if strategy is not None:
            return strategy is OverrideStrategy.KEEP
        return creator in self._creators

    def exempt(self, creator: str, sop_class: str) -> bool:
        """Whether the site keeps all elements of a private creator, whatever stands in them (RULES 14.6)."""
        return self._overrides.creator(creator, sop_class) is OverrideStrategy.KEEP

    def listed_vr(self, creator: str, tag: int) -> str:
        """The VR that the lists give an element of a creator, "" when it is in none."""
        return self._vrs.get((creator, tag >> 16, tag & 0xFF), "")

    def decide(self, path: tuple[int, ...], tag: int, vr: str, sop_class: str) -> Decision | None:
        """What becomes of a listed element of that VR; None: it goes as every private element does.

        An override by VR makes no more of it than the option; one that takes the value away removes it.
        """
        override = self._overrides.find(path, tag, vr, sop_class)
        if override is not None and override.strategy in _TAKING_AWAY:
            return None
        chosen = self._chosen(vr)
        return None if chosen is None else Decision(tag, path, "", chosen[0], chosen[1], "", chosen[2])

    def kept(self, path: tuple[int, ...], tag: int) -> Decision:
        """The decision for an element of a creator that the site keeps."""
        return Decision(tag, path, "", Action.KEEP, _KEEP)

    def gone(self, path: tuple[int, ...], tag: int, because: str = "private") -> Decision:
        """The decision to remove an element that is listed but cannot stay, or a creator of which nothing stays."""
        return Decision(tag, path, "", Action.REMOVE, because)

    def _chosen(self, vr: str) -> Chosen | None:
        if vr in DATE_VRS:
            return unlisted_date(self._profile)
        if vr == "UI":
            retained = Option.RETAIN_UIDS in self._profile.options
            return (Action.KEEP if retained else Action.UID), _BECAUSE, Method.PLAIN
        if vr in TEXT_VRS:
            return Action.CLEAN, _BECAUSE, Method.TEXT
        if vr == "AE":
            return (Action.CLEAN, _BECAUSE, Method.ALLOWED) if self._profile.ae_titles else None
        if vr == "AS":
            return Action.KEEP, _BECAUSE, Method.AGE if self._profile.age_cap else Method.PLAIN
        return (Action.KEEP, _BECAUSE, Method.PLAIN) if vr in _KEPT_VRS else None
