"""Undo base64 and hex: what a value says once the runs in it that may be encoded are decoded (RULES 14.4)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import Final

__all__ = ["disguised"]

#: Shorter runs hold fewer than five bytes.
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{8,}={0,2}")
_HEX: Final = re.compile(rb"[0-9A-Fa-f]{10,}")
_PRINTABLE: Final = re.compile(rb"[\x20-\x7e]{5,}")
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")


def disguised(value: bytes) -> Iterator[str]:
    """The texts that stand in a value in base64 or hex, at any alignment. Most values have none."""
    for match in _BASE64.finditer(value):
        run = match.group().rstrip(b"=").translate(_URL_SAFE)
        for skipped in range(4):
            yield from _texts(_base64(run[skipped:]))
    for match in _HEX.finditer(value):
        run = match.group()
        for skipped in range(2):
            digits = run[skipped:]
            yield from _texts(binascii.unhexlify(digits[: len(digits) & ~1]))


def _base64(run: bytes) -> bytes:
    """Decode without padding; a last single character holds no whole byte."""
    if len(run) % 4 == 1:
        run = run[:-1]
    return binascii.a2b_base64(run + b"=" * (-len(run) % 4))


def _texts(decoded: bytes) -> Iterator[str]:
    """What is legible of decoded bytes: text in UTF-8, or the ASCII in it, UTF-16 included."""
    if not decoded.isascii():
        try:
            text = decoded.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            if text.isprintable():
                yield text
    for match in _PRINTABLE.finditer(decoded.replace(b"\0", b"")):
        yield match.group().decode("ascii")
