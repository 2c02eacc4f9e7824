"""Check that no private element is in an output but those that are known to be safe (PS3.15 E.3.10; RULES section 9)."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources
from typing import Final

from deident.validation.elements import Node, Path, place_of
from deident.validation.model import Claims

__all__ = ["places_of_creators", "private_problems"]

_FIRST_CREATOR: Final = 0x10
_LAST_CREATOR: Final = 0xFF

#: Creator, group, low byte of the element.
_Safe = frozenset[tuple[str, int, int]]


@lru_cache(maxsize=1)
def _listed() -> _Safe:
    rows = json.loads((resources.files("deident.standard") / "data" / "safe_private.json").read_bytes())["rows"]
    return frozenset((row["private_creator"].strip(), int(row["group"], 16), int(row["element"], 16)) for row in rows)


def private_problems(nodes: list[Node], claims: Claims) -> list[str]:
    """What is wrong with the private elements of an output, as `code:tag`.

    A private element is safe by its creator, which stands before it in the same data set or item; a creator without
    elements says who made the rest, and goes with it.
    """
    safe = (_listed() if claims.has("retain_safe_private") else frozenset()) | claims.private
    elements, idle = _by_creator(nodes)
    return [
        *(
            f"private:{place_of(node)}"
            for node, creator in elements
            if creator not in claims.creators and (creator, node[1] >> 16, node[1] & 0xFF) not in safe
        ),
        *(f"private-creator:{place_of(node)}" for node in idle),
    ]


def places_of_creators(nodes: list[Node], creators: frozenset[str]) -> frozenset[tuple[Path, int]]:
    """Path and tag of the elements of some private creators."""
    return frozenset(node[:2] for node, creator in _by_creator(nodes)[0] if creator in creators)


def _by_creator(nodes: list[Node]) -> tuple[list[tuple[Node, str]], list[Node]]:
    """Every private element with its creator ("" when it has none), and the creators that have no elements."""
    creators: dict[Path, dict[int, str]] = {}
    latest: dict[Path, int] = {}
    idle: dict[tuple[Path, int], Node] = {}
    found = []
    for node in nodes:
        path, tag = node[:2]
        if tag <= latest.get(path, -1):
            creators[path] = {}  # tags ascend, so this is another item
        latest[path] = tag
        if not tag >> 16 & 1:
            continue
        block = tag >> 8
        if _FIRST_CREATOR <= tag & 0xFFFF <= _LAST_CREATOR:
            block = tag >> 16 << 8 | tag & 0xFF
            creators.setdefault(path, {})[block] = (node[3] or b"").decode("latin-1").strip(" \0")
            idle[path, block] = node
            continue
        idle.pop((path, block), None)
        found.append((node, creators.get(path, {}).get(block, "")))
    return found, list(idle.values())
