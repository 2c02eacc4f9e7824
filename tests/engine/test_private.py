"""Retain Safe Private (113111): each row of Table E.3.10-1 stays, and nothing that only resembles one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby

import pytest
from pydicom import Dataset

from deident.engine import Deidentifier
from deident.engine.entries import RUN
from deident.errors import ConfigurationError, Refusal
from deident.profile.model import SitePrivate
from deident.profile.override import Override, OverrideStrategy
from support.builders import build, dataset, encode
from support.elements import Element, Item, Wire, find, parse
from support.elements import encode as encode_element
from support.outputs import deidentified, fresh, output
from support.private_sets import Row, element_of, rows, stays

SYNTAXES = ("explicit", "implicit", "big-endian", "deflated")
SAFE = {"retain_safe_private"}
ENGINE = fresh("basic", options=SAFE)
KEPT = [row for row in rows() if stays(row)]
ACQU, SERS, PHILIPS, HOLOGIC = "GEMS_ACQU_01", "GEMS_SERS_01", "Philips Imaging DD 001", "HOLOGIC, Inc."


def _with(elements: Iterable[Element], syntax: str = "explicit") -> bytes:
    file = parse(build("ct", syntax))
    file.elements = sorted([*file.elements, *elements], key=lambda e: e.tag)
    return file.encode()


def _private(data: bytes) -> dict[int, Element]:
    return {e.tag: e for e in parse(data).elements if e.tag >> 16 & 1}


def _creator(name: str, group: int, block: int = 0x10, vr: str = "LO") -> Element:
    value = name.encode()
    return Element(group << 16 | block, vr, value + b" " * (len(value) % 2))


def _blocks(wanted: Iterable[Row], first: int = 0x10) -> dict[tuple[str, int], int]:
    """A block number for each creator in each group."""
    taken: dict[tuple[str, int], int] = {}
    for group, of_group in groupby(sorted(wanted, key=lambda r: r.group), key=lambda r: r.group):
        for block, creator in enumerate(sorted({r.creator for r in of_group}), first):
            taken[creator, group] = block
    return taken


def _all(wanted: list[Row], vr: Callable[[Row], str] = lambda _row: "", first: int = 0x10) -> list[Element]:
    blocks = _blocks(wanted, first)
    found = [_creator(creator, group, block) for (creator, group), block in blocks.items()]
    return found + [element_of(row, blocks[row.creator, row.group], vr(row)) for row in wanted]


def _run(elements: Iterable[Element], syntax: str = "explicit", engine: Deidentifier = ENGINE) -> dict[int, Element]:
    return _private(output(engine, _with(elements, syntax)))


# --- every row ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [0x10, 0x42])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_row_stays_to_the_byte(syntax: str, first: int) -> None:
    elements = _all(list(rows()), first=first)
    found = _run(elements, syntax)
    for row in rows():
        tag = row.group << 16 | _blocks(rows(), first)[row.creator, row.group] << 8 | row.low
        if not stays(row):
            assert tag not in found
        elif row.vr == "SQ":
            assert [[e.tag for e in item.elements] for item in found[tag].items or []] == [[0x00080070]]
        elif row.vr == "UI":
            assert found[tag].value.startswith(b"2.25.")
        else:
            before = element_of(row, tag >> 8 & 0xFF)
            assert (found[tag].value, found[tag].vr) == (before.value, before.vr if syntax != "implicit" else "UN")
    assert len(found) == len(KEPT) + len(_blocks(KEPT))


def test_every_row_stays_as_un() -> None:
    found = _run(_all(list(rows()), lambda _row: "UN"))
    assert len(found) == len(KEPT) + len(_blocks(KEPT))
    assert sum(e.vr == "UN" for e in found.values()) == len(KEPT) - sum(row.vr == "UI" for row in KEPT)


def test_with_uids_retained_those_of_the_list_stay() -> None:
    engine = fresh("basic", options={*SAFE, "retain_uids"})
    uids = [row for row in KEPT if row.vr == "UI"]
    found = _run(_all(uids), engine=engine)
    assert [e.value for e in found.values() if e.vr == "UI"] == [b"1.2.3.44"] * 7


def test_without_the_option_none_stays() -> None:
    assert _run(_all(list(rows())), engine=fresh("basic")) == {}


# --- their neighbours ---------------------------------------------------------------------------------------


def _other_low(row: Row) -> Row:
    taken = {r.low for r in rows() if (r.creator, r.group) == (row.creator, row.group)}
    return row._replace(low=next(low for low in range(row.low + 1, row.low + 256) if low % 256 not in taken) % 256)


def _other_group(row: Row) -> Row:
    group = row.group + 2
    while any((r.creator, r.group, r.low) == (row.creator, group, row.low) for r in rows()):
        group += 2
    return row._replace(group=group)


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize(
    "change",
    [
        _other_low,
        _other_group,
        lambda row: row._replace(creator=row.creator + "1"),
        lambda row: row._replace(creator=row.creator.swapcase()),
        lambda row: row._replace(creator=row.creator.replace(" ", "  ").replace("_", "-") + "\\A"),
    ],
    ids=["low byte", "group", "longer creator", "case of the creator", "two creators"],
)
def test_a_neighbour_of_a_row_goes_with_its_creator(change: Callable[[Row], Row], syntax: str) -> None:
    by_place = {(r.creator, r.group, r.low): r for r in map(change, KEPT)}
    assert _run(_all(list(by_place.values())), syntax) == {}


@pytest.mark.parametrize("syntax", ["explicit", "big-endian", "deflated"])
def test_a_row_with_another_vr_goes(syntax: str) -> None:
    def other(row: Row) -> str:
        return "OB" if row.vr in ("LO", "SH", "LT", "ST") else "LO"

    assert _run(_all(KEPT, other), syntax) == {}


def test_a_sequence_on_the_wire_where_the_list_has_a_value_goes() -> None:
    item = Item([Element(0x00080070, "LO", b"Acme")])
    for vr in ("SQ", "UN"):
        elements = [_creator(ACQU, 0x19), Element(0x00191023, vr, items=[item], undefined=True)]
        assert _run(elements) == {}
        assert _run(elements, "implicit") == {}


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_without_a_creator_none_stays(syntax: str) -> None:
    elements = [e for e in _all(KEPT) if e.tag & 0xFFFF >= 0x1000]
    assert _run(elements, syntax) == {}


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_creator_of_another_block_does_not_count(syntax: str) -> None:
    elements = [e for e in _all(KEPT) if e.tag & 0xFFFF >= 0x1000]
    assert _run([*elements, *(_creator(ACQU, group, 0xA0) for group in {r.group for r in KEPT})], syntax) == {}


@pytest.mark.parametrize("undefined", [True, False])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_creator_of_the_outer_data_set_does_not_count_in_an_item(syntax: str, undefined: bool) -> None:
    outside, inside = _all(KEPT), [e for e in _all(KEPT) if e.tag & 0xFFFF >= 0x1000]
    contributing = Element(0x0018A001, "SQ", items=[Item(inside, undefined)], undefined=undefined)
    creators = [e for e in outside if e.tag & 0xFFFF < 0x1000]
    out = parse(output(ENGINE, _with([*creators, contributing], syntax)))
    assert find(out.elements, 0x0018A001) is None  # the item is empty
    assert [e for e in out.elements if e.tag >> 16 & 1] == []


@pytest.mark.parametrize("undefined", [True, False])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_an_item_has_creators_of_its_own(syntax: str, undefined: bool) -> None:
    simple = [row for row in KEPT if row.vr not in ("SQ", "UI")]
    inside = sorted(_all(simple), key=lambda e: e.tag)
    sequence = Element(0x0018A001, "SQ", items=[Item(inside, undefined)] * 2, undefined=undefined)
    found = find(parse(output(ENGINE, _with([sequence], syntax))).elements, 0x0018A001)
    assert found is not None
    for item in found.items or []:
        assert [(e.tag, e.value) for e in item.elements] == [(e.tag, e.value) for e in inside]


@pytest.mark.parametrize("group", [0x0001, 0x0003, 0x0005, 0x0007, 0xFFFF])
def test_illegal_groups_never_stay(group: int) -> None:
    with pytest.raises(ConfigurationError, match="group"):
        SitePrivate("ZQX", group, 0x01, "LO")
    kept = Override(OverrideStrategy.KEEP, creator="ZQX")
    for engine in (ENGINE, fresh("basic", options=SAFE, overrides=(kept,))):
        assert _run([_creator("ZQX", group), Element(group << 16 | 0x1001, "LO", b"HEAD")], engine=engine) == {}


@pytest.mark.parametrize("number", [0x0000, 0x0001, 0x000F, 0x0023, 0x0123, 0x0F23])
def test_elements_outside_blocks_never_stay(number: int) -> None:
    elements = [_creator(ACQU, 0x19), Element(0x00190000 | number, "DS", b"1.5 ")]
    assert _run(elements) == {}


# --- creators -----------------------------------------------------------------------------------------------


def test_two_blocks_of_one_creator_both_stay() -> None:
    elements = [_creator(ACQU, 0x19, 0x10), _creator(ACQU, 0x19, 0x11)]
    elements += [Element(0x00191023, "DS", b"1.5 "), Element(0x00191123, "DS", b"2.5 ")]
    assert sorted(_run(elements)) == [0x00190010, 0x00190011, 0x00191023, 0x00191123]


def test_a_creator_goes_when_nothing_of_its_block_stays_and_only_then() -> None:
    elements = [_creator(ACQU, 0x19, 0x10), _creator(ACQU, 0x19, 0x11), Element(0x00191023, "DS", b"1.5 ")]
    elements += [Element(0x00191101, "DS", b"2.5 ")]
    assert sorted(_run(elements)) == [0x00190010, 0x00191023]


def test_a_creator_twice_with_the_same_name_stays_once() -> None:
    elements = [_creator(ACQU, 0x19), _creator(ACQU, 0x19), Element(0x00191023, "DS", b"1.5 ")]
    out = parse(output(ENGINE, _with(elements))).elements
    assert [e.tag for e in out if e.tag >> 16 & 1] == [0x00190010, 0x00191023]


@pytest.mark.parametrize("names", [(ACQU, "ZQX"), ("ZQX", ACQU)])
def test_a_block_with_two_owners_is_nobodys(names: tuple[str, str]) -> None:
    elements = [_creator(names[0], 0x19), _creator(names[1], 0x19), Element(0x00191023, "DS", b"1.5 ")]
    assert _run(elements) == {}


def test_a_block_that_changes_hands_after_use_is_refused() -> None:
    file = parse(build("ct"))
    late = [_creator(ACQU, 0x19), Element(0x00191023, "DS", b"1.5 "), _creator("ZQX", 0x19)]
    file.elements = [e for e in file.elements if e.tag < 0x00190000] + late
    file.elements += [e for e in parse(build("ct")).elements if e.tag > 0x00190000]
    with pytest.raises(Refusal, match="reserved twice"):
        output(ENGINE, file.encode())


@pytest.mark.parametrize("vr", ["SH", "OB", "UT"])
def test_a_creator_of_another_vr_reserves_nothing(vr: str) -> None:
    assert _run([_creator(ACQU, 0x19, vr=vr), Element(0x00191023, "DS", b"1.5 ")]) == {}


def test_an_empty_element_keeps_its_creator() -> None:
    assert sorted(_run([_creator(ACQU, 0x19), Element(0x00191023, "DS", b"")])) == [0x00190010, 0x00191023]


@pytest.mark.parametrize("syntax", ["explicit", "implicit", "big-endian"])
def test_groups_above_the_pixels_are_treated_alike(syntax: str) -> None:
    site = (SitePrivate("ZQX", 0x7FE1, 0x01, "DS"), SitePrivate("ZQX", 0x9001, 0x01, "DS"))
    engine = fresh("basic", options=SAFE, private=site)
    elements = [_creator("ZQX", 0x7FE1), Element(0x7FE11001, "DS", b"1.5 "), Element(0x7FE11002, "DS", b"1.5 ")]
    elements += [_creator("ZQX", 0x9001), Element(0x90011002, "DS", b"1.5 ")]
    assert sorted(_run(elements, syntax, engine)) == [0x7FE10010, 0x7FE11001]


@pytest.mark.parametrize("size", [30_000, 33_000, 70_000, 400_000])
def test_a_block_across_windows_of_the_source_is_one_block(size: int) -> None:
    site = (SitePrivate("ZQX", 0x0019, 0x02, "OB"), SitePrivate("ZQX", 0x0019, 0x03, "DS"))
    engine = fresh("basic", options=SAFE, private=site)
    for wanted in (0x02, 0x05):  # kept, removed
        elements = [_creator("ZQX", 0x19), _creator(ACQU, 0x19, 0x11), Element(0x00191000 | wanted, "OB", bytes(size))]
        elements += [Element(0x00191103, "DS", b"1.5 ")]
        expected = [0x00190010, 0x00191002] if wanted == 2 else []
        assert sorted(_run(elements, engine=engine)) == expected
        elements[-1] = Element(0x00191123, "DS", b"1.5 ")
        assert sorted(_run(elements, engine=engine)) == sorted([*expected, 0x00190011, 0x00191123])


@pytest.mark.parametrize("size", [30_000, 33_000, 400_000])
def test_long_values_of_a_creator_that_the_site_keeps_are_not_read(size: int) -> None:
    engine = fresh("basic", overrides=(Override(strategy="keep", creator="ZQX"),))
    elements = [_creator("ZQX", 0x19), Element(0x00191001, "OB", bytes(size)), _creator("ZQX", 0x2001, 0x11)]
    elements += [_creator("ZQX", 0x2001), Element(0x20011101, "OB", bytes(size)), Element(0x20011102, "LO", b"HEAD")]
    found = _run(elements, engine=engine)
    assert sorted(found) == [0x00190010, 0x00191001, 0x20010011, 0x20011101, 0x20011102]


# --- sequences ----------------------------------------------------------------------------------------------


def _philips(items: list[Item], vr: str = "SQ", undefined: bool = True) -> list[Element]:
    return [_creator(PHILIPS, 0x2001), Element(0x2001105F, vr, items=items, undefined=undefined)]


@pytest.mark.parametrize("undefined", [True, False])
@pytest.mark.parametrize("vr", ["SQ", "UN"])
def test_standard_attributes_in_a_private_sequence_obey_table_e_1_1(vr: str, undefined: bool) -> None:
    inside = [
        Element(0x00080018, "UI", b"1.2.3.45"),
        Element(0x00080070, "LO", b"Acme"),
        Element(0x00080080, "LO", b"Zqxplace"),
        Element(0x00100010, "PN", b"Zqxname^A "),
        Element(0x00540220, "SQ", items=[Item([Element(0x00080104, "LO", b"axial ")])], undefined=True),
        Element(0x54000100, "SQ", items=[Item([Element(0x54001010, "OW", bytes(8))])], undefined=True),
        Element(0x60000010, "US", b"\1\0"),
        Element(0x60003000, "OW", bytes(8)),
        Element(0x7FE00010, "OW", bytes(8)),
    ]
    data = _with(_philips([Item(inside, undefined)], vr, undefined))
    result = output(ENGINE, data)
    assert b"Zqx" not in result
    found = find(parse(result).elements, 0x2001105F)
    assert found is not None
    if found.items is None:  # a UN of defined length, which the reader of the tests takes for bytes
        found.items = [Item(_elements_of_un(found.value))]
    (item,) = found.items
    tags = [e.tag for e in item.elements]
    assert tags == [0x00080018, 0x00080070, 0x00100010, 0x00540220]
    assert item.elements[0].value.startswith(b"2.25.")


def _elements_of_un(value: bytes) -> list[Element]:
    """The elements of the one item of a sequence in implicit VR."""
    head = encode_element(Element(0x00080005, "CS", b"ISO_IR 6"), Wire(explicit=False))
    assert value[:4] == b"\xfe\xff\x00\xe0"
    return parse(head + value[8:]).elements[1:]


def test_a_private_sequence_of_which_nothing_stays_goes_with_its_creator() -> None:
    assert _run(_philips([Item([Element(0x00080080, "LO", b"Zqxplace")])])) == {}


def test_a_private_sequence_without_items_stays() -> None:
    assert sorted(_run(_philips([]))) == [0x20010010, 0x2001105F]


@pytest.mark.parametrize("syntax", ["explicit", "implicit"])
def test_items_of_a_private_sequence_have_creators_of_their_own(syntax: str) -> None:
    own = [_creator(PHILIPS, 0x2001, 0x11), Element(0x200111EE, "FL", bytes(4))]  # no row of the table
    listed = next(r for r in KEPT if r.creator == PHILIPS and r.vr == "FL")
    good = [_creator(PHILIPS, 0x2001, 0x11), element_of(listed, 0x11)]
    orphan = [element_of(listed, 0x10)]
    found = _run(_philips([Item(good, True), Item(own, True), Item(orphan, True)]), syntax)
    items = found[0x2001105F].items or []
    assert [[e.tag for e in item.elements] for item in items] == [[e.tag for e in good]]


def test_what_is_no_sequence_although_the_list_says_so_goes() -> None:
    noise = b"Zqxnoise" * 4
    elements = [_creator(PHILIPS, 0x2001), Element(0x2001105F, "UN", noise), Element(0x20011011, "UN", b"")]
    for syntax in ("explicit", "implicit"):
        assert b"Zqxnoise" not in output(ENGINE, _with(elements, syntax))


# --- values -------------------------------------------------------------------------------------------------


def _site(vr: str, value: bytes, *options: str, **changes: object) -> Element | None:
    """What becomes of an element of a site's list."""
    engine = fresh("basic", options={*SAFE, *options}, private=(SitePrivate("ZQX", 0x0F09, 0x01, vr),), **changes)
    found = _run([_creator("ZQX", 0x0F09), Element(0x0F091001, vr, value)], engine=engine)
    assert sorted(found) in ([], [0x0F090010, 0x0F091001])
    return found.get(0x0F091001)


def _value(*arguments: object, **changes: object) -> bytes | None:
    found = _site(*arguments, **changes)  # type: ignore[arg-type]
    return found.value if found is not None else None


def test_dates_go_with_the_options_for_dates() -> None:
    assert _value("DA", b"20200214") is None
    assert _value("DA", b"20200214", "retain_longitudinal_full_dates") == b"20200214"
    assert _value("DA", b"Zqxword ", "retain_longitudinal_full_dates") is None
    assert _value("DA", b"Zqxword ", "retain_longitudinal_modified_dates") is None
    assert _value("DA", b"20200214", "retain_longitudinal_modified_dates", dates="year") == b"20200101"
    assert _value("TM", b"101500", "retain_longitudinal_modified_dates") == b"101500"


def test_private_dates_are_shifted_as_those_of_the_study() -> None:
    engine = fresh(
        "basic",
        options={*SAFE, "retain_longitudinal_modified_dates"},
        private=(SitePrivate("ZQX", 0x0F09, 0x01, "DA"),),
    )
    data = _with([_creator("ZQX", 0x0F09), Element(0x0F091001, "DA", b"20200214")])
    out = parse(output(engine, data)).elements
    study, own = find(out, 0x00080020), find(out, 0x0F091001)
    assert study is not None
    assert own is not None
    assert own.value == study.value != b"20200214"


@pytest.mark.parametrize(
    ("vr", "value", "left"),
    [
        ("PN", b"HEAD", None),
        ("UR", b"HEAD", None),
        ("LO", b"HEAD", b"HEAD"),
        ("LO", b"HEAD Zqxword", b"HEAD"),
        ("UT", b"Zqxword ", None),
        ("CS", b"ZQX_1 ", b"ZQX_1 "),
        ("DS", b"1.5\\-2e3", b"1.5\\-2e3"),
        ("DS", b"Zqxword ", None),
        ("IS", b"12.5", None),
        ("AS", b"047Y", b"047Y"),
        ("AS", b"095Y", b"090Y"),
        ("AS", b"Zqxw", None),
        ("AE", b"ZQXTITLE", None),
        ("US", b"abc\0\1", None),
        ("OB", bytes(range(32)), bytes(range(32))),
    ],
)
def test_a_value_is_treated_as_its_vr_demands(vr: str, value: bytes, left: bytes | None) -> None:
    assert _value(vr, value) == left


def test_an_application_entity_stays_when_the_site_allows_it() -> None:
    assert _value("AE", b"ZQXTITLE", ae_titles={"ZQXTITLE"}) == b"ZQXTITLE"
    assert _value("AE", b"ZQXTITLE", ae_titles={"OTHER"}) is None


def test_a_site_has_its_own_vr_for_a_listed_element_and_may_vouch_for_bytes() -> None:
    site = (SitePrivate(HOLOGIC, 0x7E01, 0x02, "LO"), SitePrivate(HOLOGIC, 0x7E01, 0x12, "OB"))
    engine = fresh("basic", options=SAFE, private=site)
    elements = [_creator(HOLOGIC, 0x7E01), Element(0x7E011002, "LO", b"HEAD"), Element(0x7E011012, "OB", bytes(16))]
    assert len(_run(elements, engine=engine)) == 3
    assert _run(elements) == {}


def test_a_site_list_without_the_option_keeps_nothing() -> None:
    engine = fresh("basic", private=(SitePrivate("ZQX", 0x0F09, 0x01, "CS"),))
    assert _run([_creator("ZQX", 0x0F09), Element(0x0F091001, "CS", b"HEAD")], engine=engine) == {}


# --- overrides ----------------------------------------------------------------------------------------------


def test_a_creator_that_the_site_keeps_stays_as_it_is_and_the_claim_goes() -> None:
    engine = fresh("basic", overrides=(Override(strategy="keep", creator="ZQX 1.0"),))
    inner = [Element(0x00080070, "LO", b"Acme"), Element(0x00080080, "LO", b"Zqxplace")]
    elements = [
        _creator("ZQX 1.0", 0x0F09),
        Element(0x0F091001, "LO", b"Some text "),
        Element(0x0F091002, "PN", b"Doe^Jane"),
        Element(0x0F091003, "SQ", items=[Item(inner)]),
        _creator(ACQU, 0x19),
        Element(0x00191023, "DS", b"1.5 "),
    ]
    data = _with(elements)
    result, out = deidentified(engine, data)
    found = _private(out)
    assert sorted(found) == [0x0F090010, 0x0F091001, 0x0F091002, 0x0F091003]
    assert (found[0x0F091001].value, found[0x0F091002].value) == (b"Some text ", b"Doe^Jane")
    assert [e.tag for e in (found[0x0F091003].items or [])[0].elements] == [0x00080070]
    assert result.codes == ()


def test_a_creator_that_the_site_removes_goes_although_it_is_safe() -> None:
    ct = "1.2.840.10008.5.1.4.1.1.2"
    elements = [_creator(ACQU, 0x19), Element(0x00191023, "DS", b"1.5 ")]
    for sop_class, left in (("", 0), (ct, 0), ("1.2.840.10008.5.1.4.1.1.4", 2)):
        override = Override(strategy="remove", creator=ACQU, sop_class=sop_class)
        assert len(_run(elements, engine=fresh("basic", options=SAFE, overrides=(override,)))) == left


def test_an_override_by_vr_takes_safe_elements_away_too() -> None:
    engine = fresh("basic", options=SAFE, overrides=(Override(strategy="remove", vr="DS"),))
    assert _run([_creator(ACQU, 0x19), Element(0x00191023, "DS", b"1.5 ")], engine=engine) == {}


# --- what is told, and how fast ------------------------------------------------------------------------------


def test_decisions_name_the_option_and_no_keyword() -> None:
    elements = [_creator(HOLOGIC, 0x7E01), Element(0x7E011002, "SH", b"HEAD Zqxword")]
    elements += [_creator("ZQX", 0x0F09), Element(0x0F091001, "LO", b"HEAD")]
    result, _out = deidentified(ENGINE, _with(elements))
    told = {d.tag: (d.keyword, d.action.value, d.because) for d in result.decisions if d.tag >> 16 & 1}
    assert told == {
        0x7E011002: ("", "C", "option:retain_safe_private"),
        0x0F090010: ("", "X", "private"),
        0x0F091001: ("", "X", "private"),
    }
    assert result.statistics.private_removed == 2
    assert "113111" in result.codes


@pytest.mark.parametrize("option", [set(), SAFE])
def test_what_tells_of_private_elements_goes(option: set[str]) -> None:
    item = Item([Element(0x00080301, "US", b"\x19\0"), Element(0x00080302, "LO", ACQU.encode())])
    data = _with([Element(0x00080300, "SQ", items=[item]), _creator(ACQU, 0x19), Element(0x00191023, "DS", b"1.5 ")])
    assert find(parse(output(fresh("basic", options=option), data)).elements, 0x00080300) is None


def test_a_series_with_private_blocks_gives_the_bytes_of_a_fresh_engine_and_uses_runs() -> None:
    warm = fresh("research", options=SAFE)
    series = []
    for number in range(24):
        content = dataset("ct", InstanceNumber=number, SOPInstanceUID=f"1.2.3.{number}")
        block = content.private_block(0x0019, ACQU if number % 5 else "ZQX", create=True)
        block.add_new(0x23, "DS", str(number % 3))
        block.add_new(0x24, "DS", "1")
        item = Dataset()
        item.Manufacturer, item.InstitutionName = "Acme", "Zqxplace"
        own = item.private_block(0x0019, "ZQX" if number % 7 else ACQU, create=True)
        own.add_new(0x23, "DS", "1")
        content.SourceInstanceSequence = [item, item]
        philips = content.private_block(0x2001, PHILIPS if number % 3 else "ZQX", create=True)
        philips.add_new(0x5F, "SQ", [item])
        series.append(encode(content, "explicit"))
    for data in [*series, *reversed(series)]:
        result, out = deidentified(warm, data)
        expected, wanted = deidentified(fresh("research", options=SAFE), data)
        assert out == wanted
        assert (result.statistics, result.decisions) == (expected.statistics, expected.decisions)
    levels = [level for plan in warm._plans.values() for level in _phases(plan.root)]
    assert any(e.__class__ is tuple and e[0] == RUN for level in levels for e in level.memo.values())


def _phases(level: object) -> Iterable[object]:
    while level is not None:
        yield level
        level = level.after  # type: ignore[attr-defined]
