"""Coding schemes of PS3.16 section 8, and the meanings of their codes."""

from __future__ import annotations

from typing import Final

__all__ = ["is_public", "meaning"]

_PUBLIC: Final = frozenset({"DCM", "SCT", "SRT", "SNM3", "LN", "UCUM", "RADLEX", "FMA", "ICD10", "I10", "I9", "NCIt"})


def is_public(scheme: str) -> bool:
    """Whether a Coding Scheme Designator (0008,0102) names a public scheme."""
    return scheme in _PUBLIC


def meaning(scheme: str, code: str) -> str | None:  # noqa: ARG001 - no dictionary yet
    """The Code Meaning of a public code, None when the dictionary has none."""
    return None
