"""Tiny compressed frames made by hand, 8 x 8 pixels of one grey: no codec is needed to build compressed images."""

from __future__ import annotations

from struct import pack
from typing import Final

__all__ = ["FRAMES"]


def _segment(marker: int, payload: bytes) -> bytes:
    return pack(">HH", marker, len(payload) + 2) + payload


def _huffman(table: int) -> bytes:
    """A table with one code: the bit 0, for the symbol 0 (no difference; end of block)."""
    return _segment(0xFFC4, bytes([table, 1]) + bytes(15) + b"\0")


def _start_of_frame(marker: int) -> bytes:
    return _segment(marker, pack(">BHHB", 8, 8, 8, 1) + bytes([1, 0x11, 0]))


def _baseline() -> bytes:
    """One block whose DC and AC coefficients are all zero: two bits, padded with ones (ITU-T T.81, F.1.2)."""
    tables = _segment(0xFFDB, b"\0" + b"\1" * 64) + _start_of_frame(0xFFC0) + _huffman(0x00) + _huffman(0x10)
    return b"\xff\xd8" + tables + _segment(0xFFDA, bytes([1, 1, 0, 0, 63, 0])) + b"\x3f\xff\xd9"


def _lossless() -> bytes:
    """64 differences of zero from the first-order predictor: 64 zero bits (ITU-T T.81, H.1.2)."""
    tables = _start_of_frame(0xFFC3) + _huffman(0x00)
    return b"\xff\xd8" + tables + _segment(0xFFDA, bytes([1, 1, 0, 1, 0, 0])) + bytes(8) + b"\xff\xd9"


FRAMES: Final[dict[str, tuple[str, bytes]]] = {
    "jpeg-baseline": ("1.2.840.10008.1.2.4.50", _baseline()),
    "jpeg-lossless": ("1.2.840.10008.1.2.4.70", _lossless()),
    "encapsulated-native": ("1.2.840.10008.1.2.1.98", bytes(range(64))),
}
"""Name of a transfer syntax -> its UID and one frame."""
