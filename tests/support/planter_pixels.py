"""Places in and around images: overlays, high bits, curves, icons, comments inside compressed frames."""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np

from support.elements import Element, find
from support.planter_context import Context, NotHere, make, place

PIXEL_DATA, BITS_ALLOCATED, BITS_STORED = 0x7FE00010, 0x00280100, 0x00280101
JPEG = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 53, 55, 57, 70, 80, 81))
JPEG_2000 = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (90, 91, 92, 93, 201, 202, 203))


def _us(context: Context, tag: int, *values: int, vr: str = "US") -> Element:
    return Element(tag, vr, context.file.wire.pack("H" * len(values), *values))


def _plane(context: Context, where: str, *, rows: int, columns: int, allocated: int = 1, position: int = 0) -> int:
    """The elements that describe an overlay plane in the first free group; returns the group's base tag."""
    present = {e.tag >> 16 for e in context.elements}
    base = next((g << 16 for g in range(0x6002, 0x6020, 2) if g not in present), None)
    if base is None:
        raise NotHere("no overlay group is free")
    context.put(_us(context, base | 0x10, rows))
    context.put(_us(context, base | 0x11, columns))
    context.put(make(base | 0x22, context.canary("LO", "", f"{where}/description"), "LO"))
    context.put(make(base | 0x40, "G", "CS"))
    context.put(_us(context, base | 0x50, 1, 1, vr="SS"))
    context.put(_us(context, base | 0x100, allocated))
    context.put(_us(context, base | 0x102, position))
    context.put(make(base | 0x1500, context.canary("LO", "", f"{where}/label"), "LO"))
    return base


@place("overlay.plane", "overlay data, description, label and comments in group 60xx")
def _overlay(context: Context) -> None:
    base = _plane(context, "overlay.plane", rows=32, columns=32)
    text = context.canary("OB", "", "overlay.plane/data").encode()
    context.put(Element(base | 0x3000, "OW", text.ljust(128, b"\0")))
    context.put(make(base | 0x4000, context.canary("LT", "", "overlay.plane/comments"), "LT"))


@place("overlay.high_bits", "an overlay drawn in the unused high bit of native pixels, which spells a word")
def _high_bits(context: Context) -> None:
    pixels = find(context.elements, PIXEL_DATA)
    if pixels is None or pixels.fragments is not None:
        raise NotHere("no native Pixel Data")
    if context.number(BITS_ALLOCATED) != 16 or (context.number(BITS_STORED) or 16) > 15:
        raise NotHere("no unused bits")
    values = np.frombuffer(
        pixels.value[: len(pixels.value) // 2 * 2], "<u2" if context.file.wire.little else ">u2"
    ).copy()
    text = context.token("overlay.high_bits").encode()
    bits = np.unpackbits(np.frombuffer(text, np.uint8), bitorder="little").astype(values.dtype)
    if values.size < bits.size or (values & 0x8000).any():
        raise NotHere("the high bit is in use or the image too small")
    values[: bits.size] |= bits << 15
    pixels.value = values.tobytes() + pixels.value[values.nbytes :]
    rows, columns = context.number(0x00280010) or 1, context.number(0x00280011) or 1
    _plane(context, "overlay.high_bits", rows=rows, columns=columns, allocated=16, position=15)
    context.hide(text.decode(), "text", "overlay.high_bits/plane")


@place("curve", "curve data, description and label in groups 50xx")
def _curve(context: Context) -> None:
    for base in (0x50000000, 0x501E0000):
        if not context.free(base | 0x3000):
            continue
        where = f"curve/{base >> 16:04X}"
        context.put(make(base | 0x20, "POLY", "CS"))
        context.put(make(base | 0x22, context.canary("LO", "", f"{where}/description"), "LO"))
        context.put(make(base | 0x2500, context.canary("LO", "", f"{where}/label"), "LO"))
        context.put(make(base | 0x3000, context.canary("OB", "", f"{where}/data"), "OB"))


@place("icon", "an icon image whose pixels are text")
def _icon(context: Context) -> None:
    item = [
        _us(context, 0x00280002, 1),
        make(0x00280004, "MONOCHROME2"),
        _us(context, 0x00280010, 8),
        _us(context, 0x00280011, 8),
        _us(context, BITS_ALLOCATED, 8),
        _us(context, BITS_STORED, 8),
        _us(context, 0x00280102, 7),
        _us(context, 0x00280103, 0),
        Element(PIXEL_DATA, "OB", context.canary("OB", "", "icon/pixels").encode().ljust(64, b"\0")),
    ]
    context.add_item(0x00880200, item)


@place(
    "pixel.excess",
    "native Pixel Data longer than the image, with the patient's name",
    refusable=True,
    checked_late=True,
)
def _excess(context: Context) -> None:
    pixels = find(context.elements, PIXEL_DATA)
    if pixels is None or pixels.fragments is not None:
        raise NotHere("no native Pixel Data")
    pixels.value += context.hide(context.person.family, "name", "pixel.excess").encode().ljust(32)


# --- compressed frames --------------------------------------------------------------------------------------


def _in_frames(context: Context, syntaxes: frozenset[str], change: Callable[[bytes], bytes | None]) -> None:
    """Change the first and the last fragment that `change` accepts, and mend the basic offset table."""
    pixels = find(context.elements, PIXEL_DATA)
    if pixels is None or not pixels.fragments or context.file.transfer_syntax not in syntaxes:
        raise NotHere("no such compressed Pixel Data")
    if find(context.elements, 0x7FE00001) is not None:
        raise NotHere("an extended offset table")
    old, new = pixels.fragments[1:], list(pixels.fragments[1:])
    accepted = [i for i, fragment in enumerate(old) if change(fragment) is not None]
    if not accepted:
        raise NotHere("no frame begins where a fragment does")
    for index in {accepted[0], accepted[-1]}:
        new[index] = change(old[index]) or b""
        new[index] += b"\0" * (len(new[index]) % 2)
    moved = dict(zip(_starts(old), _starts(new), strict=True))
    table = struct.unpack(f"<{len(pixels.fragments[0]) // 4}I", pixels.fragments[0])
    pixels.fragments = [struct.pack(f"<{len(table)}I", *(moved.get(offset, offset) for offset in table)), *new]


def _starts(fragments: list[bytes]) -> list[int]:
    """The offset of each fragment's item from the first one."""
    starts, at = [], 0
    for fragment in fragments:
        starts.append(at)
        at += 8 + len(fragment)
    return starts


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">HH", marker, len(payload) + 2) + payload


def _after_start(segment: bytes) -> Callable[[bytes], bytes | None]:
    """Insert a segment behind SOI and the JFIF APP0, if there is one."""

    def change(frame: bytes) -> bytes | None:
        if frame[:2] != b"\xff\xd8":
            return None
        at = 2
        if frame[2:4] == b"\xff\xe0":
            at = 4 + struct.unpack_from(">H", frame, 4)[0]
        return frame[:at] + segment + frame[at:]

    return change


@place("jpeg.com", "a COM segment in JPEG and JPEG-LS frames")
def _jpeg_com(context: Context) -> None:
    text = context.token("jpeg.com")
    _in_frames(context, JPEG, _after_start(_segment(0xFFFE, f"Made for {text}".encode())))
    context.hide(text, "text", "jpeg.com")


@place("jpeg.app", "APP1 (Exif) and APP13 segments in JPEG and JPEG-LS frames")
def _jpeg_app(context: Context) -> None:
    exif, photoshop = context.token("jpeg.app/exif"), context.token("jpeg.app/photoshop")
    segments = _segment(0xFFE1, b"Exif\0\0" + exif.encode()) + _segment(0xFFED, b"Photoshop 3.0\0" + photoshop.encode())
    _in_frames(context, JPEG, _after_start(segments))
    context.hide(exif, "text", "jpeg.app/exif")
    context.hide(photoshop, "text", "jpeg.app/photoshop")


@place("jpeg.tail", "bytes behind EOI in JPEG and JPEG-LS frames", refusable=True)
def _jpeg_tail(context: Context) -> None:
    text = context.token("jpeg.tail")

    def change(frame: bytes) -> bytes | None:
        return frame.rstrip(b"\0") + text.encode() if frame[:2] == b"\xff\xd8" and b"\xff\xd9" in frame[-4:] else None

    _in_frames(context, JPEG, change)
    context.hide(text, "text", "jpeg.tail")


@place("jpeg2000.com", "a COM segment in JPEG 2000 codestreams")
def _jpeg2000_com(context: Context) -> None:
    text = context.token("jpeg2000.com")

    def change(frame: bytes) -> bytes | None:
        if frame[:4] != b"\xff\x4f\xff\x51":
            return None
        at = 4 + struct.unpack_from(">H", frame, 4)[0]
        return frame[:at] + _segment(0xFF64, b"\0\1" + text.encode()) + frame[at:]

    _in_frames(context, JPEG_2000, change)
    context.hide(text, "text", "jpeg2000.com")


def _box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload) + 8) + kind + payload


@place("jpeg2000.boxes", "a JPEG 2000 codestream wrapped in a JP2 file with XML and UUID boxes", refusable=True)
def _jpeg2000_boxes(context: Context) -> None:
    xml, uuid = context.token("jpeg2000.boxes/xml"), context.token("jpeg2000.boxes/uuid")

    def change(frame: bytes) -> bytes | None:
        if frame[:4] != b"\xff\x4f\xff\x51":
            return None
        width, height = struct.unpack_from(">II", frame, 8)
        components, depth = struct.unpack_from(">HB", frame, 40)
        header = _box(b"ihdr", struct.pack(">IIHBBBB", height, width, components, depth, 7, 0, 0))
        colour = _box(b"colr", struct.pack(">BBBI", 1, 0, 0, 16 if components == 3 else 17))
        return (
            _box(b"jP  ", b"\r\n\x87\n")
            + _box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
            + _box(b"jp2h", header + colour)
            + _box(b"xml ", f"<patient>{xml}</patient>".encode())
            + _box(b"uuid", bytes(16) + uuid.encode())
            + _box(b"jp2c", frame)
        )

    _in_frames(context, JPEG_2000, change)
    context.hide(xml, "text", "jpeg2000.boxes/xml")
    context.hide(uuid, "text", "jpeg2000.boxes/uuid")
