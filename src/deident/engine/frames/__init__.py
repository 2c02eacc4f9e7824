"""Compressed frames: remove the metadata in them that can identify, and never touch what decodes to pixels.

One call per frame, or per stream for video. Each family has a module; all of them walk the stream to its end, and what
cannot be walked is refused. PS3.15 does not speak of compressed streams; this is a policy of the project.
"""

from __future__ import annotations

from deident.engine.frames import syntaxes
from deident.engine.frames.edits import CleanedFrame, broken
from deident.engine.frames.jp2 import JP2_SIGNATURE, clean_jp2
from deident.engine.frames.jpeg import clean_jpeg
from deident.engine.frames.jpeg2000 import clean_codestream
from deident.engine.frames.jpegxl import clean_jpegxl
from deident.engine.frames.mpeg2 import clean_mpeg2
from deident.engine.frames.nal import clean_avc, clean_hevc
from deident.engine.frames.native import clean_deflated, clean_uncompressed
from deident.engine.frames.rle import clean_rle
from deident.engine.frames.syntaxes import ENCAPSULATED_SYNTAXES, VIDEO_SYNTAXES, is_encapsulated
from deident.errors import Reason, Refusal

__all__ = ["ENCAPSULATED_SYNTAXES", "VIDEO_SYNTAXES", "CleanedFrame", "clean_frame", "is_encapsulated"]


def clean_frame(data: bytes, transfer_syntax: str, native_length: int | None = None) -> CleanedFrame:
    """Clean one frame, its fragments joined, or a whole video stream.

    `native_length` is the size in bytes of the decoded frame (Rows x Columns x Samples per Pixel x Bits Allocated / 8),
    if known: RLE, deflated and uncompressed frames then lose what stands behind their pixels. Video streams and JPEG
    2000 codestreams keep their length, unless bytes follow their end or it is odd.

    Raises Refusal: PIXEL_STREAM when the stream cannot be parsed to its end, TRANSFER_SYNTAX when the transfer syntax
    is unknown or has no encapsulated frames.
    """
    if transfer_syntax not in ENCAPSULATED_SYNTAXES:
        raise Refusal(Reason.TRANSFER_SYNTAX, "no encapsulated frames")
    if not data:
        raise broken("frame without bytes")
    if transfer_syntax in syntaxes.JPEG_SYNTAXES:
        return clean_jpeg(data)
    if transfer_syntax in syntaxes.JPEG_2000_SYNTAXES:
        return clean_jp2(data) if data.startswith(JP2_SIGNATURE) else clean_codestream(data)
    if transfer_syntax == syntaxes.RLE_LOSSLESS:
        return clean_rle(data, native_length)
    return _clean_other(data, transfer_syntax, native_length)


def _clean_other(data: bytes, transfer_syntax: str, native_length: int | None) -> CleanedFrame:
    if transfer_syntax in syntaxes.JPEG_XL_SYNTAXES:
        return clean_jpegxl(data)
    if transfer_syntax in syntaxes.MPEG2_SYNTAXES:
        return clean_mpeg2(data)
    if transfer_syntax in syntaxes.AVC_SYNTAXES:
        return clean_avc(data)
    if transfer_syntax in syntaxes.HEVC_SYNTAXES:
        return clean_hevc(data)
    if transfer_syntax == syntaxes.DEFLATED_FRAME:
        return clean_deflated(data, native_length)
    return clean_uncompressed(data, native_length)
