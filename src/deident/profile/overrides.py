"""A site's overrides, ready to be looked up: the most specific one decides (path, then tag, then VR)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from deident.profile.decision import Action, Method
from deident.profile.options import Chosen
from deident.profile.override import PSEUDONYM, STRUCTURE, Override, OverrideStrategy
from deident.profile.resolve import resolve

__all__ = ["Left", "Overrides"]

#: Strategies that can leave more of a value than the Basic Profile does; what they name is checked for conformance.
_WEAKER: Final = frozenset({OverrideStrategy.KEEP, OverrideStrategy.SHIFT, OverrideStrategy.CLEAN})


class Left(NamedTuple):
    """What overrides leave that the Basic Profile would not: attributes, with the code that an option would need to cover that.

    `unbounded` says that whole VRs or private creators stay, `vrs` which VRs.
    """

    weaker: Mapping[int, str]
    unbounded: bool
    vrs: frozenset[str]


_Key = tuple[str, tuple[int, ...] | str]


class Overrides:
    """Look-up of overrides. One that is limited to a SOP class beats one that is not; of two alike the later one holds.

    `left` says what all of them leave, `left_in` those that hold in a SOP class; `limits` are the classes that they name.
    """

    def __init__(self, overrides: Iterable[Override]) -> None:
        self._found: dict[tuple[_Key, str], Override] = {}
        for override in overrides:
            self._found[_key(override), override.sop_class] = override
        weaker = [override for override in self._found.values() if override.strategy in _WEAKER]
        self.limits = frozenset(limit for _key, limit in self._found if limit)
        self.keeps_creators = any(override.creator for override in weaker)
        self.left = _left(weaker)
        self._left_in = {limit: _left(self._holding(limit)) for limit in ("", *self.limits)}

    def _holding(self, sop_class: str) -> Iterator[Override]:
        """The weaker ones of the overrides that hold in instances of a class ("": one that no override names)."""
        for key, limit in self._found:
            beaten = not limit and sop_class and (key, sop_class) in self._found
            override = self._found[key, limit]
            if limit in ("", sop_class) and not beaten and override.strategy in _WEAKER:
                yield override

    def left_in(self, sop_class: str) -> Left:
        """What stays in instances of a SOP class because the site wants it."""
        return self._left_in.get(sop_class) or self._left_in[""]

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


def _left(weaker: Iterable[Override]) -> Left:
    found: dict[int, str] = {}
    overrides = tuple(weaker)
    for override in overrides:
        if override.tags:
            kept = override.strategy is OverrideStrategy.KEEP
            found[override.tags[-1]] = "K" if kept else found.get(override.tags[-1], "C")
    vrs = frozenset(override.vr for override in overrides)
    return Left(found, any(not override.tags for override in overrides), vrs)


def _key(override: Override) -> _Key:
    if override.path:
        return "path", override.tags
    if override.tag:
        return "tag", override.tags
    return ("vr", override.vr) if override.vr else ("creator", override.creator.strip(" "))
