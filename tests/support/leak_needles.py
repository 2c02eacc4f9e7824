"""Every way in which an identifier may be written, as byte strings to search for, behind a fast sieve."""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from urllib.parse import quote, quote_plus

import numpy as np
import numpy.typing as npt

from support.planter_context import Identifier

__all__ = ["MIN_RAW", "SEPARATORS", "Needle", "Needles", "needles_for"]

MIN_RAW = 6
"""Shorter byte strings occur by chance in pixels: they count only as a whole value of an element."""

_CODECS = (
    "iso8859_1 iso8859_2 iso8859_3 iso8859_4 iso8859_5 iso8859_6 iso8859_7 iso8859_8 iso8859_9 iso8859_15 tis_620 "
    "shift_jis euc_jp euc_kr gb2312 gb18030 big5"
).split()
# These write escape sequences; the one that switches to the script is part of what is searched.
_ESCAPING = ("iso2022_jp", "iso2022_jp_1")
_MONTHS = "January February March April May June July August September October November December".split()
SEPARATORS = b" -+._^=,;:/\\()\0"
"""What people put between the parts of an id, a phone number or a name."""
_DIGIT_OR_DOT, _DIGIT = frozenset(b"0123456789."), frozenset(b"0123456789")


@dataclass(frozen=True, slots=True)
class Needle:
    """Bytes to find, in lower case; `exact` where case matters; `alone` where no digit may stand beside it."""

    identifier: Identifier
    encoding: str
    lowered: bytes
    exact: bytes | None = None
    alone: bool = False

    def matches(self, lowered: bytes, original: bytes, at: int) -> bool:
        end = at + len(self.lowered)
        if not lowered.startswith(self.lowered, at):
            return False
        if self.exact is not None and original[at:end] != self.exact:
            return False
        if not self.alone:
            return True
        before = lowered[at - 1] if at else 0
        after = lowered[end] if end < len(lowered) else 0
        return before not in _DIGIT_OR_DOT and after not in _DIGIT


class Needles:
    """A set of needles behind two tables of three-byte windows; `joined` holds those for bytes without separators."""

    def __init__(
        self, needles: list[Needle], identifiers: tuple[Identifier, ...], joined: Needles | None = None
    ) -> None:
        self._by_head: dict[bytes, list[Needle]] = {}
        for needle in needles:
            if len(needle.lowered) >= MIN_RAW:
                self._by_head.setdefault(needle.lowered[:MIN_RAW], []).append(needle)
        self._identifiers = identifiers
        self._joined = joined
        self._first, self._second = (np.zeros(1 << 24, np.bool_) for _ in range(2))
        for head in self._by_head:
            self._first[int.from_bytes(head[:3], "big")] = True
            self._second[int.from_bytes(head[3:], "big")] = True

    @property
    def joined(self) -> Needles:
        assert self._joined is not None
        return self._joined

    def candidates(self, data: npt.NDArray[np.uint8]) -> list[int]:
        """Offsets at which a needle may begin."""
        if data.size < MIN_RAW:
            return []
        wide = data.astype(np.int32)
        windows = wide[:-2] << 16 | wide[1:-1] << 8 | wide[2:]
        hits = np.flatnonzero(self._first[windows[: windows.size - 3]])
        return [int(i) for i in hits[self._second[windows[hits + 3]]]]

    def starting(self, head: bytes) -> list[Needle]:
        return self._by_head.get(head, [])

    # --- decoded text ---------------------------------------------------------------------------------------

    def in_text(self, text: str) -> Iterator[tuple[Identifier, str]]:
        """Identifiers that a decoded value is (short ones), or holds (dates, and those not in ASCII)."""
        for date in re.findall(r"(?<![\d.])\d{8}(?!\d)", text):
            if date in self._dates:
                yield self._dates[date], "date in a value"
        if not text.isascii():
            folded = _folded(text)
            for identifier, part in self._foreign:
                if part in folded:
                    yield identifier, "decoded text"
        if len(text) < 200:
            for value in re.split(r"[\\^=]", text):
                for identifier in self._short.get(_folded(value.strip(" \0")), ()):
                    yield identifier, "whole value"

    @cached_property
    def _foreign(self) -> list[tuple[Identifier, str]]:
        return [(i, _folded(p)) for i in self._identifiers for p in _parts(i) if not p.isascii() and len(p) > 1]

    @cached_property
    def _dates(self) -> dict[str, Identifier]:
        return {i.text: i for i in self._identifiers if i.kind == "date"}

    @cached_property
    def _short(self) -> dict[str, list[Identifier]]:
        short: dict[str, list[Identifier]] = {}
        for identifier in self._identifiers:
            for part in _parts(identifier):
                if len(part.encode()) < MIN_RAW:
                    short.setdefault(_folded(part), []).append(identifier)
        return short


@lru_cache(maxsize=4)
def needles_for(identifiers: tuple[Identifier, ...]) -> Needles:
    """The needles of these identifiers; kept for the next call with the same ones."""
    plain = [needle for identifier in identifiers for needle in _plain(identifier)]
    joined = [needle for identifier in identifiers for needle in _without_separators(identifier)]
    return Needles(plain, identifiers, Needles(joined, identifiers))


@lru_cache(maxsize=1 << 14)
def _plain(identifier: Identifier) -> tuple[Needle, ...]:
    return tuple(dict.fromkeys(n for text in _spellings(identifier) for n in _encoded(identifier, text)))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _parts(identifier: Identifier) -> list[str]:
    """The whole text; of a name also every component."""
    if identifier.kind != "name":
        return [identifier.text]
    return [p for p in dict.fromkeys((identifier.text, *re.split(r"[\^=]", identifier.text))) if p]


def _spellings(identifier: Identifier) -> list[str]:
    """The identifier as people and programs write it; reversed names are covered by their components."""
    parts = _parts(identifier)
    if identifier.kind == "name":
        names = [p for p in parts if "^" not in p and "=" not in p]
        pairs = pairwise(names)
        parts += [f"{a}{glue}{b}" for x, y in pairs for a, b in ((x, y), (y, x)) for glue in (" ", "^", ", ", "_", "")]
    if identifier.kind == "date" and re.fullmatch(r"\d{8}", identifier.text):
        year, month, day = identifier.text[:4], identifier.text[4:6], identifier.text[6:]
        parts += [f"{year}{s}{month}{s}{day}" for s in "-./"] + [f"{day}{s}{month}{s}{year}" for s in "-./"]
        parts += [f"{month}/{day}/{year}", f"{int(day)} {_MONTHS[int(month) - 1]} {year}"]
    if identifier.kind == "datetime":
        parts.append(identifier.text[:12])
    return parts


def _encoded(identifier: Identifier, text: str) -> Iterator[Needle]:
    """One needle per encoding in which the text has bytes of its own."""
    alone = identifier.kind == "date" and text.isdigit()

    def needle(encoding: str, data: bytes, *, exact: bool = False, alone: bool = False) -> Needle:
        return Needle(identifier, encoding, data.lower(), data if exact else None, alone)

    for variant in (text,) if text.isascii() else dict.fromkeys((text, text.lower(), text.upper(), text.title())):
        raw = variant.encode()
        yield needle("ASCII" if text.isascii() else "UTF-8", raw, alone=alone)
        for wide in ("utf-16-le", "utf-16-be"):
            yield needle(wide.upper(), variant.encode(wide))
        if not text.isascii():
            yield from (needle(codec, data) for codec, data in _scripts(variant))
            yield needle("JSON", json.dumps(variant)[1:-1].encode())
            yield needle("repr", variant.encode("ascii", "backslashreplace"))
        for written in {raw, raw.lower(), raw.upper()} if text.isascii() else {raw}:
            yield from (needle("base64", data, exact=True) for data in _base64(written))
            yield needle("hexadecimal", written.hex().encode())
            yield needle("percent", "".join(f"%{b:02X}" for b in written).encode())
        for quoted in {quote(variant, safe=""), quote_plus(variant)} - {variant}:
            yield needle("percent", quoted.encode())


def _scripts(text: str) -> Iterator[tuple[str, bytes]]:
    for codec in _CODECS:
        try:
            yield codec, text.encode(codec)
        except UnicodeError:
            continue
    for codec in _ESCAPING:
        try:
            yield codec, text.encode(codec).removesuffix(b"\x1b(B")
        except UnicodeError:
            continue


def _base64(raw: bytes) -> Iterator[bytes]:
    """What base64 makes of the bytes at each of the three alignments, without the characters that neighbours decide."""
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + raw)
        inner = text[(shift * 8 + 5) // 6 : (shift + len(raw)) * 8 // 6]
        if len(inner) >= 8:
            yield inner


def _without_separators(identifier: Identifier) -> Iterator[Needle]:
    """For bytes from which separators were taken: whole ids, phones, names in both orders, dates stay as they are."""
    if identifier.kind in ("date", "time", "datetime", "number", "uid"):
        return
    parts = _parts(identifier)
    names = [p for p in parts if "^" not in p and "=" not in p]
    texts = [*parts, *("".join(pair) for pair in (names[:2], names[1::-1]) if len(pair) > 1)]
    for text in texts:
        joined = text.encode().translate(None, SEPARATORS)
        if len(joined) >= 8:
            yield Needle(identifier, "ASCII" if text.isascii() else "UTF-8", joined.lower())
