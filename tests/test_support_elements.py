"""Tests of the reader and writer of elements that the planter and the leak search stand on."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from pydicom import dcmread

from support.corpus import corpus_file, unique_files
from support.elements import DEFLATED, Element, Item, Unparsable, Wire, encode, inflated, parse, put, walk

# What no reader could take for a whole data set.
UNPARSABLE = {
    "deid-data/README.md",
    "deid-data/ultrasounds/GREYSCALE_CINE.zip",
    "deid-data/ultrasounds/RGB_CINE.zip",
    "pydicom-data/emri_small_jpeg_2k_lossless_too_short.dcm",
    "pydicom/MR_truncated.dcm",
    "pydicom/README.txt",
    "pydicom/charset_files/FileInfo.txt",
    "pydicom/crayons.icc",
    "pydicom/dicomdirtests/DICOMDIR-nooffset",
    "pydicom/dicomdirtests/README.txt",
    "pydicom/dicomdirtests/TINY_ALPHA/README",
    "pydicom/hashes.json",
    "pydicom/no_meta.dcm",
    "pydicom/palettes/README.md",
    "pydicom/rtplan.dump",
    "pydicom/rtplan_truncated.dcm",
    "pydicom/rtstruct.dump",
    "pydicom/test1.json",
    "pydicom/test_PN.json",
    "pydicom/urls.json",
    "pydicom/zipMR.gz",
}


def test_every_corpus_file_is_written_as_it_was_read_or_is_known_to_be_broken() -> None:
    refused = set()
    for file in unique_files():
        data = file.read()
        try:
            parsed = parse(data)
        except Unparsable:
            refused.add(file.id)
            continue
        written = parsed.encode()
        if parsed.transfer_syntax in DEFLATED:
            written, data = inflated(written), inflated(data)
        assert written == data, file.id
    assert refused == UNPARSABLE


@pytest.mark.parametrize(
    "name", ["CT_small.dcm", "MR_small_bigendian.dcm", "rtplan.dcm", "test-SR.dcm", "JPEG2000.dcm"]
)
def test_the_tree_has_the_elements_that_pydicom_finds(name: str) -> None:
    data = corpus_file(f"pydicom/{name}").read()
    ours = [element.tag for _, element in walk(parse(data).elements)]
    assert ours == [int(e.tag) for e in dcmread(io.BytesIO(data)).iterall()]


@pytest.mark.parametrize(
    "wire", [Wire(), Wire(explicit=False), Wire(little=False)], ids=["explicit", "implicit", "big"]
)
@pytest.mark.parametrize("undefined", [False, True])
def test_nested_sequences_survive_writing_and_reading(wire: Wire, *, undefined: bool) -> None:
    inner = Element(
        0x00081199, "SQ", items=[Item([Element(0x00100010, "PN", b"A^B ")], undefined)], undefined=undefined
    )
    outer = Element(0x00081140, "SQ", items=[Item([inner], undefined), Item([], undefined)], undefined=undefined)
    data = encode(outer, wire) + encode(Element(0x00100010, "PN", b"C^D "), wire)
    parsed = parse(data if wire.little else _big_endian_file(data))
    assert [path for path, _ in walk(parsed.elements)] == [
        "00081140",
        "00081140[0].00081199",
        "00081140[0].00081199[0].00100010",
        "00100010",
    ]


def _big_endian_file(data: bytes) -> bytes:
    syntax = b"1.2.840.10008.1.2.2\0"
    return bytes(128) + b"DICM" + struct.pack("<HH2sH", 2, 0x10, b"UI", len(syntax)) + syntax + data


def test_a_value_too_long_for_its_vr_is_written_as_un() -> None:
    data = encode(Element(0x00104000, "LT", b"x" * 70000), Wire())
    assert data[4:6] == b"UN"
    assert parse(data).elements[0].value == b"x" * 70000


@pytest.mark.parametrize("cut", [1, 5, 9, 20, 39])
def test_truncated_bytes_are_refused(cut: int) -> None:
    item = Item([Element(0x00100010, "PN", b"Name^Given")], undefined=True)
    data = encode(Element(0x00081140, "SQ", items=[item], undefined=True), Wire())
    with pytest.raises(Unparsable):
        parse(data[:-cut])


def test_damaged_deflated_bytes_are_refused() -> None:
    syntax = b"1.2.840.10008.1.2.1.99"
    head = bytes(128) + b"DICM" + struct.pack("<HH2sH", 2, 0x10, b"UI", len(syntax)) + syntax
    with pytest.raises(Unparsable):
        parse(head + b"\xff" * 40)
    squeeze = zlib.compressobj(wbits=-15)
    body = squeeze.compress(encode(Element(0x00100010, "PN", b"A^B "), Wire())) + squeeze.flush()
    assert parse(head + body).elements[0].value == b"A^B "


def test_put_keeps_ascending_order_and_replaces() -> None:
    elements = [Element(0x00080005, "CS"), Element(0x00100010, "PN", b"old ")]
    put(elements, Element(0x00080018, "UI"))
    put(elements, Element(0x00100010, "PN", b"new "))
    put(elements, Element(0x7FE00010, "OW"))
    assert [e.tag for e in elements] == [0x00080005, 0x00080018, 0x00100010, 0x7FE00010]
    assert elements[2].value == b"new "
