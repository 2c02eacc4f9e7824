"""Coding schemes and code meanings of PS3.16: which schemes are public, and what a code means by the dictionary.

Made by tools/make_codes.py. A private scheme (its designator begins with 99 or L, PS3.3 8.2) may hold anything.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from deident.standard.tables import load_table

__all__ = ["is_public", "meaning"]

_TRAILING: Final = " \0"


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    table: dict[str, Any] = load_table("codes.json")
    return table


@lru_cache(maxsize=1)
def _public() -> frozenset[str]:
    return frozenset(_table()["public"])


def is_public(scheme: str) -> bool:
    """Whether a Coding Scheme Designator (0008,0102) is one of PS3.16 Table 8-1; those whose codes are people are not."""
    return scheme.strip(_TRAILING) in _public()


def meaning(scheme: str, code: str) -> str | None:
    """The Code Meaning (0008,0104), English, that the dictionary gives a code; None when it has none.

    Codes of the SNOMED style that DICOM retired (SRT, SNM3, SDM) are looked up as the SNOMED CT codes that replaced them.
    """
    scheme, code = scheme.strip(_TRAILING), code.strip(_TRAILING)
    table = _table()
    if scheme in table["like_srt"]:
        scheme, code = "SCT", table["srt"].get(code, "")
    found: str | None = table["meanings"].get(scheme, {}).get(code)
    return found
