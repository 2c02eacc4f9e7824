"""Tests of the leak search: what it must find, and what it must not mistake for an identifier."""

from __future__ import annotations

import base64
import gzip
import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from support.builders import build
from support.leaks import find_leaks, scan_tree
from support.planter_context import Identifier

NAME = Identifier("Zqxfamily^Zqygiven", "name", "test")
MRN = Identifier("7391846205", "id", "test")
BIRTH = Identifier("19310417", "date", "test")
PHONE = Identifier("+49 351 7391846", "phone", "test")
ALL = (NAME, MRN, BIRTH, PHONE)

WRITTEN: dict[str, tuple[Identifier, bytes]] = {
    "as it is": (NAME, b"Zqxfamily^Zqygiven"),
    "one component": (NAME, b"seen zqxfamily here"),
    "upper case": (NAME, b"ZQXFAMILY"),
    "reversed": (NAME, b"Zqygiven Zqxfamily"),
    "reversed and glued": (NAME, b"zqygivenzqxfamily"),
    "UTF-16 LE": (NAME, "Zqxfamily".encode("utf-16-le")),
    "UTF-16 BE": (NAME, "ZQXFAMILY".encode("utf-16-be")),
    "base64": (NAME, base64.b64encode(b"Zqxfamily")),
    "base64, shifted by one": (NAME, base64.b64encode(b"1Zqxfamily2")),
    "base64, shifted by two": (NAME, base64.b64encode(b"12Zqxfamily")),
    "base64 of lower case": (NAME, base64.b64encode(b"zqxfamily")),
    "hexadecimal": (MRN, b"7391846205".hex().encode()),
    "percent": (PHONE, b"%2B49%20351%207391846"),
    "percent, every byte": (NAME, b"".join(b"%%%02x" % b for b in b"Zqxfamily")),
    "separators inside": (MRN, b"7391-846-205"),
    "blanks inside": (MRN, b"7 3 9 1 8 4 6 2 0 5"),
    "separators left out": (PHONE, b"Tel 493517391846"),
    "inside a UID": (MRN, b"1.2.826.7391846205.17"),
    "date": (BIRTH, b" 19310417 "),
    "date, ISO": (BIRTH, b"1931-04-17"),
    "date, legacy": (BIRTH, b"1931.04.17"),
    "date, local": (BIRTH, b"17.04.1931"),
    "date, in words": (BIRTH, b"born 17 April 1931"),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_an_identifier_is_found_in_plain_bytes_however_it_is_written(how: str) -> None:
    identifier, written = WRITTEN[how]
    assert {leak.identifier for leak in find_leaks(b"\0\1\2" + written + b"\3\4", ALL)} == {identifier}


@pytest.mark.parametrize("how", WRITTEN)
def test_an_identifier_is_found_in_the_pixels_of_an_image(how: str) -> None:
    identifier, written = WRITTEN[how]
    pixels = written.ljust(128, b"\0")
    leaks = find_leaks(build("ct", PixelData=pixels), [identifier])
    assert leaks
    assert {leak.identifier for leak in leaks} == {identifier}


@pytest.mark.parametrize("syntax", ["implicit", "explicit", "big-endian", "deflated"])
def test_leaks_name_the_element_in_every_transfer_syntax(syntax: str) -> None:
    data = build("ct", syntax, Manufacturer="Made by Zqxfamily")
    assert {leak.place for leak in find_leaks(data, [NAME]) if "separators" not in leak.encoding} == {"00080070"}


def test_names_in_other_scripts_are_found_in_each_character_set() -> None:
    known = Identifier("山田^太郎", "name", "test")
    for charset in (["", "ISO 2022 IR 87"], "GB18030", "ISO_IR 192"):
        data = build("ct", charset=charset, Manufacturer="Made for 太郎")
        assert {leak.identifier for leak in find_leaks(data, [known])} == {known}, charset
    korean = Identifier("홍^길동", "name", "test")
    data = build("ct", charset=["", "ISO 2022 IR 149"], Manufacturer="Made for 길동")
    assert find_leaks(data, [korean])


@pytest.mark.parametrize(
    ("word", "codec"),
    [("Жуковский", "iso8859_5"), ("Διονυσίου", "iso8859_7"), ("Äneasmöhn", "latin-1"), ("나나나나나", "euc_kr")],
)
def test_names_in_other_scripts_are_found_in_raw_bytes(word: str, codec: str) -> None:
    known = Identifier(word, "name", "test")
    for written in (word.encode(codec), word.encode(), word.upper().encode(), json.dumps(word).encode()):
        assert find_leaks(b"\1\2\3" + written + b"\4", [known]), written


def test_short_identifiers_count_only_as_a_whole_value() -> None:
    short = Identifier("Ng^Bo", "name", "test")
    assert find_leaks(build("ct", Manufacturer="NG"), [short])
    assert not find_leaks(build("ct", Manufacturer="Siemens Engineering Bohn"), [short])


def test_dates_inside_longer_numbers_are_no_dates() -> None:
    assert not find_leaks(b"0.19310417 3.19310417 1193104170 193104171", [BIRTH])


def test_text_in_an_unused_bit_plane_is_found() -> None:
    bits = np.unpackbits(np.frombuffer(b"Zqxfamily", np.uint8), bitorder="little").astype("<u2")
    pixels = np.zeros(128, "<u2")
    pixels[: bits.size] = bits << 15
    data = build("ct", Rows=8, Columns=16, PixelData=pixels.tobytes())
    assert {leak.place for leak in find_leaks(data, [NAME])} == {"7FE00010 bit 15"}


def test_random_bytes_are_no_leak() -> None:
    noise = np.random.default_rng(7).integers(0, 256, 3_000_000, np.uint8).tobytes()
    assert not find_leaks(noise, ALL)


def test_an_identifier_across_two_chunks_of_the_search_is_found() -> None:
    for at in range((1 << 22) - 8, (1 << 22) + 2):
        assert len(find_leaks(bytes(at) + b"7391846205" + bytes(9000), [MRN])) == 2


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    (tmp_path / "clean.txt").write_text("nothing here")
    (tmp_path / "logs" / "run.log").write_text("reading Zqxfamily")
    (tmp_path / "scan_7391846205.dcm").write_bytes(b"")
    (tmp_path / "notes.json").write_text(json.dumps({"who": "\u00c4neas\u00dfohn"}))
    with gzip.open(tmp_path / "old.log.gz", "wb") as stream:
        stream.write(b"patient Zqxfamily")
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.txt", "born 1931-04-17")
    with closing(sqlite3.connect(tmp_path / "run.db")) as database, database:
        database.execute("CREATE TABLE run (name TEXT, data BLOB)")
        database.execute("INSERT INTO run VALUES (?, ?)", ("x" * 5000 + "Zqxfamily", "7391846205".encode("utf-16-le")))
    return tmp_path


def test_a_tree_is_searched_by_names_contents_archives_and_databases(tree: Path) -> None:
    umlaut = Identifier("Äneasßohn", "name", "test")
    leaks = scan_tree(tree, [*ALL, umlaut])
    found = {(leak.identifier.text, leak.place.split(":")[0]) for leak in leaks}
    assert found == {
        (NAME.text, "logs/run.log"),
        (MRN.text, "name of scan_7391846205.dcm"),
        (umlaut.text, "notes.json"),
        (NAME.text, "old.log.gz"),
        (BIRTH.text, "all.zip"),
        (NAME.text, "run.db"),
        (MRN.text, "run.db"),
    }


def test_a_clean_tree_has_no_leak(tmp_path: Path, corpus_bytes: Callable[[str], bytes]) -> None:
    (tmp_path / "image.dcm").write_bytes(corpus_bytes("pydicom/CT_small.dcm"))
    assert scan_tree(tmp_path, ALL) == []
