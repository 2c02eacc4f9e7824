"""Pixel data: native values copied, masked or searched; encapsulated ones with every kind of offset table."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deident.engine import MaskedRange, SourceRange, materialise, total_length
from deident.engine.encapsulated import clean_encapsulated, walk_fragments
from deident.engine.limits import Limits
from deident.engine.native import expected_length, native_segment
from deident.engine.part10 import BytesSource
from deident.engine.pixelrisk import pixel_risk
from deident.engine.syntax import EXPLICIT_BIG, EXPLICIT_LITTLE
from deident.errors import Reason, Refusal
from support.builders import build, dataset, encode
from support.elements import Element, find, parse, put
from support.frames import FRAMES
from support.outputs import deidentified, deidentifier, ending, fresh, output

US = struct.Struct("<H").pack
JPEG, (JPEG_SYNTAX, FRAME) = "jpeg-baseline", FRAMES["jpeg-baseline"]
COMMENT = b"\xff\xfe\x00\x0bDoe^Jane\0"
COMMENTED = FRAME[:2] + COMMENT + FRAME[2:]


def _seen() -> dict[int, bytes]:
    return {0x00280010: US(8), 0x00280011: US(8), 0x00280100: US(16), 0x00280101: US(12), 0x00280102: US(11)}


# --- native ---------------------------------------------------------------------------------------------------


def test_native_pixels_are_a_range_of_the_source() -> None:
    assert native_segment(10, 128, _seen(), EXPLICIT_LITTLE) == SourceRange(10, 128)


@pytest.mark.parametrize("little", [True, False])
def test_only_the_planes_that_are_named_and_unused_are_cleared(little: bool) -> None:
    syntax = EXPLICIT_LITTLE if little else EXPLICIT_BIG
    pack = struct.Struct("<H" if little else ">H").pack
    seen = {tag: pack(struct.unpack("<H", value)[0]) for tag, value in _seen().items()}
    seen[0x60000102] = pack(15)
    seen[0x60020102] = pack(12)
    seen[0x60020011] = pack(1)
    seen[0x60040102] = pack(5)  # among the stored bits: pixels
    seen[0x60060102] = pack(14)
    seen[0x60063000] = b"\1\1"  # has its own Overlay Data
    segment = native_segment(0, 128, seen, syntax)
    assert segment == MaskedRange(0, 128, pack(0xFFFF & ~(1 << 15) & ~(1 << 12)))


def test_text_in_a_high_bit_is_gone_and_the_stored_bits_stay() -> None:
    content = dataset("ct")
    content.add_new(0x60000010, "US", 8)
    content.add_new(0x60000100, "US", 16)
    content.add_new(0x60000102, "US", 15)
    values = [i * 37 % 4096 | (i % 3 == 0) << 15 | 1 << 13 for i in range(64)]
    content.PixelData = struct.pack("<64H", *values)
    result, out = deidentified(deidentifier(), encode(content))
    assert result.statistics.pixel_data == "planes-cleared"
    pixels = find(parse(out).elements, 0x7FE00010)
    assert pixels is not None
    assert struct.unpack("<64H", pixels.value) == tuple(value & 0x7FFF for value in values)
    assert not [e for e in parse(out).elements if e.tag >> 24 == 0x60]


@pytest.mark.parametrize(
    ("photometric", "samples", "wanted"),
    [(b"MONOCHROME2 ", 1, 64), (b"RGB ", 3, 192), (b"YBR_FULL_422", 3, 128), (b"YBR_PARTIAL_422 ", 3, 128)],
)
def test_expected_length_counts_samples_and_half_chroma(photometric: bytes, samples: int, wanted: int) -> None:
    seen = _seen() | {0x00280100: US(8), 0x00280002: US(samples), 0x00280004: photometric}
    assert expected_length(seen, EXPLICIT_LITTLE) == wanted
    assert expected_length(seen | {0x00280008: b"3 "}, EXPLICIT_LITTLE) == 3 * wanted
    assert expected_length({}, EXPLICIT_LITTLE) is None


def test_bytes_behind_the_image_are_searched() -> None:
    content = dataset("ct")
    content.PixelData = content.PixelData + b"Made for Doe^Jane   "
    assert ending(deidentifier(), encode(content)) == "known-identifier"
    content.PixelData = content.PixelData[:128] + bytes(20)
    assert ending(deidentifier(), encode(content)) == "released"


# --- encapsulated ---------------------------------------------------------------------------------------------


def _value(fragments: list[bytes], table: bytes = b"") -> bytes:
    items = b"".join(b"\xfe\xff\x00\xe0" + struct.pack("<I", len(f)) + f for f in (table, *fragments))
    return items + b"\xfe\xff\xdd\xe0\0\0\0\0"


def _clean(fragments: list[bytes], frames: int, table: bytes = b"", extended: bytes = b"") -> bytes:
    value = _value(fragments, table)
    source = BytesSource(value)
    cleaned = clean_encapsulated(source, 0, JPEG_SYNTAX, frames, extended, Limits(), lambda data: b"Doe^Jane" in data)
    assert cleaned.end == len(value)
    return b"".join(materialise(cleaned.segments, source))


def _split(data: bytes, at: int = 40) -> list[bytes]:
    return [data[:at], data[at:] + b"\0" * (len(data) % 2)]


EVEN = FRAME + b"\0" * (len(FRAME) % 2)
DIRTY = COMMENTED + b"\0" * (len(COMMENTED) % 2)


def test_clean_frames_are_copied_with_their_table() -> None:
    for table in (b"", struct.pack("<2I", 0, 8 + len(EVEN))):
        assert _clean([EVEN, EVEN], 2, table) == _value([EVEN, EVEN], table)


def test_comments_go_and_the_basic_table_is_right_again() -> None:
    table = struct.pack("<2I", 0, 8 + len(DIRTY))
    out = _clean([DIRTY, EVEN], 2, table)
    items, _end = walk_fragments(BytesSource(out), 0, Limits())
    assert b"Doe^Jane" not in out
    offsets = struct.unpack("<2I", out[items[0][0] : sum(items[0])])
    assert offsets == (0, items[2][0] - items[1][0])
    assert [out[start : start + 2] for start, _length in items[1:]] == [b"\xff\xd8"] * 2


def test_several_fragments_make_a_frame_by_either_table_or_none() -> None:
    dirty, clean = _split(DIRTY), _split(EVEN)
    second = sum(8 + len(f) for f in dirty)
    for table, extended in (
        (struct.pack("<2I", 0, second), b""),
        (b"", struct.pack("<2Q", 0, second)),
        (b"", b""),
    ):
        out = _clean([*dirty, *clean], 2, table, extended)
        assert b"Doe^Jane" not in out
        items, _end = walk_fragments(BytesSource(out), 0, Limits())
        assert b"".join(out[s : s + n] for s, n in items[1:]).count(b"\xff\xd8") == 2


@pytest.mark.parametrize(
    ("table", "extended", "frames"),
    [(struct.pack("<2I", 0, 5), b"", 2), (struct.pack("<3I", 0, 100, 200), b"", 2), (b"", struct.pack("<Q", 0), 2)],
)
def test_tables_that_contradict_the_frames_are_refused(table: bytes, extended: bytes, frames: int) -> None:
    with pytest.raises(Refusal) as caught:
        _clean([*_split(EVEN), *_split(EVEN)], frames, table, extended)
    assert caught.value.reason is Reason.PIXEL_STREAM


def test_more_frames_than_stated_are_refused() -> None:
    with pytest.raises(Refusal) as caught:
        _clean([EVEN, EVEN], 1)
    assert caught.value.reason is Reason.PIXEL_STREAM


def test_an_extended_table_goes_when_frames_change_and_stays_when_not() -> None:
    for frame, stays in ((EVEN, True), (DIRTY, False)):
        file = parse(build("sc-multiframe", JPEG))
        pixels = find(file.elements, 0x7FE00010)
        assert pixels is not None
        pixels.fragments = [b"", frame, frame]
        put(file.elements, Element(0x7FE00001, "OV", struct.pack("<2Q", 0, 8 + len(frame))))
        put(file.elements, Element(0x7FE00002, "OV", struct.pack("<2Q", len(frame), len(frame))))
        out = output(deidentifier(), file.encode())
        assert (find(parse(out).elements, 0x7FE00001) is not None) is stays
        assert b"Doe^Jane" not in out


@pytest.mark.parametrize("cut", [1, 7, 8, 9, 30])
def test_truncated_fragments_are_refused(cut: int) -> None:
    data = build("ct", JPEG)
    assert ending(deidentifier(), data[:-cut]) == "truncated"


def test_fragments_are_limited_and_stray_items_refused() -> None:
    with pytest.raises(Refusal) as caught:
        walk_fragments(BytesSource(_value([b"ab"] * 20)), 0, Limits(fragments=10))
    assert caught.value.reason is Reason.LIMIT
    for wrong in (b"\xfe\xff\x0d\xe0\0\0\0\0", b"\xfe\xff\x00\xe0\xff\xff\xff\xff", b"\xfe\xff\xdd\xe0\0\0\0\0"):
        with pytest.raises(Refusal):
            walk_fragments(BytesSource(wrong), 0, Limits())


def test_encapsulated_pixels_in_a_native_syntax_are_refused() -> None:
    file = parse(build("ct", JPEG))
    assert file.meta is not None
    put(file.meta, Element(0x00020010, "UI", b"1.2.840.10008.1.2.1\0"))
    file.transfer_syntax = "1.2.840.10008.1.2.1"
    assert ending(deidentifier(), file.encode()) == "broken"


# --- risk -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "changes", "held"),
    [
        ("ct", {}, False),
        ("ct", {"BurnedInAnnotation": "YES"}, True),
        ("ct", {"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, True),
        ("ct", {"ConversionType": "DF"}, True),
        ("us", {}, False),
        ("us", {"BurnedInAnnotation": None}, True),
        ("us", {"BurnedInAnnotation": "NO "}, False),
        ("sc-unknown-text", {}, True),
        ("mr", {"PhotometricInterpretation": "RGB"}, True),
        ("rt-dose", {}, False),
        ("seg", {}, False),
    ],
)
def test_images_that_may_show_text_wait_for_a_look(family: str, changes: dict[str, object], held: bool) -> None:
    data = build(family, **changes)
    assert (ending(fresh(pixel_risk="hold"), data) == "pixel-risk") is held
    assert ending(fresh(pixel_risk="accept"), data) == "released"


def test_the_advice_names_a_tag_and_no_value() -> None:
    assert pixel_risk("1.2.840.10008.5.1.4.1.1.2", {0x00280301: b"YES "}) == "(0028,0301) is YES"


# --- segments -------------------------------------------------------------------------------------------------


@given(st.binary(max_size=200), st.lists(st.tuples(st.integers(0, 199), st.integers(0, 199)), max_size=6))
def test_segments_make_the_bytes_they_say(data: bytes, ranges: list[tuple[int, int]]) -> None:
    segments: list[bytes | SourceRange | MaskedRange] = [b"head"]
    expected = b"head"
    for start, wanted in ranges:
        length = max(0, min(wanted, len(data) - start))
        segments += [SourceRange(start, length), MaskedRange(start, length, b"\x0f\xff")]
        part = data[start : start + length]
        expected += part + bytes(b & (0x0F if i % 2 == 0 else 0xFF) for i, b in enumerate(part))
    assert b"".join(materialise(segments, BytesSource(data))) == expected
    assert total_length(segments) == len(expected)


def test_masks_keep_their_phase_over_large_ranges() -> None:
    data = b"\xff" * (3 << 20)
    parts = list(materialise([MaskedRange(0, len(data), b"\x01\x02\x04")], BytesSource(data)))
    assert max(map(len, parts)) <= 1 << 20
    assert b"".join(parts) == b"\x01\x02\x04" * (1 << 20)


def test_a_source_that_ends_early_is_an_error() -> None:
    with pytest.raises(EOFError):
        list(materialise([SourceRange(0, 10)], BytesSource(b"abc")))
    with pytest.raises(EOFError):
        list(materialise([MaskedRange(0, 10, b"\1\1")], BytesSource(b"abc")))
