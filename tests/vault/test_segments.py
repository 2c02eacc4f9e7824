"""The codec of segments: what goes in comes out, whatever it is, and nothing else comes out."""

from __future__ import annotations

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deident.engine.result import MapEntry
from deident.errors import VaultSchemaUnknown, VaultTampered
from deident.vault.segments import DOMAINS, MAP_SCHEMA, decode, encode, fingerprint

ANY_TEXT = st.text(st.characters(exclude_categories=()))
ENTRIES = st.builds(MapEntry, st.sampled_from(DOMAINS), ANY_TEXT, ANY_TEXT)


@given(st.lists(ENTRIES))
def test_every_entry_comes_back_once_and_none_is_invented(entries: list[MapEntry]) -> None:
    decoded = decode(encode(entries))
    assert set(decoded) == set(entries)
    assert len(decoded) == len(set(entries))


@given(st.lists(ENTRIES), st.randoms())
def test_the_same_entries_give_the_same_bytes_in_whatever_order(entries: list[MapEntry], random: object) -> None:
    shuffled = entries[:]
    random.shuffle(shuffled)
    assert encode(shuffled) == encode(entries)


@given(st.binary(max_size=200))
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(VaultTampered):
        decode(data)


@given(st.lists(ENTRIES, min_size=1), st.integers(min_value=0))
def test_a_part_of_a_segment_is_refused(entries: list[MapEntry], cut: int) -> None:
    data = encode(entries)
    with pytest.raises(VaultTampered):
        decode(data[: cut % len(data)])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*DOMAINS, "x"]), inner, max_size=3),
)


@given(JSON)
def test_content_of_another_form_is_refused(content: object) -> None:
    if isinstance(content, dict):
        content = {**content, "schema": MAP_SCHEMA, "x": None}
    with pytest.raises(VaultTampered):
        decode(zlib.compress(json.dumps(content).encode()))


def test_a_later_schema_is_named_as_such() -> None:
    with pytest.raises(VaultSchemaUnknown):
        decode(zlib.compress(b'{"schema": "deident-map/2", "other": 1}'))


def test_a_domain_that_is_none_cannot_be_sealed() -> None:
    with pytest.raises(ValueError, match="not in"):
        encode([MapEntry("name", "a", "b")])


def test_entries_that_differ_in_any_part_have_other_fingerprints() -> None:
    same = MapEntry("uid", "1", "2")
    others = [MapEntry("patient", "1", "2"), MapEntry("uid", "12", ""), MapEntry("uid", "", "12")]
    assert fingerprint(same) == fingerprint(MapEntry("uid", "1", "2"))
    assert len({fingerprint(entry) for entry in (same, *others)}) == 4


def test_no_entry_shows_its_original_when_printed() -> None:
    assert "MRN" not in repr(MapEntry("patient", "MRN-1", "X"))
