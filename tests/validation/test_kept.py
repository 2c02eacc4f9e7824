"""The word of the store about ranges that nobody reads: taken where it fits, never in place of what it does not cover."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import pytest

from deident.errors import Reason
from deident.stores.protocol import Kept
from deident.validation import validate_study
from support import builders

SIZE = 4096


@dataclass(frozen=True)
class Watched:
    """Bytes as a Source that remembers what was read."""

    data: bytes
    reads: list[tuple[int, int]] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, length: int) -> bytes:
        self.reads.append((offset, length))
        return self.data[offset : offset + length]


@pytest.fixture
def large(release):
    """A case whose pixel data are the last SIZE bytes of source and output."""
    content = builders.dataset("ct", Rows=32, Columns=64)
    content.add_new(0x7FE00010, "OW", (np.arange(SIZE // 2, dtype="<u2") % 4096).tobytes())
    case = release(builders.encode(content))
    assert case.source[-SIZE:] == case.output[-SIZE:]
    assert case.findings() == []
    return case


def kept_tail(case, sent=0, **changes):
    """What a store says that copied the pixel data, the first `sent` bytes of it having been sent."""
    source, output = len(case.source) - SIZE, len(case.output) - SIZE
    digest = hashlib.sha256(case.source[source : source + sent]).hexdigest()
    parts = [Kept(source, output, sent, digest)] if sent else []
    rest = {"source_offset": source + sent, "offset": output + sent, "length": SIZE - sent} | changes
    return (*parts, Kept(**rest))


def reasons(case, **changes):
    return {finding.reason for finding in case.with_pair(0, **changes).findings()}


def test_what_the_store_copied_needs_no_look_at_its_bytes(large):
    # The bytes differ, which only reading could tell: this shows that nothing is read.
    other = large.with_output(large.output[:-1] + b"\x0e")
    assert reasons(other) == {Reason.PIXELS_CHANGED}
    assert reasons(other, kept=kept_tail(large)) == set()
    assert reasons(other, kept=kept_tail(large, sent=1000)) == set()


def test_what_was_sent_is_read_and_compared_by_its_digest(large):
    kept = kept_tail(large, sent=1000)
    assert reasons(large, kept=kept) == set()
    start = len(large.output) - SIZE
    data = bytearray(large.output)
    data[start + 999] ^= 1
    assert reasons(large.with_output(bytes(data)), kept=kept) == {Reason.PIXELS_CHANGED}


@pytest.mark.parametrize("shift", [-2, 1, 64])
def test_a_range_of_another_place_is_no_proof(large, shift):
    start = len(large.source) - SIZE
    assert reasons(large, kept=kept_tail(large, source_offset=start + shift)) == {Reason.PIXELS_CHANGED}


@pytest.mark.parametrize("part", [slice(0, 100), slice(SIZE - 100, SIZE), slice(2000, 2100)])
def test_what_no_range_covers_is_read(large, part):
    source, output = len(large.source) - SIZE, len(large.output) - SIZE
    kept = (
        Kept(source + part.stop, output + part.stop, SIZE - part.stop),
        Kept(source, output, part.start),
    )
    kept = tuple(one for one in kept if one.length)
    assert reasons(large, kept=kept) == set()
    data = bytearray(large.output)
    data[output + part.start + 50] ^= 1
    assert reasons(large.with_output(bytes(data)), kept=kept) == {Reason.PIXELS_CHANGED}


def test_a_range_that_begins_before_the_pixel_data_and_ends_after_it_speaks_for_all_of_it(large):
    source, output = len(large.source) - SIZE, len(large.output) - SIZE
    other = large.with_output(large.output[:-1] + b"\x0e")
    assert reasons(other, kept=(Kept(source - 4, output - 4, SIZE + 4),)) == set()


def test_nothing_but_native_pixel_data_is_taken_on_the_word_of_the_store(large, release):
    whole = (Kept(0, 0, len(large.source)),)
    leaking = large.with_output(large.source)
    assert Reason.LEAK in reasons(leaking, kept=whole)
    content = builders.dataset("ct", Rows=32, Columns=64)
    content.add_new(0x7FE00010, "OW", bytes(SIZE))
    cleared = release(builders.encode(content))
    assert reasons(cleared, pixel_data="planes-cleared", kept=kept_tail(cleared)) == {Reason.PIXELS_CHANGED}


@pytest.mark.parametrize(("sent", "told"), [(0, ["ref-0"]), (SIZE // 2, ["ref-0"]), (None, [])])
def test_who_takes_the_word_of_the_store_is_told_that_nobody_searched(large, sent, told):
    kept = () if sent is None else kept_tail(large, sent=sent)
    unsearched = []
    assert validate_study(large.with_pair(0, kept=kept).pairs, large.claims, unsearched.append) == []
    assert unsearched == told


def test_what_is_sent_whole_or_lies_beside_the_pixel_data_is_searched(large):
    output = len(large.output) - SIZE
    sent = Kept(len(large.source) - SIZE, output, SIZE, hashlib.sha256(large.source[-SIZE:]).hexdigest())
    for kept in ((sent,), (Kept(0, 0, output),)):
        unsearched = []
        validate_study(large.with_pair(0, kept=kept).pairs, large.claims, unsearched.append)
        assert unsearched == []


def test_the_bytes_of_a_range_are_not_read(large):
    source, output = Watched(large.source), Watched(large.output)
    assert reasons(large, source=source, output=output, kept=kept_tail(large)) == set()
    for watched in (source, output):
        tail = watched.size - SIZE
        # The window that reads the header of so small an object holds all of it; nothing asks for the pixel data itself.
        assert not any(offset >= tail and length > 12 for offset, length in watched.reads)
