"""Values of VRs: what fits, and how a text is made to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deident.standard.values import LONGEST, fits_vr, fitted


@pytest.mark.parametrize(
    ("vr", "value", "fits"),
    [
        ("LO", "Trial 12", True),
        ("LO", "a\\b", False),
        ("LO", "x" * 65, False),
        ("SH", "x" * 16, True),
        ("SH", "x" * 17, False),
        ("ST", "line\nline", True),
        ("LO", "line\nline", False),
        ("CS", "CHEST", True),
        ("CS", "chest", False),
        ("DA", "20040229", True),
        ("DA", "20041329", False),
        ("TM", "2360", False),
        ("DT", "200401191010.5+0100", True),
        ("UI", "1.2.840", True),
        ("UI", "1.02", False),
        ("IS", "-12", True),
        ("DS", "1.5e3", True),
        ("DS", ".", False),
        ("AS", "045Y", True),
        ("AS", "45Y", False),
        ("OB", "00", False),
        ("LO", "Zo\u00eb", False),
        ("LO", " x", False),
        ("LO", "", False),
    ],
)
def test_what_fits_is_what_table_6_2_1_says(vr: str, value: str, fits: bool) -> None:
    assert fits_vr(value, vr) is fits


@given(text=st.text(max_size=200), vr=st.sampled_from(["SH", "LO"]))
def test_a_fitted_text_is_short_enough_and_one_line(text: str, vr: str) -> None:
    found = fitted(text, vr)
    assert len(found) <= LONGEST[vr]
    assert found.isprintable() or not found.strip()


def test_whole_words_are_cut_off() -> None:
    assert fitted("multiple diagnoses\rbilateral screening for osteoporosis " * 2, "LO") == (
        "multiple diagnoses bilateral screening for osteoporosis multiple"
    )
    assert fitted("CHEST", "SH") == "CHEST"
    assert fitted("one\r\ntwo", "ST") == "one\r\ntwo"
