"""Entries for what is inside a sequence or an item that goes as a whole: only what identifies is of interest."""

from __future__ import annotations

from typing import Any

from deident.engine import entries as p
from deident.standard.content_items import SEQUENCES
from deident.standard.identifiers import kind_in_code_sequence, kind_of

__all__ = ["gathered"]


def gathered(path: tuple[int, ...], tag: int, vr: str, offset: int, length: int) -> Any:
    """The entry for an element at `path` whose value starts at `offset`: gather it, look at it, or move on."""
    advance = offset + length
    if (path, tag) in p.WANTED_INSIDE:
        return (p.INSIDE, advance, offset, tag, kind_of(tag, vr) if length else "")
    if not SEQUENCES.isdisjoint(path) and (content := _content(path, tag)) is not None:
        return (content, advance, offset, tag)
    kind = kind_of(tag, vr) or kind_in_code_sequence(path[-1], tag)
    return (p.GATHER, advance, offset, None, -1, kind) if kind and length else advance


def _content(path: tuple[int, ...], tag: int) -> int | None:
    """The kind of entry for the parts of a content item that tell what its value is; None for the others."""
    if path[-1] in SEQUENCES:
        if tag in p.CONTENT_VALUES:
            return p.CONTENT
        return p.CONCEPT if tag == p.VALUE_TYPE else None
    named = path[-1] == p.CONCEPT_NAME and path[-2] in SEQUENCES
    return p.CONCEPT if named and tag in (p.CODE_VALUE, p.CODING_SCHEME) else None
