"""JPEG 2000 and HTJ2K codestreams and JP2 files: comments are blanked in place, boxes with text go."""

from __future__ import annotations

import io
import struct
from itertools import pairwise

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from deident.engine.frames import clean_frame
from deident.errors import Reason, Refusal

LOSSLESS, HTJ2K = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.201"
SECRET = b"DOE^JANE 19700101 MRN-4711"
COMMENT = struct.pack(">HHH", 0xFF64, len(SECRET) + 4, 1) + SECRET
BLANK = struct.pack(">HHH", 0xFF64, len(SECRET) + 4, 1) + b" " * len(SECRET)


def pixels(*shape: int, dtype: str = "uint8") -> np.ndarray:
    grid = np.indices(shape).sum(axis=0) * 3
    return (grid + np.random.default_rng(1).integers(0, 30, shape)).astype(dtype)


def codestream(**options: object) -> bytes:
    """A lossless codestream of 96 x 96 RGB pixels, with the packet lengths of PLT."""
    stream = io.BytesIO()
    Image.fromarray(pixels(96, 96, 3)).save(stream, "JPEG2000", no_jp2=True, plt=True, **options)
    return stream.getvalue()


def without_encoder_comment(frame: bytes) -> bytes:
    at = frame.index(b"\xff\x64")
    return frame[:at] + frame[at + 2 + int.from_bytes(frame[at + 2 : at + 4]) :]


def tile_parts(frame: bytes) -> list[int]:
    """Positions of the SOT markers, by Psot."""
    found, at = [], frame.index(b"\xff\x90\x00\x0a")
    while frame[at : at + 2] == b"\xff\x90":
        found.append(at)
        at += int.from_bytes(frame[at + 6 : at + 10])
    assert frame[at : at + 2] == b"\xff\xd9"
    return found


def plant(frame: bytes, comment: bytes, *, tlm: bool = True) -> bytes:
    """A comment in the main header and one in the header of every tile-part, with right Psot and TLM."""
    frame = without_encoder_comment(frame)
    starts = [*tile_parts(frame), frame.rindex(b"\xff\xd9")]
    parts = []
    for start, end in pairwise(starts):
        head = frame[start : start + 6] + (end - start + len(comment)).to_bytes(4) + frame[start + 10 : start + 12]
        parts.append(head + comment + frame[start + 12 : end])
    lengths = b"".join(len(part).to_bytes(4) for part in parts)
    table = struct.pack(">HHBB", 0xFF55, len(lengths) + 4, 0, 0x40) + lengths if tlm else b""
    return frame[: starts[0]] + table + comment + b"".join(parts) + b"\xff\xd9"


def padded(frame: bytes) -> bytes:
    return frame + b"\0" * (len(frame) % 2)


def decoded(frame: bytes) -> np.ndarray:
    return imagecodecs.jpeg2k_decode(frame)


@pytest.mark.parametrize("options", [{}, {"tile_size": (32, 32)}])
def test_comments_in_main_and_tile_part_headers_are_blanked_in_place(options: dict[str, object]) -> None:
    frame = codestream(**options)
    planted = plant(frame, COMMENT)
    cleaned = clean_frame(planted, LOSSLESS)
    assert planted.count(COMMENT) == len(tile_parts(frame)) + 1
    assert cleaned.data == padded(plant(frame, BLANK))
    assert cleaned.stripped == ("COM",)
    assert np.array_equal(decoded(cleaned.data), pixels(96, 96, 3))
    assert clean_frame(cleaned.data, LOSSLESS).data is cleaned.data


def test_a_binary_comment_is_blanked_with_its_registration() -> None:
    binary = struct.pack(">HHH", 0xFF64, 8, 0) + b"ABCD"
    frame = plant(codestream(), binary)
    assert clean_frame(frame, LOSSLESS).data == padded(plant(codestream(), b"\xff\x64\x00\x08\x00\x01    "))


def test_high_throughput_codestreams_decode_to_the_same_pixels() -> None:
    image = pixels(64, 64)
    frame = bytes(imagecodecs.htj2k_encode(image))
    at = frame.index(b"\xff\x51") + 2
    at += int.from_bytes(frame[at : at + 2])
    cleaned = clean_frame(frame[:at] + COMMENT + frame[at:] + SECRET, HTJ2K)
    assert SECRET not in cleaned.data
    assert "COM" in cleaned.stripped
    assert "TRAILING" in cleaned.stripped
    assert np.array_equal(imagecodecs.htj2k_decode(cleaned.data), image)


def test_a_last_tile_part_without_length_ends_at_eoc() -> None:
    frame = without_encoder_comment(codestream())
    at = tile_parts(frame)[0]
    frame = frame[: at + 6] + bytes(4) + frame[at + 10 :]
    cleaned = clean_frame(frame + b"\0" + SECRET, LOSSLESS)
    assert cleaned.data == padded(frame)
    assert cleaned.stripped == ("TRAILING",)


def test_a_packet_number_that_looks_like_eoc_does_not_end_the_tile_part() -> None:
    start = b"\xff\x4f\xff\x51\x00\x02\xff\x90\x00\x0a" + bytes(8) + b"\xff\x93"
    frame = start + b"\xff\x91\x00\x04\xff\xd9coded data\xff\xd9"
    assert clean_frame(padded(frame) + SECRET, LOSSLESS).data == padded(frame)


def test_a_missing_eoc_is_tolerated_where_the_tile_parts_reach_the_end() -> None:
    frame = without_encoder_comment(codestream())[:-2]
    assert clean_frame(padded(frame), LOSSLESS).data == padded(frame)
    with pytest.raises(Refusal):
        clean_frame(frame + SECRET, LOSSLESS)


def test_a_second_image_after_the_first_is_refused_because_it_may_be_a_frame() -> None:
    with pytest.raises(Refusal):
        clean_frame(padded(codestream()) + codestream(), LOSSLESS)


@pytest.mark.parametrize(
    "planted", [b"\xff\x65\x00\x10" + SECRET[:14], SECRET, b"\xff\x64\xff\xff", b"\xff\x64\x00\x01"]
)
def test_segments_that_no_decoder_knows_are_refused(planted: bytes) -> None:
    frame = codestream()
    at = frame.index(b"\xff\x52")
    with pytest.raises(Refusal) as refusal:
        clean_frame(frame[:at] + planted + frame[at:], LOSSLESS)
    assert refusal.value.reason is Reason.PIXEL_STREAM


def test_every_truncation_of_the_codestream_is_refused() -> None:
    frame = codestream(tile_size=(32, 32))
    ends = {*tile_parts(frame)[1:], len(frame) - 2}
    for length in {*range(700), *range(len(frame) - 500, len(frame) - 2)} - ends - {end + 1 for end in ends}:
        with pytest.raises(Refusal):
            clean_frame(frame[:length], LOSSLESS)


def box(kind: bytes, content: bytes, *, wide: bool = False) -> bytes:
    if wide:
        return struct.pack(">L4sQ", 1, kind, len(content) + 16) + content
    return struct.pack(">L4s", len(content) + 8, kind) + content


SIGNATURE = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
FTYP = box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
IHDR = box(b"ihdr", struct.pack(">LLHBBBB", 96, 96, 3, 7, 7, 0, 0))
SRGB = box(b"colr", b"\1\0\0\0\0\0\x10")


def wrapped(frame: bytes, *extra: bytes, header: bytes = IHDR + SRGB, wide: bool = False) -> bytes:
    return SIGNATURE + FTYP + b"".join(extra) + box(b"jp2h", header, wide=wide) + box(b"jp2c", frame, wide=wide)


@pytest.mark.parametrize("kind", [b"xml ", b"uuid", b"uinf", b"jp2i", b"asoc", b"lbl ", b"res ", b"SMIT", b"free"])
def test_boxes_that_can_hold_text_go_from_the_file_and_from_its_header(kind: bytes) -> None:
    frame = plant(codestream(), BLANK)
    for planted in (
        wrapped(frame, box(kind, SECRET)),
        wrapped(frame, header=IHDR + box(kind, SECRET) + SRGB),
        wrapped(frame) + box(kind, SECRET),
        wrapped(frame) + struct.pack(">L4s", 0, kind) + SECRET,
    ):
        cleaned = clean_frame(planted, LOSSLESS)
        assert cleaned.data == padded(wrapped(frame))
        assert cleaned.stripped == (("unknown box",) if kind == b"SMIT" else (kind.decode().strip(),))
        assert np.array_equal(decoded(cleaned.data), pixels(96, 96, 3))


@pytest.mark.parametrize("wide", [False, True])
def test_the_codestream_inside_a_file_is_cleaned_and_its_box_resized(wide: bool) -> None:
    planted = wrapped(plant(codestream(), COMMENT) + SECRET, header=IHDR + box(b"res ", SECRET) + SRGB, wide=wide)
    cleaned = clean_frame(planted, LOSSLESS)
    assert cleaned.data == padded(wrapped(plant(codestream(), BLANK), wide=wide))
    assert cleaned.stripped == ("res", "COM", "TRAILING")
    assert np.array_equal(decoded(cleaned.data), pixels(96, 96, 3))


def test_an_open_ended_codestream_box_ends_with_the_codestream() -> None:
    frame = plant(codestream(), BLANK)
    whole = SIGNATURE + FTYP + box(b"jp2h", IHDR + SRGB) + struct.pack(">L4s", 0, b"jp2c") + frame
    assert clean_frame(whole + b"\0\0" + SECRET, LOSSLESS).data == padded(whole)


@pytest.mark.parametrize(
    "profile", [b"\2\0\0" + SECRET * 4, b"\3\0\0" + SECRET, b"\4\0\0" + SECRET, b"\1\0\0\0\0\0\x10" + SECRET]
)
def test_a_colour_specification_with_a_profile_becomes_the_enumerated_one(profile: bytes) -> None:
    frame = plant(codestream(), BLANK)
    cleaned = clean_frame(wrapped(frame, header=IHDR + box(b"colr", profile)), LOSSLESS)
    assert cleaned.data == padded(wrapped(frame))
    assert cleaned.stripped == ("colr",)


def test_a_file_type_with_unknown_brands_is_rebuilt() -> None:
    planted = wrapped(plant(codestream(), BLANK)).replace(FTYP, box(b"ftyp", b"jp2 \0\0\0\0jp2 SMITJANE"))
    cleaned = clean_frame(planted, LOSSLESS)
    assert cleaned.data == padded(wrapped(plant(codestream(), BLANK)))
    assert cleaned.stripped == ("ftyp",)


@pytest.mark.parametrize(
    "header",
    [
        IHDR[:-1] + b"\0" + SRGB + b"JANEDOE",
        box(b"ihdr", SECRET) + SRGB,
        IHDR + box(b"bpcc", SECRET) + SRGB,
        IHDR + box(b"pclr", b"\0\2\3\7\7\7" + SECRET) + SRGB,
        IHDR + box(b"cdef", b"\0\1" + SECRET) + SRGB,
        IHDR + box(b"cmap", SECRET + b"!") + SRGB,
        SRGB + IHDR[:8],
    ],
)
def test_an_image_header_that_holds_more_than_its_fields_is_refused(header: bytes) -> None:
    with pytest.raises(Refusal) as refusal:
        clean_frame(wrapped(codestream(), header=header), LOSSLESS)
    assert refusal.value.reason is Reason.PIXEL_STREAM


def test_palettes_channels_and_depths_of_their_exact_length_stay() -> None:
    header = (
        IHDR
        + box(b"bpcc", b"\7\7\7")
        + box(b"pclr", b"\0\2\3\7\7\7" + bytes(6))
        + box(b"cmap", bytes(12))
        + box(b"cdef", b"\0\1" + bytes(6))
        + SRGB
    )
    frame = padded(wrapped(plant(codestream(), BLANK), header=header))
    assert clean_frame(frame, LOSSLESS).data is frame


def test_a_file_without_header_or_with_two_codestreams_is_refused() -> None:
    frame = codestream()
    for planted in (SIGNATURE + FTYP + box(b"jp2c", frame), wrapped(frame) + box(b"jp2c", frame), SIGNATURE + FTYP):
        with pytest.raises(Refusal):
            clean_frame(planted, LOSSLESS)
