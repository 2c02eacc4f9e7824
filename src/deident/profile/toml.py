"""TOML with the lines on which its keys stand, so that whoever wrote a file finds what is wrong in it."""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final, NamedTuple

from deident.errors import ConfigurationError

__all__ = ["Lines", "parse"]

_POSITION: Final = re.compile(r"at line \d+, column \d+")

#: Keys and indices from the top of a document to a value: `("override", 1, "tag")`.
Location = tuple[str | int, ...]


def parse(text: str, what: str) -> dict[str, Any]:
    """The document. Raises ConfigurationError with the position alone: the message of the parser can quote a value."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        place = _POSITION.search(str(problem))
        where = place.group() if place else "at the end of the file"
    raise ConfigurationError(f"{what} is no valid TOML {where}")


class _Statement(NamedTuple):
    """`key = value`, or a header, in the lines from `first` on; `base` is the table it stands in."""

    first: int
    lines: list[str]
    base: Location


class Lines:
    """The lines of a valid document. A statement is what can be parsed on its own: in TOML none goes on after that."""

    def __init__(self, text: str) -> None:
        self._found: dict[Location, int] = {}
        self._lists: dict[Location, _Statement] = {}
        self._count: dict[Location, int] = {}
        base: Location = ()
        chunk: list[str] = []
        for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
            chunk.append(line)
            document = _parsed("\n".join(chunk))
            if document is None:
                continue
            first = number - len(chunk) + 1
            if chunk[0].lstrip().startswith("["):
                base = self._header(document, first)
            elif document:
                self._note(document, _Statement(first, chunk, base))
            chunk = []

    def of(self, location: Location) -> int:
        """The line (from 1) of a value, or of the innermost table or list around it that has one; 0 when none has."""
        for length in range(len(location), 0, -1):
            known = location[:length]
            if known[:-1] in self._lists and isinstance(known[-1], int):
                return _line_of_element(self._lists[known[:-1]], known[-1])
            if known in self._found:
                return self._found[known]
        return 0

    def _header(self, document: dict[str, Any], line: int) -> Location:
        """The location of the table that a header opens; `[[x]]` opens the next of its list."""
        location: Location = ()
        while document:
            ((key, inner),) = document.items()
            location = (*location, key)
            if isinstance(inner, list):
                self._count[location] = self._count.get(location, 0) + 1
                self._found.setdefault(location, line)
                document = inner[0]
            else:
                document = inner
            if location in self._count:
                location = (*location, self._count[location] - 1)
        self._found[location] = line
        return location

    def _note(self, value: Any, statement: _Statement, inside: Location = ()) -> None:
        location = (*statement.base, *inside)
        if inside:
            self._found.setdefault(location, statement.first)
        if isinstance(value, dict):
            for key, inner in value.items():
                self._note(inner, statement, (*inside, key))
        elif isinstance(value, list):
            self._lists[location] = statement


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _line_of_element(statement: _Statement, index: int) -> int:
    """The line of an element of a list: the first at which the list, closed there, holds it."""
    for count in range(1, len(statement.lines)):
        closed: Any = _parsed("\n".join([*statement.lines[:count], "]"]))
        while isinstance(closed, dict):  # dotted keys
            closed = next(iter(closed.values()))
        if isinstance(closed, list) and len(closed) > index:
            return statement.first + count - 1
    return statement.first + (len(statement.lines) - 1 if len(statement.lines) > 1 else 0)
