"""What is wrong with a profile file, in words: where it is, and which known word was probably meant.

A word of the file is repeated only when it is nearly a known one. Anything else that stands where a key or a term should
stand may be the name of a patient, and what is raised here may be logged (errors.py).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Any, Final, NamedTuple, get_args

from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from deident.errors import ConfigurationError
from deident.profile.presets import PRESETS
from deident.profile.toml import Lines, Location
from deident.standard import dictionary
from deident.standard.sop_classes import SHORT_NAMES, sop_class_named

__all__ = ["Problem", "explain", "known_preset", "known_sop_class", "known_tag"]

_NEAR: Final = 0.8
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_ADDED: Final = 2
_NOT_A_TAG: Final = "not_a_tag"
_NOT_A_PRESET: Final = "not_a_preset"
_NOT_A_SOP_CLASS: Final = "not_a_sop_class"


class Problem(NamedTuple):
    """What pydantic says of one value; `given` must not be told as it is."""

    kind: str
    location: Location
    message: str
    given: Any


def known_tag(value: object) -> object:
    """A keyword or tag, or several with `>` between them, all of which exist."""
    if isinstance(value, str) and any(dictionary.parse_tag(part.strip()) is None for part in value.split(">")):
        raise PydanticCustomError(_NOT_A_TAG, "not in PS3.6")
    return value


def known_preset(value: object) -> object:
    """The name of a preset."""
    if isinstance(value, str) and value not in PRESETS:
        raise PydanticCustomError(_NOT_A_PRESET, "no preset")
    return value


def known_sop_class(value: object) -> object:
    """The UID of a SOP class that has rules, from it or its short name."""
    if not isinstance(value, str):
        return value
    try:
        return sop_class_named(value)
    except ConfigurationError:
        raise PydanticCustomError(_NOT_A_SOP_CLASS, "no SOP class with rules") from None


def explain(problem: Problem, table: type[BaseModel], lines: Lines) -> str:
    """One sentence on a problem of the document that `table` describes."""
    kind, location, message, given = problem
    line = f" (line {number})" if (number := lines.of(location)) else ""
    name = _name(location)
    if kind == "extra_forbidden":
        known = list(_type_at(table, location[:-1]).model_fields)
        inside = f"{_name(location[:-1])}, " if len(location) > 1 else ""
        return _unknown(f"{inside}unknown key", str(location[-1]), line, known)
    if kind == "enum":
        return _unknown(name, given, line, [member.value for member in _type_at(table, location)])
    if kind == _NOT_A_PRESET:
        return _unknown(name, given, line, PRESETS)
    if kind == _NOT_A_SOP_CLASS:
        return _unknown(
            name, given, line, SHORT_NAMES, listed=f"UIDs of SOP classes with rules, and {', '.join(SHORT_NAMES)}"
        )
    if kind == _NOT_A_TAG:
        wrong = next(part.strip() for part in given.split(">") if dictionary.parse_tag(part.strip()) is None)
        levels = ", with > from a sequence to what is in it" if location[-1] == "path" else ""
        return _unknown(
            name, wrong, line, dictionary.keywords(), listed=f"keywords or tags (gggg,eeee) of PS3.6{levels}"
        )
    if kind == "missing":
        return f"{_name(location[:-1])}{line}: {location[-1]} is missing"
    return f"{name}{line}: {message}"


def _unknown(what: str, given: object, line: str, known: Collection[str], listed: str = "") -> str:
    near = difflib.get_close_matches(given, known, 1, _NEAR) if isinstance(given, str) else []
    if near:
        # What is only misspelled is shown again; what has something added to a known word may be added to a name.
        shown = f' "{given}"' if _PLAIN.fullmatch(str(given)) and len(str(given)) - len(near[0]) <= _ADDED else ""
        return f"{what}{shown}{line}: did you mean {near[0]}?"
    return f"{what}{line}: there are {listed or ', '.join(known)}"


def _name(location: Location) -> str:
    """The table and key of a value: `options`, `override 2, tag`. Elements of a list go by the name of the list."""
    keys = [part for part in location if isinstance(part, str)]
    if len(location) > 1 and isinstance(location[1], int) and location[0] in ("override", "private"):
        return ", ".join([f"{keys[0]} {location[1] + 1}", *keys[1:2]])
    return ".".join(keys[:2])


def _type_at(table: type[BaseModel], location: Iterable[str | int]) -> Any:
    """The table or enumeration that a value at a location has to be."""
    found: Any = table
    for key in location:
        if isinstance(key, str) and isinstance(found, type) and issubclass(found, BaseModel):
            found = found.model_fields[key].annotation
        inner = [a for a in get_args(found) if isinstance(a, type) and issubclass(a, (BaseModel, StrEnum))]
        found = inner[0] if inner else found
    return found
