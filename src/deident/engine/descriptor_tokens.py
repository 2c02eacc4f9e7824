"""What one token of a descriptor is: a word of the lexicon, a code of acquisition, a number, or nothing to be kept.

A token has no blank or punctuation in it but the decimal point: `Thorax`, `t2`, `axT2`, `5mm`, `1.5T`, `b1000`, `12`.
What may stay whatever its neighbours are is a WORD or a CODE; what looks like a piece of an id when it stands beside
something unknown (a number, a single letter, `run3`) is left to `descriptors`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from deident.standard.lexicon import lexicon

__all__ = [
    "AFTER",
    "APOSTROPHES",
    "BEFORE",
    "BOTH",
    "CODE",
    "CONNECTOR",
    "DROP",
    "LINES",
    "LONG",
    "NUMBER",
    "PARTICLES",
]
__all__ += ["SPACED", "WEAK", "WORD", "is_unit", "is_unit_of_thousands", "kind_of", "tells_old_age"]

#: Not kept; kept; kept; kept where nothing unknown stands beside it; a number of up to three digits; of four, which
#: only a unit saves; kept between kept words; a title or kind of place or id, before, after or on both sides of a name.
DROP, WORD, CODE, WEAK, NUMBER, LONG, CONNECTOR, BEFORE, AFTER, BOTH = range(10)

#: Connectors and words of the lexicon that begin family names: `de la Main`, `van der Hand`.
PARTICLES: Final = frozenset(
    "de del della dello di du la le el al van der den ten ter dos das des y e les los las".split()
)

#: Text between tokens: apostrophes, what a pair of words or a number and its unit may have, what parts lines.
APOSTROPHES: Final = frozenset({"'", "\u2019"})
SPACED: Final = frozenset({" ", "-", "_", "/", "  ", ""})
LINES: Final = re.compile(r"[;\r\n]")

_LETTERS_ALONE: Final = frozenset("abcfhlprstw")
_LONGEST: Final = 28
_OLDEST: Final = 89
_AGES: Final = frozenset("y yo yr yrs year years jahre ans años anos anni jaar".split())
_ONE_LETTER_UNITS: Final = frozenset("stdhgmy")
#: Units that real values of a thousand and more have; none of them is a word, a place or a sex (`1968 M`).
_THOUSANDS: Final = frozenset("ms msec mm hz khz mas mgy mgycm ml hu bq kbq mbq um px pixel pixels".split())

_NUMBER: Final = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{1,6})?")
_DAY_OR_TIME: Final = re.compile(r"(?:0?[1-9]|[12][0-9]|3[01])[.,](?:0[1-9]|1[0-2])|(?:[01][0-9]|2[0-4])[.,][0-5][0-9]")
_MEASURE: Final = re.compile(r"([0-9]{1,4})([.,][0-9]{1,4})?([a-zµμ][a-zµμ0-9]*)")
_TIMES: Final = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,3})?(?:x[0-9]{1,4}(?:\.[0-9]{1,3})?){1,3}([a-z]{0,2})")
_VERTEBRAE: Final = re.compile(
    r"(?:c[1-8]|(?:th|t|d)(?:1[0-2]|[1-9])|l[1-6]|s[1-5])(?:c[1-8]|(?:th|t|d)(?:1[0-2]|[1-9])|l[1-6]|s[1-5])?"
)
_CODES: Final = re.compile(
    r"b(?:0|[1-9][05]0?|[1-9][05]0|(?:[1-8]|1[0-8]|[2-9][0-9])00)"  # b-values: no year of birth (`b1968`)
    r"|v[1-9]r?"  # leads of an ECG
    r"|(?:te|tr|ti|td|ww|wl|fa|venc|etl)[0-9]{1,4}|(?:kv|kvp|kev|mas?)[0-9]{2,3}"
    r"|(?:isovue|omnipaque|ultravist|visipaque|iomeron|imeron|optiray|xenetix)[0-9]{3}"
    r"|[bhuijtd][0-9]{2}[sfmhud]|(?:b[rvlf]|h[rcvdp]|q[rf]|ur|sa)[0-9]{2}[a-z]?|fc[0-9]{2}"  # kernels
)
_WORD_WITH_NUMBER: Final = re.compile(r"([^\W\d_]{2,})([0-9]{1,2})([a-d]?)")
_PART_OF_CLASS: Final = re.compile(r"[0-9]{1,2}[a-d]")
_HUMPS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def is_unit(token: str) -> bool:
    """Whether a token after a number and a blank is its unit."""
    lower = token.lower()
    return lower in lexicon().units and (len(lower) > 1 or (lower in _ONE_LETTER_UNITS and token != "M"))  # noqa: S105


def is_unit_of_thousands(token: str) -> bool:
    """Whether a token is a unit of values of four digits; `1968 MS` is a year and a person or an illness."""
    return token.lower() in _THOUSANDS and token != "MS"  # noqa: S105


def tells_old_age(number: str, unit: str) -> bool:
    """Whether both are an age over 89, which identifies (45 CFR 164.514(b)(2)(i)(C))."""
    return unit.lower() in _AGES and int(re.split("[.,]", number)[0]) > _OLDEST


@lru_cache(maxsize=16384)
def kind_of(token: str) -> int:
    """The kind of a token, its neighbours left aside. `token`: letters, digits and decimal points."""
    lower = token.lower()
    if not token.isascii() and lower.isascii():  # KELVIN SIGN and its like are no letters of ours
        return DROP
    if lower.isalpha():
        return _kind_of_word(token, lower)
    if lower.isascii() and lower[0].isdigit() and not any(c.isalpha() for c in lower):
        return _kind_of_number(lower)
    if lower in lexicon().words or _is_measure(lower):
        return CODE
    if not token.isascii() or len(token) > _LONGEST:
        return DROP
    if _VERTEBRAE.fullmatch(lower) or _CODES.fullmatch(lower) or _is_size(lower) or _is_glued(lower):
        return CODE
    numbered = _WORD_WITH_NUMBER.fullmatch(lower)
    if (numbered and numbered[1] in lexicon().words) or _PART_OF_CLASS.fullmatch(lower):
        return WEAK
    return _kind_of_humps(token)


def _kind_of_word(token: str, lower: str) -> int:
    words = lexicon()
    before, after = lower in words.before_names, lower in words.after_names
    if before or after:
        return BOTH if before and after else BEFORE if before else AFTER
    if lower in words.dates:
        return DROP
    if len(lower) == 1:
        return WEAK if lower in _LETTERS_ALONE else CONNECTOR if lower in words.connectors else DROP
    if lower in words.words:
        return WORD
    if lower in words.connectors:
        return CONNECTOR
    return _kind_of_humps(token) if token.isascii() and len(token) <= _LONGEST else DROP


def _kind_of_humps(token: str) -> int:
    """`ThoraxRoutine`, `axT2`: all parts have to be known; a part that begins family names spoils it (`DeHand`)."""
    parts = _HUMPS.split(token)
    if len(parts) < 2 or any(len(part) < 2 or part.lower() in PARTICLES for part in parts):
        return DROP
    kinds = {kind_of(part) for part in parts}
    return DROP if not kinds <= {WORD, CODE} else CODE if CODE in kinds else WORD


def _kind_of_number(text: str) -> int:
    if _NUMBER.fullmatch(text):
        return DROP if _DAY_OR_TIME.fullmatch(text) else NUMBER
    return LONG if len(text) == 4 and text.isdigit() else DROP


def _is_measure(text: str) -> bool:
    """`5mm`, `1.5t`, `120kv`, `1200ms`: a number with its unit."""
    found = _MEASURE.fullmatch(text)
    if not found or found[3] not in lexicon().units:
        return False
    if len(found[1]) == 4:
        return found[3] in _THOUSANDS
    return not tells_old_age(found[1], found[3])


def _is_size(text: str) -> bool:
    """`3.0x3.0`, `512x512`; four digits only where no part can be a day or a month."""
    found = _TIMES.fullmatch(text)
    if not found or (found[1] and found[1] not in lexicon().units):
        return False
    parts = [float(part) for part in text[: found.start(1)].split("x")]
    return max(parts) < 1000 or min(parts) >= 100


def _is_glued(text: str) -> bool:
    """`axt2fs`, `t1w3d`, `fl3d1`: pieces of protocol names, one of them with a digit of its own; up to two digits more."""
    glue = lexicon().glue
    # Per end of a piece: (loose digits, whether a piece with a digit was met), as few digits as possible first.
    reached: dict[int, set[tuple[int, bool]]] = {0: {(0, False)}}
    for start in range(len(text)):
        for loose, technical in reached.get(start, ()):
            if text[start].isdigit() and loose < 2:
                reached.setdefault(start + 1, set()).add((loose + 1, technical))
            for end in range(start + 1, min(start + 9, len(text)) + 1):
                piece = text[start:end]
                if piece in glue:
                    has_digit = any(c.isdigit() for c in piece)
                    reached.setdefault(end, set()).add((loose, technical or has_digit))
    return any(technical for _, technical in reached.get(len(text), ()))
