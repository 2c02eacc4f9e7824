"""What counts as an identifier in text, and what does not: the second implementation of RULES 14.2-14.4."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deident.validation.disguises import disguised
from deident.validation.matching import Matcher
from deident.validation.spellings import Spellings, spell

UID = "1.2.826.0.1.3680043.9.7777.42"


def _matcher() -> Matcher:
    spellings = Spellings()
    for kind, value in (
        ("name", "Kowalczyk^Zofia Ewelina^^Dr."),
        ("name", "Nguyễn^Thị Hương"),
        ("name", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("name", "Li^Bo"),
        ("name", "Head^Dr."),
        ("name", "Anonymous"),
        ("id", "MRN-0012345"),
        ("id", "987654"),
        ("id", "12"),
        ("date", "19650412"),
        ("date", "19000101"),
        ("phone", "+1 (555) 123-4567"),
        ("phone", "zofia@example.org"),
        ("address", "12 Gliwicka Street, 40079 Katowice"),
        ("org", "St. Wojciech Hospital"),
        ("station", "CT"),
        ("station", "RADWS07"),
        ("device", "SN998877"),
    ):
        spell(kind, value, spellings)
    return Matcher(spellings, frozenset({UID}))


MATCHER = _matcher()

HITS = """Kowalczyk|KOWALCZYK, ZOFIA|zofia kowalczyk|ZofiaKowalczyk|seen_by_kowalczyk_today|Kowalczyk's|kowalczykZofia|Kowalczyk2
Ｋｏｗａｌｃｚｙｋ|K%6Fwalczyk|Nguyen|nguyễn|Huong|thi huong|Yamada|Tarou|山田さん|for 太郎|やまだ
MRN-0012345|mrn0012345|MRN 0012345|id MRN.001.2345|987654|#987654#|ID987654|98 76 54 x 987-654|19650412|1965-04-12
12.04.1965|04/12/1965
12-Apr-1965|April 12, 1965|12 april 1965|19650412101500|5551234567|555 123 4567|+1 555 123 4567|15551234567|zofia@example.org
Gliwicka street 12 Gliwicka Street|12 Gliwicka Street|Katowice|40079|St. Wojciech Hospital|ST WOJCIECH HOSPITAL|StWojciechHospital
RADWS07|radws07 console|SN998877|sn 998877|uid 1.2.826.0.1.3680043.9.7777.42 here"""
HITS = [text for line in HITS.splitlines() for text in line.split("|")]

MISSES = """Kowalczykowski|Blackowalczyk|Acme Imaging|CT|HEAD|Dr. X|Anonymous|ANONYMIZED
1987654|9876541|A98765|19650413|19000101|65-04-12
Hospital|Street|Saint|555|1234567890|12|T1 weighted 12
1.2.826.0.1.3680043.9.7777.421|2.25.987654987654|helium|robot|LIBRARY|lithium
Siemens Healthineers|Thorax 1.0 B70f|sagittal|deident 0.1.0 PS3.15-2026d|R\\F\\P"""
MISSES = [text for line in MISSES.splitlines() for text in line.split("|")]


@pytest.mark.parametrize("text", HITS)
def test_this_names_somebody(text):
    assert MATCHER.in_value(text, "LO")


@pytest.mark.parametrize("text", MISSES)
def test_this_names_nobody(text):
    assert not MATCHER.in_value(text, "LO")


def test_a_value_too_short_to_search_counts_as_a_whole_value():
    assert MATCHER.in_value("LI", "SH")
    assert not MATCHER.in_value("LI line", "SH")
    assert not MATCHER.in_value("LI", "CS")


@pytest.mark.parametrize(
    ("text", "vr"), [("1.2.3.987654", "UI"), ("1.19650412.3", "UI"), (UID, "UI"), ("19650412", "DA")]
)
def test_uids_and_dates_are_searched_in_their_own_way(text, vr):
    assert MATCHER.in_value(text, vr)


@pytest.mark.parametrize(
    ("text", "vr"), [("987654", "IS"), ("98765.4", "DS"), ("2.25.12987654", "UI"), ("20200101", "DA")]
)
def test_numbers_are_no_ids(text, vr):
    assert not MATCHER.in_value(text, vr)


@given(
    st.text(alphabet=" -_/.,;:()\n", min_size=1, max_size=4),
    st.sampled_from(["Kowalczyk", "Zofia", "987654", "山田", "RADWS07"]),
    st.text(alphabet=" -_/.,;:()\n", min_size=1, max_size=4),
    st.sampled_from([str.upper, str.lower, str.title, str]),
)
def test_an_identifier_between_any_separators_is_found(before, identifier, after, case):
    assert MATCHER.in_value(f"word{before}{case(identifier)}{after}word", "LT")


@given(st.text(max_size=200), st.sampled_from(["LO", "PN", "UI", "DA", "CS", "IS", "UT"]))
def test_no_text_breaks_the_search(text, vr):
    assert MATCHER.in_value(text, vr) in (True, False)


@given(st.binary(max_size=12), st.binary(max_size=5))
def test_base64_and_hex_are_undone_at_any_alignment(before, after):
    data = before + b" Kowalczyk " + after
    for encoded in (
        base64.b64encode(data),
        b"x=" + base64.urlsafe_b64encode(data),
        data.hex().encode(),
        b"a" + data.hex().upper().encode(),
    ):
        assert any(MATCHER.in_disguise(text) for text in disguised(encoded))


@given(st.binary(max_size=60))
def test_no_bytes_break_the_undoing(data):
    assert all(isinstance(text, str) for text in disguised(data))
