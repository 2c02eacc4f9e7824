"""Text of every Specific Character Set is read and written as pydicom reads it, and nothing ever raises."""

import logging
import subprocess
import sys
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.charset import python_encoding
from pydicom.data import get_charset_files

from deident.engine.charsets import decode, decodes, encode, parse_specific_character_set, split_values

JIS = ("", "ISO 2022 IR 87")
JIS_KATAKANA = ("ISO 2022 IR 13", "ISO 2022 IR 87")
KOREAN = ("", "ISO 2022 IR 149")
CHINESE = ("", "ISO 2022 IR 58")
TEXT_VRS = ("PN", "LO", "SH", "ST", "LT", "UC", "UT")

ROUND_TRIPS = [
    (("ISO_IR 100",), "LO", "Äneas Rüdiger é"),
    (("ISO_IR 101",), "LO", "Łódź"),
    (("ISO_IR 109",), "LO", "Ħal Qormi"),
    (("ISO_IR 110",), "LO", "Rīga ķ"),
    (("ISO_IR 144",), "PN", "Люкceмбypг^Иван"),
    (("ISO_IR 127",), "PN", "قباني^لنزار"),
    (("ISO_IR 126",), "PN", "Διονυσιος"),
    (("ISO_IR 138",), "PN", "שרון^דבורה"),
    (("ISO_IR 148",), "LO", "Gündoğdu ış"),
    (("ISO_IR 166",), "LO", "สมชาย"),
    (("ISO_IR 13",), "LO", "ﾔﾏﾀﾞ"),
    (("ISO_IR 192",), "PN", "Wang^XiaoDong=王^小東="),
    (("GB18030",), "PN", "Wang^XiaoDong=王^小东="),
    (("GBK",), "LO", "小东\\王"),
    (JIS, "PN", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    (JIS_KATAKANA, "PN", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
    (("", "ISO 2022 IR 87", "ISO 2022 IR 159"), "LO", "山田 丂 abc 太郎"),
    (KOREAN, "PN", "Hong^Gildong=洪^吉洞=홍^길동"),
    (KOREAN, "LT", "김희중\r\nCT 김희중"),
    (CHINESE, "PN", "Zhang^XiaoDong=张^小东="),
    (("ISO_IR 100", "ISO 2022 IR 144"), "LO", "é Иван\\é"),
    (("", "ISO 2022 IR 100", "ISO 2022 IR 126"), "PN", "Müller^Διονυσιος"),
]


@pytest.mark.parametrize(
    ("charsets", "vr", "text"), ROUND_TRIPS, ids=lambda v: v if isinstance(v, str) else "/".join(v)
)
def test_text_survives_encoding_and_decoding(charsets, vr, text):
    raw = encode(text, charsets, vr)
    assert decodes(raw, charsets, vr)
    assert decode(raw, charsets, vr) == text


def test_the_charset_files_of_pydicom_decode_as_pydicom_decodes_them():
    seen = 0
    for path in get_charset_files("*.dcm"):
        raw_values = {}
        data_set = dcmread(path)
        declared = data_set.get("SpecificCharacterSet", "")
        charsets = tuple([declared] if isinstance(declared, str) else declared)
        for tag in list(data_set.keys()):
            element = data_set.get_item(tag)
            if element.VR in TEXT_VRS and isinstance(element.value, bytes) and element.value:
                raw_values[tag] = (element.VR, element.value)
        data_set.decode()
        for tag, (vr, raw) in raw_values.items():
            value = data_set[tag].value
            expected = "\\".join(map(str, value)) if data_set[tag].VM > 1 else str(value)
            assert decode(raw, charsets, vr).rstrip(" =\0") == expected.rstrip(" =\0")
            assert decodes(raw, charsets, vr)
            seen += not raw.isascii() or b"\x1b" in raw
    assert seen >= 15


@pytest.mark.parametrize("name", sorted(name for name in python_encoding if name))
def test_every_character_set_of_the_standard_reads_ascii_and_any_bytes(name):
    assert decode(b"Smith^John ", (name,), "PN") == "Smith^John "
    assert isinstance(decode(bytes(range(256)), (name,), "LT"), str)


def test_a_second_byte_that_looks_like_a_backslash_does_not_split():
    for charsets, character in ((("GB18030",), "\u4e57"), (("GBK",), "\u4e57"), (("ISO_IR 13",), "表")):
        codec = {"GB18030": "gb18030", "GBK": "gbk", "ISO_IR 13": "shift_jis"}[charsets[0]]
        raw = next(
            c.encode(codec)
            for c in (character, *map(chr, range(0x4E00, 0x9FA5)))
            if c.encode(codec, "ignore")[1:] == b"\\"
        )
        values = split_values(decode(raw + b"\\Smith", charsets, "LO"), "LO")
        assert len(values) == 2
        assert values[1] == "Smith"


def test_kanji_halves_that_look_like_delimiters_do_not_split_a_name():
    text = next(chr(c) for c in range(0x4E00, 0x9FA5) if b"^" in chr(c).encode("iso2022_jp", "ignore")[3:5])
    raw = encode(f"{text}^{text}", JIS, "PN")
    assert decode(raw, JIS, "PN") == f"{text}^{text}"


def test_delimiters_reset_the_code_extension_only_where_they_delimit():
    cyrillic = b"\x1b-L\xb8"
    assert decode(cyrillic + b"^\xe9", ("ISO_IR 100", "ISO 2022 IR 144"), "PN") == "И^é"
    assert decode(cyrillic + b"^\xb8", ("ISO_IR 100", "ISO 2022 IR 144"), "LO") == "И^И"
    assert decode(cyrillic + b"\\\xe9", ("ISO_IR 100", "ISO 2022 IR 144"), "LO") == "И\\é"
    assert decode(cyrillic + b"\\\xb8", ("ISO_IR 100", "ISO 2022 IR 144"), "LT") == "И\\И"
    assert decode(cyrillic + b"\r\n\xe9", ("ISO_IR 100", "ISO 2022 IR 144"), "LT") == "И\r\né"


def test_an_escape_sequence_that_was_not_declared_is_read_all_the_same():
    assert decode(encode("山田", JIS, "LO"), (), "LO") == "山田"


def test_bytes_that_the_declared_set_cannot_read_are_replaced_and_reported():
    assert decode(b"M\xfcller", ("ISO_IR 192",), "PN") == "M\ufffdller"
    assert not decodes(b"M\xfcller", ("ISO_IR 192",), "PN")
    assert not decodes(b"\x1b%Gabc", JIS, "PN")
    assert "abc" in decode(b"\x1b%Gabc", JIS, "PN")


def test_undeclared_bytes_are_read_as_utf_8_or_else_as_latin_1_and_reported():
    assert decode("Müller".encode(), (), "PN") == "Müller"
    assert decode("Müller".encode("latin-1"), ("ISO_IR 6",), "PN") == "Müller"
    assert decode("Müller".encode("latin-1"), ("no such set",), "PN") == "Müller"
    assert not decodes("Müller".encode(), (), "PN")


def test_characters_that_no_declared_set_holds_become_question_marks():
    assert encode("山田 x", ("ISO_IR 100",), "LO") == b"?? x"
    assert encode("Müller", (), "LO") == b"M?ller"
    assert encode("é山ع", ("", "ISO 2022 IR 87", "ISO 2022 IR 100"), "LO").count(b"?") == 1


def test_specific_character_set_is_parsed_with_its_padding_and_empty_first_value():
    assert parse_specific_character_set(b"ISO_IR 100") == ("ISO_IR 100",)
    assert parse_specific_character_set(b"\\ISO 2022 IR 87 ") == ("", "ISO 2022 IR 87")
    assert parse_specific_character_set(b"ISO_IR 192\0") == ("ISO_IR 192",)
    assert parse_specific_character_set(b"") == ()
    assert parse_specific_character_set(b" \\ ") == ()
    assert parse_specific_character_set(b"\xff") == ("?",)


@pytest.mark.parametrize("name", ["ISO_IR 100", "ISO-IR 100", "ISO IR 100", "iso_ir_100", "ISO_IR_100"])
def test_misspelt_names_of_character_sets_are_understood(name):
    assert decode(b"M\xfcller", (name,), "PN") == "Müller"


@pytest.mark.parametrize("name", ["rot13", "zlib", "unicode_escape", "idna", "utf-7"])
def test_names_of_python_codecs_are_not_character_sets(name):
    assert decode(b"\\u0041\xe9", (name,), "LT") == "\\u0041é"


def test_texts_do_not_split_and_values_do():
    assert split_values("a\\b", "LO") == ["a", "b"]
    for vr in ("LT", "ST", "UT", "UR"):
        assert split_values("a\\b", vr) == ["a\\b"]


CHARSETS = st.lists(st.sampled_from([*python_encoding, "nonsense"]), max_size=3).map(tuple)


@given(raw=st.binary(max_size=60), charsets=CHARSETS, vr=st.sampled_from(TEXT_VRS))
def test_no_bytes_make_decoding_raise_warn_or_log(raw, charsets, vr):
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    logging.getLogger().addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            text = decode(raw, charsets, vr)
            decodes(raw, charsets, vr)
            encode(text, charsets, vr)
    finally:
        logging.getLogger().removeHandler(handler)
    assert not records


@given(
    prefix=st.sampled_from([b"\x1b$B", b"\x1b$)C", b"\x1b$)A", b"\x1b(B", b"\x1b-L", b"\x1b", b"\x1b$(D", b"\x1b(J"]),
    raw=st.binary(max_size=30),
    charsets=CHARSETS,
)
def test_no_escape_sequence_makes_decoding_raise(prefix, raw, charsets):
    assert isinstance(decode(raw[:5] + prefix + raw[5:], charsets, "PN"), str)


@given(text=st.text(max_size=40), charsets=CHARSETS, vr=st.sampled_from(TEXT_VRS))
def test_no_text_makes_encoding_raise(text, charsets, vr):
    assert isinstance(encode(text, charsets, vr), bytes)


@given(text=st.text(st.sampled_from("김희중홍길동洪吉洞 abcABC019-"), max_size=20))
def test_any_korean_text_survives(text):
    raw = encode(text, KOREAN, "LO")
    assert decode(raw, KOREAN, "LO") == text


@given(text=st.text(st.sampled_from("山田太郎やまだタロウ abcé^=\\\n"), max_size=20))
def test_any_mix_of_kanji_kana_latin_and_delimiters_survives(text):
    charsets = ("ISO 2022 IR 6", "ISO 2022 IR 87", "ISO 2022 IR 100")
    for vr in ("PN", "LO", "LT"):
        assert decode(encode(text, charsets, vr), charsets, vr) == text


def test_plain_ascii_needs_no_pydicom():
    program = (
        "import sys; from deident.engine.charsets import decode, encode; "
        "decode(b'abc', ('ISO_IR 100',), 'LO'); encode('abc', (), 'LO'); sys.exit('pydicom' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
