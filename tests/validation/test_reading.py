"""The small reader reads what pydicom reads, within bounds, whatever the bytes are."""

from __future__ import annotations

import logging
import threading
import tracemalloc
import warnings
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.misc import warn_and_log

from deident.validation import Claims, Pair, validate_study
from deident.validation.quiet import pydicom_kept_quiet
from deident.validation.reading import Unreadable, read_instance
from support import builders

SMALL = builders.build("sr-basic")


@pytest.mark.parametrize("name", ["sr-basic", "enhanced-mr", "rt-plan", "seg"])
@pytest.mark.parametrize("syntax", builders.NATIVE)
def test_every_encoding_of_a_data_set_gives_the_same_elements(name, syntax, memory):
    def elements(encoding):
        instance = read_instance(memory(builders.build(name, encoding)))
        return [(path, tag, vr) for path, tag, vr, _, _, _ in instance.nodes]

    assert elements(syntax) == elements("explicit")


def test_an_element_inside_an_item_and_one_behind_it_are_different_layouts(memory):
    def layout(*lengths):
        items = b"\x08\0\x10\x11SQ\0\0%c\0\0\0\xfe\xff\0\xe0%c\0\0\0" % lengths
        meta = builders.build("ct")[: builders.build("ct").index(b"\x08\0\x08\0CS")]
        elements = b"\x08\0\x50\x11UI\2\x001\0" + b"\x08\0\x55\x11UI\2\x001\0"
        return read_instance(memory(meta + items + elements)).layout

    assert layout(18, 10) != layout(28, 20)


@pytest.mark.parametrize("cut", range(0, len(SMALL), 97))
def test_a_cut_object_is_unreadable_or_short_of_elements(cut, memory):
    try:
        instance = read_instance(memory(SMALL[:cut]))
    except Unreadable:
        return
    assert len(instance.nodes) < len(read_instance(memory(SMALL)).nodes)


@settings(max_examples=300, deadline=None)
@given(st.integers(132, len(SMALL) - 1), st.binary(min_size=1, max_size=8))
def test_no_bytes_raise_anything_but_unreadable(memory, place, patch):
    data = SMALL[:place] + patch + SMALL[place + len(patch) :]
    with pydicom_kept_quiet(), suppress(Unreadable):
        read_instance(memory(data))


@settings(max_examples=100, deadline=None)
@given(st.integers(132, len(SMALL) - 1), st.binary(min_size=1, max_size=8))
def test_no_output_breaks_validation(memory, place, patch):
    data = SMALL[:place] + patch + SMALL[place + len(patch) :]
    pair = Pair("ref", memory(SMALL), memory(data), "A/B/C/D.dcm", "absent")
    assert validate_study([pair], Claims(("113100",)))


class _Large:
    """Part 10 bytes with a pixel data value of zeros that exists only when it is read."""

    def __init__(self, head: bytes, length: int) -> None:
        self._head = head
        self.size = len(head) + length
        self.read = 0

    def read_at(self, offset: int, length: int) -> bytes:
        length = max(min(length, self.size - offset), 0)
        self.read += length
        return (self._head[offset : offset + length] + bytes(length))[:length]


def test_pixel_data_is_never_held_in_memory(release):
    length = 96 << 20
    case = release(builders.build("ct"))

    def large(data: bytes) -> _Large:
        place = data.index(b"\xe0\x7f\x10\x00OW") + 8
        return _Large(data[:place] + length.to_bytes(4, "little"), length)

    source, output = large(case.source), large(case.output)
    pair = Pair("ref", source, output, case.pairs[0].output_name, "copied")
    tracemalloc.start()
    try:
        assert validate_study([pair], case.claims) == []
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 24 << 20
    assert output.read < 1.1 * output.size


def test_nothing_that_pydicom_says_gets_out(caplog):
    with warnings.catch_warnings(record=True) as caught, caplog.at_level(logging.DEBUG):
        warnings.simplefilter("always")
        with pydicom_kept_quiet() as counted:
            warn_and_log("Doe^Jane")
            warn_and_log("Doe^Jane")
        assert counted.count == 2
    assert caught == []
    assert caplog.records == []


def test_other_threads_are_still_heard(caplog):
    with pydicom_kept_quiet() as counted, caplog.at_level(logging.WARNING):
        thread = threading.Thread(target=logging.getLogger("pydicom").warning, args=("from another thread",))
        thread.start()
        thread.join()
    assert counted.count == 0
    assert [record.getMessage() for record in caplog.records] == ["from another thread"]


def test_validation_of_a_file_with_bad_values_warns_nobody(release, caplog):
    data = builders.build("ct")
    bad = data.replace(b"\x20\0\x13\0IS\2\0001 ", b"\x20\0\x13\0IS\2\000x ")
    assert bad != data
    case = release(bad)
    caplog.clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert case.findings() == []
    assert caught == []
    assert caplog.records == []
