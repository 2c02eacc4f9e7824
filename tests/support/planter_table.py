"""Places that come from tables: every row of Table E.1-1 at every level, elements outside it that need a rule, UIDs."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from support.elements import Element, Item, find, put
from support.planter_context import Context, NotHere, make, place

__all__ = ["Row", "gap_rows", "table_rows"]

# Set by the identity itself, by `uid.identity`, or by places of their own.
_ELSEWHERE = frozenset({0x00080018, 0x0020000D, 0x0020000E, 0x00020003, 0xFFFCFFFC})
_OWN_GROUPS = frozenset({0x0000, 0x0002, 0x0004})
_TEXT = frozenset("AE CS DA DS DT IS LO LT OB PN SH ST TM UC UI UN UR UT".split())
# Kept and walked where an IOD requires them (U*), so what they hold is judged element by element.
_WALKED = frozenset({0x00081110, 0x00081111, 0x00081140, 0x00082112})
_OTHER_PATIENT_IDS = 0x00101002


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute that a table gives an action to."""

    tag: int
    keyword: str
    vr: str
    action: str
    options: frozenset[str]


def _data(name: str) -> Any:
    return json.loads((files("deident.standard") / "data" / name).read_text("utf-8"))


@cache
def table_rows() -> tuple[Row, ...]:
    """The rows of Table E.1-1 that name one tag."""
    return tuple(
        Row(int(r["match"]["tag"], 16), r["keyword"], r["vr"][0], r["basic"], frozenset(r["options"]))
        for r in _data("table_e1_1.json")["rows"]
        if r["match"]["kind"] == "exact"
    )


@cache
def gap_rows() -> tuple[Row, ...]:
    """The elements outside Table E.1-1 that need a rule, without the repeating groups."""
    rows = [r for r in _data("gaps.json")["rows"] if "x" not in r["tag"].lower()]
    return tuple(
        Row(int(r["tag"].strip("()").replace(",", ""), 16), r["keyword"], r["vr"][0], r["action"], frozenset())
        for r in rows
    )


def _plantable(row: Row) -> bool:
    return row.tag not in _ELSEWHERE and row.tag >> 16 not in _OWN_GROUPS and (row.vr in _TEXT or row.vr == "SQ")


def _planted(context: Context, row: Row, where: str) -> Element | list[Element]:
    """The element for a row: a canary of its VR; for a sequence the elements of one item, each with a canary."""
    detail = f"{where}/{row.tag:08X}"
    if row.vr != "SQ":
        return make(row.tag, context.canary(row.vr, row.keyword, detail, row.options), row.vr)
    item = [
        make(0x00080080, context.canary("LO", "InstitutionName", f"{detail}>InstitutionName", row.options)),
        make(0x00081155, context.canary("UI", "", f"{detail}>ReferencedSOPInstanceUID", row.options)),
        make(0x00100010, context.canary("PN", "PatientName", f"{detail}>PatientName", row.options)),
    ]
    if row.tag not in _WALKED:
        item.append(make(0x00080070, context.canary("LO", "Manufacturer", f"{detail}>Manufacturer", row.options)))
        item.append(make(0x00081010, context.canary("SH", "StationName", f"{detail}>StationName", row.options)))
    return sorted(item, key=lambda e: e.tag)


def _all(context: Context, where: str, *, undefined: bool) -> list[Element]:
    """One element for every row that can stand in an item."""
    result = list[Element]()
    for row in table_rows():
        if not _plantable(row) or not context.wants(where, f"{row.tag:08X}"):
            continue
        planted = _planted(context, row, where)
        if isinstance(planted, list):
            planted = Element(row.tag, "SQ", items=[Item(planted, undefined)], undefined=undefined)
        result.append(planted)
    return sorted(result, key=lambda e: e.tag)


@place("table.top", "every row of Table E.1-1 at the top level")
def _top(context: Context) -> None:
    for row in table_rows():
        where = "table.top"
        if not _plantable(row) or row.tag in context.claimed or not context.wants(where, f"{row.tag:08X}"):
            continue
        planted = _planted(context, row, where)
        if isinstance(planted, list):
            context.add_item(row.tag, planted, undefined=row.tag % 2 == 0)
        else:
            context.put(planted)


@place("table.nested1", "every row in an item of a kept sequence, lengths defined")
def _nested1(context: Context) -> None:
    context.nest(_all(context, "table.nested1", undefined=False))


@place("table.nested2", "every row two levels down in kept sequences, lengths undefined")
def _nested2(context: Context) -> None:
    context.nest(_all(context, "table.nested2", undefined=True), 2, undefined=True)


@place("table.nested3", "every row three levels down in kept sequences, lengths defined")
def _nested3(context: Context) -> None:
    context.nest(_all(context, "table.nested3", undefined=True), 3)


@place("table.removed", "every row, and unlisted text, inside Other Patient IDs Sequence, which must go as a whole")
def _removed(context: Context) -> None:
    elements = _all(context, "table.removed", undefined=True)
    put(elements, make(0x00080070, context.canary("LO", "", "table.removed/Manufacturer")))
    context.add_item(_OTHER_PATIENT_IDS, elements, undefined=True)


# --- elements outside the table -----------------------------------------------------------------------------


def _rule_removes(row: Row) -> bool:
    """Descriptors of gaps.json stay in table mode; everything else must go. UI classes are never touched."""
    kept = row.action in ("K", "quarantine") or row.action.startswith("C with")
    return row.tag >> 16 not in _OWN_GROUPS and not kept and row.vr in _TEXT


def _gaps(context: Context, where: str) -> list[Element]:
    rows = sorted((r for r in gap_rows() if _rule_removes(r)), key=lambda r: r.tag)
    return [
        make(r.tag, context.canary(r.vr, r.keyword, f"{where}/{r.tag:08X}"), r.vr)
        for r in rows
        if context.wants(where, f"{r.tag:08X}")
    ]


@place("gaps.top", "the elements that Table E.1-1 forgets (gaps.json): UIDs, dates, names, addresses, device ids")
def _gaps_top(context: Context) -> None:
    for element in _gaps(context, "gaps.top"):
        if element.tag not in context.claimed:
            context.put(element)


@place("gaps.nested", "the same two levels down")
def _gaps_nested(context: Context) -> None:
    context.nest(_gaps(context, "gaps.nested"), 2)


# --- sequences that hold originals --------------------------------------------------------------------------


def _original(context: Context, where: str) -> list[Element]:
    return [
        make(0x00080070, context.canary("LO", "", f"{where}>Manufacturer")),
        make(0x00100010, context.canary("PN", "", f"{where}>PatientName")),
        make(0x00100020, context.canary("LO", "PatientID", f"{where}>PatientID")),
    ]


@place(
    "sequence.original_attributes",
    "Original Attributes Sequence, whose Modified Attributes hold the name before a correction",
)
def _original_attributes(context: Context) -> None:
    modified = Element(0x04000550, "SQ", items=[Item(_original(context, "sequence.original_attributes"), True)])
    source = make(0x04000564, context.canary("LO", "", "sequence.original_attributes>Source"))
    context.add_item(0x04000561, [modified, source], undefined=True)


@place("sequence.encrypted", "Encrypted Attributes Sequence with readable content")
def _encrypted(context: Context) -> None:
    content = make(0x04000520, context.canary("OB", "", "sequence.encrypted>EncryptedContent"), "OB")
    context.add_item(0x04000500, [make(0x04000510, "1.2.840.10008.1.2"), content])


@place("sequence.mac", "MAC Parameters Sequence, the companion of digital signatures")
def _mac(context: Context) -> None:
    context.add_item(0x4FFE0001, [make(0x04000015, context.canary("CS", "", "sequence.mac>MACAlgorithm"), "CS")])


# --- UIDs ---------------------------------------------------------------------------------------------------


@place(
    "uid.identity", "study, series, instance and frame of reference UIDs that hold the MRN, equal for equal originals"
)
def _uid_identity(context: Context) -> None:
    for tag in (0x00080018, 0x0020000D, 0x0020000E, 0x00200052):
        old = find(context.elements, tag)
        if old is None or not old.value.strip(b"\0 "):
            if tag == 0x00200052:
                continue
            raise NotHere("an identifying UID is missing")
        same = zlib.crc32(old.value.strip(b"\0 "))
        new = f"1.2.826.0.1.3680043.9.{context.person.mrn}.{same}"
        context.put(make(tag, context.hide(new, "uid", f"uid.identity/{tag:08X}")))
        if tag == 0x00080018 and context.file.meta is not None:
            put(context.file.meta, make(0x00020003, new))


@place("uid.multiple", "several UIDs in one element, at the top and nested")
def _uid_multiple(context: Context) -> None:
    for where, depth in (("uid.multiple/one", 1), ("uid.multiple/two", 3)):
        values = [context.hide(context.uid(f"{where}{i}"), "uid", where) for i in range(3)]
        context.nest([make(0x00081155, "\\".join(values))], depth)


@place("uid.padded", "a UID with two NULs, one with spaces, one that is no UID at all")
def _uid_padded(context: Context) -> None:
    nul, spaces = (context.hide(context.uid(f"uid.padded/{n}"), "uid", f"uid.padded/{n}") for n in ("nul", "spaces"))
    wrong = context.hide(context.token("uid.padded/wrong"), "text", "uid.padded/wrong")
    for value in (nul + "\0\0", spaces + "  ", wrong):
        context.nest([make(0x00081155, value)], 2)


# --- dates --------------------------------------------------------------------------------------------------

_DATES = ("retain_longitudinal_full_dates", "retain_longitudinal_modified_dates")


@place("dates.multiple", "several dates and date-times in one element")
def _dates_multiple(context: Context) -> None:
    days = [context.hide(context.day(f"dates.multiple/{i}"), "date", "dates.multiple/DA", _DATES) for i in range(3)]
    moments = [context.canary("DT", "", f"dates.multiple/DT{i}", _DATES) for i in range(2)]
    context.nest([make(0x00080022, "\\".join(days)), make(0x0008002A, "\\".join(moments))])


@place("dates.legacy", "dates as ACR-NEMA wrote them, YYYY.MM.DD, and times with colons")
def _dates_legacy(context: Context) -> None:
    day = context.hide(context.day("dates.legacy"), "date", "dates.legacy/DA", _DATES)
    context.nest([make(0x00080023, f"{day[:4]}.{day[4:6]}.{day[6:]}")], 2)


@place("dates.un", "a date, a time and a date-time whose wire VR is UN")
def _dates_un(context: Context) -> None:
    if not context.file.wire.explicit:
        raise NotHere("implicit VR has no wire VR")
    elements = [
        make(0x00080022, context.hide(context.day("dates.un"), "date", "dates.un/DA", _DATES), "UN"),
        make(0x0008002A, context.canary("DT", "", "dates.un/DT", _DATES), "UN"),
        make(0x00080032, context.canary("TM", "", "dates.un/TM", _DATES), "UN"),
    ]
    context.nest(elements, 2, undefined=True)


@place("dates.wrong", "dates that no calendar has, with text")
def _dates_wrong(context: Context) -> None:
    token = context.hide(context.token("dates.wrong"), "text", "dates.wrong/DA", _DATES)
    context.nest([make(0x00080022, f"1845?? {token}"), make(0x0008002A, f"18450231 {token}")])
