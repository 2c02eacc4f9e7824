"""JPEG XL frames: of a container only what decodes stays."""

from __future__ import annotations

import struct

import imagecodecs
import numpy as np
import pytest

from deident.engine.frames import clean_frame
from deident.errors import Reason, Refusal

LOSSLESS, RECOMPRESSED = "1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.111"
SECRET = b"DOE^JANE 19700101 MRN-4711"
SIGNATURE = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
IMAGE = (np.indices((40, 56)).sum(axis=0) * 5 % 251).astype("uint8")


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">L4s", len(content) + 8, kind) + content


FTYP = box(b"ftyp", b"jxl \0\0\0\0jxl ")


def padded(frame: bytes) -> bytes:
    return frame + b"\0" * (len(frame) % 2)


def codestream() -> bytes:
    return bytes(imagecodecs.jpegxl_encode(IMAGE, lossless=True, usecontainer=False))


def test_a_bare_codestream_is_kept() -> None:
    frame = padded(codestream())
    assert frame[:2] == b"\xff\x0a"
    assert clean_frame(frame, LOSSLESS).data is frame


@pytest.mark.parametrize("kind", [b"Exif", b"xml ", b"jumb", b"brob", b"jbrd", b"jxli", b"SMIT"])
def test_boxes_that_can_hold_text_go_wherever_they_stand(kind: bytes) -> None:
    stream = codestream()
    kept = [SIGNATURE, FTYP, box(b"jxll", b"\5"), box(b"jxlc", stream)]
    for at in range(2, 5):
        cleaned = clean_frame(b"".join([*kept[:at], box(kind, bytes(4) + SECRET), *kept[at:]]), LOSSLESS)
        assert cleaned.data == padded(b"".join(kept))
        assert cleaned.stripped == (("unknown box",) if kind == b"SMIT" else (kind.decode().strip(),))
        assert np.array_equal(imagecodecs.jpegxl_decode(cleaned.data), IMAGE)


def test_a_codestream_in_parts_decodes_to_the_same_pixels() -> None:
    stream = codestream()
    parts = box(b"jxlp", bytes(4) + stream[:50]) + box(b"Exif", bytes(4) + SECRET)
    parts += box(b"jxlp", b"\x80\0\0\1" + stream[50:])
    cleaned = clean_frame(SIGNATURE + FTYP + parts, LOSSLESS)
    assert cleaned.stripped == ("Exif",)
    assert np.array_equal(imagecodecs.jpegxl_decode(cleaned.data), IMAGE)


def test_the_data_for_rebuilding_a_jpeg_file_goes_and_the_pixels_stay() -> None:
    jpeg = bytes(imagecodecs.jpeg8_encode(np.stack([IMAGE] * 3, axis=-1)))
    jpeg = jpeg[:2] + b"\xff\xfe" + (len(SECRET) + 2).to_bytes(2) + SECRET + jpeg[2:]
    frame = bytes(imagecodecs.jpegxl_encode_jpeg(jpeg))
    assert b"jbrd" in frame
    cleaned = clean_frame(frame, RECOMPRESSED)
    assert cleaned.stripped == ("jbrd",)
    assert np.array_equal(imagecodecs.jpegxl_decode(cleaned.data), imagecodecs.jpegxl_decode(frame))


def test_a_file_type_with_more_than_the_brand_is_rebuilt_and_bytes_after_the_last_box_go() -> None:
    rest = box(b"jxlc", codestream())
    cleaned = clean_frame(SIGNATURE + box(b"ftyp", b"jxl \0\0\0\0jxl SMIT") + rest + b"DOE^J", LOSSLESS)
    assert cleaned.data == padded(SIGNATURE + FTYP + rest)
    assert cleaned.stripped == ("ftyp", "TRAILING")


@pytest.mark.parametrize(
    "frame",
    [
        SECRET,
        SIGNATURE + FTYP,
        SIGNATURE + box(b"jxlc", b"\xff\x0a"),
        SIGNATURE + FTYP + FTYP + box(b"jxlc", b"\xff\x0a"),
        SIGNATURE + FTYP + b"\0\0\1\0jxlc\xff\x0a",
        SIGNATURE + FTYP + b"\0\0\0\7jxlc\xff\x0a",
    ],
)
def test_what_is_neither_codestream_nor_sound_container_is_refused(frame: bytes) -> None:
    with pytest.raises(Refusal) as refusal:
        clean_frame(frame, LOSSLESS)
    assert refusal.value.reason is Reason.PIXEL_STREAM
