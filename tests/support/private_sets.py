"""Private elements for tests: one for every row of Table E.3.10-1, random layouts of blocks, and a slow second reading of both.

The reading shares `safe_private.json` with deident and nothing else.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from hypothesis import strategies as st

from support.elements import Element, Item, Wire

__all__ = ["BULK", "Row", "element_of", "layouts", "reading", "rows", "shape", "stays", "value_of"]

BULK: Final = ("OB", "OW", "OW/OB")
_SIZES: Final = {"FL": 4, "FD": 8, "US": 2, "UL": 4, "SS": 2, "SL": 4, "AT": 4}
_TEXT: Final = ("LO", "SH", "ST", "LT")
_MANUFACTURER, _INSTITUTION = 0x00080070, 0x00080080
_WORD, _NAME = b"HEAD", b"Zqxword "


class Row(NamedTuple):
    """One row of the table."""

    creator: str
    group: int
    low: int
    vr: str


@cache
def rows() -> tuple[Row, ...]:
    table = json.loads((files("deident.standard") / "data" / "safe_private.json").read_text("utf-8"))["rows"]
    return tuple(Row(r["private_creator"], int(r["group"], 16), int(r["element"], 16), r["vr"] or "") for r in table)


def stays(row: Row) -> bool:
    """Whether the option keeps the row: neither bulk nor without a VR."""
    return bool(row.vr) and row.vr not in BULK


def value_of(vr: str) -> bytes:
    """A value of that VR that holds nothing of anybody."""
    if vr in _SIZES:
        return bytes(range(1, _SIZES[vr] + 1))
    return {"DS": b"1.5 ", "IS": b"12", "UI": b"1.2.3.44", "OB": bytes(16), "OW": bytes(16)}.get(vr, _WORD)


def element_of(row: Row, block: int, vr: str = "") -> Element:
    """An element of the row in a block; `vr` is what the wire says, the row's when empty."""
    tag = row.group << 16 | block << 8 | row.low
    written = vr or row.vr.split("/")[0] or "UN"
    if row.vr != "SQ" or written not in ("SQ", "UN"):
        return Element(tag, written, value_of(row.vr.split("/")[0]))
    inner = [Element(_MANUFACTURER, "LO", b"Acme"), Element(_INSTITUTION, "LO", b"Zqxplace")]
    return Element(tag, written, items=[Item(inner)], undefined=True)


# --- the second reading -------------------------------------------------------------------------------------


def shape(elements: list[Element]) -> list[object]:
    """Private elements, and what stands in private sequences: tags, values, items; a UI value counts for its presence."""
    found: list[object] = []
    for e in elements:
        if e.items is not None:
            found.append((e.tag, [shape(item.elements) for item in e.items]))
        else:
            found.append((e.tag, e.value))
    return found


def reading(elements: list[Element], wire: Wire, *, nested: bool = False) -> list[Element]:
    """The elements that stay, in a data set or item that holds private elements, (0008,0070) and (0008,0080) alone."""
    creators: dict[int, str] = {}
    kept: list[Element] = []
    for e in elements:
        group, number = e.tag >> 16, e.tag & 0xFFFF
        if not group & 1:
            kept += [e] if not nested or e.tag == _MANUFACTURER else []
        elif 0x10 <= number <= 0xFF and group > 8 and e.items is None and (not wire.explicit or e.vr in ("LO", "UN")):
            creators[group << 8 | number] = e.value.decode("latin-1").strip("\0 ")
            kept.append(e)
        elif number >= 0x1000 and group > 8:
            stayed = _element(e, creators.get(e.tag >> 8, ""), wire)
            kept += [stayed] if stayed is not None else []
    used = {e.tag >> 8 for e in kept if e.tag >> 16 & 1 and e.tag & 0xFFFF >= 0x1000}
    creator_of = {block >> 8 << 16 | block & 0xFF: block in used for block in creators}
    return [e for e in kept if creator_of.get(e.tag, True)]


def _element(e: Element, creator: str, wire: Wire) -> Element | None:
    row = next((r for r in rows() if (r.creator, r.group, r.low) == (creator, e.tag >> 16, e.tag & 0xFF)), None)
    if row is None or not stays(row) or (wire.explicit and e.vr not in (row.vr, "UN")):
        return None
    if (row.vr == "SQ") != (e.items is not None):
        return None
    if e.items is None:
        return e if not e.value or _value_stays(row.vr, e.value) else None
    inner = wire if not (wire.explicit and e.vr == "UN") else Wire(explicit=False)
    items = [(item, reading(item.elements, inner, nested=True)) for item in e.items]
    # What was empty is left alone; what became empty goes.
    left = [Item(now, item.undefined) for item, now in items if now or not item.elements]
    return replace(e, items=left) if left or not e.items else None


def _value_stays(vr: str, value: bytes) -> bool:
    if vr in _SIZES:
        return len(value) % _SIZES[vr] == 0
    if vr in ("DS", "IS"):
        return re.fullmatch(rb"[-0-9+.eE \\]*", value) is not None
    return vr not in _TEXT or value != _NAME


# --- random layouts -----------------------------------------------------------------------------------------

_GROUPS: Final = (0x0007, 0x0019, 0x0043, 0x0F09, 0x2001, 0x2005, 0x7E01, 0x7FE1)
_CREATORS: Final = (
    b"GEMS_ACQU_01",
    b"GEMS_PARM_01  ",
    b"Philips Imaging DD 001",
    b"Philips Imaging DD 002",
    b"Philips MR Imaging DD 001 ",
    b"SIEMENS MR HEADER\0",
    b"HOLOGIC, Inc. ",
    b"philips imaging dd 001",
    b"ZQX PLANTER ",
    b"",
)


@cache
def _lows(group: int) -> tuple[int, ...]:
    return tuple(sorted({row.low for row in rows() if row.group == group} | {0x00, 0x7B, 0xEE}))


@cache
def _vrs(group: int, low: int) -> tuple[str, ...]:
    return tuple(sorted({row.vr for row in rows() if (row.group, row.low) == (group, low) and stays(row)} | {"LO"}))


@st.composite
def layouts(draw: st.DrawFn, wire: Wire, depth: int = 2) -> list[Element]:
    """Creators and elements of some groups in ascending order, right and wrong in every way, with sequences inside."""
    found: dict[int, Element] = {}
    for group in draw(st.lists(st.sampled_from(_GROUPS), unique=True, max_size=3)):
        for block in draw(st.lists(st.sampled_from((0x10, 0x11, 0xFE)), unique=True, max_size=2)):
            vr = draw(st.sampled_from(("LO", "LO", "LO", "UN", "SH"))) if wire.explicit else "LO"
            found[group << 16 | block] = Element(group << 16 | block, vr, draw(st.sampled_from(_CREATORS)))
        for low in draw(st.lists(st.sampled_from(_lows(group)), max_size=5)):
            tag = group << 16 | draw(st.sampled_from((0x10, 0x11, 0xFE))) << 8 | low
            found[tag] = draw(_elements(tag, wire, depth))
    if depth < 2:
        for tag in draw(st.lists(st.sampled_from((_MANUFACTURER, _INSTITUTION)), unique=True)):
            # Two words: an institution called as the manufacturer is would take the manufacturer away, as it must.
            found[tag] = Element(tag, "LO", b"Acme" if tag == _MANUFACTURER else b"Zqxplace")
    return [found[tag] for tag in sorted(found)]


def _elements(tag: int, wire: Wire, depth: int) -> st.SearchStrategy[Element]:
    vrs = _vrs(tag >> 16, tag & 0xFF)
    leaves = (
        st.sampled_from(vrs)
        .filter(lambda vr: vr != "SQ")
        .flatmap(
            lambda vr: st.builds(
                lambda written, value: Element(tag, written, value),
                st.sampled_from((vr, vr, "UN")) if wire.explicit else st.just("UN"),
                st.sampled_from((value_of(vr), value_of(vr), b"", _NAME)),
            )
        )
    )
    if "SQ" not in vrs or not depth:
        return leaves

    def sequence(vr: str) -> st.SearchStrategy[Element]:
        inner = wire if vr == "SQ" else Wire(explicit=False)
        items = st.lists(st.builds(Item, layouts(inner, depth - 1), st.booleans()), max_size=2)
        return st.builds(
            lambda found, undefined: Element(
                tag, vr, items=found, undefined=undefined or vr == "UN" or not wire.explicit
            ),
            items,
            st.booleans(),
        )

    kinds = st.sampled_from(("SQ", "SQ", "UN")) if wire.explicit else st.just("SQ")
    return st.one_of(kinds.flatmap(sequence), leaves)
