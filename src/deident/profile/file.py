"""Read a profile file: TOML, checked by pydantic, refused with the line and, where a word is nearly right, a suggestion.

Imported only where a file is named: presets are read without it, and without pydantic (docs/adr/0011).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, StrictBool, StrictInt, ValidationError

from deident.errors import ConfigurationError
from deident.profile.hints import Problem, explain, known_preset, known_sop_class, known_tag
from deident.profile.model import DateMethod, Mode, Option, PixelRisk, Profile, SitePrivate, Strategy, TimeMethod
from deident.profile.override import Override, OverrideStrategy
from deident.profile.presets import PRESETS, preset
from deident.profile.rules import Rules
from deident.profile.toml import Lines, Location, parse
from deident.profile.useless import unreachable, useless_keys

__all__ = ["read_profile"]

_WHAT: Final = "the profile file"
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HEX: Final = re.compile(r"[0-9A-Fa-f]{1,4}")


def _number(value: object) -> object:
    """A group or element number may be written as PS3.6 does: `"0029"`."""
    return int(value, 16) if isinstance(value, str) and _HEX.fullmatch(value) else value


def _cap(value: object) -> object:
    """TOML knows no "nothing": `age_cap = false` leaves ages as they are."""
    return None if value is False else value


_Tag = Annotated[str, BeforeValidator(known_tag)]
_Number = Annotated[StrictInt, BeforeValidator(_number)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _OverrideTable(_Table):
    """`[[override]]`."""

    strategy: OverrideStrategy
    tag: _Tag = ""
    path: _Tag = ""
    vr: str = ""
    creator: str = ""
    sop_class: Annotated[str, BeforeValidator(known_sop_class)] = ""
    value: str = ""


class _PrivateTable(_Table):
    """`[[private]]`."""

    creator: str
    group: _Number
    element: _Number
    vr: str


class _StrategiesTable(_Table):
    """`[strategies]`: the direct identifiers that have one of their own."""

    PatientName: Strategy | None = None
    PatientID: Strategy | None = None
    AccessionNumber: Strategy | None = None
    StudyID: Strategy | None = None


class _ProfileTable(_Table):
    """The whole file. What it does not say is that of `base`."""

    name: str = ""
    base: Annotated[str, BeforeValidator(known_preset)] = "basic"
    options: frozenset[Option] = frozenset()
    mode: Mode = Mode.TABLE
    strategy: Strategy = Strategy.HASH
    strategies: _StrategiesTable = _StrategiesTable()
    keep_tags: tuple[_Tag, ...] = ()
    override: tuple[_OverrideTable, ...] = ()
    allowed: tuple[_Tag, ...] = ()
    pixel_risk: PixelRisk = PixelRisk.HOLD
    age_cap: Annotated[StrictInt | None, BeforeValidator(_cap)] = 90
    patient_prefix: str = ""
    dates: DateMethod = DateMethod.SHIFT
    date_range_days: StrictInt = 3650
    date_multiple: StrictInt = 1
    times: TimeMethod = TimeMethod.KEEP
    uids_beside_shifted_dates: StrictBool = False
    ae_titles: tuple[str, ...] = ()
    private: tuple[_PrivateTable, ...] = ()
    terms: tuple[str, ...] = ()


_AS_THEY_ARE: Final = frozenset(_ProfileTable.model_fields) - {"name", "base", "override", "private", "strategies"}


def read_profile(text: str, stem: str) -> Profile:
    """The profile that the text of a file describes; `stem` is its name unless the file gives one.

    Raises ConfigurationError with every problem and its line. No value of the file is in it, unless it is nearly a known
    word: what a site writes may be the name of a patient.
    """
    document = parse(text, _WHAT)
    lines = Lines(text)
    table, problems = _checked(document, lines)
    if table is None:
        raise ConfigurationError("; ".join(problems))
    profile, problems = _made(table, stem, lines)
    if profile is None:
        raise ConfigurationError("; ".join(problems))
    return profile


def _checked(document: dict[str, Any], lines: Lines) -> tuple[_ProfileTable | None, list[str]]:
    """The table, or what is wrong with it; pydantic's error, which holds the values, stays here."""
    try:
        return _ProfileTable.model_validate(document), []
    except ValidationError as problem:
        errors = problem.errors(include_url=False, include_context=False)
    errors.sort(key=lambda error: lines.of(error["loc"]))
    return None, [explain(Problem(e["type"], e["loc"], e["msg"], e["input"]), _ProfileTable, lines) for e in errors]


def _made(table: _ProfileTable, stem: str, lines: Lines) -> tuple[Profile | None, list[str]]:
    """The profile, or why there can be none."""
    problems: list[str] = []
    name = table.name or stem
    if not _NAME.fullmatch(name):
        problems.append(_placed("name: 1 to 64 letters, digits, hyphens and underscores", (), lines))
    elif name in PRESETS:
        problems.append(_placed("name: a preset has this name", (), lines))
    overrides = tuple(_overrides(table, lines, problems))
    private = tuple(_private(table, lines, problems))
    if problems:
        return None, problems
    changes: dict[str, Any] = {key: getattr(table, key) for key in table.model_fields_set & _AS_THEY_ARE}
    if "override" in table.model_fields_set:
        changes["overrides"] = overrides
    if "private" in table.model_fields_set:
        changes["private"] = private
    if "strategies" in table.model_fields_set:
        changes["strategies"] = {key: value for key, value in table.strategies if value is not None}
    try:
        profile = preset(table.base).changed(name=name, **changes)
        rules = Rules(profile)
    except ConfigurationError as problem:
        return None, [_placed(str(problem), (), lines)]
    useless = [_placed(reason, (), lines) for reason in useless_keys(profile, table.model_fields_set)]
    for index, override in enumerate(overrides):
        if reason := unreachable(rules, override):
            useless.append(_placed(reason, ("override", index), lines))
    return (None, useless) if useless else (profile, [])


def _overrides(table: _ProfileTable, lines: Lines, problems: list[str]) -> Iterator[Override]:
    """The overrides that are possible; why the others are not goes to `problems`."""
    seen: set[tuple[str, tuple[int, ...] | str, str]] = set()
    for index, entry in enumerate(table.override):
        try:
            override = Override(**entry.model_dump())
        except ConfigurationError as problem:
            problems.append(_placed(str(problem), ("override", index), lines))
            continue
        kind = "path" if override.path else "tag" if override.tag else ""
        key = (kind, override.tags or f"{override.vr}>{override.creator}", override.sop_class)
        if key in seen:
            problems.append(_placed("an earlier override is for the same attributes", ("override", index), lines))
        seen.add(key)
        yield override


def _private(table: _ProfileTable, lines: Lines, problems: list[str]) -> Iterator[SitePrivate]:
    for index, entry in enumerate(table.private):
        try:
            yield SitePrivate(**entry.model_dump())
        except ConfigurationError as problem:
            problems.append(_placed(str(problem), ("private", index), lines))


def _placed(reason: str, inside: Location, lines: Lines) -> str:
    """A reason with the line of the key that it begins with, else of the table it is about."""
    key, colon, rest = reason.partition(": ")
    named = colon and key.isidentifier()
    location = (*inside, key) if named else inside
    line = f" (line {number})" if (number := lines.of(location)) else ""
    table = f"{inside[0]} {int(inside[1]) + 1}" if inside else ""
    if named:
        return f"{table + ', ' if table else ''}{key}{line}: {rest}"
    return f"{table}{line}: {reason}" if table else f"{_WHAT}: {reason}"
