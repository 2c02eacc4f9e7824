"""Values that lie across the end of a window of the source: the scanner reads 32 KiB and, mostly, no more."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from pydicom import dcmread

from deident.engine import SourceRange
from deident.errors import Refusal
from support.builders import build
from support.elements import Element, Item, find, parse, put
from support.oracle import Oracle
from support.outputs import deidentified, deidentifier, output

WINDOW = 32 << 10
SECRET = b"Zqxsecretword "


def _with(element: Element, syntax: str = "explicit") -> bytes:
    file = parse(build("ct", syntax))
    put(file.elements, element)
    return file.encode()


def _ends() -> Iterator[int]:
    """Where the value ends, as distances from the end of the window."""
    yield from (-4096, -16, -12, -8, -4, -2, 0, 2, 4, 8, 12, 16, 4096)


@pytest.mark.parametrize("distance", list(_ends()))
@pytest.mark.parametrize(
    ("tag", "vr"),
    [
        (0x00091001, "UT"),  # private, removed unread
        (0x00204000, "LT"),  # removed by the table
        (0x00104000, "LT"),
        (0x00080109, "UT"),  # not in PS3.6
        (0x00281201, "OW"),  # a look-up table, kept
    ],
)
def test_a_value_that_ends_near_the_window_is_treated_as_any_other(tag: int, vr: str, distance: int) -> None:
    start = len(_with(Element(tag, vr, b"")).partition(b"\x28\x00\x02\x00")[0]) if tag >> 16 < 0x28 else 1500
    size = WINDOW - start + distance
    data = _with(Element(tag, vr, (SECRET * (size // len(SECRET) + 1))[: size // 2 * 2]))
    result = output(deidentifier(), data)
    assert Oracle().differences(data, result) == []
    if tag != 0x00281201:
        assert b"Zqxsecret" not in result


@pytest.mark.parametrize("size", [33000, 40000, 200_000, 3_000_000])
@pytest.mark.parametrize("syntax", ["explicit", "implicit", "big-endian", "deflated"])
def test_a_long_private_value_before_the_pixels_leaves_no_byte(size: int, syntax: str) -> None:
    data = _with(
        Element(0x00291010, "UT" if syntax != "big-endian" else "OB", (SECRET * (size // 14 + 1))[:size]), syntax
    )
    result = output(deidentifier(), data)
    assert b"secretword" not in result
    assert len(result) < 10_000
    assert dcmread(io.BytesIO(result)).PixelData == dcmread(io.BytesIO(data)).PixelData


@pytest.mark.parametrize("undefined", [True, False])
def test_a_sequence_longer_than_the_window_is_walked_to_its_end(undefined: bool) -> None:
    items = [
        Item([Element(0x00080080, "LO", b"Zqxplace"), Element(0x00080070, "LO", b"Acme  ")], undefined)
        for _ in range(4000)
    ]
    data = _with(Element(0x0018A001, "SQ", items=items, undefined=undefined))
    result = output(deidentifier(), data)
    assert b"Zqxplace" not in result
    sequence = find(parse(result).elements, 0x0018A001)
    assert sequence is not None
    assert len(sequence.items or []) == 4000
    assert Oracle().differences(data, result) == []


def test_a_long_kept_value_without_text_is_a_range_of_the_source_and_not_read() -> None:
    value = bytes(range(256)) * 4096
    data = _with(Element(0x00660016, "OF", value))
    read = list[int]()

    class Counting:
        size = len(data)

        def read_at(self, offset: int, length: int) -> bytes:
            part = data[offset : offset + length]
            read.append(len(part))
            return part

    result = deidentifier().deidentify(Counting())
    ranges = [segment for segment in result.segments if isinstance(segment, SourceRange)]
    assert sum(segment.length for segment in ranges) > 900_000
    assert sum(read) < 150_000
    assert deidentified(deidentifier(), data)[1].count(value) == 1


def test_a_value_that_claims_more_than_the_file_has_is_truncated() -> None:
    data = _with(Element(0x00281201, "OW", bytes(100_000)))
    assert all(_refused(data[:length]) for length in (len(data) - 200, 60_000, WINDOW + 1, WINDOW, WINDOW - 1, 2000))


def _refused(data: bytes) -> bool:
    try:
        output(deidentifier(), data)
    except Refusal:
        return True
    return False
