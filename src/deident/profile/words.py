"""A profile in sentences, for reports and for the conformance statement; what a site wrote itself is counted, never quoted."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from typing import Final

from deident.profile.model import DateMethod, Mode, Option, PixelRisk, Profile, Strategy, TimeMethod
from deident.profile.override import OverrideStrategy
from deident.profile.rules import Rules
from deident.standard import confidentiality

__all__ = ["OPTION_WORDS", "date_words", "profile_words"]

#: What each option does, in one sentence.
OPTION_WORDS: Final = {
    Option.RETAIN_SAFE_PRIVATE: "Private elements that are known to be safe stay.",
    Option.RETAIN_UIDS: "UIDs stay.",
    Option.RETAIN_DEVICE_IDENTITY: "The identity of devices stays.",
    Option.RETAIN_INSTITUTION_IDENTITY: "The identity of the institution stays.",
    Option.RETAIN_PATIENT_CHARACTERISTICS: "Sex, age, size, weight and the like stay.",
    Option.RETAIN_LONGITUDINAL_FULL_DATES: "Dates and times stay.",
    Option.RETAIN_LONGITUDINAL_MODIFIED_DATES: "Dates stay in a modified form.",
    Option.CLEAN_DESCRIPTORS: "Descriptions and comments keep their clinical words and lose all others.",
    Option.CLEAN_STRUCTURED_CONTENT: "Reports keep their content tree, item by item, without what identifies.",
    Option.CLEAN_GRAPHICS: "Graphics of presentation states stay, their text is cleaned.",
}
_MODE_WORDS: Final = {
    Mode.TABLE: "Elements that no table lists stay, unless an identifier of the instance is found in them.",
    Mode.STRICT: "Elements that no table lists stay only if they hold numbers or code strings, or the site allows them.",
}
_STRATEGY_WORDS: Final = {
    Strategy.HASH: "Patient's Name, Patient ID, accession number and study ID become keyed pseudonyms.",
    Strategy.REMOVE: "Direct identifiers are emptied.",
    Strategy.REPLACE: "Direct identifiers become constant dummies.",
}
_RISK_WORDS: Final = {
    PixelRisk.HOLD: "Images that may show text are held for a look.",
    PixelRisk.ACCEPT: "Images that may show text are released: somebody looked at them.",
}


def profile_words(profile: Profile) -> Iterator[str]:
    """Everything that a profile decides, one sentence each."""
    methods = confidentiality.methods()
    rules = Rules(profile)
    claims = rules.conforms_in("")
    claimed = f" ({methods['basic'].code})" if claims else ""
    yield (
        f"Basic Application Level Confidentiality Profile of DICOM PS3.15, edition {confidentiality.EDITION}{claimed}."
    )
    for option in sorted(profile.options):
        code = f" ({methods[option.value].code})." if claims else "."
        yield OPTION_WORDS[option].removesuffix(".") + code
    yield from date_words(profile)
    yield _MODE_WORDS[profile.mode]
    yield _STRATEGY_WORDS[profile.strategy]
    if profile.strategies:
        yield f"Other strategies apply to {_count(profile.strategies, 'attribute')}."
    if profile.age_cap is not None:
        yield f"Ages of {profile.age_cap} years and more become {profile.age_cap}."
    yield _RISK_WORDS[profile.pixel_risk]
    if profile.overrides:
        yield f"The site decides otherwise in {_count(profile.overrides, 'override')}."
    if profile.private:
        yield f"The site counts {_count(profile.private, 'private element')} as safe beside those of the standard."
    if profile.terms:
        yield f"The site lets {_count(profile.terms, 'word')} stay in descriptors beside those of the vocabulary."
    if profile.keep_tags:
        yield f"{_count(profile.keep_tags, 'attribute')} stay although no option may cover them."
    if not claims:
        yield "What the standard protects is kept: no conformance is claimed."
    elif not rules.conforms:
        withheld = [limit for limit in rules.limits if not rules.conforms_in(limit)]
        kept = "What the standard protects is kept in instances of"
        yield f"{kept} {len(withheld)} SOP class{'es' * (len(withheld) > 1)}: there no conformance is claimed."


def date_words(profile: Profile) -> Iterator[str]:
    """How dates are modified, when they are."""
    if Option.RETAIN_LONGITUDINAL_MODIFIED_DATES not in profile.options:
        return
    if profile.dates is DateMethod.YEAR:
        removed = any(entry.vr == "TM" and entry.strategy is OverrideStrategy.REMOVE for entry in profile.overrides)
        yield "Dates are reduced to the first day of their year" + ("." if removed else "; times of day stay.")
        return
    multiple = f", a multiple of {profile.date_multiple}" if profile.date_multiple > 1 else ""
    days = f"one secret number of days, from 1 to {profile.date_range_days}{multiple}"
    if profile.times is TimeMethod.KEEP:
        yield f"All dates of a patient are moved back by {days}; times of day stay, so every interval is exact."
        return
    yield (
        f"All dates of a patient are moved back by {days}, and together with their times of day by 1 to 12 hours "
        "more or less that are secret, too; every interval between two dates with times is exact."
    )


def _count(things: Sized, word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"
