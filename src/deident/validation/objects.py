"""Check one output as a DICOM object: complete, well-formed, and no error that its source did not have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from pydicom.dataelem import RawDataElement

from deident.validation.gathering import uids_of
from deident.validation.reading import Instance
from deident.validation.required import required_of
from deident.validation.walking import Node, Path, Walked

__all__ = ["object_problems", "top_level"]

_SOP_CLASS: Final = 0x00080016
_SOP_INSTANCE: Final = 0x00080018
#: Group length, version, SOP class and instance, transfer syntax, implementation class and version (RULES 12.4).
_META_ALLOWED: Final = frozenset({0x00020000, 0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020012, 0x00020013})
_META_REQUIRED: Final = frozenset({0x00020000, 0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020012})
_SAFE_PRIVATE: Final = "113111"
_BASIC_OFFSET: Final = 4


def top_level(nodes: Iterable[Node]) -> dict[int, bytes]:
    """The raw values of the top-level elements; sequences are empty."""
    return {node.tag: node.value or b"" for node in nodes if not node.path}


def object_problems(
    source: Instance, before: Walked, output: Instance, after: Walked, codes: tuple[str, ...]
) -> list[str]:
    """What is wrong with an output, as `code:tag`."""
    tops = top_level(after.nodes)
    found = _meta_problems(output, tops)
    if output.trailing:
        found.append("trailing-bytes")
    if source.syntax and output.syntax != source.syntax:
        found.append("transfer-syntax-changed:(0002,0010)")
    if (output.implicit, output.little) != (source.implicit, source.little):
        found.append("encoding-changed")
    found += [f"{code}:{_name(tag)}" for code, tag in sorted(after.problems - before.problems)]
    found += _forbidden(after.nodes, private=_SAFE_PRIVATE in codes)
    found += _missing(before.nodes, after.nodes, top_level(before.nodes))
    found += _offset_table_problems(output, source)
    return found


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


def _forbidden(nodes: list[Node], *, private: bool) -> list[str]:
    """Group lengths, private and illegal groups, curves, overlays, signatures, command and directory elements."""
    found = set()
    for node in nodes:
        group, element = node.tag >> 16, node.tag & 0xFFFF
        if element == 0:
            found.add(f"group-length:{_name(node.tag)}")
        elif group & 1:
            if not private or group in (1, 3, 5, 7, 0xFFFF):
                found.add(f"private:{_name(node.tag)}")
        elif group <= 6:
            found.add(f"illegal-group:{_name(node.tag)}")
        elif group >> 8 in (0x50, 0x60):
            found.add(f"curve-or-overlay:{_name(node.tag)}")
        elif group >= 0xFFFA or node.tag in (0x04000561, 0x4FFE0001):
            found.add(f"signature-or-padding:{_name(node.tag)}")
    return sorted(found)


def _missing(before: list[Node], after: list[Node], tops: dict[int, bytes]) -> list[str]:
    """Required attributes that the source had and the output has lost, or lost the value of.

    Levels are compared by path: the removal of whole items cannot be told from that of an attribute in some of them, so
    presence in any item counts.
    """
    required = required_of("".join(uids_of(tops.get(_SOP_CLASS, b""))[:1]), frozenset(tops))
    if required is None:
        return ["sop-class-unknown:(0008,0016)"]
    had = _presence(before)
    has = _presence(after)
    found = []
    for (path, tag), valued in had.items():
        kind = required.type_of(path, tag)
        if not kind or (path and (path[:-1], path[-1]) not in has):
            continue
        now = has.get((path, tag))
        if now is None and not (path and not _has_items(path, has)):
            found.append(f"type-{kind}-missing:{_place(path, tag)}")
        elif now is False and kind == "1" and valued:
            found.append(f"type-1-empty:{_place(path, tag)}")
    return sorted(found)


def _presence(nodes: list[Node]) -> dict[tuple[Path, int], bool]:
    """(path, tag) -> whether any element there has a value; a sequence has one when it has items."""
    found: dict[tuple[Path, int], bool] = defaultdict(bool)
    for path, tag, _, value, _, _ in nodes:
        found[path, tag] |= bool(value and value.strip(b" \0"))
        if path:
            found[path[:-1], path[-1]] = True
    return dict(found)


def _has_items(path: Path, has: dict[tuple[Path, int], bool]) -> bool:
    return has.get((path[:-1], path[-1]), False)


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
