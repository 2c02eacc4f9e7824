"""Small pictures of single frames of outputs, made with pydicom, numpy and pillow, which are imported when needed."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any, Final

from deident.stores.protocol import OpenObject

__all__ = ["Header", "Thumbnail", "read_header", "thumbnail"]

#: Longest side in pixels. A name burned into a corner of an image can still be made out.
SIDE: Final = 384
_LARGEST: Final = 1 << 28
_LAST_HEADER_TAG: Final = 0x00283010


@dataclass(frozen=True, slots=True)
class Header:
    """What orders and groups the frames of an output, and what tells whether they may show text."""

    number: int
    frames: int
    sop_class: str
    risk: dict[int, bytes]


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A PNG as base64 text, or why there is none."""

    png: str
    problem: str = ""


class _File(io.RawIOBase):
    """An open object as a file, so that one frame of many can be read without the others."""

    #: pydicom asks every buffered file for one; a stored object has none.
    name = ""

    def __init__(self, opened: OpenObject) -> None:
        self._opened = opened
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._opened.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        data = self._opened.read_at(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _file(opened: OpenObject) -> io.BufferedReader:
    return io.BufferedReader(_File(opened), 1 << 16)


def read_header(opened: OpenObject) -> Header | None:
    """The header of an output with pixel data that can be shown, None for any other object."""
    from pydicom import dcmread  # noqa: PLC0415 - only who asks for pages pays for it

    dataset = dcmread(_file(opened), stop_before_pixels=True)
    if "Rows" not in dataset or "Columns" not in dataset:
        return None
    risk = {}
    for tag in (0x00280301, 0x00080008, 0x00080060, 0x00080064, 0x00280004):
        value = dataset[tag].value if tag in dataset else ""
        parts = [value] if isinstance(value, str) else list(value or ())
        risk[tag] = "\\".join(map(str, parts)).encode("latin-1", "replace")
    return Header(
        number=int(dataset.get("InstanceNumber") or 0),
        frames=max(1, int(dataset.get("NumberOfFrames") or 1)),
        sop_class=str(dataset.get("SOPClassUID", "")),
        risk=risk,
    )


def thumbnail(opened: OpenObject, frame: int) -> Thumbnail:
    """One frame as it is displayed: rescaled, windowed and in RGB. Never raises for what an object holds."""
    try:
        return Thumbnail(_png(opened, frame))
    except ImportError as problem:
        return Thumbnail("", f"cannot be shown: {problem.name or 'a package'} is not installed (deident[codecs])")
    except Exception as problem:  # noqa: BLE001 - its text may quote the object; what went wrong is named by its kind
        return Thumbnail("", f"cannot be shown: {type(problem).__name__}")


def _png(opened: OpenObject, frame: int) -> str:
    import numpy as np  # noqa: PLC0415 - only who asks for pages pays for it
    from PIL import Image  # noqa: PLC0415
    from pydicom import dcmread  # noqa: PLC0415
    from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut  # noqa: PLC0415
    from pydicom.pixels.utils import pixel_array  # noqa: PLC0415

    dataset = dcmread(_file(opened), stop_before_pixels=True)
    if int(dataset.Rows) * int(dataset.Columns) * int(dataset.SamplesPerPixel) > _LARGEST:
        raise OverflowError
    array = pixel_array(_file(opened), index=frame)
    photometric = str(dataset.PhotometricInterpretation)
    if photometric == "PALETTE COLOR":
        array = apply_color_lut(array, dataset)
    elif photometric.startswith("MONOCHROME"):
        array = apply_voi_lut(apply_modality_lut(array, dataset), dataset)
    array = np.asarray(array, dtype=np.float64)
    low, high = float(array.min()), float(array.max())
    scaled = ((array - low) * (255.0 / (high - low)) if high > low else np.zeros_like(array)).astype(np.uint8)
    if photometric in {"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"} and int(dataset.BitsStored) <= 8:
        scaled = array.astype(np.uint8)
    if photometric == "MONOCHROME1":
        scaled = 255 - scaled
    image = Image.fromarray(scaled)
    image.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()
