"""Random data sets: the scanner agrees with the oracle on whole ones and refuses, or survives, broken ones."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deident.engine import Limits
from deident.errors import Refusal
from support.builders import FAMILIES, build
from support.corpus import corpus_file
from support.elements import parse
from support.oracle import Oracle
from support.outputs import deidentified, deidentifier, fresh, output
from support.random_sets import files

#: Smaller limits make hostile lengths cheap to try.
ENGINE = fresh("basic", Limits(header=4 << 20, inflated=8 << 20, frame=4 << 20))


def _survives(data: bytes) -> None:
    """Released or refused; what is released is a data set that the engine itself can read again."""
    try:
        result = output(ENGINE, data)
    except Refusal:
        return
    output(ENGINE, result)


@settings(max_examples=100, deadline=None)
@given(files())
def test_random_data_sets_are_treated_as_the_oracle_says(data: bytes) -> None:
    try:
        result, out = deidentified(deidentifier(), data)
    except Refusal as refusal:
        raise AssertionError(str(refusal)) from None
    blanked = frozenset((*d.path, d.tag) for d in result.decisions if d.because == "known-identifier")
    assert Oracle().differences(data, out, blanked) == []


@settings(max_examples=40, deadline=None)
@given(files())
def test_a_second_pass_changes_no_structure(data: bytes) -> None:
    first = output(deidentifier(), data)
    second = output(deidentifier(), first)
    assert [e.tag for e in parse(second).elements] == [e.tag for e in parse(first).elements]


@settings(max_examples=80, deadline=None)
@given(files(), st.floats(0, 1))
def test_a_truncated_file_is_refused_or_whole(data: bytes, where: float) -> None:
    _survives(data[: int(len(data) * where)])


@settings(max_examples=120, deadline=None)
@given(files(), st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=4))
def test_flipped_bytes_give_a_refusal_or_a_result(data: bytes, flips: list[tuple[float, int]]) -> None:
    broken = bytearray(data)
    for where, bits in flips:
        broken[int(len(data) * where)] ^= bits
    _survives(bytes(broken))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_noise_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal):
        output(ENGINE, data)
    with pytest.raises(Refusal):
        output(ENGINE, bytes(128) + b"DICM" + data)


@pytest.mark.parametrize("family", ["ct", "sr-comprehensive", "seg"])
def test_no_prefix_of_an_object_crashes(family: str) -> None:
    data = build(family)
    for length in range(132, len(data), 3):
        _survives(data[:length])


@pytest.mark.parametrize("name", ["pydicom/rtplan.dcm", "pydicom/JPEG2000-embedded-sequence-delimiter.dcm"])
@settings(max_examples=40, deadline=None)
@given(where=st.floats(0, 1, exclude_max=True), bits=st.integers(1, 255))
def test_flipped_bytes_of_real_files_give_a_refusal_or_a_result(name: str, where: float, bits: int) -> None:
    data = bytearray(corpus_file(name).read())
    data[int(len(data) * where)] ^= bits
    _survives(bytes(data))


@pytest.mark.slow
@settings(max_examples=3000, deadline=None)
@given(st.sampled_from([f for f in FAMILIES if f not in ("pdf", "cda", "audio", "private", "unknown")]), st.data())
def test_any_family_with_flipped_bytes_gives_a_refusal_or_a_result(family: str, draw: st.DataObject) -> None:
    data = bytearray(build(family))
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] ^= draw.draw(st.integers(1, 255))
    _survives(bytes(data))
