"""Check that no private element is in an output but those that are known to be safe (PS3.15 E.3.10; RULES section 9)."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources
from typing import Final

from deident.validation.elements import Node, Path, place_of
from deident.validation.model import Claims
from deident.validation.reading import Instance

__all__ = ["places_of_creators", "private_problems"]

_FIRST_CREATOR: Final = 0x10
_LAST_CREATOR: Final = 0xFF

#: Raw bytes, in which anything could be hidden: listed, but not kept by us.
_BULK: Final = frozenset({"OB", "OW", "OB/OW", "OW/OB", "OB or OW", "OW or OB", ""})

#: Creator, group, low byte of the element.
_Key = tuple[str, int, int]


@lru_cache(maxsize=1)
def _listed() -> dict[_Key, str]:
    """The VR of each element of Table E.3.10-1."""
    rows = json.loads((resources.files("deident.standard") / "data" / "safe_private.json").read_bytes())["rows"]
    return {
        (row["private_creator"].strip(), int(row["group"], 16), int(row["element"], 16)): row["vr"] or ""
        for row in rows
        if (row["vr"] or "") not in _BULK
    }


def _is_safe(creator: str, node: Node, claims: Claims) -> bool:
    key = (creator, node[1] >> 16, node[1] & 0xFF)
    if creator in claims.creators or key in claims.private:
        return True
    listed = _listed().get(key) if claims.has("retain_safe_private") else None
    return listed is not None and node[2] in (listed, "UN")


def private_problems(output: Instance, claims: Claims) -> list[str]:
    """What is wrong with the private elements of an output, as `code:tag`.

    A private element is safe by its creator, which stands before it in the same data set or item; a creator without
    elements says who made the rest, and goes with it.
    """
    elements, idle = _by_creator(output)
    return [
        *(f"private:{place_of(node)}" for node, creator in elements if not _is_safe(creator, node, claims)),
        *(f"private-creator:{place_of(node)}" for node in idle),
    ]


def places_of_creators(output: Instance, creators: frozenset[str]) -> frozenset[tuple[Path, int]]:
    """Path and tag of the elements of some private creators."""
    return frozenset(node[:2] for node, creator in _by_creator(output)[0] if creator in creators)


def _by_creator(output: Instance) -> tuple[list[tuple[Node, str]], list[Node]]:
    """Every private element with its creator ("" when it has none), and the creators that have no elements."""
    creators: dict[Path, dict[int, str]] = {}
    idle: dict[Path, dict[int, Node]] = {}
    left: list[Node] = []
    found = []
    starts = iter([*output.starts, (-1, ())])
    start, item = next(starts)
    for index, node in enumerate(output.nodes):
        while start == index:
            creators[item] = {}
            left += idle.pop(item, {}).values()
            start, item = next(starts)
        path, tag = node[:2]
        if not tag >> 16 & 1:
            continue
        block = tag >> 8
        if _FIRST_CREATOR <= tag & 0xFFFF <= _LAST_CREATOR:
            block = tag >> 16 << 8 | tag & 0xFF
            creators.setdefault(path, {})[block] = (node[3] or b"").decode("latin-1").strip(" \0")
            idle.setdefault(path, {})[block] = node
            continue
        idle.get(path, {}).pop(block, None)
        found.append((node, creators.get(path, {}).get(block, "")))
    return found, left + [node for blocks in idle.values() for node in blocks.values()]
