"""Places in private and illegal groups: at the top, in items, above Pixel Data, without creator, under UN."""

from __future__ import annotations

from support.elements import Element, Item
from support.planter_context import Context, NotHere, make, place

_CREATOR = "ZQX PLANTER 1.0"
_GROUP = 0x0F09


def _block(context: Context, group: int, where: str) -> list[Element]:
    """A private block of one group: creator, texts, a date, bytes, and a sequence with standard elements inside."""
    base = group << 16
    inner = [
        make(0x00080070, context.hide(context.person.family, "name", f"{where}>Manufacturer")),
        make(0x00100010, context.canary("PN", "", f"{where}>PatientName")),
        make(base | 0x10, _CREATOR, "LO"),
        make(base | 0x1002, context.canary("LT", "", f"{where}>private"), "LT"),
    ]
    return [
        make(base | 0x10, _CREATOR, "LO"),
        make(base | 0x1001, context.canary("LO", "", f"{where}/LO"), "LO"),
        make(base | 0x1002, context.canary("PN", "", f"{where}/PN"), "PN"),
        make(base | 0x1003, context.canary("DA", "", f"{where}/DA"), "DA"),
        make(base | 0x1004, context.canary("OB", "", f"{where}/OB"), "OB"),
        make(base | 0x1005, context.canary("UN", "", f"{where}/UN"), "UN"),
        Element(base | 0x1006, "SQ", items=[Item(sorted(inner, key=lambda e: e.tag), True)], undefined=True),
        Element(
            base | 0x1007, "SQ", items=[Item([make(0x00100020, context.canary("LO", "PatientID", f"{where}/SQ"))])]
        ),
    ]


@place("private.top", "a private block at the top level, with private sequences that hold standard elements")
def _top(context: Context) -> None:
    for element in _block(context, _GROUP, "private.top"):
        context.put(element)


@place("private.nested", "a private block two levels down in standard sequences")
def _nested(context: Context) -> None:
    context.nest(_block(context, _GROUP, "private.nested"), 2)


@place("private.deep", "a private block three levels down in sequences of undefined length")
def _deep(context: Context) -> None:
    context.nest(_block(context, 0x0F0B, "private.deep"), 3, undefined=True)


@place("private.above", "private blocks in groups above Pixel Data")
def _above(context: Context) -> None:
    for group in (0x7FE1, 0x9001):
        if any(e.tag >> 16 == group for e in context.elements):
            continue
        for element in _block(context, group, f"private.above/{group:04X}"):
            context.put(element)


@place("private.no_creator", "private elements whose block nobody reserved, and in the range of creators")
def _no_creator(context: Context) -> None:
    base = 0x0F0D << 16
    context.put(make(base | 0x0002, context.canary("LO", "", "private.no_creator/low"), "LO"))
    context.put(make(base | 0x0011, context.canary("LO", "", "private.no_creator/creator"), "LO"))
    context.put(make(base | 0x2001, context.canary("LO", "", "private.no_creator/block"), "LO"))


@place("private.illegal", "the groups 0001, 0003, 0005, 0007 and FFFF, at the top and nested")
def _illegal(context: Context) -> None:
    for group in (0x0001, 0x0003, 0x0005, 0x0007, 0xFFFF):
        where = f"private.illegal/{group:04X}"
        context.put(make(group << 16 | 0x0010, context.canary("LO", "", where), "LO"))
        if group < 8:
            context.nest([make(group << 16 | 0x1010, context.canary("LO", "", where + "n"), "LO")], 2)


@place("private.mistyped", "private elements whose bytes are no value of their VR")
def _mistyped(context: Context) -> None:
    base = 0x0F0F << 16
    context.put(make(base | 0x0010, _CREATOR, "LO"))
    for number, vr in enumerate(("US", "DS", "FD", "UI", "AT"), 0x1001):
        context.put(make(base | number, context.canary("LT", "", f"private.mistyped/{vr}"), vr))


@place("private.un_sequence", "a private sequence as UN of undefined length, with a name inside")
def _un_sequence(context: Context) -> None:
    if not context.file.wire.explicit or not context.file.wire.little:
        raise NotHere("implicit VR has no wire VR, and in big endian nobody reads it")
    base = 0x0F11 << 16
    context.put(make(base | 0x0010, _CREATOR, "LO"))
    item = [make(0x00100010, context.canary("PN", "", "private.un_sequence"))]
    context.put(Element(base | 0x1001, "UN", items=[Item(item, True)], undefined=True))


@place("private.safe", "an element of the safe private list, whose text is the patient's name")
def _safe(context: Context) -> None:
    # (00E1,xx21) of ELSCINT1 is a DS in Table E.3.10-1: nothing that is no number may stay, whatever the options.
    if not context.free(0x00E10010) or not context.free(0x00E11021):
        raise NotHere("the file has this block")
    context.put(make(0x00E10010, "ELSCINT1", "LO"))
    context.put(make(0x00E11021, context.hide(context.person.family, "name", "private.safe"), "DS"))
