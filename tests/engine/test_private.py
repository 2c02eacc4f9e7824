"""Retain Safe Private (113111): each row of Table E.3.10-1 stays, and nothing that only resembles one."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from pydicom import Dataset

from deident.engine.entries import RUN
from deident.errors import ConfigurationError, Refusal
from deident.profile.model import SitePrivate
from deident.profile.override import Override, OverrideStrategy
from support.builders import build, dataset, encode
from support.elements import Element, Item, find, parse
from support.outputs import deidentified, fresh, output
from support.private_blocks import (
    ACQU,
    ENGINE,
    KEPT,
    PHILIPS,
    SAFE,
    SYNTAXES,
    blocks_of,
    creator_of,
    elements_of,
    kept_of,
    with_elements,
)
from support.private_sets import Row, element_of, rows, stays

# --- every row ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [0x10, 0x42])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_row_stays_to_the_byte(syntax: str, first: int) -> None:
    elements = elements_of(list(rows()), first=first)
    found = kept_of(elements, syntax)
    for row in rows():
        tag = row.group << 16 | blocks_of(rows(), first)[row.creator, row.group] << 8 | row.low
        if not stays(row):
            assert tag not in found
        elif row.vr == "SQ":
            assert [[e.tag for e in item.elements] for item in found[tag].items or []] == [[0x00080070]]
        elif row.vr == "UI":
            assert found[tag].value.startswith(b"2.25.")
        else:
            before = element_of(row, tag >> 8 & 0xFF)
            assert (found[tag].value, found[tag].vr) == (before.value, before.vr if syntax != "implicit" else "UN")
    assert len(found) == len(KEPT) + len(blocks_of(KEPT))


def test_every_row_stays_as_un() -> None:
    found = kept_of(elements_of(list(rows()), lambda _row: "UN"))
    assert len(found) == len(KEPT) + len(blocks_of(KEPT))
    assert sum(e.vr == "UN" for e in found.values()) == len(KEPT) - sum(row.vr == "UI" for row in KEPT)


def test_with_uids_retained_those_of_the_list_stay() -> None:
    engine = fresh("basic", options={*SAFE, "retain_uids"})
    uids = [row for row in KEPT if row.vr == "UI"]
    found = kept_of(elements_of(uids), engine=engine)
    assert [e.value for e in found.values() if e.vr == "UI"] == [b"1.2.3.44"] * 7


def test_without_the_option_none_stays() -> None:
    assert kept_of(elements_of(list(rows())), engine=fresh("basic")) == {}


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
    assert kept_of(elements_of(list(by_place.values())), syntax) == {}


@pytest.mark.parametrize("syntax", ["explicit", "big-endian", "deflated"])
def test_a_row_with_another_vr_goes(syntax: str) -> None:
    def other(row: Row) -> str:
        return "OB" if row.vr in ("LO", "SH", "LT", "ST") else "LO"

    assert kept_of(elements_of(KEPT, other), syntax) == {}


def test_a_sequence_on_the_wire_where_the_list_has_a_value_goes() -> None:
    item = Item([Element(0x00080070, "LO", b"Acme")])
    for vr in ("SQ", "UN"):
        elements = [creator_of(ACQU, 0x19), Element(0x00191023, vr, items=[item], undefined=True)]
        assert kept_of(elements) == {}
        assert kept_of(elements, "implicit") == {}


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_without_a_creator_none_stays(syntax: str) -> None:
    elements = [e for e in elements_of(KEPT) if e.tag & 0xFFFF >= 0x1000]
    assert kept_of(elements, syntax) == {}


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_creator_of_another_block_does_not_count(syntax: str) -> None:
    elements = [e for e in elements_of(KEPT) if e.tag & 0xFFFF >= 0x1000]
    assert kept_of([*elements, *(creator_of(ACQU, group, 0xA0) for group in {r.group for r in KEPT})], syntax) == {}


@pytest.mark.parametrize("undefined", [True, False])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_creator_of_the_outer_data_set_does_not_count_in_an_item(syntax: str, undefined: bool) -> None:
    outside, inside = elements_of(KEPT), [e for e in elements_of(KEPT) if e.tag & 0xFFFF >= 0x1000]
    contributing = Element(0x0018A001, "SQ", items=[Item(inside, undefined)], undefined=undefined)
    creators = [e for e in outside if e.tag & 0xFFFF < 0x1000]
    out = parse(output(ENGINE, with_elements([*creators, contributing], syntax)))
    assert find(out.elements, 0x0018A001) is None  # the item is empty
    assert [e for e in out.elements if e.tag >> 16 & 1] == []


@pytest.mark.parametrize("undefined", [True, False])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_an_item_has_creators_of_its_own(syntax: str, undefined: bool) -> None:
    simple = [row for row in KEPT if row.vr not in ("SQ", "UI")]
    inside = sorted(elements_of(simple), key=lambda e: e.tag)
    sequence = Element(0x0018A001, "SQ", items=[Item(inside, undefined)] * 2, undefined=undefined)
    found = find(parse(output(ENGINE, with_elements([sequence], syntax))).elements, 0x0018A001)
    assert found is not None
    for item in found.items or []:
        assert [(e.tag, e.value) for e in item.elements] == [(e.tag, e.value) for e in inside]


@pytest.mark.parametrize("group", [0x0001, 0x0003, 0x0005, 0x0007, 0xFFFF])
def test_illegal_groups_never_stay(group: int) -> None:
    with pytest.raises(ConfigurationError, match="group"):
        SitePrivate("ZQX", group, 0x01, "LO")
    kept = Override(OverrideStrategy.KEEP, creator="ZQX")
    for engine in (ENGINE, fresh("basic", options=SAFE, overrides=(kept,))):
        assert kept_of([creator_of("ZQX", group), Element(group << 16 | 0x1001, "LO", b"HEAD")], engine=engine) == {}


@pytest.mark.parametrize("number", [0x0000, 0x0001, 0x000F, 0x0023, 0x0123, 0x0F23])
def test_elements_outside_blocks_never_stay(number: int) -> None:
    elements = [creator_of(ACQU, 0x19), Element(0x00190000 | number, "DS", b"1.5 ")]
    assert kept_of(elements) == {}


# --- creators -----------------------------------------------------------------------------------------------


def test_two_blocks_of_one_creator_both_stay() -> None:
    elements = [creator_of(ACQU, 0x19, 0x10), creator_of(ACQU, 0x19, 0x11)]
    elements += [Element(0x00191023, "DS", b"1.5 "), Element(0x00191123, "DS", b"2.5 ")]
    assert sorted(kept_of(elements)) == [0x00190010, 0x00190011, 0x00191023, 0x00191123]


def test_a_creator_goes_when_nothing_of_its_block_stays_and_only_then() -> None:
    elements = [
        creator_of(ACQU, 0x19, 0x10),
        creator_of(ACQU, 0x19, 0x11),
        Element(0x00191023, "DS", b"1.5 "),
    ]
    elements += [Element(0x00191101, "DS", b"2.5 ")]
    assert sorted(kept_of(elements)) == [0x00190010, 0x00191023]


def test_a_creator_twice_with_the_same_name_stays_once() -> None:
    elements = [creator_of(ACQU, 0x19), creator_of(ACQU, 0x19), Element(0x00191023, "DS", b"1.5 ")]
    out = parse(output(ENGINE, with_elements(elements))).elements
    assert [e.tag for e in out if e.tag >> 16 & 1] == [0x00190010, 0x00191023]


@pytest.mark.parametrize("names", [(ACQU, "ZQX"), ("ZQX", ACQU)])
def test_a_block_with_two_owners_is_nobodys(names: tuple[str, str]) -> None:
    elements = [creator_of(names[0], 0x19), creator_of(names[1], 0x19), Element(0x00191023, "DS", b"1.5 ")]
    assert kept_of(elements) == {}


def test_a_block_that_changes_hands_after_use_is_refused() -> None:
    file = parse(build("ct"))
    late = [creator_of(ACQU, 0x19), Element(0x00191023, "DS", b"1.5 "), creator_of("ZQX", 0x19)]
    file.elements = [e for e in file.elements if e.tag < 0x00190000] + late
    file.elements += [e for e in parse(build("ct")).elements if e.tag > 0x00190000]
    with pytest.raises(Refusal, match="reserved twice"):
        output(ENGINE, file.encode())


@pytest.mark.parametrize("vr", ["SH", "OB", "UT"])
def test_a_creator_of_another_vr_reserves_nothing(vr: str) -> None:
    assert kept_of([creator_of(ACQU, 0x19, vr=vr), Element(0x00191023, "DS", b"1.5 ")]) == {}


def test_an_empty_element_keeps_its_creator() -> None:
    assert sorted(kept_of([creator_of(ACQU, 0x19), Element(0x00191023, "DS", b"")])) == [0x00190010, 0x00191023]


@pytest.mark.parametrize("syntax", ["explicit", "implicit", "big-endian"])
def test_groups_above_the_pixels_are_treated_alike(syntax: str) -> None:
    site = (SitePrivate("ZQX", 0x7FE1, 0x01, "DS"), SitePrivate("ZQX", 0x9001, 0x01, "DS"))
    engine = fresh("basic", options=SAFE, private=site)
    elements = [creator_of("ZQX", 0x7FE1), Element(0x7FE11001, "DS", b"1.5 "), Element(0x7FE11002, "DS", b"1.5 ")]
    elements += [creator_of("ZQX", 0x9001), Element(0x90011002, "DS", b"1.5 ")]
    assert sorted(kept_of(elements, syntax, engine)) == [0x7FE10010, 0x7FE11001]


@pytest.mark.parametrize("size", [30_000, 33_000, 70_000, 400_000])
def test_a_block_across_windows_of_the_source_is_one_block(size: int) -> None:
    site = (SitePrivate("ZQX", 0x0019, 0x02, "OB"), SitePrivate("ZQX", 0x0019, 0x03, "DS"))
    engine = fresh("basic", options=SAFE, private=site)
    for wanted in (0x02, 0x05):  # kept, removed
        elements = [
            creator_of("ZQX", 0x19),
            creator_of(ACQU, 0x19, 0x11),
            Element(0x00191000 | wanted, "OB", bytes(size)),
        ]
        elements += [Element(0x00191103, "DS", b"1.5 ")]
        expected = [0x00190010, 0x00191002] if wanted == 2 else []
        assert sorted(kept_of(elements, engine=engine)) == expected
        elements[-1] = Element(0x00191123, "DS", b"1.5 ")
        assert sorted(kept_of(elements, engine=engine)) == sorted([*expected, 0x00190011, 0x00191123])


@pytest.mark.parametrize("size", [30_000, 33_000, 400_000])
def test_long_values_of_a_creator_that_the_site_keeps_are_not_read(size: int) -> None:
    engine = fresh("basic", overrides=(Override(strategy="keep", creator="ZQX"),))
    elements = [
        creator_of("ZQX", 0x19),
        Element(0x00191001, "OB", bytes(size)),
        creator_of("ZQX", 0x2001, 0x11),
    ]
    elements += [
        creator_of("ZQX", 0x2001),
        Element(0x20011101, "OB", bytes(size)),
        Element(0x20011102, "LO", b"HEAD"),
    ]
    found = kept_of(elements, engine=engine)
    assert sorted(found) == [0x00190010, 0x00191001, 0x20010011, 0x20011101, 0x20011102]


# --- how fast ------------------------------------------------------------------------------------------


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
