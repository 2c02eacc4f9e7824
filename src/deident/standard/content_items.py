"""PS3.15 Table E.3.4-1, the content items that need a rule, and the sequences whose items are content items."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from deident.standard.tables import load_table

__all__ = ["RETIRED_SCHEMES", "SEQUENCES", "Row", "meaning", "row", "rows"]

#: Designators under which the retired SNOMED-RT style ids of SNOMED CT concepts are met (PS3.16 section 8, E.3.4 note 3).
RETIRED_SCHEMES: Final = frozenset({"SRT", "SNM3", "99SDM"})

#: Sequences that include the Content Item Macro or the Document Content Macro (PS3.3 10.2 and C.17.3).
SEQUENCES: Final = frozenset(
    {
        0x00240325,  # Data Observation
        0x00400440,  # Protocol Context
        0x00400441,  # Content Item Modifier
        0x00400555,  # Acquisition Context
        0x00400612,  # Specimen Preparation Step Content Item
        0x00400620,  # Specimen Localization Content Item
        0x00409220,  # Quantity Definition
        0x0040A730,  # Content
        0x00440013,  # Product Parameter
        0x00440019,  # Substance Administration Parameter
        0x00741007,  # Procedure Step Progress Parameters
        0x00741210,  # Scheduled Processing Parameters
        0x00741212,  # Performed Processing Parameters
        0x30020110,  # Device Position Parameter
        0x30020131,  # Device-Specific Acquisition Parameter
        0x30020135,  # Acquisition Initiation
        0x300A062D,  # Patient Support Position Tolerance
        0x300A065A,  # Radiation Device Configuration and Commissioning Key
        0x300A065B,  # Patient Support Position Parameter
        0x300A073E,  # Alternate Value
        0x300A0793,  # Patient Treatment Preparation Procedure Parameter
        0x30100027,  # Segment Characteristics
        0x30100070,  # Dosimetric Objective Parameter
        0x30100081,  # Prescription Notes
    }
)


class Row(NamedTuple):
    """One row of Table E.3.4-1: `basic` is the action code without options, `options` those of the option columns."""

    scheme: str
    code: str
    value_type: str
    meaning: str
    basic: str
    options: Mapping[str, str]


@lru_cache(maxsize=1)
def _table() -> dict[tuple[str, str, str], Row]:
    table = {}
    for entry in load_table("sr_content_items.json")["rows"]:
        scheme, code, kind = entry["coding_scheme_designator"], entry["code_value"], entry["value_type"]
        found = Row(scheme, code, kind, entry["code_meaning"], entry["basic"], entry["options"])
        table[scheme, code, kind] = found
        if retired := entry.get("retired_srt"):
            table.update({(old, retired, kind): found for old in RETIRED_SCHEMES})
    return table


def rows() -> tuple[Row, ...]:
    """The 214 rows of the table."""
    return tuple(
        found for (scheme, code, _kind), found in _table().items() if (scheme, code) == (found.scheme, found.code)
    )


def row(scheme: str, code: str, value_type: str) -> Row | None:
    """The row for a concept name, given by its current or its retired id, and a value type."""
    return _table().get((scheme, code, value_type))


@lru_cache(maxsize=1)
def _meanings() -> dict[tuple[str, str], str]:
    return {(scheme, code): found.meaning for (scheme, code, _kind), found in _table().items()}


def meaning(scheme: str, code: str) -> str | None:
    """The Code Meaning of a concept name that the table lists."""
    return _meanings().get((scheme, code))
