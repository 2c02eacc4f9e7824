"""Which attributes of a source an output must still have: Types 1 and 2 of its IOD (PS3.3, RULES 2.2)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any, Final

from deident.validation.elements import Path

__all__ = ["Required", "required_of"]

#: Carriers of originals, signatures and pictures: removed as a whole, whatever their type (RULES 2.4, 10, 11).
_REMOVED_WHOLE: Final = frozenset({0x04000500, 0x04000561, 0x4FFE0001, 0xFFFAFFFA, 0x00880200, 0x00100035})

#: What an output claims; claims.py looks at it, and an output that claims nothing has none of it.
_CLAIMS: Final = frozenset({0x00120063, 0x00120064})

#: Content items: what they must have hangs on their Value Type, which a dummy item need not share.
_CONTENT: Final = 0x0040A730
_OF_EVERY_ITEM: Final = frozenset({0x0040A010, 0x0040A040})

#: Types of attributes at one level: tag -> type, and the level below for a sequence.
_Template = Mapping[str, Any]


@lru_cache(maxsize=1)
def _document() -> Any:
    return json.loads((resources.files("deident.standard") / "data" / "iod_types.json").read_bytes())


@lru_cache(maxsize=1)
def _dummy_sequences() -> frozenset[int]:
    """Sequences whose items may have become one harmless item, in which conditions (1C, 2C) no longer hold."""
    rows = json.loads((resources.files("deident.standard") / "data" / "table_e1_1.json").read_bytes())["rows"]
    return frozenset(
        int(row["match"]["tag"], 16)
        for row in rows
        if row["vr"] == ["SQ"] and "D" in row["basic"] and row["match"]["kind"] == "exact"
    )


class Required:
    """The demands of one IOD with a set of modules in force."""

    __slots__ = ("_known", "_roots")

    def __init__(self, roots: list[_Template]) -> None:
        self._roots = roots
        self._known: dict[tuple[Path, int], str] = {}

    def type_of(self, path: Path, tag: int) -> str:
        """`1` or `2` (conditional types count as such where the source has the attribute), empty for all others."""
        key = (path, tag)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._look_up(path, tag)
        return known

    def _look_up(self, path: Path, tag: int) -> str:
        if not (_REMOVED_WHOLE | _CLAIMS).isdisjoint((*path, tag)) or any(
            t >> 24 in (0x50, 0x60) for t in (*path, tag)
        ):
            return ""
        if _CONTENT in path and tag not in _OF_EVERY_ITEM:
            return ""
        types = {_type(root, path, tag) for root in self._roots}
        if _dummy_sequences().isdisjoint(path):
            types = {kind[:1] for kind in types}
        return "1" if "1" in types else "2" if "2" in types else ""


def _type(template: _Template, path: Path, tag: int) -> str:
    for step in path:
        entry = template.get(f"{step:08X}")
        if not isinstance(entry, list) or entry[1] is None:
            return ""
        template = _document()["template"][entry[1]]
    return _entry_type(template.get(f"{tag:08X}"))


def _entry_type(entry: Any) -> str:
    return str((entry[0] if isinstance(entry, list) else entry) or "")


@lru_cache(maxsize=512)
def _required(modules: tuple[str, ...]) -> Required:
    document = _document()
    return Required([document["template"][document["module"][module]] for module in modules])


@lru_cache(maxsize=512)
def _modules(name: str) -> tuple[tuple[str, bool, frozenset[int]], ...]:
    """(module, mandatory, its top-level Type 1 and 2 tags that no mandatory module has) of an IOD."""
    document = _document()
    listed = [(m, usage == "M") for m, usage in document["iod"][name] if m in document["module"]]
    roots = {module: document["template"][document["module"][module]] for module, _ in listed}
    common = set[str]().union(*(roots[module] for module, mandatory in listed if mandatory))
    return tuple(
        (module, mandatory, _marks(roots[module], common) if not mandatory else frozenset())
        for module, mandatory in listed
    )


def _marks(root: _Template, common: set[str]) -> frozenset[int]:
    keys = (key for key, entry in root.items() if _entry_type(entry) in ("1", "2"))
    return frozenset(int(key, 16) for key in keys if key not in common and "X" not in key)


def required_of(sop_class: str, present: frozenset[int]) -> Required | None:
    """The demands on an instance whose source has the top-level tags `present`; None for a class without rules."""
    document = _document()
    name = document["sop"].get(sop_class) or document["sop_alias"].get(sop_class)
    if not name:
        return None
    in_force = (module for module, mandatory, marks in _modules(name) if mandatory or marks & present)
    return _required(tuple(in_force))
