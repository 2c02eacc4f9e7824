"""Tests of the planter: that every place really holds what it says, in files that other readers still read."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from pydicom import Dataset, dcmread

from support.builders import FAMILIES, build
from support.corpus import dicom_files
from support.elements import find, parse
from support.leaks import find_leaks
from support.planter import GENTLE, IDENTITY_TAGS, PLACES, Unparsable, plant
from support.planter_table import table_rows

FILES = (
    "pydicom/CT_small.dcm",
    "pydicom/MR_small_bigendian.dcm",
    "pydicom/image_dfl.dcm",
    "pydicom/SC_rgb_small_odd_jpeg.dcm",
    "pydicom/JPEG2000.dcm",
    "pydicom/test-SR.dcm",
    "pydicom/rtplan.dcm",
)
# pydicom refuses to decode these on purpose; it must still be able to read past them.
UNDECODABLE = {"private.mistyped"}
IDENTITY_PLACES = {f"{tag:08X}" for tag in IDENTITY_TAGS} | {"bytes"}
_VALUE_PLACES = re.compile(r"table\.top/([0-9A-F]{8})$")


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("place", PLACES)
def test_every_place_holds_its_identifiers_or_says_why_not(
    place: str, file: str, corpus_bytes: Callable[[str], bytes]
) -> None:
    planted = plant(corpus_bytes(file), 3, [place])
    if place in planted.skipped:
        assert planted.places == ()
        assert len(planted.skipped[place]) > 5
        return
    hidden = planted.at(place)
    assert hidden
    patient = {i.text for i in planted.at("identity")}
    leaks = find_leaks(planted.data, hidden)
    elsewhere = {k.identifier.text for k in leaks if k.identifier.text not in patient or k.place not in IDENTITY_PLACES}
    assert {i.text for i in hidden} == elsewhere


@pytest.mark.parametrize("place", PLACES)
def test_each_place_stands_in_some_file(place: str, corpus_bytes: Callable[[str], bytes]) -> None:
    roomy = build("ct", Rows=16, Columns=16, PixelData=bytes(512))
    assert any(place in plant(data, 1, [place]).places for data in (roomy, *map(corpus_bytes, FILES)))


def test_text_in_the_high_bit_of_pixels_is_planted_and_found() -> None:
    planted = plant(build("ct", Rows=16, Columns=16, PixelData=bytes(512)), 1, ["overlay.high_bits"])
    hidden = planted.at("overlay.high_bits/plane")
    assert {leak.place for leak in find_leaks(planted.data, hidden)} == {"7FE00010 bit 15"}


def test_unplanted_corpus_files_hold_no_canary() -> None:
    identifiers = plant(build("ct"), 1).identifiers
    for file in dicom_files():
        leaks = find_leaks(file.read(), identifiers)
        assert not leaks, (file.id, [leak.place for leak in leaks])


@pytest.mark.slow
def test_every_corpus_file_that_can_be_parsed_can_be_planted_and_read_by_pydicom() -> None:
    refused = set()
    for file in dicom_files():
        try:
            planted = plant(file.read(), 1, GENTLE - UNDECODABLE)
        except Unparsable:
            refused.add(file.id)
            continue
        dcmread(io.BytesIO(planted.data)).walk(lambda _dataset, _element: None)
    assert refused == {
        "pydicom-data/emri_small_jpeg_2k_lossless_too_short.dcm",
        "pydicom/MR_truncated.dcm",
        "pydicom/dicomdirtests/DICOMDIR-nooffset",
        "pydicom/rtplan_truncated.dcm",
    }


@pytest.mark.parametrize("family", [f for i, f in enumerate(FAMILIES) if i % 5 == 0])
def test_families_can_be_planted_everywhere(family: str) -> None:
    planted = plant(build(family), 5)
    found = {leak.identifier.text for leak in find_leaks(planted.data, planted.identifiers)}
    assert {i.text for i in planted.identifiers} <= found


@pytest.mark.parametrize("file", FILES)
def test_pydicom_reads_at_the_top_level_what_was_planted(file: str, corpus_bytes: Callable[[str], bytes]) -> None:
    planted = plant(corpus_bytes(file), 1, ["table.top"])
    read = dcmread(io.BytesIO(planted.data))
    checked = 0
    for identifier in planted.identifiers:
        if match := _VALUE_PLACES.match(identifier.place):
            value = read[int(match[1], 16)].value
            text = value.decode("ascii") if isinstance(value, bytes) else str(value)
            assert text.rstrip("\0 ") == identifier.text, identifier.place
            checked += 1
    assert checked > 450


def test_every_row_of_the_table_is_planted_at_every_level_but_for_the_named_exceptions() -> None:
    planted = plant(build("ct"), 1)
    rows = {f"{r.tag:08X}" for r in table_rows()}
    for where in ("table.top", "table.nested1", "table.nested2", "table.nested3", "table.removed"):
        tags = {i.place.split("/")[1].split(">")[0] for i in planted.at(where) if "/" in i.place}
        missing = rows - tags
        # Numbers and ages hold no word; identifying UIDs, group 0000, 0002, 0004 and padding are places of their own.
        assert missing <= _WITHOUT_TEXT | {"00080018", "0020000D", "0020000E", "FFFCFFFC"} | _top_places(where), missing


_WITHOUT_TEXT = {f"{r.tag:08X}" for r in table_rows() if r.vr in ("US", "AS", "OW") or r.tag >> 16 in (0, 2, 4)}


def _top_places(where: str) -> set[str]:
    """Elements that other places set at the top level."""
    if where != "table.top":
        return set()
    names = [p for p in PLACES if p != "table.top"]
    planted = parse(plant(build("ct"), 1, names).data)
    return {f"{e.tag:08X}" for e in planted.elements}


def test_identifiers_are_unmistakable() -> None:
    planted = plant(build("ct"), 1)
    tokens = [i.text for i in planted.identifiers if i.kind == "text" and i.place.startswith(("table", "private"))]
    assert len(tokens) == len({t.lower() for t in tokens})
    assert all(len(i.text.encode()) >= 6 for i in planted.identifiers)


def test_equal_arguments_give_equal_bytes_and_other_seeds_other_people(corpus_bytes: Callable[[str], bytes]) -> None:
    data = corpus_bytes("pydicom/CT_small.dcm")
    assert plant(data, 1).data == plant(data, 1).data
    first, second = ({i.text for i in plant(data, seed).identifiers} for seed in (1, 2))
    assert len(first & second) < 5


def test_the_same_series_stays_one_series(corpus_bytes: Callable[[str], bytes]) -> None:
    names = ("pydicom/dicomdirtests/77654033/CT2/17106", "pydicom/dicomdirtests/77654033/CT2/17136")
    one, two = (dcmread(io.BytesIO(plant(corpus_bytes(n), 1, ["uid.identity"]).data)) for n in names)
    assert one.SeriesInstanceUID == two.SeriesInstanceUID
    assert one.SOPInstanceUID != two.SOPInstanceUID
    assert one.file_meta.MediaStorageSOPInstanceUID == one.SOPInstanceUID


def test_single_details_can_be_chosen() -> None:
    planted = plant(build("ct"), 1, ["table.top/00081030", "private.nested"])
    assert [i.place for i in planted.at("table.top")] == ["table.top/00081030"]
    assert set(planted.places) == {"private.nested", "table.top"}
    with pytest.raises(KeyError):
        plant(build("ct"), 1, ["nowhere"])


def test_families_choose_all_their_places() -> None:
    assert set(plant(build("ct"), 1, ["private"]).places) == {p for p in PLACES if p.startswith("private.")}


@pytest.mark.parametrize("file", ["pydicom/CT_small.dcm", "pydicom/JPEG2000.dcm", "pydicom/SC_rgb_small_odd_jpeg.dcm"])
def test_gentle_places_keep_pixels_and_structure(file: str, corpus_bytes: Callable[[str], bytes]) -> None:
    data = corpus_bytes(file)
    before, after = parse(data), parse(plant(data, 1, GENTLE).data)
    tags = [e.tag for e in after.elements]
    assert tags == sorted(set(tags))
    assert after.tail == before.tail
    for tag in (0x00280010, 0x00280011, 0x00280100, 0x00280004, 0x00080016, 0x00080060):
        old, new = find(before.elements, tag), find(after.elements, tag)
        assert old is not None
        assert new is not None
        assert new.value == old.value


def test_uids_stay_valid() -> None:
    def check(dataset: Dataset, element: object) -> None:
        del dataset
        if getattr(element, "VR", "") == "UI" and str(getattr(element, "value", "")).startswith("1.2.826"):
            values = element.value if isinstance(element.value, list) else [element.value]  # type: ignore[attr-defined]
            assert all(re.fullmatch(r"[0-9.]{1,64}", str(v)) for v in values)

    planted = plant(build("ct"), 1, ["uid.identity", "uid.multiple", "table.top", "gaps.top"])
    dcmread(io.BytesIO(planted.data)).walk(check)


def test_the_file_name_holds_the_patient() -> None:
    planted = plant(build("ct"), 1, [])
    assert find_leaks(planted.file_name.encode(), planted.identifiers)
