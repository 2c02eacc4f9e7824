"""The types of attributes in the IODs of PS3.3: which modules an IOD has, and what each demands of an attribute path."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from deident.standard.tables import load_table

__all__ = ["STRICTNESS", "Iod", "Module", "iod_of", "sop_classes", "strictest"]

#: Types from the strictest to the loosest. A conditional type counts as its unconditional one where the element is present.
STRICTNESS: Final = {"1": 0, "1C": 1, "2": 2, "2C": 3, "3": 4}

_Template = Mapping[str, Any]


class Module(NamedTuple):
    """A module of an IOD; `usage` is M, U or C; `own` are the top-level tags whose presence puts it in force."""

    name: str
    usage: str
    own: frozenset[int]


def _key(tag: int) -> str:
    """The key of a tag in a template; every even group 60xx stands under `60XX`."""
    return f"60XX{tag & 0xFFFF:04X}" if tag >> 24 == 0x60 else f"{tag:08X}"


class Iod:
    """One IOD: its modules and the types they give to attribute paths.

    `marks` are the top-level tags that decide which optional modules are in force.
    """

    def __init__(self, name: str, listed: list[list[str]], document: Mapping[str, Any]) -> None:
        self.name = name
        self._templates: list[_Template] = document["template"]
        listed = [entry for entry in listed if entry[0] in document["module"]]
        self._roots: list[_Template] = [self._templates[document["module"][module]] for module, _usage in listed]
        mandatory = set[str]().union(
            *(root for root, (_m, usage) in zip(self._roots, listed, strict=True) if usage == "M")
        )
        self.modules = tuple(
            Module(module, usage, _own_tags(root, mandatory) if usage != "M" else frozenset())
            for root, (module, usage) in zip(self._roots, listed, strict=True)
        )
        self.marks = frozenset[int]().union(*(module.own for module in self.modules))
        self.is_structured_report = any(module.name == "sr-document-content" for module in self.modules)

    def in_force(self, present: frozenset[int]) -> frozenset[int]:
        """Indices of the modules in force when the top-level tags `present` are in the data set."""
        return frozenset(i for i, module in enumerate(self.modules) if module.usage == "M" or module.own & present)

    def type_of(self, path: tuple[int, ...], tag: int, in_force: frozenset[int]) -> str | None:
        """The strictest type over the modules in force, None when none of them has the attribute at that path."""
        return strictest(
            found for index in in_force if (found := self._type_in(self._roots[index], path, tag)) is not None
        )

    def _type_in(self, template: _Template, path: tuple[int, ...], tag: int) -> str | None:
        for step in path:
            entry = template.get(_key(step))
            if not isinstance(entry, list) or entry[1] is None:
                return None
            template = self._templates[entry[1]]
        key = _key(tag)
        if key not in template:
            return None
        entry = template[key]
        return (entry[0] if isinstance(entry, list) else entry) or "3"


def _own_tags(root: _Template, mandatory: set[str]) -> frozenset[int]:
    """Top-level Type 1 and 2 attributes that no mandatory module has; failing those, the conditional ones."""
    for types in (("1", "2"), ("1C", "2C")):
        found = frozenset(
            int(key, 16)
            for key, entry in root.items()
            if "X" not in key and key not in mandatory and (entry[0] if isinstance(entry, list) else entry) in types
        )
        if found:
            return found
    return frozenset()


def strictest(types: Any) -> str | None:
    """The strictest of some types (1 > 1C > 2 > 2C > 3), None when there are none."""
    return min(types, key=STRICTNESS.__getitem__, default=None)


@lru_cache(maxsize=1)
def _document() -> Mapping[str, Any]:
    document: Mapping[str, Any] = load_table("iod_types.json")
    return document


@lru_cache(maxsize=256)
def _iod(name: str) -> Iod:
    return Iod(name, _document()["iod"][name], _document())


def sop_classes() -> tuple[str, ...]:
    """The UID of one SOP class for each IOD."""
    return tuple({name: uid for uid, name in _document()["sop"].items()}.values())


def iod_of(sop_class_uid: str) -> Iod | None:
    """The IOD of a SOP class, None when the class is private or has no rules here."""
    name = _document()["sop"].get(sop_class_uid) or _document()["sop_alias"].get(sop_class_uid)
    return _iod(name) if name else None
