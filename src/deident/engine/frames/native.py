"""Frames that hold native pixels, deflated (PS3.5 8.2.16) or plain (A.4.11): bytes beyond the pixels are cut."""

from __future__ import annotations

import zlib
from typing import Final

from deident.engine.frames.edits import CleanedFrame, Edits, broken

__all__ = ["clean_deflated", "clean_uncompressed"]

_INPUT: Final = 1 << 16
_OUTPUT: Final = 1 << 20
# Without the native length: a single frame of more bytes than 32-bit lengths can say is an attack, not an image.
_MOST: Final = 1 << 32


def clean_deflated(data: bytes, native_length: int | None) -> CleanedFrame:
    """Cut what follows the deflate stream (RFC 1951); with `native_length`, refuse one of another size."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    position = produced = 0
    most = _MOST if native_length is None else native_length + (native_length & 1)
    while not inflater.eof:
        part = data[position : position + _INPUT]
        if not part:
            raise broken("deflate: stream cut short")
        position += len(part)
        while part and not inflater.eof:
            try:
                produced += len(inflater.decompress(part, _OUTPUT))
            except zlib.error:
                produced = -1
            if not 0 <= produced <= most:
                # raised outside of the handler: no chained exception goes into a log
                raise broken("deflate: stream is broken or too large")
            part = inflater.unconsumed_tail
    if native_length is not None and produced < native_length:
        raise broken("deflate: fewer bytes than the frame has")
    return Edits(data).finish(position - len(inflater.unused_data))


def clean_uncompressed(data: bytes, native_length: int | None) -> CleanedFrame:
    """Cut what follows the pixels, if their length is known."""
    if native_length is not None and len(data) < native_length:
        raise broken("uncompressed frame: fewer bytes than the frame has")
    return Edits(data).finish(native_length)
