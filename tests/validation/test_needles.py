"""The search in bytes finds each encoding at each offset, and nothing else."""

from __future__ import annotations

import base64
import random
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deident.validation.needles import Needles

NAME = "Kowalczyk^Zofia"
NEEDLES = Needles([NAME, "MRN-0012345", "Łukasz Żółty"], ["iso8859_2", "no such codec"])
ENCODINGS = {
    "ascii": NAME.encode(),
    "upper": NAME.upper().encode(),
    "lower": NAME.lower().encode(),
    "utf-16-le": NAME.encode("utf-16-le"),
    "utf-16-be": NAME.encode("utf-16-be"),
    "hex": NAME.encode().hex().encode(),
    "HEX": NAME.encode().hex().upper().encode(),
    "percent": quote(NAME.encode()).encode(),
    "base64 0": base64.b64encode(NAME.encode()),
    "base64 1": base64.b64encode(b"-" + NAME.encode() + b"--"),
    "base64 2": base64.b64encode(b"--" + NAME.encode() + b"-"),
    "utf-8": "Łukasz Żółty".encode(),
    "latin-2": "Łukasz Żółty".encode("iso8859_2"),
}


@pytest.mark.parametrize("data", ENCODINGS.values(), ids=ENCODINGS.keys())
@pytest.mark.parametrize("offset", range(9))
def test_each_encoding_is_found_at_each_offset(data, offset):
    filled = random.Random(offset).randbytes(100 + offset) + data + bytes(7)
    assert NEEDLES.in_binary(filled)
    assert NEEDLES.in_pixels(filled)


@pytest.mark.parametrize("offset", [0, 65_530, 65_536, 131_071])
def test_a_name_across_the_inner_steps_is_found(offset):
    assert NEEDLES.in_pixels(bytes(offset) + NAME.encode() + bytes(200_000))


@given(st.binary(max_size=5000))
def test_nothing_is_found_where_nothing_is(data):
    assert NEEDLES.in_binary(data) == any(text in data for text in (b"0012345",) if b"MRN-0012345" in data)


def test_strings_of_less_than_eight_bytes_are_not_searched_in_bytes():
    assert not Needles(["Jane Do"]).in_binary(b"Jane Do and more")


def test_small_pixel_values_are_not_taken_for_short_utf_16():
    needles = Needles(["Zofia"])
    assert needles.in_binary("Zofia".encode("utf-16-le") + bytes(3))
    assert not needles.in_pixels("Zofia".encode("utf-16-le") + bytes(3))


def test_no_identifiers_no_search():
    assert not Needles([]).in_binary(b"anything at all")


def test_a_representation_shows_counts_alone():
    assert "Kowalczyk" not in repr(NEEDLES)
