"""The encapsulated transfer syntaxes (PS3.5 A.4, PS3.6 Table A-1), current and retired, by the parser they need."""

from __future__ import annotations

from typing import Final

__all__ = [
    "AVC_SYNTAXES",
    "DEFLATED_FRAME",
    "ENCAPSULATED_SYNTAXES",
    "ENCAPSULATED_UNCOMPRESSED",
    "HEVC_SYNTAXES",
    "JPEG_2000_SYNTAXES",
    "JPEG_SYNTAXES",
    "JPEG_XL_SYNTAXES",
    "MPEG2_SYNTAXES",
    "RLE_LOSSLESS",
    "VIDEO_SYNTAXES",
    "is_encapsulated",
]

_ROOT: Final = "1.2.840.10008.1.2."


def _uids(*leaves: int | str) -> frozenset[str]:
    return frozenset(f"{_ROOT}4.{leaf}" for leaf in leaves)


ENCAPSULATED_UNCOMPRESSED: Final = f"{_ROOT}1.98"
RLE_LOSSLESS: Final = f"{_ROOT}5"
DEFLATED_FRAME: Final = f"{_ROOT}8.1"
# JPEG (ITU-T T.81), .52-.56 and .58-.66 are retired, and JPEG-LS (T.87): one grammar of markers
JPEG_SYNTAXES: Final = _uids(*range(50, 67), 70, 80, 81)
# JPEG 2000 Part 1 and Part 2, High-Throughput JPEG 2000
JPEG_2000_SYNTAXES: Final = _uids(*range(90, 94), 201, 202, 203)
JPEG_XL_SYNTAXES: Final = _uids(110, 111, 112)
MPEG2_SYNTAXES: Final = _uids(100, "100.1", 101, "101.1")
AVC_SYNTAXES: Final = _uids(*(f"{leaf}{suffix}" for leaf in range(102, 107) for suffix in ("", ".1")))
HEVC_SYNTAXES: Final = _uids(107, 108)

# one stream over all frames, whatever the fragments are
VIDEO_SYNTAXES: Final = MPEG2_SYNTAXES | AVC_SYNTAXES | HEVC_SYNTAXES
ENCAPSULATED_SYNTAXES: Final = (
    VIDEO_SYNTAXES
    | JPEG_SYNTAXES
    | JPEG_2000_SYNTAXES
    | JPEG_XL_SYNTAXES
    | {ENCAPSULATED_UNCOMPRESSED, RLE_LOSSLESS, DEFLATED_FRAME}
)


def is_encapsulated(transfer_syntax: str) -> bool:
    """Whether Pixel Data of this transfer syntax is a sequence of fragments (not so JPIP and SMPTE: no Pixel Data)."""
    return transfer_syntax in ENCAPSULATED_SYNTAXES
