"""The known-identifier pass: what was gathered from an instance must not stand in what is kept of it (RULES section 14)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from deident.engine.charsets import decode, parse_specific_character_set
from deident.engine.known import KnownIdentifiers
from deident.engine.notes import Notes
from deident.standard.uids import is_well_known
from deident.standard.vocabulary import is_term

__all__ = ["Searcher"]

_UID: Final = re.compile(rb"\d+(?:\.\d+){3,}")
_PERCENT: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_ESCAPE: Final = b"\x1b"
_NUMBER_BYTES: Final = b"0123456789+-.eE\\ \0"
#: Before the kind of an identifier that an option of the profile keeps.
_KEPT: Final = "="
_NUMBERED: Final = frozenset({"id", "phone", "device", "station"})
_SHORTEST_NUMBER: Final = 5
_SETS: Final = 64
_VALUES: Final = 100_000
_BLOB_MEMO: Final = 1 << 20
_SHORT_BLOB: Final = 1024

_Key = tuple[frozenset[tuple[str, bytes, bytes]], frozenset[bytes]]


class _Known:
    """The identifiers of one patient and study context, and the kept values already found free of them."""

    def __init__(self, gathered: frozenset[tuple[str, bytes, bytes]], charsets: frozenset[bytes]) -> None:
        self.charsets = [parse_specific_character_set(charset) for charset in sorted(charsets)] or [()]
        values = [
            (kind, decode(raw, parse_specific_character_set(charset), "PN" if kind == "name" else "LO").strip("\0 "))
            for kind, raw, charset in sorted(gathered)
        ]
        self.identifiers = KnownIdentifiers(
            ((kind, text) for kind, text in values if kind[:1] != _KEPT),
            self.charsets[-1],
            [(kind[1:], text) for kind, text in values if kind[:1] == _KEPT],
        )
        self._numbers = {
            digits
            for kind, raw, _charset in gathered
            if kind in _NUMBERED and len(digits := raw.strip(b"\0 ")) >= _SHORTEST_NUMBER and digits.isdigit()
        }
        self.clean: set[bytes] = set()
        self.dirty: set[bytes] = set()
        self.with_uids: dict[bytes, frozenset[bytes]] = {}

    def odd_numbers(self, values: list[bytes]) -> set[bytes]:
        """Values of number strings that are an id of digits alone, or no numbers and hold an identifier."""
        joined = b"\\".join(values)
        found = set()
        if any(digits in joined for digits in self._numbers):
            found = {value for value in values if self._numbers.intersection(value.strip(b"\0 ").split(b"\\"))}
        if joined.translate(None, _NUMBER_BYTES):
            found |= {value for value in values if value.translate(None, _NUMBER_BYTES) and self.holds(value)}
        return found

    def holds(self, value: bytes) -> bool:
        """Whether a text value holds one of the identifiers, in any character set of the instance."""
        values = (
            {value, _PERCENT.sub(lambda code: bytes.fromhex(code[1].decode()), value)} if b"%" in value else {value}
        )
        if is_well_known(value.strip(b"\0 ").decode("latin-1")):
            return False  # 1.2.840.10008.5.1.4.1.1.2 holds the record number 10008 by chance
        texts = {text for raw in values for text in self._texts(raw)}
        return any(self.identifiers.find(text) for text in texts if not is_term(text.strip().casefold()))

    def hides(self, value: bytes, *, binary: bool) -> bool:
        """Whether a kept value holds one of the identifiers; long binary values are searched as bytes alone."""
        if binary and self.identifiers.in_bytes(value):
            return True
        return (not binary or len(value) <= _SHORT_BLOB) and self.holds(value)

    def _texts(self, value: bytes) -> set[str]:
        """What the value says: in a character set with code extensions that depends on where they start anew."""
        if value.isascii() and _ESCAPE not in value:
            return {value.decode("ascii").strip("\0")}
        # PS3.5 6.1.2.5.3: at ^ and = in PN, at \ in values that it separates, nowhere else.
        return {decode(value, charset, vr).strip("\0") for charset in self.charsets for vr in ("LO", "LT", "PN")}


class Searcher:
    """Searches kept values for the identifiers of their instance; remembers what it has seen from file to file."""

    def __init__(self) -> None:
        self._sets: dict[_Key, _Known] = {}
        self._latest: _Known | None = None

    @property
    def latest(self) -> KnownIdentifiers | None:
        """The identifiers of the instance that was searched last."""
        return self._latest.identifiers if self._latest is not None else None

    @property
    def expected(self) -> frozenset[bytes]:
        """Values that held an identifier in the instance before: the next one of its series may well have them, too."""
        return frozenset(self._latest.dirty) if self._latest is not None else frozenset()

    def unfounded(self, notes: Notes) -> frozenset[bytes]:
        """Values that were taken for hits beforehand, but hold no identifier of this instance."""
        known = self._known(notes)
        return frozenset(value for value in notes.blanked if value not in known.dirty)

    def hits(self, notes: Notes) -> frozenset[bytes]:
        """The kept values that hold a known identifier; `expected` ones are found again by the next scan."""
        known = self._latest = self._known(notes)
        found = known.odd_numbers(notes.numbers) if notes.numbers else set()
        known.dirty |= found
        if known.clean.issuperset(notes.texts) and not notes.blobs:
            return frozenset(found)
        uids = _uids(notes)
        blobs = frozenset(notes.blobs)
        for value in blobs.union(notes.texts) - known.clean:
            tokens = known.with_uids.get(value)
            if tokens is None:
                if known.hides(value, binary=value in blobs):
                    known.dirty.add(value)
                    found.add(value)
                    continue
                tokens = frozenset(t for t in _UID.findall(value) if not is_well_known(t.decode("ascii")))
                if len(value) <= _BLOB_MEMO:
                    _remember(known, value, tokens)
            if tokens & uids:
                found.add(value)  # by a UID of this instance alone: nothing to expect in the next one
        return frozenset(found)

    def suspicious(self, notes: Notes) -> Callable[[bytes], bool]:
        """A predicate: do bytes that are not text hold an identifier of eight bytes or more?"""

        def predicate(data: bytes) -> bool:
            identifiers = self._known(notes).identifiers
            return identifiers.in_bytes(data) or any(uid in data for uid in _uids(notes) if len(uid) >= 8)

        return predicate

    def _known(self, notes: Notes) -> _Known:
        key = (
            frozenset(entry for entry in notes.gathered if entry[0] != "uid"),
            frozenset(notes.charsets),
        )
        known = self._sets.get(key)
        if known is None:
            if len(self._sets) >= _SETS:
                self._sets.pop(next(iter(self._sets)))
            known = self._sets[key] = _Known(*key)
        return known


def _uids(notes: Notes) -> frozenset[bytes]:
    """The original UIDs of the instance that were replaced or removed."""
    raw = [*notes.uids, *(value for kind, value, _charset in notes.gathered if kind == "uid")]
    parts = {part.strip(b"\0 ") for value in raw for part in value.split(b"\\")}
    return frozenset(part for part in parts if part and not is_well_known(part.decode("latin-1")))


def _remember(known: _Known, value: bytes, tokens: frozenset[bytes]) -> None:
    """Keep the verdict; a value with UID-like tokens is compared with the UIDs of each instance anew."""
    if len(known.clean) + len(known.with_uids) >= _VALUES:
        known.clean.clear()
        known.with_uids.clear()
    if tokens:
        known.with_uids[value] = tokens
    else:
        known.clean.add(value)
