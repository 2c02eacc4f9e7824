"""JPEG and JPEG-LS frames: what goes, what stays, and that the pixels do."""

from __future__ import annotations

import io
import struct

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from deident.engine.frames import clean_frame
from deident.errors import Reason, Refusal

BASELINE, HIERARCHICAL, LOSSLESS, JPEG_LS = (f"1.2.840.10008.1.2.4.{leaf}" for leaf in (50, 59, 70, 80))
SECRET = b"DOE^JANE 19700101 MRN-4711"


def pixels(*shape: int, dtype: str = "uint8") -> np.ndarray:
    grid = np.indices(shape).sum(axis=0) * 7
    return (grid + np.random.default_rng(1).integers(0, 30, shape)).astype(dtype)


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">HH", 0xFF00 | marker, len(content) + 2) + content


def jpeg(**options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels(48, 64, 3)).save(stream, "JPEG", **options)
    return stream.getvalue()


def jpeg_ls() -> bytes:
    return bytes(imagecodecs.jpegls_encode(pixels(40, 40, dtype="uint16")))


def decoded(frame: bytes) -> bytes:
    return np.asarray(Image.open(io.BytesIO(frame))).tobytes()


def padded(frame: bytes) -> bytes:
    return frame + b"\0" * (len(frame) % 2)


def after_soi(frame: bytes, *segments: bytes) -> bytes:
    return frame[:2] + b"".join(segments) + frame[2:]


@pytest.mark.parametrize(
    ("name", "marker", "content"),
    [
        ("COM", 0xFE, SECRET),
        ("APP0", 0xE0, b"JFXX\0\x13" + SECRET),
        ("APP0", 0xE0, SECRET),
        ("APP1", 0xE1, b"Exif\0\0II*\0" + SECRET),
        ("APP1", 0xE1, b"http://ns.adobe.com/xap/1.0/\0<x>" + SECRET),
        ("APP2", 0xE2, b"ICC_PROFILE\0\1\1" + SECRET),
        ("APP8", 0xE8, b"\0\0\0\5" + SECRET),
        ("APP11", 0xEB, SECRET),
        ("APP13", 0xED, b"Photoshop 3.0\0" + SECRET),
        ("APP14", 0xEE, b"Other" + SECRET),
        ("APP15", 0xEF, SECRET),
    ],
)
@pytest.mark.parametrize("fill", [b"", b"\xff\xff\xff"])
def test_a_segment_with_text_goes_and_the_rest_stays_byte_for_byte(
    name: str, marker: int, content: bytes, fill: bytes
) -> None:
    for frame, syntax in ((jpeg(), BASELINE), (jpeg_ls(), JPEG_LS)):
        cleaned = clean_frame(after_soi(frame, fill + segment(marker, content)), syntax)
        assert cleaned.data == padded(frame)
        assert cleaned.stripped == (name,)


def test_comments_between_the_scans_of_a_progressive_image_go() -> None:
    frame = jpeg(progressive=True)
    first = frame.index(b"\xff\xda")
    second = frame.index(b"\xff\xc4", first)
    assert frame.count(b"\xff\xda") > 3
    planted = frame[:second] + segment(0xFE, SECRET) + frame[second:]
    cleaned = clean_frame(planted, BASELINE)
    assert cleaned.data == padded(frame)
    assert decoded(cleaned.data) == decoded(frame) == decoded(planted)


def test_restart_markers_and_fill_bytes_belong_to_the_scan() -> None:
    frame = padded(jpeg(restart_marker_rows=1))
    assert b"\xff\xd0" in frame
    assert clean_frame(frame, BASELINE).data is frame
    end = frame.rindex(b"\xff\xd9")
    filled = padded(frame[:end] + b"\xff\xff\xff" + frame[end : end + 2])
    assert clean_frame(filled, BASELINE).data is filled


def test_jpeg_ls_data_after_ff_is_no_marker_below_80() -> None:
    frame = padded(bytes(imagecodecs.jpegls_encode(pixels(300, 300, dtype="uint16"))))
    scan = frame[frame.index(b"\xff\xda") :]
    assert any(scan[i] == 0xFF and 0 < scan[i + 1] < 0x80 for i in range(len(scan) - 1))
    assert clean_frame(frame, JPEG_LS).data is frame


@pytest.mark.parametrize("tail", [SECRET, b"\0" * 2, b"\0" * 7, b"\0" + SECRET, b"\xff\xfe" + SECRET])
def test_bytes_after_the_end_of_the_image_go(tail: bytes) -> None:
    frame = jpeg()
    frame = frame if len(frame) % 2 else after_soi(frame, segment(0xDD, b"\0\0\0")[:4] + b"\0\0")
    frame = padded(frame[: frame.rindex(b"\xff\xd9") + 2])
    cleaned = clean_frame(frame.removesuffix(b"\0") + tail, BASELINE)
    assert cleaned.data == frame
    assert cleaned.stripped == ("TRAILING",)


def test_a_second_image_after_the_first_is_refused_because_it_may_be_a_frame() -> None:
    with pytest.raises(Refusal) as refusal:
        clean_frame(padded(jpeg()) + jpeg(), BASELINE)
    assert refusal.value.reason is Reason.PIXEL_STREAM


def test_the_thumbnail_of_jfif_goes_and_jfif_stays() -> None:
    frame = jpeg()
    assert frame[2:4] == b"\xff\xe0"
    plain = segment(0xE0, frame[6:18] + b"\0\0")
    with_thumbnail = segment(0xE0, frame[6:18] + b"\3\3" + SECRET[:26] + b"!")
    for content in (with_thumbnail, segment(0xE0, frame[6:20] + SECRET)):
        cleaned = clean_frame(frame[:2] + content + frame[20:], BASELINE)
        assert cleaned.data == padded(frame[:2] + plain + frame[20:])
        assert cleaned.stripped == ("JFIF thumbnail",)


@pytest.mark.parametrize(
    ("number", "content"),
    [
        (14, b"Adobe\0\x64\0\0\0\0\1"),
        (14, b"Adobe\0\0\0\0\0"),
        (8, b"mrfx\1"),
        (8, b"SPIFF\0" + bytes(24)),
        (8, b"\0\0\0\1\xff\xd8"),
    ],
)
def test_application_segments_that_decoders_heed_stay_but_not_what_is_appended(number: int, content: bytes) -> None:
    frame = jpeg()
    kept = padded(after_soi(frame, segment(0xE0 + number, content)))
    assert clean_frame(kept, BASELINE).data is kept
    cleaned = clean_frame(after_soi(frame, segment(0xE0 + number, content + bytes(8) + SECRET)), BASELINE)
    assert SECRET not in cleaned.data
    assert cleaned.stripped == (f"APP{number}",)


def test_colours_do_not_depend_on_what_is_stripped() -> None:
    for options in ({}, {"keep_rgb": True}, {"subsampling": 0, "quality": 95}):
        frame = jpeg(comment=SECRET, exif=b"Exif\0\0" + SECRET, icc_profile=SECRET * 3, **options)
        cleaned = clean_frame(frame, BASELINE)
        assert set(cleaned.stripped) == {"COM", "APP1", "APP2"}
        assert SECRET not in cleaned.data
        assert decoded(cleaned.data) == decoded(frame)


def test_lossless_jpeg_decodes_to_the_same_pixels() -> None:
    image = pixels(64, 64, dtype="uint16")
    frame = bytes(imagecodecs.ljpeg_encode(image, bitspersample=16))
    cleaned = clean_frame(after_soi(frame, segment(0xFE, SECRET)), LOSSLESS)
    assert np.array_equal(imagecodecs.ljpeg_decode(cleaned.data), image)


def test_jpeg_ls_decodes_to_the_same_pixels() -> None:
    frame = jpeg_ls()
    cleaned = clean_frame(after_soi(frame, segment(0xFE, SECRET), segment(0xE1, SECRET)) + SECRET, JPEG_LS)
    assert cleaned.stripped == ("COM", "APP1", "TRAILING")
    assert np.array_equal(imagecodecs.jpegls_decode(cleaned.data), pixels(40, 40, dtype="uint16"))


def test_hierarchical_frames_and_a_late_number_of_lines_are_walked() -> None:
    size = b"\x08\x00\x08\x00\x08\x01\x01\x11\x00"
    scan = segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x12\xff\0\x34"
    kept = b"\xff\xd8" + segment(0xDE, size) + segment(0xC0, size) + scan + segment(0xDC, b"\0\x08")
    frame = padded(kept + segment(0xDF, b"\x11") + segment(0xC5, size) + scan + b"\xff\xd9")
    assert clean_frame(frame, HIERARCHICAL).data is frame
    cleaned = clean_frame(kept + segment(0xFE, SECRET) + frame[len(kept) :], HIERARCHICAL)
    assert cleaned.data == frame
    with pytest.raises(Refusal):
        clean_frame(kept + segment(0xDC, b"\0\x08" + SECRET) + frame[len(kept) :], HIERARCHICAL)


@pytest.mark.parametrize(
    "planted",
    [
        segment(0xF0, SECRET),
        segment(0xC8, SECRET),
        segment(0x02, SECRET),
        segment(0xF8, b"\x0d" + SECRET),
        segment(0xDB, b"\0" + bytes(64) + SECRET),
        segment(0xC4, b"\0" + bytes(16) + SECRET),
        segment(0xDD, b"\0\0" + SECRET),
        b"\xff\xd8",
        b"\xff\x01",
        SECRET,
        b"\xff\xfe\xff\xff",
        b"\xff\xfe\x00\x01",
    ],
)
def test_segments_that_no_decoder_needs_or_that_hold_more_than_their_fields_are_refused(planted: bytes) -> None:
    with pytest.raises(Refusal) as refusal:
        clean_frame(after_soi(jpeg(), planted), BASELINE)
    assert refusal.value.reason is Reason.PIXEL_STREAM


def test_every_truncation_is_refused() -> None:
    for frame, syntax in ((jpeg(progressive=True), BASELINE), (jpeg_ls(), JPEG_LS)):
        end = frame.rindex(b"\xff\xd9") + 2
        for length in range(end):
            with pytest.raises(Refusal):
                clean_frame(frame[:length], syntax)
