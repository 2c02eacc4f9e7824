"""MPEG-2, H.264 and HEVC streams: user data is overwritten in place and the pictures stay."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import av
import numpy as np
import pytest

from deident.engine.frames import clean_frame
from deident.errors import Reason, Refusal

MPEG2, AVC, AVC_FRAGMENTABLE, HEVC = (f"1.2.840.10008.1.2.4.{leaf}" for leaf in ("100", "102", "102.1", "107"))
CODECS = {MPEG2: "mpeg2video", AVC: "libx264", HEVC: "libx265"}
SECRET = b"DOE^JANE 19700101 MRN-4711"
START = b"\x00\x00\x01"
#: where in each codec's streams the first picture starts, and a user data message that fits there
PICTURE = {MPEG2: START + b"\0", AVC: START + b"\x65", HEVC: START + b"\x28\x01"}


@cache
def stream(syntax: str) -> bytes:
    """Eight pictures of 96 x 64 pixels as an elementary stream."""
    codec = av.CodecContext.create(CODECS[syntax], "w")
    codec.width, codec.height, codec.pix_fmt = 96, 64, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, 25), Fraction(25)
    if syntax == HEVC:
        codec.options = {"x265-params": "log-level=none:pools=none"}
    packets = []
    for number in range(8):
        image = (np.indices((64, 96, 3)).sum(axis=0) * 2 + number * 5).astype("uint8")
        picture = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
        picture.pts = number
        packets += codec.encode(picture)
    packets += codec.encode(None)
    data = b"".join(bytes(packet) for packet in packets)
    return data + b"\0" * (len(data) % 2)


def pictures(syntax: str, data: bytes) -> list[bytes]:
    codec = av.CodecContext.create({MPEG2: "mpeg2video", AVC: "h264", HEVC: "hevc"}[syntax], "r")
    packets = [*codec.parse(data), *codec.parse(b"")]
    frames = [frame for packet in [*packets, None] for frame in codec.decode(packet)]
    return [frame.to_ndarray().tobytes() for frame in frames]


def escaped(payload: bytes) -> bytes:
    """With emulation prevention (H.264 7.4.1)."""
    result, zeros = bytearray(), 0
    for value in payload:
        if zeros >= 2 and value <= 3:
            result.append(3)
            zeros = 0
        result.append(value)
        zeros = zeros + 1 if value == 0 else 0
    return bytes(result)


def sei(syntax: str, *messages: tuple[int, bytes]) -> bytes:
    payload = b""
    for kind, content in messages:
        for number in (kind, len(content)):
            payload += b"\xff" * (number // 255) + bytes([number % 255])
        payload += content
    return START + (b"\x06" if syntax == AVC else b"\x4e\x01") + escaped(payload + b"\x80")


def planted(syntax: str, unit: bytes) -> bytes:
    """With a unit before the first picture; of even length."""
    data = stream(syntax)
    at = data.index(PICTURE[syntax])
    if syntax == AVC and data[at - 1] == 0:
        at -= 1
    data = data[:at] + unit + data[at:]
    return data + b"\0" * (len(data) % 2)


@pytest.mark.parametrize("syntax", CODECS)
def test_a_stream_from_an_encoder_keeps_its_length_and_its_pictures(syntax: str) -> None:
    data = stream(syntax)
    cleaned = clean_frame(data, syntax)
    assert len(cleaned.data) == len(data)
    assert b"x264" not in cleaned.data
    assert b"x265" not in cleaned.data
    assert len(pictures(syntax, data)) == 8
    assert pictures(syntax, cleaned.data) == pictures(syntax, data)
    assert clean_frame(cleaned.data, syntax).data is cleaned.data


@pytest.mark.parametrize("place", [b"\xb3", b"\xb8"])
def test_mpeg2_user_data_is_overwritten_wherever_it_stands(place: bytes) -> None:
    data = stream(MPEG2)
    after = data.index(START, data.index(START + place) + 4)
    after = data.index(START, after + 4) if place == b"\xb3" else after  # beyond the sequence extension
    unit = START + b"\xb2" + SECRET
    for tail in (b"", b"\0", b"\0\0\0"):
        frame = data[:after] + unit + tail + data[after:]
        frame += b"\0" * (len(frame) % 2)
        cleaned = clean_frame(frame, MPEG2)
        assert cleaned.stripped == ("user_data",)
        assert len(cleaned.data) == len(frame)
        assert SECRET[:8] not in cleaned.data
        assert pictures(MPEG2, cleaned.data) == pictures(MPEG2, data)


def test_bytes_after_the_end_of_an_mpeg2_sequence_are_emptied() -> None:
    data = stream(MPEG2).rstrip(b"\0").removesuffix(START + b"\xb7") + START + b"\xb7"
    frame = data + SECRET + b"\0" * ((len(data) + len(SECRET)) % 2)
    cleaned = clean_frame(frame, MPEG2)
    assert cleaned.data == data + bytes(len(frame) - len(data))
    assert cleaned.stripped == ("TRAILING",)


@pytest.mark.parametrize("syntax", [AVC, HEVC])
@pytest.mark.parametrize("kind", [3, 4, 5, 100, 300])
@pytest.mark.parametrize(
    "content",
    [
        bytes(16) + SECRET,
        SECRET * 20,
        b"\0\0" + SECRET + b"\0\0",
        b"\0\0\0\0\0\0\0\1\0\0\2" + SECRET + b"\0\0\3\0\0\0",
        bytes(700),
        SECRET + b"\x80",
        b"A",
    ],
)
def test_user_data_messages_are_overwritten_and_their_neighbours_stay(syntax: str, kind: int, content: bytes) -> None:
    neighbour = (6, b"\0\0\0\1\x40") if syntax == AVC else (128, b"\0\0\0\1\x40")
    frame = planted(syntax, sei(syntax, neighbour, (kind, content), neighbour))
    cleaned = clean_frame(frame, syntax)
    assert cleaned.stripped == ("SEI user data",)
    assert len(cleaned.data) == len(frame)
    assert SECRET[:8] not in cleaned.data
    before, after = _messages(frame, syntax), _messages(cleaned.data, syntax)
    assert [(number, len(text)) for number, text in before] == [(number, len(text)) for number, text in after]
    assert [entry for entry in after if entry[0] == neighbour[0]] == [neighbour, neighbour]
    assert pictures(syntax, cleaned.data) == pictures(syntax, stream(syntax))


def _messages(data: bytes, syntax: str) -> list[tuple[int, bytes]]:
    """The SEI messages before the first picture, read byte by byte."""
    found = []
    for unit in data[: data.index(PICTURE[syntax])].split(START):
        header = 1 if syntax == AVC else 2
        if not unit or (unit[0] & 31 if syntax == AVC else unit[0] >> 1) not in ((6,) if syntax == AVC else (39,)):
            continue
        payload = unit[header:].replace(b"\0\0\3", b"\0\0").rstrip(b"\0")[:-1]
        while payload:
            numbers = []
            for _ in range(2):
                ones = len(payload) - len(payload.lstrip(b"\xff"))
                numbers.append(255 * ones + payload[ones])
                payload = payload[ones + 1 :]
            found.append((numbers[0], payload[: numbers[1]]))
            payload = payload[numbers[1] :]
    return found


@pytest.mark.parametrize(
    ("syntax", "header"),
    [
        *((AVC, bytes([kind])) for kind in (0, 12, 24, 31)),
        *((HEVC, bytes([kind << 1, 1])) for kind in (38, 41, 48, 63)),
    ],
)
def test_units_that_decoders_ignore_are_made_filler(syntax: str, header: bytes) -> None:
    cleaned = clean_frame(planted(syntax, START + header + SECRET), syntax)
    assert SECRET[:8] not in cleaned.data
    assert "NAL unit" in cleaned.stripped
    assert pictures(syntax, cleaned.data) == pictures(syntax, stream(syntax))
    filler = planted(syntax, START + header + b"\xff" * 9 + b"\x80")
    assert "NAL unit" not in clean_frame(filler, syntax).stripped


@pytest.mark.parametrize(("syntax", "header"), [(AVC, b"\x0a"), (AVC, b"\x0b"), (HEVC, b"\x48\1"), (HEVC, b"\x4a\1")])
def test_bytes_after_the_end_of_a_sequence_or_stream_are_emptied(syntax: str, header: bytes) -> None:
    data = clean_frame(stream(syntax), syntax).data + START + header
    cleaned = clean_frame(data + SECRET + b"\0" * ((len(data) + len(SECRET)) % 2), syntax)
    assert cleaned.stripped == ("TRAILING",)
    assert cleaned.data.rstrip(b"\0") == data
    assert pictures(syntax, cleaned.data) == pictures(syntax, stream(syntax))


def test_fragmentable_syntaxes_are_the_same_streams() -> None:
    assert clean_frame(stream(AVC), AVC_FRAGMENTABLE) == clean_frame(stream(AVC), AVC)


@pytest.mark.parametrize("syntax", [MPEG2, AVC, HEVC])
@pytest.mark.parametrize(
    "container",
    [
        b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(40),
        (b"\x47\x40\0\x10" + bytes(184)) * 3,
        START + b"\xba" + bytes(60),
        START + b"\xe0" + bytes(60),
        b"RIFF" + bytes(60),
        SECRET,
        START + b"\x09" + SECRET,
    ],
)
def test_containers_and_unknown_streams_are_refused(syntax: str, container: bytes) -> None:
    with pytest.raises(Refusal) as refusal:
        clean_frame(container, syntax)
    assert refusal.value.reason is Reason.PIXEL_STREAM


@pytest.mark.parametrize(
    ("syntax", "unit"),
    [
        (MPEG2, START + b"\xb0" + SECRET),
        (MPEG2, START + b"\xc0" + SECRET),
        (AVC, START + b"\x86" + SECRET),
        (AVC, START + b"\x06\x05\x40" + SECRET + b"\x80"),
        (AVC, START + b"\x06\xff\xff"),
        (HEVC, START + b"\x4e\x01\x05\x40" + SECRET + b"\x80"),
    ],
)
def test_streams_that_cannot_be_parsed_to_their_end_are_refused(syntax: str, unit: bytes) -> None:
    with pytest.raises(Refusal) as refusal:
        clean_frame(planted(syntax, unit), syntax)
    assert refusal.value.reason is Reason.PIXEL_STREAM
