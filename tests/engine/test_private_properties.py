"""Random layouts of private blocks: what stays is what a slow second reading of Table E.3.10-1 says, and pydicom reads it."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread

from deident.engine import Limits
from deident.errors import Refusal
from support.builders import build
from support.elements import Element, Wire, parse
from support.outputs import fresh, output
from support.private_sets import layouts, reading, shape
from support.random_sets import ENCODINGS

ENGINE = fresh("basic", options={"retain_safe_private"})
BOUNDED = fresh("basic", Limits(header=4 << 20, inflated=8 << 20, frame=4 << 20), options={"retain_safe_private"})


def _private(elements: list[Element]) -> list[Element]:
    return [e for e in elements if e.tag >> 16 & 1]


@st.composite
def _files(draw: st.DrawFn) -> bytes:
    file = parse(build("ct", draw(st.sampled_from(ENCODINGS))))
    file.elements = sorted([*file.elements, *draw(layouts(file.wire))], key=lambda e: e.tag)
    return file.encode()


def _expected(data: bytes) -> list[object]:
    file = parse(data)
    return shape(_private(reading(file.elements, file.wire)))


@given(_files())
def test_what_stays_is_what_a_second_reading_says(data: bytes) -> None:
    out = output(ENGINE, data)
    assert shape(_private(parse(out).elements)) == _expected(data)
    for element in dcmread(io.BytesIO(out)).iterall():
        assert element.value != "Zqxplace"


@given(st.lists(_files(), min_size=3, max_size=6))
def test_an_engine_that_has_seen_other_layouts_decides_alike(series: list[bytes]) -> None:
    warm = fresh("basic", options={"retain_safe_private"})
    for data in [*series, *series]:
        assert output(warm, data) == output(ENGINE, data)
        assert shape(_private(parse(output(warm, data)).elements)) == _expected(data)


@given(st.data())
def test_without_the_option_no_private_element_stays(draw: st.DataObject) -> None:
    data = draw.draw(_files())
    assert _private(parse(output(fresh("basic"), data)).elements) == []


@given(
    _files(), st.floats(0, 1), st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), max_size=3)
)
def test_broken_layouts_give_a_refusal_or_a_result(data: bytes, where: float, flips: list[tuple[float, int]]) -> None:
    broken = bytearray(data[: max(int(len(data) * where), 1)] if not flips else data)
    for place, bits in flips:
        broken[int(len(broken) * place)] ^= bits
    try:
        out = output(BOUNDED, bytes(broken))
    except Refusal:
        return
    output(BOUNDED, out)


def test_the_reading_itself_keeps_something() -> None:
    wire = Wire()
    elements = [Element(0x00190010, "LO", b"GEMS_ACQU_01"), Element(0x00191023, "DS", b"1.5 ")]
    assert shape(reading(elements, wire)) == [(0x00190010, b"GEMS_ACQU_01"), (0x00191023, b"1.5 ")]
