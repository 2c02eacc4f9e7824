"""Whether a text names somebody: the words of the text against the spellings of a study's identifiers (RULES 14.4)."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from deident.validation.spellings import WORD, Spellings, camel_parts, normalise

__all__ = ["Matcher"]

_RUNS: Final = re.compile(r"[^\W\d_]+|\d+")
#: Words that together make up a spelling: at least so many letters and digits, or "in ge" would be Inge.
_LONG: Final = 8
_WORDS_IN_A_RUN: Final = 12
#: Letters beside digits and the reverse are words from these lengths on: pseudonyms hold short ones by chance.
_LETTERS_IN_MIXED: Final = 5
_DIGITS_IN_MIXED: Final = 6

_TEXT_VRS: Final = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UN", "UR", "UT"})


def _is_long(word: str) -> bool:
    return len(word) >= _LONG or (word.isdigit() and len(word) >= _DIGITS_IN_MIXED)


class Matcher:
    """Built once from everything that identifies in a study, then asked about each kept value."""

    __slots__ = ("_inside", "_longest", "_original_uids", "_single", "_spellings", "_starts", "_whole", "_words")

    def __init__(self, spellings: Spellings, original_uids: frozenset[str]) -> None:
        self._spellings = spellings
        self._words = frozenset(spellings.words)
        self._single = self._words | spellings.glued
        self._whole = frozenset(spellings.whole)
        self._inside = tuple(spellings.inside)
        self._original_uids = original_uids
        runs = [w for w in spellings.words if _is_long(w)] + [p.replace(" ", "") for p in spellings.phrases]
        self._starts = frozenset(run[0] for run in runs)
        self._longest = max(map(len, runs), default=0)

    def __repr__(self) -> str:
        return f"Matcher({len(self._words)} words, {len(self._original_uids)} uids)"

    def is_original_uid(self, value: str) -> bool:
        return value in self._original_uids

    def in_value(self, text: str, vr: str) -> bool:
        """Whether the decoded value of an element of this VR holds an identifier."""
        if vr in _TEXT_VRS:
            return self.in_text(text) or (bool(self._whole) and self._as_whole(text))
        if vr in ("DA", "DT"):
            return any(self._has_date(part) for part in text.split("\\"))
        if vr in ("DS", "IS"):
            return any(len(word) >= _LONG and word in self._words for word in WORD.findall(text))
        if vr == "UI":
            return any(uid in self._original_uids or self._in_uid(uid) for uid in text.split("\\"))
        return self.in_text(text)

    def in_text(self, text: str) -> bool:
        """Whether an identifier stands in the text on boundaries of words, in clear or percent-encoded."""
        if self._in_text(text):
            return True
        return "%" in text and self._in_text(unquote(text, errors="replace"))

    def in_disguise(self, text: str) -> bool:
        """The same for text that was decoded on suspicion: short words occur by chance in what was no code at all."""
        words = [word.casefold() for word in WORD.findall(normalise(text))]
        return any(len(word) >= _LETTERS_IN_MIXED and word in self._single for word in words) or self._in_runs(words)

    def _in_text(self, text: str) -> bool:
        normal = normalise(text)
        written = WORD.findall(normal)
        words = [word.casefold() for word in written]
        if not self._single.isdisjoint(words) or self._in_runs(words):
            return True
        if any(self._in_mixed(word) for word in written if not (word.isdigit() or word.islower() or word.isupper())):
            return True
        if any(self._in_mixed(word) for word in words if not word.isalpha() and not word.isdigit()):
            return True
        if any(self._has_date(word) for word in words if len(word) > 8 and word.isdigit()):
            return True
        if "2." in text or "1." in text:
            return any(uid.strip(".") in self._original_uids for uid in _UIDS.findall(text))
        if not self._inside or normal.isascii():
            return False
        plain = "".join(words)
        return any(part in plain for part in self._inside)

    def _in_runs(self, words: list[str]) -> bool:
        """Whether consecutive words make up a spelling of several words, or one that was written with separators."""
        for first, word in enumerate(words):
            if word[0] not in self._starts:
                continue
            joined, spaced = word, word
            for further in words[first + 1 : first + _WORDS_IN_A_RUN]:
                joined, spaced = joined + further, f"{spaced} {further}"
                if len(joined) > self._longest:
                    break
                if (joined in self._words and _is_long(joined)) or spaced in self._spellings.phrases:
                    return True
        return False

    def _in_mixed(self, word: str) -> bool:
        """Whether a part of a word is an identifier: `MRN123456`, `SMITH2`, `smithJohn`."""
        if word.isalpha():
            parts = [part.casefold() for part in camel_parts(word)]
            return len(parts) > 1 and not self._words.isdisjoint(part for part in parts if len(part) >= 3)
        return any(
            run.casefold() in self._words
            for run in _RUNS.findall(word)
            if len(run) >= (_DIGITS_IN_MIXED if run.isdigit() else _LETTERS_IN_MIXED)
        )

    def _has_date(self, text: str) -> bool:
        digits = text.replace(".", "").replace("-", "").strip()
        return digits[:8] in self._spellings.dates

    def _in_uid(self, uid: str) -> bool:
        """Whether a component of a UID is an id or a date: UIDs are made of record numbers and birth dates, too."""
        return any(len(part) >= _DIGITS_IN_MIXED and part in self._words for part in uid.split("."))

    def _as_whole(self, text: str) -> bool:
        return any("".join(WORD.findall(normalise(part))).casefold() in self._whole for part in text.split("\\"))


_UIDS: Final = re.compile(r"[0-2](?:\.\d+){3,}")
