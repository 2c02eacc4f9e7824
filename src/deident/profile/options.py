"""What the options that are on make of an attribute (RULES sections 2.1, 6 and 7); no answer means the Basic Profile."""

from __future__ import annotations

from typing import Final

from deident.profile.decision import Action, Decision, Method
from deident.profile.model import DateMethod, Option, Profile
from deident.standard import confidentiality, content_items

__all__ = ["DATE_VRS", "KINDS", "TEXT_VRS", "Chosen", "by_option", "modified", "performs", "unlisted_date"]

#: Action, what decided, and how it is carried out.
Chosen = tuple[Action, str, Method]

DATE_VRS: Final = frozenset({"DA", "TM", "DT"})
TEXT_VRS: Final = frozenset({"LO", "LT", "SH", "ST", "UC", "UT"})

#: Versions and Local Versions of context groups and templates hold publicly known dates: shifted, they would hand out the offset.
_CONSTANT_DATES: Final = frozenset({0x00080106, 0x00080107, 0x0040DB06, 0x0040DB07})
_TIMEZONE_OFFSET: Final = 0x00080201
#: Sequences whose items are content items, Specimen Preparation Sequence around them, and Waveform Annotation Sequence.
_CONTENT: Final = content_items.SEQUENCES | {0x00400610, 0x0040B020}
_GRAPHIC_ANNOTATION: Final = 0x00700001
#: Options that are about one kind of object alone: where nothing of it is in an instance they are not performed.
KINDS: Final = frozenset({Option.CLEAN_GRAPHICS, Option.CLEAN_STRUCTURED_CONTENT})


def by_option(profile: Profile, row: confidentiality.Row, tag: int, vr: str) -> Chosen | None:
    """The answer of the options for a row of Table E.1-1, None when no option that is on has one.

    Where two disagree, C beats K: one true date beside shifted ones undoes the shift. A C that cannot be carried out falls back
    to the Basic Profile, never to another option's K.
    """
    answers = {option: code for option in profile.options if (code := row.options.get(option.value))}
    cleaning = sorted(option for option, code in answers.items() if code == "C")
    if cleaning:
        found = (_clean(profile, option, row, tag, vr) for option in cleaning)
        return next((chosen for chosen in found if chosen is not None), None)
    for option in sorted(answers):
        capped = option is Option.RETAIN_PATIENT_CHARACTERISTICS and vr == "AS" and profile.age_cap
        return Action.KEEP, f"option:{option.value}", Method.AGE if capped else Method.PLAIN
    return None


def unlisted_date(profile: Profile) -> Chosen | None:
    """What the options make of dates and times that no table lists: all dates are treated alike (PS3.15 E.1.1 note 4)."""
    if Option.RETAIN_LONGITUDINAL_FULL_DATES in profile.options:
        return Action.KEEP, f"option:{Option.RETAIN_LONGITUDINAL_FULL_DATES.value}", Method.PLAIN
    if Option.RETAIN_LONGITUDINAL_MODIFIED_DATES in profile.options:
        return modified(profile)
    return None


def performs(decision: Decision) -> Option | None:
    """The option of KINDS that is performed where the decision is carried out, None when none is, or one around it tells."""
    if decision.because == f"option:{Option.CLEAN_GRAPHICS.value}" and _GRAPHIC_ANNOTATION not in decision.path:
        return Option.CLEAN_GRAPHICS
    content = decision.tag in _CONTENT and _CONTENT.isdisjoint(decision.path)
    if content and decision.because == f"option:{Option.CLEAN_STRUCTURED_CONTENT.value}":
        return Option.CLEAN_STRUCTURED_CONTENT
    return None


def modified(profile: Profile) -> Chosen:
    """What the option for modified dates makes of a date or time."""
    method = Method.SHIFT if profile.dates is DateMethod.SHIFT else Method.YEAR
    return Action.CLEAN, f"option:{Option.RETAIN_LONGITUDINAL_MODIFIED_DATES.value}", method


def _clean(profile: Profile, option: Option, row: confidentiality.Row, tag: int, vr: str) -> Chosen | None:
    because = f"option:{option.value}"
    if option is Option.RETAIN_LONGITUDINAL_MODIFIED_DATES:
        if tag in _CONSTANT_DATES:
            return Action.KEEP, f"{because}, a constant", Method.PLAIN
        if tag == _TIMEZONE_OFFSET:
            return Action.KEEP, because, Method.PLAIN
        return modified(profile) if vr in DATE_VRS else None
    if option is Option.RETAIN_DEVICE_IDENTITY:
        return (Action.CLEAN, because, Method.ALLOWED) if profile.ae_titles and vr == "AE" else None
    if option is Option.CLEAN_STRUCTURED_CONTENT:
        return Action.KEEP, because, Method.CONTENT if tag in content_items.SEQUENCES else Method.PLAIN
    if option is Option.CLEAN_GRAPHICS:
        return (Action.KEEP, because, Method.PLAIN) if vr == "SQ" else None
    if vr == "SQ" and tag in content_items.SEQUENCES and Option.CLEAN_STRUCTURED_CONTENT in profile.options:
        return Action.KEEP, f"option:{Option.CLEAN_STRUCTURED_CONTENT.value}", Method.CONTENT
    if vr == "SQ":
        return Action.KEEP, because, Method.CODES if row.keyword.endswith("CodeSequence") else Method.PLAIN
    return (Action.CLEAN, because, Method.TEXT) if vr in TEXT_VRS else None
