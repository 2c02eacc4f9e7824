"""Hypothesis strategies for data sets of any shape, in every encoding: trees of encoded elements in a Part 10 file."""

from __future__ import annotations

import struct

from hypothesis import strategies as st

from support.builders import dataset, encode
from support.elements import Element, Item, Part10, Wire, parse, vr_of

__all__ = ["ENCODINGS", "elements", "files"]

ENCODINGS = ("explicit", "implicit", "big-endian", "deflated")
#: Rows of every action, unlisted elements, gaps, private and unknown ones, groups that must not be there.
_TAGS = (
    *(0x00080008, 0x00080014, 0x00080022, 0x00080050, 0x00080070, 0x00080080, 0x00081030, 0x00081155, 0x00081195),
    *(0x00100010, 0x00100020, 0x00100033, 0x00102160, 0x00104000, 0x00180010, 0x00181000, 0x00181030, 0x00189004),
    *(0x00091001, 0x00090010, 0x00291020, 0x00080000, 0x00041130, 0x00081999, 0x50003000, 0x60000022, 0x60003000),
    *(0x00200242, 0x00204000, 0x00280106, 0x00281201, 0x0040A123, 0x0040A160, 0x0040E001, 0x00880200, 0x04000600),
)
_SEQUENCES = (
    0x00081140,
    0x00081199,
    0x00082112,
    0x00089215,
    0x0018A001,
    0x00400275,
    0x0040A730,
    0x00091002,
    0x04000561,
)
#: What those hold that stay has no word in common with what identifies: no known identifier is ever met.
_KEPT = frozenset({0x00080008, 0x00080070, 0x00189004, 0x00280106, 0x00281201, 0x04000600})
_STAYING = st.sampled_from((b"", b"HEAD", b"Acme Imaging", b"a\\b ", b"\0\0"))
_GOING = st.sampled_from((b"", b"Zqxword ", b"20200214", b"12", b"Zqx\\Zqy "))


def _value(tag: int) -> st.SearchStrategy[bytes]:
    vr = vr_of(tag)
    if vr == "UI":
        return st.sampled_from((b"", b"1.2.840.10008.1.2.1\0", b"1.2.3.44", b"1.2.3.45\\1.2.3.46\0", b"no uid"))
    if vr in ("US", "SS"):
        return st.integers(0, 65535).map(lambda number: struct.pack("<H", number))
    return _STAYING if tag in _KEPT else _GOING


def _leaf(wire: Wire) -> st.SearchStrategy[Element]:
    def of(tag: int) -> st.SearchStrategy[Element]:
        vrs = st.sampled_from((vr_of(tag), vr_of(tag), "UN", "LO") if wire.explicit else (vr_of(tag),))
        return st.builds(lambda vr, value: Element(tag, vr, value), vrs.filter(lambda vr: vr != "SQ"), _value(tag))

    return st.sampled_from(_TAGS).flatmap(of)


def elements(wire: Wire, depth: int = 3) -> st.SearchStrategy[list[Element]]:
    """Elements in ascending order, each tag once, with sequences down to `depth`."""

    def ordered(found: list[Element]) -> list[Element]:
        return [by_tag[tag] for by_tag in ({e.tag: e for e in found},) for tag in sorted(by_tag)]

    leaves = _leaf(wire)
    if not depth:
        return st.lists(leaves, max_size=4).map(ordered)
    items = st.lists(st.builds(Item, elements(wire, depth - 1), st.booleans()), max_size=3)
    # In implicit VR a private sequence can be told from bytes by its undefined length alone.
    sequences = st.builds(
        lambda tag, items, undefined: Element(
            tag, "SQ", items=items, undefined=undefined or (not wire.explicit and bool(tag >> 16 & 1))
        ),
        st.sampled_from(_SEQUENCES),
        items,
        st.booleans(),
    )
    return st.lists(st.one_of(leaves, leaves, sequences), max_size=8).map(ordered)


@st.composite
def files(draw: st.DrawFn, family: str = "ct") -> bytes:
    """A Part 10 file: a valid object of the family with random elements put into it."""
    file: Part10 = parse(encode(dataset(family), draw(st.sampled_from(ENCODINGS))))
    present = {e.tag: e for e in file.elements}
    identity = {0x00080016, 0x00080018, 0x0020000D, 0x0020000E}
    for element in draw(elements(file.wire)):
        if element.tag not in identity:
            present[element.tag] = element
    file.elements = [present[tag] for tag in sorted(present)]
    return file.encode()
