"""Pixel data: identical, or different in what was said to be done and in nothing else."""

from __future__ import annotations

import io

import numpy as np
import pytest
from pydicom import dcmread, dcmwrite

from deident.errors import Reason
from support import builders
from support.frames import FRAMES


def _reasons(case):
    return {finding.reason for finding in case.findings()}


def _with_planes(**values):
    """A CT image whose bit 15 holds an overlay plane that (60xx,0102) names."""
    content = builders.dataset("ct", **values)
    pixels = np.arange(64, dtype="<u2") % 8
    pixels[::3] |= 0x8000
    content.add_new(0x7FE00010, "OW", pixels.tobytes())
    for tag, vr, value in ((0x60000010, "US", 8), (0x60000011, "US", 8), (0x60000040, "CS", "G")):
        content.add_new(tag, vr, value)
    content.add_new(0x60000050, "SS", [1, 1])
    content.add_new(0x60000100, "US", 16)
    content.add_new(0x60000102, "US", 15)
    return builders.encode(content)


def test_a_cleared_overlay_plane_passes(release):
    case = release(_with_planes())
    assert case.pairs[0].pixel_data == "planes-cleared"
    assert case.findings() == []


def test_an_overlay_plane_that_stays_is_found(release):
    case = release(_with_planes())
    size = 128
    kept = case.with_output(case.output[:-size] + case.source[-size:])
    assert _reasons(kept) == {Reason.PIXELS_CHANGED}
    assert _reasons(kept.with_pair(0, pixel_data="copied")) == {Reason.PIXELS_CHANGED}


def test_a_bit_outside_the_plane_that_goes_is_found(release):
    case = release(_with_planes())
    data = bytearray(case.output)
    data[-2] ^= 0x02
    assert _reasons(case.with_output(bytes(data))) == {Reason.PIXELS_CHANGED}


def test_planes_said_to_be_cleared_without_any_are_found(release):
    case = release(builders.build("ct"))
    assert _reasons(case.with_pair(0, pixel_data="planes-cleared")) == {Reason.PIXELS_CHANGED}


def test_a_name_in_pixels_is_found(release):
    content = builders.dataset("ct")
    content.add_new(0x7FE00010, "OW", (b"\0\0 Doe^Jane 19650412 " + bytes(128))[:128])
    clean = release(builders.build("ct"))
    source = builders.encode(content)
    place, end = clean.output.index(b"\xe0\x7f\x10\x00OW") + 12, None
    planted = clean.with_pair(0, source=type(clean.pairs[0].source)(source)).with_output(
        clean.output[:place] + source[-128:end]
    )
    assert _reasons(planted) == {Reason.LEAK}


@pytest.mark.parametrize("name", [*FRAMES])
def test_a_changed_compressed_frame_is_found(name, release):
    case = release(builders.build("sc", name))
    data = bytearray(case.output)
    frame = FRAMES[name][1]
    data[data.index(frame[:8]) + len(frame) // 2] ^= 0x08
    assert Reason.PIXELS_CHANGED in _reasons(case.with_output(bytes(data)))


def test_stripped_comments_pass_and_are_told_from_copies(release):
    content = dcmread(io.BytesIO(builders.build("sc", next(iter(FRAMES)))))
    frame = next(iter(FRAMES.values()))[1]
    planted = content.PixelData.replace(frame[:2], frame[:2] + b"\xff\xfe\x00\x0cnot a name")
    start = planted.index(frame[:2]) - 4
    content["PixelData"]._value = (
        planted[:start] + (len(frame) + 14 + len(frame) % 2).to_bytes(4, "little") + planted[start + 4 :]
    )
    target = io.BytesIO()
    dcmwrite(target, content)
    case = release(target.getvalue())
    assert case.pairs[0].pixel_data == "comments-stripped"
    assert case.findings() == []
    assert _reasons(case.with_pair(0, pixel_data="copied")) == {Reason.PIXELS_CHANGED}


def test_a_wrong_offset_table_is_found(release):
    case = release(builders.build("sc", "rle"))
    data = bytearray(case.output)
    place = data.index(b"\xe0\x7f\x10\x00OB") + 12
    assert data[place : place + 4] == b"\xfe\xff\x00\xe0"
    length = int.from_bytes(data[place + 4 : place + 8], "little")
    damaged = data[: place + 4] + b"\4\0\0\0\6\0\0\0" + data[place + 8 + length :]
    assert Reason.OBJECT_INVALID in _reasons(case.with_output(bytes(damaged)))
