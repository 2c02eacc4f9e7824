"""Retain Safe Private (113111): sequences, values and what overrides make of private elements; what is told of them."""

from __future__ import annotations

import pytest

from deident.profile.model import SitePrivate
from deident.profile.override import Override
from support.elements import Element, Item, Wire, find, parse
from support.elements import encode as encode_element
from support.outputs import deidentified, fresh, output
from support.private_blocks import (
    ACQU,
    ENGINE,
    HOLOGIC,
    KEPT,
    PHILIPS,
    SAFE,
    creator_of,
    kept_of,
    private_of,
    with_elements,
)
from support.private_sets import element_of

# --- sequences ----------------------------------------------------------------------------------------------


def _philips(items: list[Item], vr: str = "SQ", undefined: bool = True) -> list[Element]:
    return [creator_of(PHILIPS, 0x2001), Element(0x2001105F, vr, items=items, undefined=undefined)]


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
    data = with_elements(_philips([Item(inside, undefined)], vr, undefined))
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
    assert kept_of(_philips([Item([Element(0x00080080, "LO", b"Zqxplace")])])) == {}


def test_a_private_sequence_without_items_stays() -> None:
    assert sorted(kept_of(_philips([]))) == [0x20010010, 0x2001105F]


@pytest.mark.parametrize("syntax", ["explicit", "implicit"])
def test_items_of_a_private_sequence_have_creators_of_their_own(syntax: str) -> None:
    own = [creator_of(PHILIPS, 0x2001, 0x11), Element(0x200111EE, "FL", bytes(4))]  # no row of the table
    listed = next(r for r in KEPT if r.creator == PHILIPS and r.vr == "FL")
    good = [creator_of(PHILIPS, 0x2001, 0x11), element_of(listed, 0x11)]
    orphan = [element_of(listed, 0x10)]
    found = kept_of(_philips([Item(good, True), Item(own, True), Item(orphan, True)]), syntax)
    items = found[0x2001105F].items or []
    assert [[e.tag for e in item.elements] for item in items] == [[e.tag for e in good]]


def test_what_is_no_sequence_although_the_list_says_so_goes() -> None:
    noise = b"Zqxnoise" * 4
    elements = [creator_of(PHILIPS, 0x2001), Element(0x2001105F, "UN", noise), Element(0x20011011, "UN", b"")]
    for syntax in ("explicit", "implicit"):
        assert b"Zqxnoise" not in output(ENGINE, with_elements(elements, syntax))


# --- values -------------------------------------------------------------------------------------------------


def _site(vr: str, value: bytes, *options: str, **changes: object) -> Element | None:
    """What becomes of an element of a site's list."""
    engine = fresh("basic", options={*SAFE, *options}, private=(SitePrivate("ZQX", 0x0F09, 0x01, vr),), **changes)
    found = kept_of([creator_of("ZQX", 0x0F09), Element(0x0F091001, vr, value)], engine=engine)
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
    data = with_elements([creator_of("ZQX", 0x0F09), Element(0x0F091001, "DA", b"20200214")])
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
    elements = [
        creator_of(HOLOGIC, 0x7E01),
        Element(0x7E011002, "LO", b"HEAD"),
        Element(0x7E011012, "OB", bytes(16)),
    ]
    assert len(kept_of(elements, engine=engine)) == 3
    assert kept_of(elements) == {}


def test_a_site_list_without_the_option_keeps_nothing() -> None:
    engine = fresh("basic", private=(SitePrivate("ZQX", 0x0F09, 0x01, "CS"),))
    assert kept_of([creator_of("ZQX", 0x0F09), Element(0x0F091001, "CS", b"HEAD")], engine=engine) == {}


# --- overrides ----------------------------------------------------------------------------------------------


def test_a_creator_that_the_site_keeps_stays_as_it_is_and_the_claim_goes() -> None:
    engine = fresh("basic", overrides=(Override(strategy="keep", creator="ZQX 1.0"),))
    inner = [Element(0x00080070, "LO", b"Acme"), Element(0x00080080, "LO", b"Zqxplace")]
    elements = [
        creator_of("ZQX 1.0", 0x0F09),
        Element(0x0F091001, "LO", b"Some text "),
        Element(0x0F091002, "PN", b"Doe^Jane"),
        Element(0x0F091003, "SQ", items=[Item(inner)]),
        creator_of(ACQU, 0x19),
        Element(0x00191023, "DS", b"1.5 "),
    ]
    data = with_elements(elements)
    result, out = deidentified(engine, data)
    found = private_of(out)
    assert sorted(found) == [0x0F090010, 0x0F091001, 0x0F091002, 0x0F091003]
    assert (found[0x0F091001].value, found[0x0F091002].value) == (b"Some text ", b"Doe^Jane")
    assert [e.tag for e in (found[0x0F091003].items or [])[0].elements] == [0x00080070]
    assert result.codes == ()


def test_a_creator_that_the_site_removes_goes_although_it_is_safe() -> None:
    ct = "1.2.840.10008.5.1.4.1.1.2"
    elements = [creator_of(ACQU, 0x19), Element(0x00191023, "DS", b"1.5 ")]
    for sop_class, left in (("", 0), (ct, 0), ("1.2.840.10008.5.1.4.1.1.4", 2)):
        override = Override(strategy="remove", creator=ACQU, sop_class=sop_class)
        assert len(kept_of(elements, engine=fresh("basic", options=SAFE, overrides=(override,)))) == left


def test_an_override_by_vr_takes_safe_elements_away_too() -> None:
    engine = fresh("basic", options=SAFE, overrides=(Override(strategy="remove", vr="DS"),))
    assert kept_of([creator_of(ACQU, 0x19), Element(0x00191023, "DS", b"1.5 ")], engine=engine) == {}


# --- what is told, and how fast ------------------------------------------------------------------------------


def test_decisions_name_the_option_and_no_keyword() -> None:
    elements = [creator_of(HOLOGIC, 0x7E01), Element(0x7E011002, "SH", b"HEAD Zqxword")]
    elements += [creator_of("ZQX", 0x0F09), Element(0x0F091001, "LO", b"HEAD")]
    result, _out = deidentified(ENGINE, with_elements(elements))
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
    data = with_elements(
        [Element(0x00080300, "SQ", items=[item]), creator_of(ACQU, 0x19), Element(0x00191023, "DS", b"1.5 ")]
    )
    assert find(parse(output(fresh("basic", options=option), data)).elements, 0x00080300) is None
