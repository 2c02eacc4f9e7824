"""Check one output as a DICOM object: complete, well-formed, and no error that its source did not have."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from pydicom.dataelem import RawDataElement

from deident.validation.elements import Node, Path
from deident.validation.gathering import uids_of
from deident.validation.reading import Instance
from deident.validation.required import Required, required_of

__all__ = ["layout_problems", "object_problems"]

_SOP_CLASS: Final = 0x00080016
_SOP_INSTANCE: Final = 0x00080018
#: Group length, version, SOP class and instance, transfer syntax, implementation class and version (RULES 12.4).
_META_ALLOWED: Final = frozenset({0x00020000, 0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020012, 0x00020013})
_META_REQUIRED: Final = frozenset({0x00020000, 0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020012})
_BASIC_OFFSET: Final = 4


def object_problems(source: Instance, output: Instance) -> list[str]:
    """What is wrong with an output, as `code:tag`."""
    found = _meta_problems(output, output.tops)
    if output.trailing:
        found.append("trailing-bytes")
    if source.syntax and output.syntax != source.syntax:
        found.append("transfer-syntax-changed:(0002,0010)")
    if (output.implicit, output.little) != (source.implicit, source.little):
        found.append("encoding-changed")
    found += [f"{code}:{_name(tag)}" for code, tag in sorted(output.problems - source.problems)]
    found += _emptied(source, output)
    found += _offset_table_problems(output, source)
    return found


def layout_problems(source: Instance, output: Instance) -> list[str]:
    """The same for what only layouts decide: elements that must not be there, and elements that must."""
    return _forbidden(output.nodes) + _missing(source, output)


def _name(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _meta_problems(output: Instance, tops: dict[int, bytes]) -> list[str]:
    """Preamble, and whether file meta and data set agree (PS3.10 7.1)."""
    found = []
    if output.preamble is None:
        found.append("no-part-10-header")
    elif output.preamble != bytes(128):
        found.append("preamble")
    order = output.meta_order
    found += [f"file-meta-element:{_name(tag)}" for tag in sorted(set(order) - _META_ALLOWED)]
    found += [f"file-meta-missing:{_name(tag)}" for tag in sorted(_META_REQUIRED - set(order))]
    if order != sorted(set(order)):
        found.append("file-meta-order")
    length = output.meta.get(0x00020000)
    start, end = output.meta_span
    if length is not None and int.from_bytes(_value(length), "little") != end - start - 12:
        found.append("group-length:(0002,0000)")
    for meta, tag in ((0x00020002, _SOP_CLASS), (0x00020003, _SOP_INSTANCE)):
        in_meta = output.meta.get(meta)
        if in_meta is not None and uids_of(_value(in_meta)) != uids_of(tops.get(tag, b"")):
            found.append(f"file-meta-differs:{_name(meta)}")
    found += [f"odd-length:{_name(tag)}" for tag, element in output.meta.items() if element.length & 1]
    return found


def _value(element: RawDataElement) -> bytes:
    return element.value or b""


def _forbidden(nodes: list[Node]) -> list[str]:
    """Group lengths, illegal groups, curves, overlays, signatures, command and directory elements."""
    found = {tag: _why_forbidden(tag) for tag in {node[1] for node in nodes}}
    return sorted(f"{why}:{_name(tag)}" for tag, why in found.items() if why)


@lru_cache(maxsize=16384)
def _why_forbidden(tag: int) -> str:
    group = tag >> 16
    if tag & 0xFFFF == 0:
        return "group-length"
    if group in (1, 3, 5, 7, 0xFFFF) or group <= 6:
        return "illegal-group"
    if group & 1:
        return ""  # private.py
    if group >> 8 in (0x50, 0x60):
        return "curve-or-overlay"
    return "signature-or-padding" if group >= 0xFFFA or tag in (0x04000561, 0x4FFE0001) else ""


def _required(source: Instance) -> Required | None:
    return required_of("".join(uids_of(source.tops.get(_SOP_CLASS, b""))[:1]), frozenset(source.tops))


def _missing(source: Instance, output: Instance) -> list[str]:
    """Required attributes that the source had and the output has lost.

    Levels are compared by path: the removal of whole items cannot be told from that of an attribute in some of them, so
    presence in any item counts.
    """
    required = _required(source)
    if required is None:
        return ["sop-class-unknown:(0008,0016)"]
    has = {node[:2] for node in output.nodes}
    with_items = {path for path, _ in has}
    found = []
    for path, tag in {node[:2] for node in source.nodes} - has:
        kind = required.type_of(path, tag)
        if kind and (not path or path in with_items):
            found.append(f"type-{kind}-missing:{_place(path, tag)}")
    return sorted(found)


def _emptied(source: Instance, output: Instance) -> list[str]:
    """Type 1 attributes that had a value in the source and have none in the output."""
    required = _required(source)
    empty = {node[:2] for node in output.nodes if not node[3]}
    return sorted(
        f"type-1-empty:{_place(path, tag)}"
        for path, tag in empty
        if required is not None
        and required.type_of(path, tag) == "1"
        and not _valued(output, path, tag)
        and _valued(source, path, tag)
    )


def _valued(instance: Instance, path: Path, tag: int) -> bool:
    """Whether any element there has a value; a sequence has one when it has items."""
    here = (*path, tag)
    return any(
        (node[0] == path and node[1] == tag and bool(node[3])) or node[0][: len(here)] == here
        for node in instance.nodes
    )


def _place(path: Path, tag: int) -> str:
    return ">".join(_name(step) for step in (*path, tag))


def _offset_table_problems(output: Instance, source: Instance) -> list[str]:
    """Whether the basic offset table points at fragments (PS3.5 A.4), unless that of the source did not either."""
    if _offsets_fit(output) or not _offsets_fit(source):
        return []
    return ["offset-table:(7FE0,0010)"]


def _offsets_fit(instance: Instance) -> bool:
    for place in instance.pixels:
        if place.fragments:
            (offset, length), *fragments = place.fragments
            table = instance.body.read_at(offset, length)
            starts = {fragment - 8 - (offset + length) for fragment, _ in fragments}
            if length % _BASIC_OFFSET or any(
                int.from_bytes(table[i : i + 4], "little") not in starts for i in range(0, length, _BASIC_OFFSET)
            ):
                return False
    return True
