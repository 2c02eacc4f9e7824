"""A site's overrides, ready to be looked up: the most specific one decides (path, then tag, then VR)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from deident.profile.decision import Action, Method
from deident.profile.options import Chosen
from deident.profile.override import PSEUDONYM, STRUCTURE, Override, OverrideStrategy
from deident.profile.resolve import resolve

__all__ = ["Overrides"]

#: Strategies that can leave more of a value than the Basic Profile does; what they name is checked for conformance.
_WEAKER: Final = frozenset({OverrideStrategy.KEEP, OverrideStrategy.SHIFT, OverrideStrategy.CLEAN})

_Key = tuple[str, tuple[int, ...] | str]


class Overrides:
    """Look-up of overrides. One that is limited to a SOP class beats one that is not; of two alike the later one holds.

    `weaker` are the attributes of which something stays, with the code that an option would need to cover that;
    `unbounded` says that whole VRs or private creators do, `vrs` which VRs.
    """

    def __init__(self, overrides: Iterable[Override]) -> None:
        self._found: dict[tuple[_Key, str], Override] = {}
        self.weaker: dict[int, str] = {}
        self.unbounded = False
        self.keeps_creators = False
        self.vrs: frozenset[str] = frozenset()
        for override in overrides:
            self._found[_key(override), override.sop_class] = override
            if override.strategy in _WEAKER:
                self.unbounded |= not override.tags
                self.keeps_creators |= bool(override.creator)
                self.vrs |= {override.vr}
                if override.tags:
                    kept = override.strategy is OverrideStrategy.KEEP
                    code = self.weaker.setdefault(override.tags[-1], "K" if kept else "C")
                    self.weaker[override.tags[-1]] = "K" if kept else code

    def find(self, path: tuple[int, ...], tag: int, vr: str, sop_class: str) -> Override | None:
        """The override that decides for an attribute."""
        if not self._found:
            return None
        keys: tuple[_Key, ...] = (("path", (*path, tag)), ("tag", (tag,)), ("vr", vr))
        # One for a VR never means what says how to read the object.
        for key in keys[:2] if tag in STRUCTURE else keys:
            for limit in (sop_class, ""):
                found = self._found.get((key, limit))
                if found is not None:
                    return found
        return None

    def creator(self, name: str, sop_class: str) -> OverrideStrategy | None:
        """What is done to the elements of a private creator, None when the site says nothing of it."""
        for limit in (sop_class, ""):
            found = self._found.get((("creator", name), limit))
            if found is not None:
                return found.strategy
        return None

    def value(self, path: tuple[int, ...], tag: int, vr: str, sop_class: str) -> str:
        """What `replace` writes."""
        found = self.find(path, tag, vr, sop_class)
        return found.value if found is not None else ""

    def chosen(
        self, path: tuple[int, ...], tag: int, vr: str, sop_class: str, type_of: Callable[[int], str | None]
    ) -> Chosen | None:
        """Action, what decided and method; an emptied or removed attribute still gets what its type demands."""
        found = self.find(path, tag, vr, sop_class)
        if found is None:
            return None
        because = f"override:{found.strategy.value}"
        match found.strategy:
            case OverrideStrategy.KEEP:
                return Action.KEEP, because, Method.PLAIN
            case OverrideStrategy.REMOVE:
                return resolve("X/Z/D", type_of(tag), vr), because, Method.PLAIN
            case OverrideStrategy.EMPTY:
                return resolve("Z/D", type_of(tag), vr), because, Method.PLAIN
            case OverrideStrategy.SHIFT:
                return Action.CLEAN, because, Method.SHIFT
            case OverrideStrategy.CLEAN:
                return Action.CLEAN, because, Method.TEXT
            case OverrideStrategy.HASH:
                return Action.DUMMY, because, Method.HASH
            case OverrideStrategy.REPLACE:
                return Action.DUMMY, because, Method.PSEUDONYM if found.value == PSEUDONYM else Method.CONSTANT


def _key(override: Override) -> _Key:
    if override.path:
        return "path", override.tags
    if override.tag:
        return "tag", override.tags
    return ("vr", override.vr) if override.vr else ("creator", override.creator.strip(" "))
