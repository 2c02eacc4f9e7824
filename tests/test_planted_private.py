"""Identifiers planted in private places with Retain Safe Private on: in safe elements, creators, neighbours, sequences."""

from __future__ import annotations

import pytest

from deident.engine.part10 import BytesSource
from deident.profile import preset
from deident.profile.model import SitePrivate
from deident.study.check import claims_of
from deident.validation import Pair, validate_study
from support.builders import build
from support.elements import Element, Item, parse
from support.leaks import find_leaks
from support.outputs import deidentified, fresh, output
from support.planter import plant
from support.private_sets import element_of, rows, stays

SAFE = {"retain_safe_private"}
PLACES = (
    *("private.top", "private.nested", "private.deep", "private.above", "private.no_creator", "private.illegal"),
    *("private.mistyped", "private.un_sequence", "private.safe"),
)


@pytest.mark.parametrize("options", [SAFE, {*SAFE, "clean_descriptors"}, {*SAFE, "retain_longitudinal_full_dates"}])
@pytest.mark.parametrize("syntax", ["explicit", "implicit", "big-endian", "deflated"])
def test_what_is_planted_in_private_places_is_gone(syntax: str, options: set[str]) -> None:
    planted = plant(build("ct", syntax), 11, PLACES)
    assert len(planted.identifiers) > 20
    assert find_leaks(output(fresh("basic", options=options), planted.data), planted.identifiers) == []


def _with(*elements: Element, syntax: str = "explicit") -> bytes:
    """A CT of the patient Zqxfamily, with the id 4711081599."""
    file = parse(build("ct", syntax))
    own = {
        0x00100010: Element(0x00100010, "PN", b"Zqxfamily^Zqxgiven"),
        0x00100020: Element(0x00100020, "LO", b"4711081599"),
        **{e.tag: e for e in elements},
    }
    file.elements = sorted([*(e for e in file.elements if e.tag not in own), *own.values()], key=lambda e: e.tag)
    return file.encode()


@pytest.mark.parametrize("syntax", ["explicit", "implicit"])
@pytest.mark.parametrize("vr", ["CS", "LO", "SH", "ST", "LT", "UI", "DS", "IS", "FD", "FL", "UL", "US"])
def test_the_patients_name_is_in_no_safe_element(vr: str, syntax: str) -> None:
    """Even where the bytes are no value of the VR."""
    row = next(row for row in rows() if row.vr == vr)
    creator = row.creator.encode() + b" " * (len(row.creator) % 2)
    for text in (b"Zqxfamily Zqxgiven  ".ljust(24), b"ZQXFAMILY^ZQXGIVEN\\A ".ljust(24)):
        data = _with(
            Element(row.group << 16 | 0x10, "LO", creator),
            Element(row.group << 16 | 0x1000 | row.low, vr, text),
            syntax=syntax,
        )
        out = output(fresh("basic", options=SAFE), data)
        assert b"zqxfamily" not in out.lower()
        assert b"zqxgiven" not in out.lower()


@pytest.mark.parametrize("vr", ["DS", "IS", "CS", "LO", "UI"])
def test_the_patients_id_is_in_no_safe_element(vr: str) -> None:
    row = next(row for row in rows() if row.vr == vr)
    creator = row.creator.encode() + b" " * (len(row.creator) % 2)
    for text in (b"4711081599", b"12\\4711081599 "):
        data = _with(
            Element(row.group << 16 | 0x10, "LO", creator), Element(row.group << 16 | 0x1000 | row.low, vr, text)
        )
        assert b"4711081599" not in output(fresh("basic", options=SAFE), data)


@pytest.mark.parametrize(
    "creator", [b"Zqxfamily ", b"ELSCINT1 Zqxfamily", b"ELSCINT1\\Zqxfamily ", b"Zqxfamily\\ELSCINT1 "]
)
def test_a_creator_that_holds_a_name_never_stays(creator: bytes) -> None:
    elements = [Element(0x00E10010, "LO", creator), Element(0x00E11021, "DS", b"1.5 ")]
    nested = Element(0x0018A001, "SQ", items=[Item([Element(0x00080070, "LO", b"Acme"), *elements])])
    out = output(fresh("basic", options=SAFE), _with(*elements, nested))
    assert b"Zqxfamily" not in out
    assert [e.tag for e in parse(out).elements if e.tag >> 16 & 1] == []


def test_a_listed_creator_that_is_the_patients_name_goes_with_its_block() -> None:
    site = (SitePrivate("Zqxfamily", 0x0F09, 0x01, "CS"),)
    elements = [Element(0x0F090010, "LO", b"Zqxfamily "), Element(0x0F091001, "CS", b"HEAD")]
    engine = fresh("basic", options=SAFE, private=site)
    for _round in range(2):
        out = output(engine, _with(*elements))
        assert b"Zqxfamily" not in out
        assert [e.tag for e in parse(out).elements if e.tag >> 16 & 1] == []
    other = output(engine, _with(*elements).replace(b"Zqxfamily^", b"Zqyfamily^"))
    assert [e.tag for e in parse(other).elements if e.tag >> 16 & 1] == [0x0F090010, 0x0F091001]


@pytest.mark.parametrize("syntax", ["explicit", "implicit", "big-endian"])
def test_names_in_every_private_sequence_of_the_list_are_gone(syntax: str) -> None:
    item = [
        Element(0x00080070, "LO", b"Acme"),
        Element(0x00100010, "PN", b"Zqxother^Zqxtoo "),
        Element(0x00204000, "LT", b"for Zqxfamily "),
    ]
    for row in (row for row in rows() if row.vr == "SQ" and stays(row)):
        sequence = element_of(row, 0x10)
        sequence.items = [Item(item, True)]
        creator = row.creator.encode() + b" " * (len(row.creator) % 2)
        data = _with(Element(row.group << 16 | 0x10, "LO", creator), sequence, syntax=syntax)
        out = output(fresh("basic", options=SAFE), data)
        assert b"Zqx" not in out
        assert b"Acme" in out


@pytest.mark.parametrize("options", [SAFE, {*SAFE, "retain_uids", "clean_descriptors"}])
@pytest.mark.parametrize("syntax", ["explicit", "implicit", "big-endian"])
def test_validation_releases_what_the_engine_keeps_of_every_row(syntax: str, options: set[str]) -> None:
    profile = preset("basic").changed(options=options, pixel_risk="accept")
    creators = {(row.creator, row.group) for row in rows()}
    block = {key: 0x10 + number for number, key in enumerate(sorted(creators))}
    elements = [element_of(row, block[row.creator, row.group]) for row in rows()]
    for (creator, group), number in block.items():
        elements.append(Element(group << 16 | number, "LO", creator.encode() + b" " * (len(creator) % 2)))
    data = _with(*elements, syntax=syntax)
    result, out = deidentified(fresh("basic", options=options), data)
    assert len([e for e in parse(out).elements if e.tag >> 16 & 1]) > 454
    pair = Pair("a", BytesSource(data), BytesSource(out), "", result.statistics.pixel_data)
    assert validate_study((pair,), claims_of(profile)) == []
