"""Compressed streams that differ in comments alone are alike; those that differ in anything else are not."""

from __future__ import annotations

import io
import zlib

import pytest
from pydicom import dcmread
from pydicom.encaps import get_frame

from deident.validation.streams import streams_alike
from support.frames import FRAMES

JPEG = {name: (syntax, frame) for name, (syntax, frame) in FRAMES.items() if frame.startswith(b"\xff\xd8")}
RLE = "1.2.840.10008.1.2.5"
COMMENT = b"\xff\xfe\x00\x0aJane Doe"
APP1 = b"\xff\xe1\x00\x0aExif\0\0Ja"


@pytest.mark.parametrize(("syntax", "frame"), FRAMES.values(), ids=FRAMES.keys())
def test_a_stream_is_like_itself(syntax, frame):
    assert streams_alike([frame], [frame], syntax)


@pytest.mark.parametrize(("syntax", "frame"), JPEG.values(), ids=JPEG.keys())
@pytest.mark.parametrize("segment", [COMMENT, APP1], ids=["COM", "APP1"])
def test_jpeg_comments_do_not_count(syntax, frame, segment):
    assert streams_alike([frame[:2] + segment + frame[2:]], [frame], syntax)


@pytest.mark.parametrize(("syntax", "frame"), JPEG.values(), ids=JPEG.keys())
def test_each_changed_byte_of_a_jpeg_scan_counts(syntax, frame):
    scan = frame.rindex(b"\xff\xda") + 2 + int.from_bytes(frame[frame.rindex(b"\xff\xda") + 2 :][:2], "big")
    changed = bytearray(frame)
    changed[scan] ^= 0x10
    assert not streams_alike([frame], [bytes(changed)], syntax)


def test_a_lost_jpeg_frame_counts():
    syntax, frame = next(iter(JPEG.values()))
    assert not streams_alike([frame, frame], [frame], syntax)


def test_a_truncated_jpeg_counts():
    syntax, frame = next(iter(JPEG.values()))
    assert not streams_alike([frame], [frame[:-4]], syntax)


def test_fragments_do_not_count():
    syntax, frame = next(iter(JPEG.values()))
    assert streams_alike([frame[:20], frame[20:]], [frame], syntax)


def test_adobe_colour_transform_counts():
    syntax, frame = next(iter(JPEG.values()))
    adobe = b"\xff\xee\x00\x0eAdobe\0\x64\0\0\0\0\x01"
    assert not streams_alike([frame[:2] + adobe + frame[2:]], [frame], syntax)


@pytest.mark.parametrize("name", ["pydicom/JPEG2000.dcm", "pydicom/examples_jpeg2k.dcm"])
def test_jpeg_2000_comments_do_not_count_but_data_does(name, corpus_bytes):
    content = dcmread(io.BytesIO(corpus_bytes(name)))
    syntax, frame = content.file_meta.TransferSyntaxUID, get_frame(content.PixelData, 0, number_of_frames=1)
    start = frame.index(b"\xff\x4f\xff\x51")
    size = start + 4 + int.from_bytes(frame[start + 4 : start + 6], "big")
    comment = b"\xff\x64\x00\x0c\x00\x01Jane Doe"
    codestream = frame[start:]
    assert streams_alike([frame], [frame], syntax)
    assert streams_alike([frame[start:size] + comment + frame[size:]], [codestream], syntax)
    changed = bytearray(codestream)
    changed[codestream.index(b"\xff\x93") + 40] ^= 0x55
    assert not streams_alike([codestream], [bytes(changed)], syntax)


def _rle(*segments: bytes) -> bytes:
    offsets, position = [], 64
    for segment in segments:
        offsets.append(position)
        position += len(segment)
    numbers = [len(segments), *offsets, *[0] * (15 - len(offsets))]
    return b"".join(number.to_bytes(4, "little") for number in numbers) + b"".join(segments)


def test_rle_padding_does_not_count_but_pixels_do():
    assert streams_alike([_rle(b"\x01AB", b"\xffC\x80")], [_rle(b"\x01AB", b"\xffC")], RLE)
    assert not streams_alike([_rle(b"\x01AB", b"\xffC\x80")], [_rle(b"\x01AX", b"\xffC")], RLE)
    assert not streams_alike([b"short"], [b"short"], RLE)


def test_bytes_behind_a_deflated_frame_do_not_count():
    packer = zlib.compressobj(wbits=-15)
    data = packer.compress(bytes(range(200))) + packer.flush()
    assert streams_alike([data + b"Jane Doe"], [data], "1.2.840.10008.1.2.8.1")
    assert not streams_alike([data], [data[:-3]], "1.2.840.10008.1.2.8.1")


@pytest.mark.parametrize(
    ("syntax", "user", "picture"),
    [
        ("1.2.840.10008.1.2.4.100", b"\xb2", b"\x00"),
        ("1.2.840.10008.1.2.4.102", b"\x06", b"\x65"),
        ("1.2.840.10008.1.2.4.107", b"\x4e\x01", b"\x26\x01"),
    ],
)
def test_video_user_data_may_be_blanked_and_nothing_else(syntax, user, picture):
    def stream(text: bytes, image: bytes) -> list[bytes]:
        return [b"\0\0\1" + picture + image + b"\0\0\1" + user + text + b"\0\0\1" + picture + image]

    before = stream(b"Jane Doe", b"picture")
    assert streams_alike(before, stream(b"\xff" * 8, b"picture"), syntax)
    assert not streams_alike(before, stream(b"John Doe", b"picture"), syntax)
    assert not streams_alike(before, stream(b"Jane Doe", b"pict\xffre"), syntax)


def test_a_jpeg_xl_container_is_like_its_codestream():
    def box(kind: bytes, data: bytes) -> bytes:
        return (8 + len(data)).to_bytes(4, "big") + kind + data

    head = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl \0\0\0\0jxl ")
    file = head + box(b"Exif", b"Jane Doe") + box(b"jxlc", b"\xff\x0acode")
    assert streams_alike([file], [b"\xff\x0acode"], "1.2.840.10008.1.2.4.110")
    assert not streams_alike([file], [b"\xff\x0aCode"], "1.2.840.10008.1.2.4.110")
