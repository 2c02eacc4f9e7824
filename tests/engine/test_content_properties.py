"""Random content trees: the output is a report that parses, no planted value survives, no measurement is lost or changed."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset

from support.elements import parse
from support.outputs import fresh, output
from support.random_reports import NUMBERS, trees
from support.reports import read, report, walk_items

BASE = {"clean_structured_content"}
ENGINES = {
    "alone": fresh("basic", options=BASE),
    "descriptors": fresh("basic", options={*BASE, "clean_descriptors"}),
    "shifted": fresh("basic", options={*BASE, "clean_descriptors", "retain_longitudinal_modified_dates"}),
    "strict": fresh("basic", options=BASE, mode="strict"),
}
WORDS = ("koschkarew", "zeppeline", "qx001z", "99hosp", "19470611", "1.2.826.0.1.4711471147")


def _numbers(tree: Dataset) -> Counter[str]:
    values = (one.MeasuredValueSequence for one in walk_items(tree) if one.get("MeasuredValueSequence"))
    return Counter(str(value[0].NumericValue.original_string) for value in values)


@pytest.mark.parametrize("name", ENGINES)
@given(items=trees(), syntax=st.sampled_from(["explicit", "implicit", "big-endian"]))
@settings(max_examples=60)
def test_no_planted_value_survives_in_a_content_tree(name: str, items: list[Dataset], syntax: str) -> None:
    data = output(ENGINES[name], report(*items, syntax=syntax))
    parse(data)
    lower = data.lower()
    for word in WORDS:
        assert word.encode() not in lower, word
        assert word.encode("utf-16-le") not in lower, word
    for one in walk_items(read(data)):
        for held in one.get("ConceptNameCodeSequence", []):
            assert held.CodeValue
            assert held.CodingSchemeDesignator
            assert held.CodeMeaning


@given(items=trees())
@settings(max_examples=60)
def test_measurements_are_those_of_the_input_or_gone_with_their_item(items: list[Dataset]) -> None:
    source = report(*items)
    before, after = _numbers(read(source)), _numbers(read(output(ENGINES["alone"], source)))
    assert after <= before
    assert set(after) <= set(NUMBERS)


@given(items=trees())
@settings(max_examples=30)
def test_a_second_pass_changes_no_item(items: list[Dataset]) -> None:
    once = output(ENGINES["alone"], report(*items))
    twice = output(ENGINES["alone"], once)
    first, second = (list(walk_items(read(data))) for data in (once, twice))
    assert [one.get("ValueType") for one in first] == [one.get("ValueType") for one in second]
    assert [one.get("TextValue") for one in first] == [one.get("TextValue") for one in second]
