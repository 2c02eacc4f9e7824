"""Tests of the data sets that are built in code."""

from __future__ import annotations

import io

import pytest
from pydicom import dcmread

from support.builders import FAMILIES, IMAGE_FAMILIES, NATIVE, SYNTAXES, build, build_iod, iod_classes
from support.elements import parse


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_reads_back_in_every_native_syntax(family: str) -> None:
    first = None
    for syntax in NATIVE:
        data = build(family, syntax)
        found = dcmread(io.BytesIO(data))
        found.decode()
        assert found.file_meta.TransferSyntaxUID == SYNTAXES[syntax]
        assert found.SOPClassUID == FAMILIES[family].sop_class
        assert parse(data).encode()[:132] == data[:132]
        names = [e.keyword for e in found.iterall()]
        first = first or names
        assert names == first


@pytest.mark.parametrize("family", IMAGE_FAMILIES)
def test_images_have_pixels_that_decode(family: str) -> None:
    for syntax in NATIVE:
        assert dcmread(io.BytesIO(build(family, syntax))).pixel_array.size >= 64
    if FAMILIES[family].pixels != "bits":
        assert dcmread(io.BytesIO(build(family, "rle"))).pixel_array.size >= 64


@pytest.mark.parametrize("syntax", ["jpeg-baseline", "jpeg-lossless", "encapsulated-native"])
@pytest.mark.parametrize("family", ["cr", "us-multiframe"])
def test_compressed_images_have_one_fragment_per_frame(family: str, syntax: str) -> None:
    pixels = parse(build(family, syntax)).elements[-1]
    assert pixels.fragments is not None
    assert len(pixels.fragments) == 1 + max(FAMILIES[family].frames, 1)


def test_every_sop_class_of_the_iod_tables_can_be_built() -> None:
    for sop_class in iod_classes():
        assert dcmread(io.BytesIO(build_iod(sop_class))).SOPClassUID == sop_class


def test_attributes_can_be_set_and_removed_and_names_written_in_any_character_set() -> None:
    data = build("ct", charset=["", "ISO 2022 IR 87"], PatientName="Yamada^Tarou=山田^太郎", PatientSex=None)
    found = dcmread(io.BytesIO(data))
    assert found.PatientName.ideographic == "山田^太郎"
    assert "PatientSex" not in found


def test_what_is_built_is_always_the_same() -> None:
    assert build("mr") == build("mr")
    assert len({dcmread(io.BytesIO(build(f))).SOPInstanceUID for f in FAMILIES}) == len(FAMILIES)
    assert len({dcmread(io.BytesIO(build(f))).StudyInstanceUID for f in FAMILIES}) == 1
