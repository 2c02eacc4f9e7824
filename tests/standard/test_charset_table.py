"""The shipped table of character sets says what pydicom says."""

from __future__ import annotations

from pydicom import charset

from deident.standard.tables import load_table


def test_the_defined_terms_are_those_of_pydicom():
    assert load_table("charsets.json")["terms"] == {
        name: codec for name, codec in charset.python_encoding.items() if name
    }


def test_the_escape_sequences_are_those_of_pydicom():
    shipped = {bytes.fromhex(code): codec for code, codec in load_table("charsets.json")["escapes"].items()}
    assert shipped == charset.CODES_TO_ENCODINGS
