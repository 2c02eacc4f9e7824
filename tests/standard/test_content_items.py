"""Table E.3.4-1 is whole, is found under retired ids, and every sequence of content items is known."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from deident.standard import content_items, dictionary

DATA = resources.files("deident.standard") / "data"
ROWS = json.loads((DATA / "sr_content_items.json").read_bytes())["rows"]


def test_all_214_rows_are_found_by_scheme_code_and_value_type() -> None:
    assert len(content_items.rows()) == len(ROWS) == 214
    for entry in ROWS:
        row = content_items.row(entry["coding_scheme_designator"], entry["code_value"], entry["value_type"])
        assert row is not None
        assert (row.meaning, row.basic, dict(row.options)) == (
            *(entry["code_meaning"], entry["basic"]),
            entry["options"],
        )
        assert content_items.meaning(row.scheme, row.code) == row.meaning


@pytest.mark.parametrize("scheme", ["SRT", "SNM3", "99SDM"])
def test_retired_ids_lead_to_the_current_rows(scheme: str) -> None:
    retired = [entry for entry in ROWS if "retired_srt" in entry]
    assert len(retired) == 11
    for entry in retired:
        old = content_items.row(scheme, entry["retired_srt"], entry["value_type"])
        assert old == content_items.row("SCT", entry["code_value"], entry["value_type"])


def test_another_value_type_or_scheme_is_another_concept() -> None:
    assert content_items.row("DCM", "121071", "TEXT") is not None
    assert content_items.row("DCM", "121071", "CODE") is None
    assert content_items.row("99DCM", "121071", "TEXT") is None
    assert content_items.row("", "", "") is None


def test_the_sequences_are_those_whose_items_have_a_value_type() -> None:
    document = json.loads((DATA / "iod_types.json").read_bytes())
    templates = document["template"]
    holding = {
        int(tag, 16)
        for template in templates
        for tag, entry in template.items()
        if isinstance(entry, list) and entry[1] is not None and "0040A040" in templates[entry[1]]
    }
    assert holding == content_items.SEQUENCES
    for tag in content_items.SEQUENCES:
        known = dictionary.attribute(tag)
        assert known is not None
        assert known.vrs == ("SQ",)
