"""Decode and encode text values of any Specific Character Set (0008,0005), code extensions included (PS3.5 6.1).

pydicom's tables, as data in `standard`, say which Python codec reads which character set and escape sequence; its decoding
functions are not used, because they log and warn with values that they cannot read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from deident.standard.tables import load_table

__all__ = ["decode", "decodes", "encode", "parse_specific_character_set", "split_values"]

_ESC: Final = b"\x1b"
_ASCII: Final = "ascii"
_UNDECLARED: Final = ("ascii", "utf-8", "latin-1")

#: Text VRs whose value is one text in which a backslash is a character (PS3.5 6.2).
_SINGLE_VALUED: Final = frozenset({"LT", "ST", "UT", "UR"})

#: ESC, intermediate bytes, final byte (ISO 2022).
_ESCAPE: Final = re.compile(rb"(\x1b[\x20-\x2f]+[\x30-\x7e])")
#: What resets code extensions to the first character set (PS3.5 6.1.2.5.3); backslash, ^ and = only where they delimit.
_CONTROLS: Final = rb"\t\n\f\r"
_RESETS_TEXT: Final = re.compile(rb"([" + _CONTROLS + rb"])")
_RESETS_VALUES: Final = re.compile(rb"([\\" + _CONTROLS + rb"])")
_RESETS_NAMES: Final = re.compile(rb"([\\^=" + _CONTROLS + rb"])")
_TEXT_RESETS: Final = {_RESETS_TEXT: r"[\t\n\f\r]", _RESETS_VALUES: r"[\\\t\n\f\r]", _RESETS_NAMES: r"[\\^=\t\n\f\r]"}

#: Two bytes a character in G0: any byte of 21-7E can be half of a character, delimiters included. The value is what
#: Python expects; JIS C 6226-1978 and the long form of JIS X 0208 are not in PS3.3, but old consoles write them.
_TWO_BYTE_G0: Final = {
    b"\x1b$B": (b"\x1b$B", "iso2022_jp"),
    b"\x1b$@": (b"\x1b$@", "iso2022_jp"),
    b"\x1b$(B": (b"\x1b$B", "iso2022_jp"),
    b"\x1b$(D": (b"\x1b$(D", "iso2022_jp_2"),
}
#: ASCII and JIS X 0201 Romaji in G0: what stands in G1 stays.
_ONE_BYTE_G0: Final = frozenset({b"\x1b(B", b"\x1b(J"})
#: Vendors' supersets, for reading what the declared set cannot.
_WIDER: Final = {"iso_ir_58": "gbk", "GB2312": "gbk", "euc_kr": "cp949", "shift_jis": "cp932", "GBK": "gb18030"}


class _Part(NamedTuple):
    """Bytes that one codec reads; `codec` "" marks an unknown escape sequence."""

    codec: str
    raw: bytes


class _Tables(NamedTuple):
    by_name: dict[str, str]
    by_escape: dict[bytes, str]
    escapes: dict[str, bytes]


def parse_specific_character_set(raw: bytes) -> tuple[str, ...]:
    """Values of (0008,0005) from its bytes, padding stripped. Absent or empty gives (); an empty first value stays "".

    Bytes outside ASCII become `?`: such a name is unknown in any case.
    """
    names = tuple(part.strip(b" \0").decode(_ASCII, "replace").replace("\ufffd", "?") for part in raw.split(b"\\"))
    return names if any(names) else ()


def decode(raw: bytes, charsets: tuple[str, ...], vr: str) -> str:
    """The text of an encoded value, padding included; never raises.

    Bytes that the declared character sets cannot read become U+FFFD. Where the default repertoire is declared (or an
    unknown one) and the bytes are not ASCII, they are read as UTF-8 if they are UTF-8, else as Latin-1. A multi-valued
    text must be split after decoding (`split_values`): in GBK, GB18030 and Shift JIS 5C can be half of a character.
    """
    if raw.isascii() and _ESC not in raw:
        return raw.decode(_ASCII)
    return "".join(_read(part, "replace") for part in _parts(raw, charsets, vr))


def decodes(raw: bytes, charsets: tuple[str, ...], vr: str) -> bool:
    """Whether the declared character sets read every byte: `decode` then replaces and guesses nothing.

    A known escape sequence counts as declared, because many writers forget to list it in (0008,0005).
    """
    if raw.isascii() and _ESC not in raw:
        return True
    return all(_readable(part) for part in _parts(raw, charsets, vr))


def encode(text: str, charsets: tuple[str, ...], vr: str) -> bytes:
    """The bytes of a text in the declared character sets, without padding; never raises.

    With code extensions every value, component and line ends in the first character set, as PS3.5 6.1.2.5.3 demands.
    A character that none of the sets holds becomes `?`.
    """
    if text.isascii():
        return text.encode(_ASCII)
    codecs = _codecs(charsets)
    if len(codecs) == 1:
        return _write_single(text, codecs[0])
    pieces = re.split(f"({_TEXT_RESETS[_resets(vr)]})", text)
    return b"".join(_write_extended(piece, codecs) for piece in pieces if piece)


def split_values(text: str, vr: str) -> list[str]:
    """The values of a decoded text: split at backslashes, except for LT, ST, UT and UR, which hold one value."""
    return [text] if vr in _SINGLE_VALUED else text.split("\\")


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    table = load_table("charsets.json")
    by_name = {_plain(name): codec for name, codec in table["terms"].items()}
    by_name |= {_plain(name): _ASCII for name in ("ISO_IR 6", "ISO 2022 IR 6")}
    escapes = {bytes.fromhex(code): codec for code, codec in table["escapes"].items()}
    by_escape = {code: codec for code, codec in escapes.items() if code not in _ONE_BYTE_G0}
    return _Tables(by_name, by_escape, {codec: code for code, codec in by_escape.items()})


def _plain(name: str) -> str:
    """A name without what writers vary: `ISO-IR 100`, `iso_ir_100` and `ISO_IR 100` are one."""
    return re.sub(r"[\s_-]+", "", name).upper()


@lru_cache(maxsize=256)
def _codecs(charsets: tuple[str, ...]) -> tuple[str, ...]:
    """Python codecs of the character sets, the first one being the initial set. Unknown names count as the default."""
    by_name = _tables().by_name
    codecs = [by_name.get(_plain(name), _ASCII) for name in charsets] or [_ASCII]
    return (codecs[0], *(codec for codec in dict.fromkeys(codecs[1:]) if codec != codecs[0]))


def _resets(vr: str) -> re.Pattern[bytes]:
    if vr == "PN":
        return _RESETS_NAMES
    return _RESETS_TEXT if vr in _SINGLE_VALUED else _RESETS_VALUES


def _parts(raw: bytes, charsets: tuple[str, ...], vr: str) -> Iterator[_Part]:
    """Cut the value into runs of one codec each: escape sequences switch, delimiters and control characters reset."""
    initial = _codecs(charsets)[0]
    if _ESC not in raw:
        yield _Part(initial, raw)
        return
    by_escape = _tables().by_escape
    right, two_bytes = initial, (b"", "")
    for index, run in enumerate(_ESCAPE.split(raw)):
        if index % 2:
            two_bytes = _TWO_BYTE_G0.get(run, (b"", ""))
            if not two_bytes[1] and run not in _ONE_BYTE_G0:
                if run not in by_escape:
                    yield _Part("", run)
                right = by_escape.get(run, initial)
        elif two_bytes[1]:
            yield _Part(two_bytes[1], two_bytes[0] + run)
        elif run:
            head, *tail = _resets(vr).split(run, maxsplit=1)
            yield _Part(right, head)
            if tail:
                right = initial
                yield _Part(right, b"".join(tail))


def _read(part: _Part, errors: str) -> str:
    if not part.codec:
        return "\ufffd"
    candidates = _UNDECLARED if part.codec == _ASCII else (part.codec, _WIDER.get(part.codec, part.codec))
    for codec in candidates:
        try:
            return part.raw.decode(codec)
        except UnicodeDecodeError:
            continue
    return part.raw.decode(part.codec, errors)


def _readable(part: _Part) -> bool:
    if not part.codec or (part.codec == _ASCII and not part.raw.isascii()):
        return False
    try:
        part.raw.decode(part.codec)
    except UnicodeDecodeError:
        return False
    return True


def _write_single(text: str, codec: str) -> bytes:
    if codec == "shift_jis":  # ISO_IR 13 alone is JIS X 0201: one byte a character
        return b"".join(byte if len(byte := c.encode(codec, "replace")) == 1 else b"?" for c in text)
    return text.encode(codec, "replace")


def _write_extended(piece: str, codecs: tuple[str, ...]) -> bytes:
    """One value, component or line: it begins in the first set, and readers reset by themselves after it."""
    if piece.isascii() or _holds(piece, codecs[0]):
        return _write_single(piece, codecs[0])
    written = bytearray()
    right = codecs[0]
    for character in piece:
        codec = right if _holds(character, right) else next((c for c in codecs if _holds(character, c)), "")
        if not codec:
            written += b"?"
        elif codec.startswith("iso2022"):  # Python writes the escape sequence, and the one back to ASCII
            written += character.encode(codec)
        else:
            if codec != right:
                written += _tables().escapes.get(codec, b"")
                right = codec
            written += character.encode(codec)
    return bytes(written).replace(b"\x1b(B\x1b$B", b"").replace(b"\x1b(B\x1b$(D", b"\x1b$(D")


def _holds(text: str, codec: str) -> bool:
    """Whether a character set of DICOM can write the text; Python's codecs hold more than the sets they stand for."""
    try:
        encoded = text.encode(codec)
    except UnicodeEncodeError:
        return False
    if codec == "shift_jis":
        return len(encoded) == len(text)
    return not codec.startswith("iso2022") or encoded.startswith((b"\x1b$B", b"\x1b$(D"))
