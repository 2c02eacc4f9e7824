"""PS3.15 Table E.1-1, the elements that need a rule although the table has no row for them, and CID 7050."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from deident.standard.tables import load_table

__all__ = ["EDITION", "Gap", "Method", "Row", "gap", "gaps", "methods", "row", "rows"]

EDITION: Final = "2026d"


class Row(NamedTuple):
    """One row of Table E.1-1: `basic` is the action code of the Basic Profile, `options` those of the option columns."""

    tag: int
    keyword: str
    basic: str
    options: Mapping[str, str]


class Gap(NamedTuple):
    """An element outside Table E.1-1 that is treated all the same. `kind` is the class of gaps.json."""

    tag: int
    keyword: str
    kind: str


class Method(NamedTuple):
    """One row of CID 7050 De-identification Method."""

    code: str
    meaning: str
    option: str


@lru_cache(maxsize=1)
def _table() -> dict[int, Row]:
    table = {}
    for entry in load_table("table_e1_1.json")["rows"]:
        if entry["match"]["kind"] == "exact":
            tag = int(entry["match"]["tag"], 16)
            table[tag] = Row(tag, entry["keyword"], entry["basic"], entry["options"])
    return table


def rows() -> Mapping[int, Row]:
    """The 653 rows of Table E.1-1 that name a single tag; curves, overlays and private elements go by group."""
    return _table()


def row(tag: int) -> Row | None:
    """The row of Table E.1-1 for a tag."""
    return _table().get(tag)


@lru_cache(maxsize=1)
def _gaps() -> dict[int, Gap]:
    gaps = {}
    for entry in load_table("gaps.json")["rows"]:
        text = entry["tag"].strip("()").replace(",", "")
        if "x" not in text.lower():
            gaps[int(text, 16)] = Gap(int(text, 16), entry["keyword"], entry["cls"])
    return gaps


def gaps() -> Mapping[int, Gap]:
    """The entries of gaps.json that name a single tag."""
    return _gaps()


def gap(tag: int) -> Gap | None:
    """The entry of gaps.json for a tag."""
    return _gaps().get(tag)


@lru_cache(maxsize=1)
def methods() -> Mapping[str, Method]:
    """CID 7050 by option name (`basic`, `retain_patient_characteristics`, ...)."""
    return {
        entry["option"]: Method(entry["code_value"], entry["code_meaning"], entry["option"])
        for entry in load_table("cid7050.json")["rows"]
    }
