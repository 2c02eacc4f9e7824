"""From one identifying value to the spellings under which it counts as found (RULES 14.2 and 14.3)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from deident.standard.vocabulary import generic_words, is_term, is_vocabulary, name_particles, placeholders

__all__ = ["DATE_PLACEHOLDERS", "WORD", "Spellings", "camel_parts", "condensed", "normalise", "spell", "words_of"]

#: A word: letters and digits of any script, no underscore.
WORD: Final = re.compile(r"[^\W_]+")

#: Scripts without word boundaries: written without blanks (Thai, Lao, Khmer, Kana, Han), or particles cling (Hangul).
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff]")
_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE: Final = re.compile(r"\+?[\d(][\d ()./-]{5,}\d")
_ADDRESS_PARTS: Final = re.compile(r"[,;^~=\r\n\\]+")
_DATE: Final = re.compile(r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})")
_MONTHS: Final = ("january february march april may june july august september october november december").split()
#: Dates that stand for "unknown" in real files and as dummies: they name nobody.
DATE_PLACEHOLDERS: Final = frozenset(
    {"19000101", "19700101", "00010101", "99991231", "00000000", "18000101", "11111111"}
)


@dataclass(slots=True)
class Spellings:
    """All in casefolded words, but for `texts`.

    `words`: found as one word or as a run of words that make it up; `glued`: found as one word alone; `phrases`: found
    as this run of words, joined by one blank; `inside`: found anywhere (scripts without word boundaries); `whole`: too
    short to search, found as the whole value; `dates`: eight digits; `texts`: as written, for the search in bytes.
    """

    words: set[str] = field(default_factory=set, repr=False)
    glued: set[str] = field(default_factory=set, repr=False)
    phrases: set[str] = field(default_factory=set, repr=False)
    inside: set[str] = field(default_factory=set, repr=False)
    whole: set[str] = field(default_factory=set, repr=False)
    texts: set[str] = field(default_factory=set, repr=False)
    dates: set[str] = field(default_factory=set, repr=False)


def normalise(text: str) -> str:
    """NFKC, and letters without their diacritics."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text))
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))


def words_of(text: str) -> list[str]:
    """The casefolded words of a text."""
    return [word.casefold() for word in WORD.findall(normalise(text))]


def condensed(text: str) -> str:
    """The casefolded letters and digits of a text."""
    return "".join(words_of(text))


def spell(kind: str, value: str, into: Spellings) -> None:
    """Add the spellings of one value (backslashes separate several) of a kind that `kinds.kind_of` gives."""
    for part in re.split(r"[\\\r\n]", value):
        text = part.replace("\0", " ").strip()
        if text and not is_vocabulary(text):
            _SPELLERS[kind](text, into)


def _name(text: str, into: Spellings) -> None:
    for group in text.split("="):
        components = [c.strip() for c in group.split("^") if c.strip()]
        names = [c for c in components if not _names_nobody(c)]
        for component in names:
            _phrase(component, into, letters=3)
            if len(words := words_of(component)) > 1:
                into.words.update(w for w in words if len(w) >= 4 and w.isalpha() and not _common(w))
        if len(names) > 1:
            _combine(names, into)


def _combine(names: list[str], into: Spellings) -> None:
    """The whole name, in the orders in which people write it: family first or last, with and without the middle."""
    family, *given = names
    orders = [names, [*given, family], [family, given[0]], [given[0], family]]
    for order in orders:
        key = "".join(condensed(n) for n in order)
        if len(key) >= 6:
            (into.inside if _UNSPACED.search(key) else into.words).add(key)
            into.phrases.add(" ".join(word for name in order for word in words_of(name)))
            into.texts.update(separator.join(order) for separator in ("^", " ", ", ", "_"))


def _names_nobody(text: str) -> bool:
    return is_vocabulary(text) or all(_common(word) for word in words_of(text))


def _common(word: str) -> bool:
    return word in name_particles() or word in placeholders() or word in generic_words() or is_term(word)


def _phrase(text: str, into: Spellings, letters: int) -> None:
    """A run of words that counts as a whole; with fewer than `letters` letters only as a whole value."""
    words = words_of(text)
    key = "".join(words)
    if not key:
        return
    if _UNSPACED.search(key):
        (into.inside if len(key) >= 2 else into.whole).add(key)
    elif sum(c.isalpha() for c in key) < letters:
        if len(key) > 1 and not key.isdigit():
            into.whole.add(key)
        return
    elif len(words) == 1:
        into.words.add(key)
    else:
        into.glued.add(key)
        into.phrases.add(" ".join(words))
    into.texts.add(text)


def _identifier(text: str, into: Spellings) -> None:
    key = condensed(text)
    if len(key) < 4 or (key.isdigit() and len(key) < 5):
        if len(key) >= 3 and not key.isdigit():
            into.whole.add(key)
    elif not key.strip("0"):
        return
    elif _UNSPACED.search(key):
        into.inside.add(key)
        into.texts.add(text)
    else:
        into.words.add(key)
        into.phrases.add(" ".join(words_of(text)))
        into.texts.update({text, key} if key.isdigit() else {text})


def _station(text: str, into: Spellings) -> None:
    if not _names_nobody(text):
        _identifier(text, into)


def _organization(text: str, into: Spellings) -> None:
    if not _names_nobody(text):
        _phrase(text, into, letters=3)


def _address(text: str, into: Spellings) -> None:
    for part in _ADDRESS_PARTS.split(text):
        if _names_nobody(part):
            continue
        if sum(c.isalpha() for c in part) >= 5:
            _phrase(part.strip(), into, letters=5)
        codes = [word for word in words_of(part) if word.isdigit() and len(word) >= 4]
        into.words.update(code for code in codes if len(code) >= 5)
        town = " ".join(word for word in words_of(part) if not any(c.isdigit() for c in word))
        if codes and sum(c.isalpha() for c in town) >= 5 and not _names_nobody(town):
            _phrase(town, into, letters=5)


def _phone(text: str, into: Spellings) -> None:
    for email in _EMAIL.findall(text):
        _phrase(email, into, letters=3)
    for found in _PHONE.findall(text):
        digits = "".join(c for c in found if c.isdigit())
        if 6 <= len(digits) <= 15:
            into.words.add(digits)
            into.texts.update({found.strip(), digits})
            if len(digits) > 10:
                into.words.add(digits[-10:])


def _date(text: str, into: Spellings) -> None:
    match = _DATE.match(text)
    if match is None or "".join(match.groups()) in DATE_PLACEHOLDERS:
        return
    year, month, day = match.groups()
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return
    into.dates.add(year + month + day)
    name = _MONTHS[int(month) - 1]
    for d, m in {(day, month), (str(int(day)), str(int(month)))}:
        into.words.update({year + month + day, day + month + year, month + day + year})
        into.phrases.update({f"{year} {m} {d}", f"{d} {m} {year}", f"{m} {d} {year}"})
        for word in (name, name[:3]):
            into.phrases.update({f"{d} {word} {year}", f"{word} {d} {year}", f"{year} {word} {d}"})
            into.words.update({f"{d}{word}{year}", f"{word}{d}{year}"})
    into.texts.update({year + month + day, f"{year}-{month}-{day}", f"{year}.{month}.{day}", f"{day}.{month}.{year}"})
    into.texts.update({f"{day}/{month}/{year}", f"{month}/{day}/{year}"})


_SPELLERS: Final = {
    "name": _name,
    "id": _identifier,
    "device": _identifier,
    "station": _station,
    "org": _organization,
    "address": _address,
    "phone": _phone,
    "date": _date,
}


def camel_parts(word: str) -> list[str]:
    """`smithJohn` -> smith, John: a change from lower to upper case is a boundary of words."""
    cuts = [i + 1 for i, (a, b) in enumerate(pairwise(word)) if a.islower() and b.isupper()]
    return [word[a:b] for a, b in zip([0, *cuts], [*cuts, len(word)], strict=True)]
