"""RLE, deflated and uncompressed frames: nothing can hide beside the pixels."""

from __future__ import annotations

import struct
import zlib

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deident.engine.frames import clean_frame
from deident.errors import Reason, Refusal

RLE, DEFLATED, UNCOMPRESSED = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.8.1", "1.2.840.10008.1.2.1.98"
SECRET = b"DOE^JANE 19700101 MRN-4711"
ROWS, COLUMNS = 24, 40
IMAGE = (np.indices((ROWS, COLUMNS)).sum(axis=0) // 3 * 300).astype("<u2")
NATIVE = IMAGE.nbytes


def segments(image: np.ndarray = IMAGE) -> list[bytes]:
    """The RLE segments of 16-bit pixels, each of even length: high bytes, then low bytes."""
    planes = image.view("u1").reshape(*image.shape, 2)[..., ::-1]
    runs = [b"".join(bytes(imagecodecs.packbits_encode(row.tobytes())) for row in planes[..., i]) for i in range(2)]
    return [run + b"\0" * (len(run) % 2) for run in runs]


def rle(*parts: bytes, gap: bytes = b"", unused: bytes = b"") -> bytes:
    offsets, at = [], 64 + len(gap)
    for part in parts:
        offsets.append(at)
        at += len(part)
    header = struct.pack(f"<{len(parts) + 1}L", len(parts), *offsets)
    return header + unused.ljust(64 - len(header), b"\0") + gap + b"".join(parts)


def decoded(frame: bytes) -> bytes:
    return bytes(imagecodecs.dicomrle_decode(frame, "<u2"))


@pytest.mark.parametrize("native_length", [None, NATIVE])
def test_a_sound_rle_frame_is_kept(native_length: int | None) -> None:
    frame = rle(*segments())
    assert clean_frame(frame, RLE, native_length).data is frame


def test_unused_offsets_and_the_gap_before_the_first_segment_are_emptied() -> None:
    cleaned = clean_frame(rle(*segments(), gap=SECRET, unused=SECRET), RLE)
    assert cleaned.data == rle(*segments(), gap=bytes(len(SECRET)))
    assert cleaned.stripped == ("RLE header",)


def test_bytes_behind_the_runs_of_any_segment_go_when_the_native_length_is_known() -> None:
    high, low = segments()
    cleaned = clean_frame(rle(high + SECRET, low + SECRET), RLE, NATIVE)
    assert SECRET not in cleaned.data
    assert cleaned.stripped == ("RLE slack", "TRAILING")
    assert len(cleaned.data) <= len(rle(high + SECRET, low))
    assert decoded(cleaned.data) == decoded(rle(high, low))
    assert clean_frame(cleaned.data, RLE, NATIVE).data is cleaned.data


#: Slack of zeros alone is padding, which stays as it was: what decodes is then what decoded before, not the bare image.
SLACK = st.binary(max_size=20).filter(lambda slack: not slack or bool(slack.strip(b"\0")))


@given(st.lists(st.integers(0, 3) | st.integers(0, 0xFFFF), min_size=60, max_size=60), SLACK)
def test_no_run_of_an_rle_frame_is_lost(pixels: list[int], slack: bytes) -> None:
    image = np.array(pixels, "<u2").reshape(4, 15)
    parts = segments(image)
    assert decoded(rle(*parts)) == image.tobytes()
    frame = rle(parts[0] + slack + b"\0" * (len(slack) % 2), parts[1] + slack)
    assert decoded(clean_frame(frame, RLE, image.nbytes).data) == image.tobytes()


@given(st.lists(st.integers(0, 3), min_size=60, max_size=60), st.integers(1, 9))
def test_an_rle_frame_padded_with_zeros_is_left_alone(pixels: list[int], zeros: int) -> None:
    high, low = segments(np.array(pixels, "<u2").reshape(4, 15))
    frame = rle(high + bytes(2 * zeros), low + bytes(2 * zeros))
    assert clean_frame(frame, RLE, 120).data is frame


@pytest.mark.parametrize(
    ("frame", "native_length"),
    [
        (rle(*segments())[:63], None),
        (struct.pack("<16L", 0, *[0] * 15) + bytes(10), None),
        (struct.pack("<16L", 16, *range(64, 79)) + bytes(100), None),
        (struct.pack("<16L", 2, 64, 64, *[0] * 13) + bytes(10), None),
        (struct.pack("<16L", 1, 60, *[0] * 14) + bytes(10), None),
        (struct.pack("<16L", 1, 90, *[0] * 14) + bytes(10), None),
        (rle(*segments()), NATIVE + 1),
        (rle(*segments()), NATIVE + 2),
        (rle(b"\x05ab"), 6),
    ],
)
def test_rle_segments_that_do_not_hold_the_frame_are_refused(frame: bytes, native_length: int | None) -> None:
    with pytest.raises(Refusal) as refusal:
        clean_frame(frame, RLE, native_length)
    assert refusal.value.reason is Reason.PIXEL_STREAM


def deflated(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


@pytest.mark.parametrize("pixels", [IMAGE.tobytes(), np.random.default_rng(1).bytes(300_000), bytes(5_000_000)])
@pytest.mark.parametrize("known", [True, False])
def test_bytes_after_a_deflate_stream_go(pixels: bytes, known: bool) -> None:
    frame = deflated(pixels)
    frame += b"\0" * (len(frame) % 2)
    native_length = len(pixels) if known else None
    assert clean_frame(frame, DEFLATED, native_length).data is frame
    cleaned = clean_frame(frame + SECRET, DEFLATED, native_length)
    assert cleaned.data == frame
    assert cleaned.stripped == ("TRAILING",)


@pytest.mark.parametrize(
    ("frame", "native_length"),
    [
        (deflated(IMAGE.tobytes())[:-4], None),
        (SECRET, None),
        (b"\x07" + SECRET, None),
        (deflated(IMAGE.tobytes() + SECRET), NATIVE),
        (deflated(IMAGE.tobytes()[:-2]), NATIVE),
        (deflated(bytes(1 << 24)), NATIVE),
    ],
)
def test_a_deflate_stream_that_is_not_the_frame_is_refused(frame: bytes, native_length: int | None) -> None:
    with pytest.raises(Refusal) as refusal:
        clean_frame(frame, DEFLATED, native_length)
    assert refusal.value.reason is Reason.PIXEL_STREAM


def test_an_uncompressed_frame_ends_with_its_pixels() -> None:
    frame = IMAGE.tobytes()
    assert clean_frame(frame, UNCOMPRESSED).data is frame
    assert clean_frame(frame, UNCOMPRESSED, NATIVE).data is frame
    assert clean_frame(frame + SECRET, UNCOMPRESSED, NATIVE).data == frame
    assert clean_frame(b"abc", UNCOMPRESSED, 3).data == b"abc\0"
    with pytest.raises(Refusal):
        clean_frame(frame[:-2], UNCOMPRESSED, NATIVE)
