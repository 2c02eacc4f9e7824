"""Cut a text into folded atoms that remember where they stood: the normal form in which identifiers are compared.

An atom is a run of letters of one case pattern or a run of digits: casefolded, decomposed with NFKD's compatibility
mappings, without diacritics; scripts that do not separate words give one atom per character. Atoms that touch can be
joined again, so a boundary that is not one in the identifier (`McDonald`) costs nothing.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

__all__ = ["Atom", "Word", "ascii_atoms", "atoms", "flatten", "folds", "words"]


class Atom(NamedTuple):
    """Folded text and its place [start, end) in the original."""

    text: str
    start: int
    end: int


class Word(NamedTuple):
    """Atoms that touch. `length` counts characters of the original; `ideographic`: two of them make a name."""

    text: str
    length: int
    ideographic: bool


#: `SMITHJohn` gives SMITH, J, ohn and `SMITHs` gives SMIT, H, s: both readings of the boundary can be joined.
_ASCII_ATOM: Final = re.compile(r"[A-Z]+(?![a-z])|(?<=[A-Z])[A-Z](?=[a-z])|[A-Z]?[a-z]+|[0-9]+")
_ASCII_WORD: Final = re.compile(r"[a-z0-9]+")
_ASCII_SAME_CASE: Final = re.compile(r"[a-z]+|[0-9]+")

#: Letters that NFKD leaves whole although they are read as plain ones.
_PLAIN: Final = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "þ": "th", "æ": "ae", "œ": "oe"}
)
#: How German and Scandinavian names are written where umlauts are not at hand; on decomposed text.
_SPELLED_OUT: Final = (("a\u0308", "ae"), ("o\u0308", "oe"), ("u\u0308", "ue"), ("a\u030a", "aa"), ("ø", "oe"))
_CAN_BE_SPELLED_OUT: Final = re.compile("[äöüåøÄÖÜÅØ\u0308\u030a]")

#: Diacritics that names are written with or without; vowel signs of Indic scripts and kana voicing marks are letters.
_DIACRITICS: Final = re.compile(
    "[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
#: First and last code points. Not as patterns: of classes as large as these they take milliseconds to compile.
_IDEOGRAPHS: Final = (
    *((0x1100, 0x115F), (0x3005, 0x3007), (0x3041, 0x3096), (0x309D, 0x309F), (0x30A1, 0x30FA), (0x30FC, 0x30FF)),
    *((0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA960, 0xA97C), (0xAC00, 0xD7A3), (0xF900, 0xFAFF)),
    (0x20000, 0x3FFFF),
)
_HANGUL: Final = ((0x1100, 0x11FF), (0xA960, 0xA97C), (0xAC00, 0xD7FF))
_WITHOUT_SPACES: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_VOICING_MARKS: Final = frozenset("\u3099\u309a\uff9e\uff9f")
_KANA: Final = re.compile("[\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f]")
_SCRIPT_BLOCK: Final = 8
_JAMO_TAIL: Final = re.compile("[\u1160-\u11ff\ud7b0-\ud7ff]")

#: Kinds of characters: gap, transparent, attached to the one before, digit, upper case, other letter, one atom each.
_GAP, _NOTHING, _ATTACHED, _DIGIT, _UPPER, _LETTER, _ALONE, _IDEOGRAPH = range(8)
_RUNS: Final = frozenset({_DIGIT, _UPPER, _LETTER})


def folds(text: str) -> tuple[bool, ...]:
    """The foldings under which a text is to be read: plain, and with umlauts spelled out where it has any."""
    return (False,) if text.isascii() or not _CAN_BE_SPELLED_OUT.search(text) else (False, True)


def ascii_atoms(text: str) -> list[str]:
    """The folded atoms of an ASCII text without their places."""
    if text.isupper() or text.islower():
        return _ASCII_SAME_CASE.findall(text.lower())
    return [atom.lower() for atom in _ASCII_ATOM.findall(text)]


def atoms(text: str, spelled_out: bool = False) -> list[Atom]:
    """The atoms of a text in order."""
    if text.isascii():
        return [Atom(m.group().lower(), m.start(), m.end()) for m in _ASCII_ATOM.finditer(text)]
    found: list[Atom] = []
    run: list[Atom] = []
    state = _GAP
    for index, character in enumerate(text):
        folded, kind = _fold(character, spelled_out)
        piece = Atom(folded, index, index + 1)
        if kind == _ATTACHED:
            if not (run and _belong_together(text[run[-1].end - 1], character)):
                folded, kind = _on_its_own(folded)
            piece = Atom(folded, index, index + 1)
        if kind in (_NOTHING, _ATTACHED):
            if run:
                run[-1] = _joined([run[-1], piece])
            continue
        if kind == _LETTER and state == _UPPER and len(run) > 1:
            found += [_joined(run[:-1]), run[-1]]
            run = []
        elif run and not (kind == state and kind in _RUNS) and not (kind == _LETTER and state == _UPPER):
            found.append(_joined(run))
            run = []
        state = kind
        if kind != _GAP:
            run.append(piece)
    if run:
        found.append(_joined(run))
    return found


def _joined(run: list[Atom]) -> Atom:
    return Atom("".join(piece.text for piece in run), run[0].start, run[-1].end)


def _belong_together(base: str, attached: str) -> bool:
    """Whether a vowel sign, voicing mark or Hangul tail modifies the character before it: both of one script."""
    if attached in _VOICING_MARKS:
        return _KANA.match(base) is not None
    if _JAMO_TAIL.match(unicodedata.normalize("NFKD", attached)):
        return _among(_HANGUL, unicodedata.normalize("NFKC", base))
    return ord(base) >> _SCRIPT_BLOCK == ord(attached) >> _SCRIPT_BLOCK


def _among(ranges: tuple[tuple[int, int], ...], text: str) -> bool:
    """Whether the first character is in one of the ranges."""
    return any(first <= ord(text[0]) <= last for first, last in ranges)


def _on_its_own(folded: str) -> tuple[str, int]:
    """A stray mark is nothing; a stray Hangul vowel is a letter."""
    return (folded, _IDEOGRAPH) if _JAMO_TAIL.match(folded) else ("", _NOTHING)


def words(text: str, spelled_out: bool = False) -> list[Word]:
    """The words of an identifier: runs of letters and digits without anything between them."""
    if text.isascii():
        return [Word(word, len(word), False) for word in _ASCII_WORD.findall(text.lower())]
    found: list[Word] = []
    last_end = -1
    for atom in atoms(text, spelled_out):
        piece = text[atom.start : atom.end]
        ideographic = any(_among(_IDEOGRAPHS, c) for c in unicodedata.normalize("NFKC", piece))
        length = 1 if ideographic else len(atom.text)
        if atom.start == last_end and found:
            before = found.pop()
            found.append(Word(before.text + atom.text, before.length + length, before.ideographic or ideographic))
        else:
            found.append(Word(atom.text, length, ideographic))
        last_end = atom.end
    return found


def flatten(text: str) -> tuple[str, list[int]]:
    """The folded text with its separators, and the original index of each character ([] for ASCII: the same)."""
    if text.isascii():
        return text.lower(), []
    pieces: list[str] = []
    index_of: list[int] = []
    for index, character in enumerate(text):
        folded, kind = _fold(character, False)
        if kind == _GAP:
            folded = unicodedata.normalize("NFKC", character)
        pieces.append(folded)
        index_of.extend([index] * len(folded))
    return "".join(pieces), [*index_of, len(text)]


@lru_cache(maxsize=8192)
def _fold(character: str, spelled_out: bool) -> tuple[str, int]:
    """Folded form of one character, and its kind."""
    category = unicodedata.category(character)
    decimal = unicodedata.decimal(character, None)
    if decimal is not None:
        return str(decimal), _DIGIT
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    if spelled_out:
        if character in "\u0308\u030a":
            return ("e" if character == "\u0308" else "a"), _ATTACHED
        for written, spelled in _SPELLED_OUT:
            text = text.replace(written, spelled)
    text = _DIACRITICS.sub("", text.translate(_PLAIN))
    text = "".join(c for c in text if c.isalnum() or unicodedata.category(c)[0] == "M")
    if not text:
        return "", _NOTHING if category == "Cf" or category[0] == "M" else _GAP
    return text, _kind(character, text)


def _kind(character: str, text: str) -> int:
    if unicodedata.category(text[0])[0] == "M" or _JAMO_TAIL.match(text):
        return _ATTACHED
    if _among(_IDEOGRAPHS, unicodedata.normalize("NFKC", character)):
        return _IDEOGRAPH
    if _WITHOUT_SPACES.match(text):
        return _ALONE
    if text.isdigit():
        return _DIGIT
    return _UPPER if character.isupper() else _LETTER
