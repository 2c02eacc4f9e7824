"""Search bytes for identifiers in the encodings they can take: one pass over the data, however many there are."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from struct import Struct
from typing import Final
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

__all__ = ["Needles"]

#: RULES 14.4: shorter strings occur by chance in pixels.
_SHORTEST: Final = 8
_SHORTEST_ENCODED: Final = 6
_WORD: Final = 4
_GRAM: Final = Struct("<L")
_MULTIPLIER: Final = np.uint32(2654435761)
_SHIFT: Final = np.uint32(16)
#: Words looked at in one go: what numpy works on then stays in the processor's cache.
_STEP: Final = 1 << 14
_UTF_16: Final = ("utf-16-le", "utf-16-be")


def _plain(text: str, charsets: Iterable[str]) -> Iterator[tuple[bytes, str]]:
    """The text in each encoding, in the usual cases. A character set matters only for what is not ASCII."""
    for spelling in {text, text.upper(), text.lower(), text.title()}:
        yield spelling.encode("utf-8", "replace"), "utf-8"
        for charset in _UTF_16:
            yield spelling.encode(charset, "replace"), charset
    for charset in () if text.isascii() else charsets:
        try:
            yield text.encode(charset), charset
        except (UnicodeError, LookupError):
            continue


def _encoded(text: str) -> Iterator[bytes]:
    """Base64 in its three alignments, hex and percent forms of the text as it is written."""
    data = text.encode("utf-8", "replace")
    if len(data) < _SHORTEST_ENCODED:
        return
    yield data.hex().encode()
    yield data.hex().upper().encode()
    yield quote(data).encode()
    for skipped in range(3):
        body = base64.b64encode(bytes(skipped) + data)
        yield body[(0, 2, 3)[skipped] : (len(data) + skipped) * 8 // 6]


class Needles:
    """The byte strings of a study's identifiers.

    Any string of seven bytes or more covers at least one whole aligned word of four bytes; a table says of each word of
    the data whether some string could cover it there, and only those places are looked at.
    """

    __slots__ = ("_grams", "_hashed", "_hit", "_index", "_places", "_table", "longest")

    def __init__(self, texts: Iterable[str], charsets: Iterable[str] = ()) -> None:
        texts, charsets = list(texts), list(charsets)
        self._places: dict[int, list[tuple[bytes, int, bool]]] = {}
        self.longest = 0
        for data, charset in {pair for text in texts for pair in _plain(text, charsets)}:
            # Small pixel values look like UTF-16: there a string has to have eight characters, not bytes.
            self._add(data, in_pixels=len(data) >= (2 * _SHORTEST if charset in _UTF_16 else _SHORTEST))
        for data in {data for text in texts for data in _encoded(text)}:
            self._add(data, in_pixels=True)
        self._grams = np.array(sorted(self._places), dtype=np.uint32)
        self._hashed = np.empty(_STEP, dtype=np.uint32)
        self._index = np.empty(_STEP, dtype=np.intp)
        self._hit = np.empty(_STEP, dtype=bool)
        self._table = np.zeros(1 << 16, dtype=bool)
        self._table[(self._grams * _MULTIPLIER) >> _SHIFT] = True

    def __repr__(self) -> str:
        return f"Needles({len(self._places)} places)"

    def _add(self, data: bytes, *, in_pixels: bool) -> None:
        if len(data) < _SHORTEST:
            return
        self.longest = max(self.longest, len(data))
        for offset, (gram,) in enumerate(_GRAM.unpack_from(data, at) for at in range(_WORD)):
            self._places.setdefault(gram, []).append((data, offset, in_pixels))

    def in_binary(self, data: bytes) -> bool:
        """Whether bytes that are no text hold an identifier, in clear or encoded."""
        return any(True for _ in self._found(data))

    def in_pixels(self, data: bytes) -> bool:
        """The same for pixel values."""
        return any(self._found(data))

    def _found(self, data: bytes) -> Iterator[bool]:
        """For each string that is there, whether it counts in pixels."""
        if not self._places:
            return
        words = np.frombuffer(data, dtype="<u4", count=len(data) // _WORD)
        for start in range(0, len(words), _STEP):
            part = words[start : start + _STEP]
            hashed = self._hashed[: len(part)]
            index = self._index[: len(part)]
            np.multiply(part, _MULTIPLIER, out=hashed)
            np.right_shift(hashed, _SHIFT, out=index, casting="unsafe")
            hits = np.flatnonzero(self._table.take(index, out=self._hit[: len(part)], mode="wrap"))
            if hits.size:
                yield from self._verified(data, part, start, hits)

    def _verified(
        self, data: bytes, words: npt.NDArray[np.uint32], base: int, hits: npt.NDArray[np.intp]
    ) -> Iterator[bool]:
        candidates = words[hits]
        nearest = np.searchsorted(self._grams, candidates).clip(max=len(self._grams) - 1)
        exact = self._grams[nearest] == candidates
        for index, gram in zip(hits[exact].tolist(), candidates[exact].tolist(), strict=True):
            for needle, offset, in_pixels in self._places[gram]:
                start = (base + index) * _WORD - offset
                if start >= 0 and data.startswith(needle, start):
                    yield in_pixels
