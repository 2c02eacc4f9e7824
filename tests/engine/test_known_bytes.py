"""Bytes that are no text are searched for identifiers that take eight bytes or more, in every usual encoding."""

import random

import pytest

from deident.engine.known import KnownIdentifiers

CHARSETS = ("", "ISO 2022 IR 87")
IDENTIFIERS = KnownIdentifiers(
    [
        ("name", "Featherstone^Ann=山田^太郎=やまだ^たろう"),
        ("name", "Müllerová^Zoë"),
        ("id", "AB-123456"),
        ("id", "7654"),
        ("date", "19540217"),
        ("uid", "1.2.826.0.1.3680043.9.7133.1.25"),
    ],
    CHARSETS,
)


def inside(needle: bytes) -> bytes:
    return b"\x00\x01\xff\x7fxyz\x00" + needle + b"\x00\xfe\x00"


@pytest.mark.parametrize(
    "text",
    [
        "Featherstone",
        "FEATHERSTONE",
        "Ann Featherstone",
        "featherstone_ann",
        "AB-123456",
        "ab123456",
        "19540217",
        "17.02.1954",
        "1.2.826.0.1.3680043.9.7133.1.25",
    ],
)
@pytest.mark.parametrize("encoding", ["ascii", "utf-16-le", "utf-16-be"])
def test_plain_text_is_found_in_bytes(text, encoding):
    assert IDENTIFIERS.in_bytes(inside(text.encode(encoding)))


@pytest.mark.parametrize("text", ["山田^太郎", "Müllerová", "MÜLLEROVÁ", "müllerová"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_other_text_is_found_in_bytes(text, encoding):
    assert IDENTIFIERS.in_bytes(inside(text.encode(encoding)))


def test_text_is_found_in_the_character_set_of_the_data_set():
    assert IDENTIFIERS.in_bytes(inside(b"\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"))
    assert IDENTIFIERS.in_bytes(inside("Müllerová".encode("latin-1", "ignore") + b" Mullerova"))


@pytest.mark.parametrize(
    "data", [b"", b"Ann", b"7654", b"7654" * 3, b"Ann Ann Ann", b"1.2.826.0.1.3680043.9.7133.1.2", b"feather stonx"]
)
def test_short_and_other_strings_are_not_found(data):
    assert not IDENTIFIERS.in_bytes(inside(data))


def test_nothing_is_found_in_noise():
    noise = random.Random(7)
    assert not IDENTIFIERS.in_bytes(noise.randbytes(200_000))
    assert not IDENTIFIERS.in_bytes(b"".join(noise.randrange(2000).to_bytes(2, "little") for _ in range(50_000)))
    assert not IDENTIFIERS.in_bytes(bytes(100_000))
