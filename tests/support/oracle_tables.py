"""What the oracle looks up: the JSON tables, read in its own way, and elements as they are on the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from pydicom.datadict import dictionary_VR

from support.elements import Element, Item, Part10, Unparsable, Wire, _Reader, find, vr_of

__all__ = ["codes_of_options", "gaps", "iods", "items_in", "keyword_of", "kind_of_entry"]
__all__ += ["known_vr", "marker_items", "rows", "tags_of", "text_of", "vr_in_force", "well_known"]


def table(name: str) -> Any:
    return json.loads((files("deident.standard") / "data" / name).read_text("utf-8"))


@cache
def rows() -> dict[int, tuple[str, dict[str, str]]]:
    rows = table("table_e1_1.json")["rows"]
    return {int(r["match"]["tag"], 16): (r["basic"], r["options"]) for r in rows if r["match"]["kind"] == "exact"}


@cache
def gaps() -> dict[int, str]:
    rows = [(r["tag"].strip("()").replace(",", ""), r["cls"]) for r in table("gaps.json")["rows"]]
    return {int(tag, 16): kind for tag, kind in rows if "x" not in tag.lower()}


@cache
def iods() -> Any:
    return table("iod_types.json")


@cache
def well_known() -> frozenset[str]:
    return frozenset(table("uid_registry.json")["uids"])


def known_vr(tag: int) -> str | None:
    """The VR that PS3.6 gives (data_elements.json has the newest edition), None for elements that it does not know."""
    rows = dictionary_rows()
    for key in (f"{tag:08X}", f"{tag >> 24:02X}XX{tag & 0xFFFF:04X}"):
        if key in rows:
            return str(rows[key][0]).split("/")[0]
    try:
        return str(dictionary_VR(tag)).split(" ")[0]
    except KeyError:
        return None


@cache
def dictionary_rows() -> Any:
    return table("data_elements.json")["rows"]


@cache
def codes_of_options() -> dict[str, str]:
    return {row["option"]: row["code_value"] for row in table("cid7050.json")["rows"]}


def keyword_of(tag: int) -> str:
    return str(dictionary_rows().get(f"{tag:08X}", ["", "", ""])[2])


def tags_of(elements: list[Element]) -> set[int]:
    return {e.tag for e in elements} | {tag for e in elements for i in e.items or [] for tag in tags_of(i.elements)}


def marker_items(file: Part10) -> Iterator[Item]:
    found = find(file.elements, 0x00120064)
    yield from (found.items or []) if found is not None else []


def kind_of_entry(entry: Any) -> str:
    return (entry[0] if isinstance(entry, list) else entry) or "3"


def text_of(elements: list[Element], tag: int) -> str:
    found = find(elements, tag)
    return found.value.strip(b"\0 ").decode("latin-1") if found is not None else ""


def vr_in_force(element: Element) -> str:
    """The VR that counts: that of the wire, but the dictionary's where the wire says UN or nothing."""
    if element.vr == "UN":
        return known_vr(element.tag) or ("SQ" if element.items is not None else "UN")
    return element.vr or vr_of(element.tag)


def items_in(element: Element, vr: str) -> list[Item] | None:
    """The items of a sequence, those of a UN one read as implicit VR little endian; None when there are none to read."""
    if vr != "SQ" or element.items is not None:
        return element.items
    try:
        return _Reader(element.value)._items(0, len(element.value), len(element.value), Wire(explicit=False), 0)[0]
    except Unparsable:
        return None
