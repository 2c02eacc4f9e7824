"""Find the identifiers of one instance wherever else they stand in it (the engine's side of RULES section 14)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final

from deident.engine.charsets import encode
from deident.engine.known_dates import KnownDates
from deident.engine.known_patterns import ANYWHERE, Patterns
from deident.engine.known_text import Atom, ascii_atoms, atoms, folds

__all__ = ["KnownIdentifiers"]

Span = tuple[int, int]

_LONGEST_GAP: Final = 3
_ID_SEPARATORS: Final = frozenset(" .-/_()+")
_SHORTEST_IN_BYTES: Final = 8
_UID_DOTS: Final = 3
_UID_HEAD: Final = 12
_SHORTEST_UID: Final = 7
#: Any run that can hold UIDs, with the separators that file names put in place of dots.
_UID_RUN: Final = re.compile(r"(?<![0-9])[0-9]+(?:[._\-][0-9]+){3,}")

#: Taken out of bytes before they are searched: punctuation, and the zero bytes of UTF-16.
_SEPARATORS: Final = b"\0" + bytes(b for b in range(0x20, 0x7F) if not chr(b).isalnum())
_LOWER: Final = bytes(range(256)).lower()


class KnownIdentifiers:
    """The identifiers of one instance, ready to be searched for in its other values.

    `values` are (kind, decoded text) pairs, kinds as `standard.identifiers.KINDS`; PN with `=` and `^`, several values
    with `\\`. `charsets` are the values of (0008,0005): bytes are also searched in that encoding. Values that name
    nobody (vocabulary, placeholders) are left out here; well-known UIDs the caller leaves out. `kept` are identifiers of places
    and machines that stay in the instance: they are no find elsewhere, unless they are also those of a person.
    """

    __slots__ = (
        *("_charsets", "_dates", "_exact", "_needles", "_prefixes", "_raw", "_summary", "_uid_heads", "_whole"),
        "uids",
    )

    def __init__(
        self,
        values: Iterable[tuple[str, str]],
        charsets: tuple[str, ...] = (),
        kept: Iterable[tuple[str, str]] = (),
    ) -> None:
        patterns = Patterns.of(values, kept)
        self._exact = patterns.exact
        self._whole = frozenset(patterns.whole) - patterns.exact.keys()
        self._dates = KnownDates(patterns.dates) if patterns.dates else None
        self._raw = frozenset(patterns.raw)
        self._charsets = charsets
        self._summary = tuple(sorted(patterns.counts.items()))
        self._prefixes: set[str] = set()
        for canonical in (*self._exact, *self._whole):
            self._prefixes.update(accumulate(canonical))
        self._needles: tuple[tuple[bytes, ...], ...] | None = None
        self.uids: frozenset[str] = frozenset(patterns.uids)
        self._uid_heads = {tuple(uid.split(".", 4)[:4]) for uid in patterns.uids}

    def __repr__(self) -> str:
        return f"KnownIdentifiers({', '.join(f'{kind}: {count}' for kind, count in self._summary)})"

    @property
    def empty(self) -> bool:
        """Whether nothing would ever be found."""
        return not (self._exact or self._whole or self._dates or self.uids)

    def find(self, text: str) -> list[Span]:
        """Spans (start, end) of the text that are identifiers: in order, not overlapping; [] when it is clean.

        An identifier that is too short to be searched is found as the whole of a value (of one value between `\\`).
        """
        spans: list[Span] = []
        if text.isascii():
            if self._may_be_in(text, ascii_atoms(text)):
                spans.extend(self._in_atoms(text, atoms(text)))
        else:
            for spelled_out in folds(text):
                spans.extend(self._in_atoms(text, atoms(text, spelled_out)))
        if self._dates is not None:
            spans.extend(self._dates.find(text))
        if self._uid_heads and len(text) >= _SHORTEST_UID:
            spans.extend(self._uids_in(text))
        return _merged(spans) if spans else spans

    def _may_be_in(self, text: str, pieces: list[str]) -> bool:
        """Whether some identifier is in the text if nothing is asked about separators: a fast no, without places."""
        prefixes, exact = self._prefixes, self._exact
        if prefixes.isdisjoint(pieces):
            return False
        if self._whole and ("".join(pieces) in self._whole or "\\" in text):
            return True
        for first, piece in enumerate(pieces):
            if piece in prefixes:
                if piece in exact:
                    return True
                joined = piece
                for following in pieces[first + 1 :]:
                    joined += following
                    if joined not in prefixes:
                        break
                    if joined in exact:
                        return True
        return False

    def in_bytes(self, data: bytes) -> bool:
        """Whether bytes that are no text value (OB, OW, streams) hold an identifier that takes 8 bytes or more.

        ASCII, also inside UTF-16, is compared without case and separators; other text in UTF-8, UTF-16, Latin-1 and the
        declared character sets as it was written, in upper and in lower case. Costs about 10 ms a megabyte.
        """
        if len(data) < _SHORTEST_IN_BYTES:
            return False
        if self._needles is None:
            self._needles = self._byte_needles()
        plain, encoded, uid_heads = self._needles
        if any(needle in data for needle in encoded):
            return True
        if not plain and not uid_heads:
            return False
        squeezed = data.translate(_LOWER, _SEPARATORS)
        if any(needle in squeezed for needle in plain):
            return True
        if not any(head in squeezed for head in uid_heads):
            return False
        return next(self._uids_in(data.translate(None, b"\0").decode("latin-1")), None) is not None

    def _byte_needles(self) -> tuple[tuple[bytes, ...], ...]:
        """(canonical ASCII, encoded texts that are not ASCII, beginnings of UIDs), made on first use."""
        plain = {
            canonical
            for canonical, joints in self._exact.items()
            if canonical.isascii() and len(canonical) + len(joints) - 1 >= _SHORTEST_IN_BYTES
        }
        plain |= self._dates.compact if self._dates else frozenset()
        encoded = {needle for text in self._raw for needle in _encodings(text, self._charsets)}
        uid_heads = {uid.replace(".", "")[:_UID_HEAD] for uid in self.uids}
        return (
            tuple(text.encode() for text in sorted(plain)),
            tuple(sorted(needle for needle in encoded if len(needle) >= _SHORTEST_IN_BYTES)),
            tuple(head.encode() for head in sorted(uid_heads)),
        )

    def _in_atoms(self, text: str, found: list[Atom]) -> Iterator[Span]:
        """Join atoms from each start as long as the joined text begins some identifier; the longest match counts."""
        prefixes, exact, whole = self._prefixes, self._exact, self._whole
        for first, atom in enumerate(found):
            joined = atom.text
            gaps: list[tuple[int, str]] = []
            span: Span | None = None
            last = first
            while joined in prefixes:
                joints = exact.get(joined)
                if joints is not None and _gaps_allowed(gaps, joints):
                    span = (atom.start, found[last].end)
                elif joined in whole and _gaps_allowed(gaps, ANYWHERE) and _is_value(text, found, first, last):
                    span = _value_around(text, atom.start, found[last].end)
                last += 1
                if last == len(found):
                    break
                gap = text[found[last - 1].end : found[last].start]
                if gap:
                    gaps.append((len(joined), gap))
                joined += found[last].text
            if span:
                yield span

    def _uids_in(self, text: str) -> Iterator[Span]:
        """UIDs, and UIDs that begin with a known one, dots written in any way that file names do."""
        if text.count(".") + text.count("_") + text.count("-") < _UID_DOTS:
            return
        for run in _UID_RUN.finditer(text):
            parts = re.split(r"[._\-]", run.group())
            for first in range(len(parts) - _UID_DOTS):
                if tuple(parts[first : first + _UID_DOTS + 1]) not in self._uid_heads:
                    continue
                ends = range(len(parts), first + _UID_DOTS, -1)
                uid = next((uid for end in ends if (uid := ".".join(parts[first:end])) in self.uids), "")
                if uid:
                    start = run.start() + sum(len(part) + 1 for part in parts[:first])
                    yield start, start + len(uid)
                    break


def _gaps_allowed(gaps: list[tuple[int, str]], joints: frozenset[int]) -> bool:
    """Whether what stands between the atoms may stand there; an id may have single separators anywhere."""
    for offset, gap in gaps:
        if offset in joints:
            continue
        if -1 not in joints or len(gap) > _LONGEST_GAP or not all(_is_id_separator(c) for c in gap):
            return False
    return True


def _is_id_separator(character: str) -> bool:
    if character.isascii():
        return character in _ID_SEPARATORS
    category = unicodedata.category(character)
    return category in ("Pd", "Zs", "Pc", "Cf") or unicodedata.normalize("NFKC", character) in _ID_SEPARATORS


def _is_value(text: str, found: list[Atom], first: int, last: int) -> bool:
    """Whether the atoms are all there is between the start, the end and backslashes."""
    starts = first == 0 or "\\" in text[found[first - 1].end : found[first].start]
    return starts and (last == len(found) - 1 or "\\" in text[found[last].end : found[last + 1].start])


def _value_around(text: str, start: int, end: int) -> Span:
    left = text.rfind("\\", 0, start) + 1
    right = text.find("\\", end)
    return left, right if right >= 0 else len(text)


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _encodings(text: str, charsets: tuple[str, ...]) -> Iterator[bytes]:
    """A text that is not ASCII as bytes may hold it."""
    composed, decomposed = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)
    for form in {text, text.upper(), text.lower(), composed, decomposed}:
        for codec in ("utf-8", "utf-16-le", "utf-16-be", "latin-1"):
            try:
                yield form.encode(codec)
            except UnicodeEncodeError:
                continue
        if charsets:
            in_charset = encode(form, charsets, "PN")
            if b"?" not in in_charset or "?" in form:
                yield in_charset
