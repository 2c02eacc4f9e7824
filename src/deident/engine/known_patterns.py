"""Turn gathered identifiers into the folded patterns that are searched for, by the rules of RULES section 14."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

from deident.engine.known_dates import Date, parse_date
from deident.engine.known_text import Word, folds, words
from deident.standard.vocabulary import generic_words, is_term, is_vocabulary, name_particles, placeholders

__all__ = ["ANYWHERE", "Patterns"]

#: Instead of the places where separators may stand: an id may be written with separators anywhere, or none.
ANYWHERE: Final = frozenset({-1})

SHORTEST_WORD: Final = 3
SHORTEST_IDEOGRAPHIC: Final = 2
SHORTEST_ID: Final = 4
SHORTEST_NUMBER: Final = 5
SHORTEST_DISTINCTIVE: Final = 5
SHORTEST_LOCAL_NUMBER: Final = 6
SHORTEST_PHRASE: Final = 4
SHORTEST_UID_PARTS: Final = 4
_LONGEST: Final = 128
_PLACES: Final = frozenset({"organization", "address", "station", "device", "uid"})
_FEW: Final = 8

_CHUNKS: Final = re.compile(r"[\s,]+")
_PARTS: Final = re.compile(r"[,;|\n\r\t\f^()]+|\s[-/]\s")
_ID_PARTS: Final = re.compile(r"[\^&@|]")
_NUMBER: Final = re.compile(r"\+?\s?[\d(][\d\s().\-/]{2,}\d")
_MAIL: Final = re.compile(r"([\w.+-]+)@[\w-]+(?:\.[\w-]+)+")
#: British, Dutch and Canadian; those of digits alone are found as numbers.
_POSTCODE: Final = re.compile(
    r"\b(?:[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|\d{4}\s?[A-Z]{2}|[A-Z]\d[A-Z]\s?\d[A-Z]\d)\b", re.IGNORECASE | re.ASCII
)
_MAILBOXES: Final = frozenset({"info", "mail", "contact", "office", "admin", "reception", "support"})


class Patterns:
    """What to search for. `exact`: canonical text (no separators) -> offsets in it where separators may stand.

    `whole`: canonical texts too short to be searched, which count as the whole value. `raw`: identifiers that are not
    ASCII, as they were. `counts`: values by kind.
    """

    def __init__(self) -> None:
        self.exact: dict[str, frozenset[int]] = {}
        self.whole: set[str] = set()
        self.raw: set[str] = set()
        self.uids: set[str] = set()
        self.dates: set[Date] = set()
        self.counts: dict[str, int] = {}
        self._nobody = name_particles() | placeholders()

    @classmethod
    def of(cls, values: Iterable[tuple[str, str]], kept: Iterable[tuple[str, str]]) -> Patterns:
        """The patterns of the (kind, text) `values`; those of places and machines without what `kept` ones have, too."""
        people, others, stays = cls(), cls(), cls()
        for kind, value in dict.fromkeys(values):
            (others if kind in _PLACES else people).add(kind, value)
        for kind, value in dict.fromkeys(kept):
            stays.add(kind, value)
        for canonical, joints in others.exact.items():
            if canonical not in stays.exact:
                people._put(canonical, joints, long_enough=True)
        people.whole |= others.whole - stays.whole
        people.raw |= others.raw - stays.raw
        people.uids |= others.uids - stays.uids
        people.dates |= others.dates
        people.counts |= others.counts
        return people

    def add(self, kind: str, value: str) -> None:
        """Take one value of an element; `\\` separates values. A kind without rules of its own counts as an id."""
        for single in value.split("\\"):
            text = single.strip(" \0\t\r\n")
            if text and (kind == "uid" or not is_vocabulary(text)):
                self.counts[kind] = self.counts.get(kind, 0) + 1
                _RULES.get(kind, Patterns._id)(self, text)

    def _name(self, text: str) -> None:
        for group in text.split("="):
            self._keep_raw(group)
            for spelled_out in folds(group):
                components = [component.strip() for component in group.split("^")]
                self._full_names([words(part, spelled_out) for part in components if part])
                for component in components:
                    self._name_component(component, spelled_out)

    def _name_component(self, component: str, spelled_out: bool) -> None:
        whole = words(component, spelled_out)
        self._phrase(whole)
        self._keep_raw(component)
        if len(whole) < 2:
            return
        pieces = [piece for piece in _CHUNKS.split(component) if piece]
        for piece in pieces:
            self._keep_raw(piece)
        chunks = [words(piece, spelled_out) for piece in pieces]
        for chunk in chunks:
            self._phrase(chunk)
            if len(chunk) > 1 and not any(c.isdigit() for word in chunk for c in word.text):
                for word in chunk:
                    if word.length >= SHORTEST_WORD:
                        self._phrase([word])
        if len(chunks) > 1:
            self._full_names([chunks[0], [word for chunk in chunks[1:] for word in chunk]])
            self._full_names([[word for chunk in chunks[:-1] for word in chunk], chunks[-1]])

    def _full_names(self, parts: list[list[Word]]) -> None:
        """Both orders, with the middle name and without."""
        parts = [part for part in parts[:3] if part]
        if len(parts) < 2:
            return
        family, given, *middle = parts
        orders = [[*family, *given], [*given, *family]]
        if middle:
            orders += [[*family, *given, *middle[0]], [*given, *middle[0], *family]]
        for order in orders:
            if sum(word.length for word in order) >= SHORTEST_PHRASE or any(word.ideographic for word in order):
                self._phrase(order)

    def _id(self, text: str) -> None:
        self._number_like(text)
        parts = _ID_PARTS.split(text)
        if len(parts) > 1:
            self._number_like(parts[0])
            for part in parts[1:]:
                if len(part) >= SHORTEST_ID and not is_vocabulary(part):
                    rule = Patterns._organization if part.replace(" ", "").isalpha() else Patterns._number_like
                    rule(self, part)

    def _number_like(self, text: str) -> None:
        canonical = "".join(word.text for word in _capped(words(text)))
        if not canonical or canonical in placeholders() or set(canonical) <= {"0"}:
            return
        self._keep_raw(text)
        self._put(canonical, ANYWHERE, long_enough=_long_enough_id(canonical))
        significant = canonical.lstrip("0")
        if significant != canonical and significant.isdigit() and len(significant) >= SHORTEST_NUMBER:
            self._put(significant, ANYWHERE, long_enough=True)

    def _place(self, text: str) -> None:
        """A station or machine: an id, or a word."""
        found = words(text)
        if all(word.text in generic_words() or is_term(word.text) for word in found):
            return
        if len(found) == 1 and found[0].text.isalpha():
            self._phrase(found)
        else:
            self._number_like(text)

    def _organization(self, text: str) -> None:
        self._keep_raw(text)
        for spelled_out in folds(text):
            for part in {text, *_PARTS.split(text)}:
                found = words(part, spelled_out)
                if not found or is_vocabulary(part) or (len(found) == 1 and found[0].text in generic_words()):
                    continue
                self._phrase(found)
                core = _core(found)
                if core and (len(core) > 1 or len(core[0].text) >= SHORTEST_ID):
                    self._phrase(core)

    def _address(self, text: str) -> None:
        self._keep_raw(text)
        for mail in _MAIL.finditer(text):
            self._mail(mail)
        for code in _POSTCODE.finditer(text):
            self._number_like(code.group())
        for spelled_out in folds(text):
            for part in _PARTS.split(text):
                found = words(part, spelled_out)
                if len(found) > 1 or (found and found[0].text not in generic_words()):
                    self._phrase(found)
                self._address_words(found)

    def _address_words(self, found: list[Word]) -> None:
        letters = [word for word in found if not any(c.isdigit() for c in word.text)]
        core = _core(letters)
        if core and len(letters) < len(found) and any(len(word.text) >= SHORTEST_ID for word in core):
            self._phrase(letters)
        for word in found:
            number = any(c.isdigit() for c in word.text) and len(word.text) >= SHORTEST_NUMBER
            distinctive = word in letters and (len(word.text) >= SHORTEST_DISTINCTIVE or word.ideographic)
            if word.text not in generic_words() and (number or distinctive):
                self._phrase([word])

    def _phone(self, text: str) -> None:
        for mail in _MAIL.finditer(text):
            self._mail(mail)
        for number in _NUMBER.findall(_MAIL.sub(" ", text)):
            for digits in _dialled(number):
                self._put(digits, ANYWHERE, long_enough=len(digits) >= SHORTEST_NUMBER)

    def _mail(self, mail: re.Match[str]) -> None:
        self._phrase(words(mail.group()))
        mailbox = words(mail.group(1))
        if len(mail.group(1)) >= SHORTEST_ID and mail.group(1).casefold() not in _MAILBOXES:
            self._phrase(mailbox)

    def _date(self, text: str) -> None:
        date = parse_date(text)
        if date:
            self.dates.add(date)
        elif sum(c.isdigit() for c in text) >= SHORTEST_NUMBER and text[:8] not in _NO_DATES:
            self._number_like(text)

    def _uid(self, text: str) -> None:
        if text.count(".") + 1 >= SHORTEST_UID_PARTS and text.replace(".", "").isdigit():
            self.uids.add(text)
        else:
            self._number_like(text)

    def _phrase(self, found: Sequence[Word]) -> None:
        """Words in this order. A single word of the vocabulary, a title or a particle is not searched alone."""
        found = _capped(found)
        texts = [word.text for word in found]
        if not (self._nobody.issuperset(texts) or (len(found) == 1 and is_term(texts[0]))):
            canonical = "".join(texts)
            if canonical.isascii() and len(canonical) == 1 and canonical.isalpha():
                return  # an initial names nobody
            self._put(canonical, frozenset(accumulate(map(len, texts))), long_enough=_long_enough(canonical, found))

    def _put(self, canonical: str, joints: frozenset[int], *, long_enough: bool) -> None:
        if is_term(canonical):
            return
        if not long_enough:
            self.whole.add(canonical)
        else:
            self.exact[canonical] = self.exact.get(canonical, joints) | joints

    def _keep_raw(self, text: str) -> None:
        if not text.isascii():
            self.raw.add(text.strip())


_NO_DATES: Final = frozenset({"19000101", "00010101", "99991231", "00000000"})
_RULES: Final = {
    "name": Patterns._name,
    "id": Patterns._id,
    "device": Patterns._id,
    "station": Patterns._place,
    "organization": Patterns._organization,
    "address": Patterns._address,
    "phone": Patterns._phone,
    "date": Patterns._date,
    "uid": Patterns._uid,
}


def _long_enough_id(canonical: str) -> bool:
    return len(canonical) >= (SHORTEST_NUMBER if canonical.isdigit() else SHORTEST_ID)


def _long_enough(canonical: str, found: Sequence[Word]) -> bool:
    if canonical.isascii():
        return len(canonical) >= SHORTEST_WORD if canonical.isalpha() else _long_enough_id(canonical)
    if any(c.isdigit() for c in canonical):
        return _long_enough_id(canonical)
    shortest = SHORTEST_IDEOGRAPHIC if any(word.ideographic for word in found) else SHORTEST_WORD
    return sum(word.length for word in found) >= shortest


def _capped(found: Sequence[Word]) -> Sequence[Word]:
    """The first words of a phrase: nobody repeats a whole paragraph, and patterns must stay short."""
    if len(found) < _FEW and all(len(word.text) <= _LONGEST // _FEW for word in found):
        return found
    reach = accumulate(len(word.text) for word in found)
    return [word for word, end in zip(found, reach, strict=False) if end <= _LONGEST]


def _core(found: Sequence[Word]) -> list[Word]:
    """The words between the generic ones at both ends: `University Hospital Freiburg` gives `Freiburg`."""
    core = list(found)
    while core and core[0].text in generic_words():
        core.pop(0)
    while core and core[-1].text in generic_words():
        core.pop()
    return core


def _dialled(number: str) -> set[str]:
    """The digits of a phone number as they are dialled from abroad, from another town and from next door."""
    number = number.replace("(0)", "")
    groups = re.findall(r"\d+", number)
    digits = "".join(groups)
    found = {digits, digits.lstrip("0"), "0" + digits}
    if number.lstrip().startswith(("+", "00")):
        for country_code in (1, 2, 3):
            national = digits.lstrip("0")[country_code:].lstrip("0")
            found |= {national, "0" + national}
    found |= {"".join(groups[first:]) for first in range(1, len(groups))}
    return {form for form in found if len(form) >= SHORTEST_LOCAL_NUMBER} | {digits}
