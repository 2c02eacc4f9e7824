"""What Clean Structured Content (113104) makes of a content item, its value and its codes (PS3.15 E.3.4; RULES section 8).

A concept goes by its row of Table E.3.4-1, one without a row by its value type. What the table leaves open is decided so:

* X/D is D: which templates demand the item is not known here, and a dummy suits them all.
* X removes the item and what is below it. Where other items refer to items by position (PS3.3 C.17.3.2.5) every X is D,
  or the references would lead to another item.
* A text that nothing is left of after cleaning is D.
* Codes of public schemes stay, with the meaning of the dictionary. Those of private schemes become a keyed digest under the
  scheme 99ANON: what meant the same before means the same afterwards, and where it was coined is not told.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from deident.profile.decision import Action, Method
from deident.profile.model import Option, Profile
from deident.profile.options import DATE_VRS, TEXT_VRS, Chosen, modified
from deident.standard import codes, content_items
from deident.standard.identifiers import kind_of_content_item

__all__ = [
    "ANONYMOUS_SCHEME",
    "CODE_MEANING",
    "CODE_SEQUENCES",
    "CONTEXTS",
    "TEXT_VALUE",
    "VALUES",
    "Item",
    "chosen",
    "code_meaning",
    "is_public",
    "kind_of_value",
    "oldest",
    "removed",
]

TEXT_VALUE: Final = 0x0040A160
CODE_MEANING: Final = 0x00080104
ANONYMOUS_SCHEME: Final = "99ANON"

#: Text Value, DateTime and Date: values whose concept name says whether they identify.
_NAMED: Final = frozenset({0x0040A120, 0x0040A121, TEXT_VALUE})
_CONCEPT_CODE: Final = 0x0040A168
_MEASURED_VALUE: Final = 0x0040A300
_NUMERIC_VALUE: Final = 0x0040A30A
#: Floating Point Value, Rational Numerator and Denominator Value: the same number once more.
_OTHER_NUMBERS: Final = frozenset({0x0040A161, 0x0040A162, 0x0040A163})
_CODE_VALUE, _SCHEME, _SCHEME_VERSION, _SCHEME_UID = 0x00080100, 0x00080102, 0x00080103, 0x0008010C
_LONG_CODE, _URN_CODE = 0x00080119, 0x00080120
_SUBJECT_AGE: Final = ("DCM", "121033")

#: Concept Name, Concept, Measurement Units, Numeric Value Qualifier, Modifier and Equivalent Code Sequence.
CODE_SEQUENCES: Final = frozenset({0x0040A043, _CONCEPT_CODE, 0x004008EA, 0x0040A301, 0x0040A195, 0x00080121})
#: Sequences inside which the codes are those of content items: Waveform Annotation has concept names, too.
CONTEXTS: Final = content_items.SEQUENCES | {0x0040B020}

#: Value type -> the attribute that holds the value (PS3.3 Table C.17-5).
VALUES: Final = {
    "TEXT": TEXT_VALUE,
    "DATETIME": 0x0040A120,
    "DATE": 0x0040A121,
    "TIME": 0x0040A122,
    "PNAME": 0x0040A123,
    "UIDREF": 0x0040A124,
    "CODE": _CONCEPT_CODE,
    "NUM": _MEASURED_VALUE,
}
#: How many of a unit (UCUM) make a year.
_IN_A_YEAR: Final = {"a": 1, "mo": 12, "wk": 52, "d": 365, "h": 8760}


class Item(NamedTuple):
    """What the item of a sequence says of itself: a code, or a content item with its value type and concept name."""

    content: bool
    value_type: str
    scheme: str
    code: str


def is_public(scheme: str) -> bool:
    """Whether a Coding Scheme Designator names a public scheme: those of PS3.16, retired ones included, and of the table."""
    return codes.is_public(scheme) or scheme in content_items.RETIRED_SCHEMES or scheme in _listed_schemes()


def removed(profile: Profile, item: Item) -> str:
    """Why the whole item goes, "" when it stays."""
    code, because, _method = _answer(profile, item)
    return because if code == "X" else ""


def chosen(profile: Profile, item: Item | None, path: tuple[int, ...], tag: int, vr: str) -> Chosen | None:
    """The answer for an attribute of a content item or of one of its codes, None when the other rules hold.

    `item` is what the innermost item says of itself: a content item, a code, or the unit of a measured value.
    """
    if item is not None and not item.content:
        return _age(profile, tag) if path[-1] == _MEASURED_VALUE else _code(item, tag, vr)
    if item is not None and VALUES.get(item.value_type) == tag:
        found = _value(profile, item, vr)
        if found is not None:
            return found
    if tag in CODE_SEQUENCES and vr == "SQ":
        return Action.KEEP, _because(), Method.CODES
    if tag == TEXT_VALUE:
        return _text(profile)
    return None


def kind_of_value(item: Item | None, tag: int) -> str:
    """The kind of identifier that a value of a content item is, by its concept name; "" when it is none."""
    if item is None or not item.content or tag not in _NAMED:
        return ""
    return kind_of_content_item(item.scheme, item.code)


def code_meaning(item: Item) -> str | None:
    """The meaning that the dictionary has for a code; UCUM codes that it does not have are spelled out anyway."""
    found = codes.meaning(item.scheme, item.code) or content_items.meaning(item.scheme, item.code)
    return item.code if found is None and item.scheme == "UCUM" else found


def oldest(profile: Profile, item: Item) -> str:
    """The age, in the unit `item`, from which on ages become that age."""
    return str((profile.age_cap or 0) * _IN_A_YEAR.get(item.code, 1))


def _because(option: Option = Option.CLEAN_STRUCTURED_CONTENT) -> str:
    return f"option:{option.value}"


def _answer(profile: Profile, item: Item) -> tuple[str, str, Method]:
    """(code, what decided, method) of Table E.3.4-1 for an item; ("", "", PLAIN) when it has no row.

    As for Table E.1-1: C beats K, and a C that cannot be carried out falls back to the action without options.
    """
    row = content_items.row(item.scheme, item.code, item.value_type)
    if row is None:
        return "", "", Method.PLAIN
    answers = {option: code for option in profile.options if (code := row.options.get(option.value))}
    for option in sorted(option for option, code in answers.items() if code == "C"):
        if option is Option.RETAIN_LONGITUDINAL_MODIFIED_DATES:
            _action, because, method = modified(profile)
            return "C", f"{because}, E.3.4-1", method
        return "C", f"{_because(option)}, E.3.4-1", Method.TEXT
    for option in sorted(answers):
        return "K", f"{_because(option)}, E.3.4-1", Method.PLAIN
    return "X" if row.basic == "X" else "D", f"E.3.4-1 {row.basic}", Method.PLAIN


def _value(profile: Profile, item: Item, vr: str) -> Chosen | None:
    """The answer for the attribute that holds the value of a content item."""
    code, because, method = _answer(profile, item)
    if not code:
        return None
    if code == "C":
        fits = vr in (TEXT_VRS if method is Method.TEXT else DATE_VRS)
        return (Action.CLEAN, because, method) if fits else (Action.DUMMY, because, Method.PLAIN)
    if code == "K":
        return Action.KEEP, because, _kept(profile, item)
    if item.value_type == "NUM":
        return Action.EMPTY, because, Method.PLAIN  # Measured Value Sequence is of Type 2
    if item.value_type == "CODE":
        return Action.DUMMY, because, Method.DUMMY_ITEM
    return Action.UID if vr == "UI" else Action.DUMMY, because, Method.PLAIN


def _kept(profile: Profile, item: Item) -> Method:
    if item.value_type == "CODE":
        return Method.CODES
    return Method.UNITS if (item.scheme, item.code) == _SUBJECT_AGE and profile.age_cap else Method.PLAIN


def _text(profile: Profile) -> Chosen:
    """The text of a concept that the table does not list: anybody may have written anything."""
    if Option.CLEAN_DESCRIPTORS in profile.options:
        return Action.CLEAN, _because(Option.CLEAN_DESCRIPTORS), Method.TEXT
    return Action.DUMMY, f"{_because()}, TEXT", Method.PLAIN


def _age(profile: Profile, tag: int) -> Chosen | None:
    """A Subject Age that Retain Patient Characteristics keeps: capped, whatever its unit."""
    because = f"{_because(Option.RETAIN_PATIENT_CHARACTERISTICS)}, age_cap {profile.age_cap}"
    if tag == _NUMERIC_VALUE:
        return Action.CLEAN, because, Method.CAP
    if tag in _OTHER_NUMBERS:
        return Action.REMOVE, because, Method.PLAIN
    return (Action.KEEP, _because(), Method.CODES) if tag in CODE_SEQUENCES else None


def _code(item: Item, tag: int, vr: str) -> Chosen | None:
    """An attribute of a coded item (PS3.3 Table 8.8-1)."""
    private = not is_public(item.scheme)
    because = f"{_because()}, {'private' if private else 'public'} code"
    if tag == CODE_MEANING:
        known = not private and code_meaning(item) is not None
        return Action.CLEAN, because, Method.CODE_MEANING if known else Method.TEXT
    if tag in (_CODE_VALUE, _SCHEME, _SCHEME_VERSION, _LONG_CODE, _URN_CODE) and not private:
        return Action.KEEP, because, Method.PLAIN
    if tag in (_CODE_VALUE, _LONG_CODE) and vr in TEXT_VRS:
        return Action.DUMMY, because, Method.HASH
    if tag == _SCHEME:
        return Action.DUMMY, because, Method.CONSTANT
    if tag == _URN_CODE:
        return Action.DUMMY, because, Method.PLAIN
    if tag in (_SCHEME_VERSION, _SCHEME_UID) and private:
        return Action.REMOVE, because, Method.PLAIN
    return (Action.KEEP, because, Method.CODES) if tag in CODE_SEQUENCES and vr == "SQ" else None


def _listed_schemes() -> frozenset[str]:
    return frozenset(row.scheme for row in content_items.rows())
