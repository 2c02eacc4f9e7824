"""What the known-identifier pass finds and what it leaves alone: a frozen table of examples (RULES section 14)."""

import pytest

from deident.engine.known import KnownIdentifiers
from deident.engine.known_dates import parse_date

IDENTIFIERS = KnownIdentifiers(
    [
        ("name", "Smith^John^Adam^Dr.^Jr.=山田^太郎=やまだ^たろう"),
        ("name", "Müller-Lüdenscheidt^Zoë"),
        ("name", "O'Brien^Li"),
        ("name", "van der Berg^Jo"),
        ("name", "Hand^Annika"),
        ("name", "GARCIA LOPEZ, JOSE"),
        ("name", "McDonald^Ng\\Операторов^Иван"),
        ("name", "Wu^Bo"),
        ("name", "김^희중"),
        ("id", "AB-123456"),
        ("id", "0098765"),
        ("id", "12"),
        ("id", "ACC77^^^GENERALHOSP"),
        ("date", "19540217"),
        ("address", "17 Elm Grove Road, Springfield, 79104"),
        ("address", "10 Downing Street\r\nLondon SW1A 2AA"),
        ("phone", "+49 (0)761 270-4455"),
        ("phone", "jane.roe@example.org; 555-0199-77"),
        ("organization", "University Hospital Freiburg, Department of Radiology"),
        ("station", "CT_ROOM99"),
        ("station", "CT"),
        ("device", "SN 44-321"),
        ("uid", "1.2.826.0.1.3680043.9.7133.1.25"),
    ]
)

HITS = [
    ("Smith", "Smith"),
    ("scan of SMITH today", "SMITH"),
    ("SMITH_JOHN", "SMITH_JOHN"),
    ("smithJohn", "smithJohn"),
    ("SMITHJohn", "SMITHJohn"),
    ("JOHNSMITH", "JOHNSMITH"),
    ("smithjohnadam.dcm", "smithjohnadam"),
    ("Smith's heart", "Smith"),
    ("SMITHs heart", "SMITH"),
    ("img001Smith002", "Smith"),
    ("Ｓｍｉｔｈ", "Ｓｍｉｔｈ"),
    ("Sm\u00adith", "Sm\u00adith"),
    ("x山田x", "山田"),
    ("患者太郎様", "太郎"),
    ("ﾔﾏﾀﾞ やまだ", "やまだ"),
    ("Muller", "Muller"),
    ("MUELLER", "MUELLER"),
    ("Mu\u0308ller", "Mu\u0308ller"),
    ("müller lüdenscheidt", "müller lüdenscheidt"),
    ("zoe", "zoe"),
    ("OBRIEN", "OBRIEN"),
    ("o brien", "o brien"),
    ("Berg", "Berg"),
    ("van der Berg", "van der Berg"),
    ("annika", "annika"),
    ("Hand Annika", "Hand Annika"),
    ("ANNIKA-HAND", "ANNIKA-HAND"),
    ("handannika", "handannika"),
    ("Garcia", "Garcia"),
    ("joselopez Jose", "Jose"),
    ("MCDONALD", "MCDONALD"),
    ("McDonald", "McDonald"),
    ("mcdonald", "mcdonald"),
    ("ИВАН", "ИВАН"),
    ("희중", "희중"),
    ("AB-123456", "AB-123456"),
    ("ab123456", "ab123456"),
    ("AB 12.34/56", "AB 12.34/56"),
    ("MRN:AB123456;", "AB123456"),
    ("0098765", "0098765"),
    ("no 98765", "98765"),
    ("id98765x", "98765"),
    ("acc77", "acc77"),
    ("generalhosp", "generalhosp"),
    ("12", "12"),
    (" 12 ", " 12 "),
    ("one\\12\\two", "12"),
    ("Wu", "Wu"),
    ("Wu Bo was here", "Wu Bo"),
    ("19540217", "19540217"),
    ("1954-02-17", "1954-02-17"),
    ("born 17.02.1954.", "17.02.1954"),
    ("17/2/1954", "17/2/1954"),
    ("02/17/1954", "02/17/1954"),
    ("17-Feb-1954", "17-Feb-1954"),
    ("Feb 17, 1954", "Feb 17, 1954"),
    ("February 17th 1954", "February 17th 1954"),
    ("17. Februar 1954", "17. Februar 1954"),
    ("17 de febrero de 1954", "17 de febrero de 1954"),
    ("17 février 1954", "17 février 1954"),
    ("1954.02.17", "1954.02.17"),
    ("19540217101500", "19540217"),
    ("17.02.54", "17.02.54"),
    ("1954年2月17日", "1954年2月17"),
    ("17021954", "17021954"),
    ("17 elm grove road", "17 elm grove road"),
    ("Springfield", "Springfield"),
    ("D-79104", "79104"),
    ("sw1a2aa", "sw1a2aa"),
    ("london", "london"),
    ("0761 2704455", "0761 2704455"),
    ("+49 761/270-4455", "49 761/270-4455"),
    ("2704455", "2704455"),
    ("mail jane.roe@example.org", "jane.roe@example.org"),
    ("555019977", "555019977"),
    ("UNIVERSITY HOSPITAL FREIBURG", "UNIVERSITY HOSPITAL FREIBURG"),
    ("freiburg protocol", "freiburg"),
    ("ct room 99", "ct room 99"),
    ("sn44321", "sn44321"),
    ("1.2.826.0.1.3680043.9.7133.1.25", "1.2.826.0.1.3680043.9.7133.1.25"),
    ("file 1.2.826.0.1.3680043.9.7133.1.25.4.dcm", "1.2.826.0.1.3680043.9.7133.1.25"),
    ("1_2_826_0_1_3680043_9_7133_1_25", "1_2_826_0_1_3680043_9_7133_1_25"),
]

CLEAN = [
    "",
    "Blacksmith",
    "smithy",
    "Smiths",
    "JOHNSON",
    "HAND",
    "left hand",
    "Head",
    "CT",
    "CT ABDOMEN",
    "99123456",
    "9876543",
    "12 mm",
    "a12",
    "120",
    "wuhan",
    "bo x",
    "Ng study",
    "van",
    "der",
    "Dr.",
    "Jr",
    "1954",
    "195402",
    "18.02.1954",
    "19540218",
    "119540217",
    "Department of Radiology",
    "University",
    "Hospital",
    "Road",
    "791041",
    "1.2.826.0.1.3680043.9.7133.1.2",
    "1.2.840.10008.1.2.1",
    "ORIGINAL\\PRIMARY\\AXIAL",
    "T1 FSE 5MM POST GD",
    "HFS",
    "SIEMENS",
    "太",
    "山",
    "lip",
    "Müll",
    "jane",
]


@pytest.mark.parametrize(("text", "expected"), HITS)
def test_an_identifier_is_found_as_it_stands_there(text, expected):
    assert expected in [text[start:end] for start, end in IDENTIFIERS.find(text)]


@pytest.mark.parametrize("text", CLEAN)
def test_a_text_without_identifiers_is_clean(text):
    assert IDENTIFIERS.find(text) == []


def test_spans_are_in_order_and_do_not_overlap():
    text = "SMITH JOHN, born 17.02.1954, AB-123456, SMITH"
    spans = IDENTIFIERS.find(text)
    assert [text[start:end] for start, end in spans] == ["SMITH JOHN", "17.02.1954", "AB-123456", "SMITH"]


def test_values_that_name_nobody_are_not_gathered():
    known = KnownIdentifiers(
        [
            ("name", "ANONYMOUS"),
            ("name", "Head^Phantom"),
            ("id", "000000"),
            ("id", "UNKNOWN"),
            ("station", "CT 1"),
            ("date", "19000101"),
            ("date", "00010101"),
            ("name", "^^^Dr."),
            ("id", "  \0"),
            ("organization", "Radiology Department"),
            ("station", "SIEMENS"),
            ("name", "J"),
        ]
    )
    assert known.empty
    assert known.find("ANONYMOUS CT 1 19000101 000000") == []


def test_nothing_gathered_is_empty_and_finds_nothing():
    known = KnownIdentifiers([])
    assert known.empty
    assert known.find("Smith 19540217 1.2.3.4.5") == []
    assert not known.in_bytes(b"Smith 19540217 1.2.3.4.5")


def test_an_issuer_does_not_hide_the_id_before_it():
    for value in ("77123456^^^HOSP&1.2.3&ISO", "77123456@HOSP", "77123456^CLINIC"):
        assert KnownIdentifiers([("id", value)]).find("MRN 77123456")


def test_the_representation_shows_counts_only():
    assert repr(IDENTIFIERS).startswith("KnownIdentifiers(address: 2, date: 1")
    assert "mith" not in repr(IDENTIFIERS)


def test_the_uids_are_listed_as_they_were():
    assert IDENTIFIERS.uids == frozenset({"1.2.826.0.1.3680043.9.7133.1.25"})


def test_a_kind_that_is_not_known_counts_as_an_id():
    assert KnownIdentifiers([("other", "QX-9911")]).find("qx9911")


def test_dates_are_parsed_only_when_full():
    assert parse_date("19540217") == (1954, 2, 17)
    assert parse_date("1954.02.17 ") == (1954, 2, 17)
    assert parse_date("19540217101500.000000+0100") == (1954, 2, 17)
    for text in ("1954", "195402", "19541302", "00000000", "", "19000101", "99991231"):
        assert parse_date(text) is None


def test_hundreds_of_referenced_uids_cost_no_search_of_each():
    known = KnownIdentifiers([("uid", f"1.2.826.0.1.3680043.9.7133.1.{n}") for n in range(5000)])
    assert known.find("see 1.2.826.0.1.3680043.9.7133.1.4999") == [(4, 37)]
    assert known.find("see 1.2.826.0.1.3680043.9.7133.1.5000") == []
    assert known.in_bytes(b"\0\0x1.2.826.0.1.3680043.9.7133.1.77\0")
    assert not known.in_bytes(b"\0\0x1.2.826.0.1.3680043.9.7133.1.5000\0")
