"""The profile and the checks of the validation, in the words of somebody who does not write software."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from deident.errors import ConfigurationError, Reason
from deident.profile import DateMethod, Mode, Option, PixelRisk, Profile, Strategy
from deident.profile.rules import Rules
from deident.report.model import OptionLine
from deident.standard import confidentiality

__all__ = ["CHECKS", "options_of", "words_of"]

_OPTION_WORDS = {
    Option.RETAIN_SAFE_PRIVATE: "Private elements that are known to be safe stay.",
    Option.RETAIN_UIDS: "UIDs stay as they are: outputs can be linked to their originals.",
    Option.RETAIN_DEVICE_IDENTITY: "Serial numbers and names of devices stay.",
    Option.RETAIN_INSTITUTION_IDENTITY: "Names and addresses of institutions stay.",
    Option.RETAIN_PATIENT_CHARACTERISTICS: "Sex, age, size, weight and the like stay.",
    Option.RETAIN_LONGITUDINAL_FULL_DATES: "Dates and times stay as they are.",
    Option.CLEAN_DESCRIPTORS: "Descriptions stay as far as known words make them up.",
    Option.CLEAN_STRUCTURED_CONTENT: "Content of structured reports stays, cleaned item by item.",
    Option.CLEAN_GRAPHICS: "Graphic annotations stay, their text cleaned.",
}
_DATE_WORDS = {
    DateMethod.SHIFT: "Dates are shifted, all of a patient by the same number of days.",
    DateMethod.YEAR: "Dates are reduced to their year.",
}
_STRATEGY_WORDS = {
    Strategy.HASH: "Patient ID, accession number and study ID become keyed pseudonyms.",
    Strategy.REMOVE: "Direct identifiers are emptied.",
    Strategy.REPLACE: "Direct identifiers become constant dummies.",
}
_RISK_WORDS = {
    PixelRisk.HOLD: "Images that may show text are held for a look.",
    PixelRisk.ACCEPT: "Images that may show text are released: somebody looked at them.",
}

#: What independent validation proves of every study before it is released, by the reason of its findings.
CHECKS: Final = {
    Reason.LEAK: "No identifier of the original stands in an output or its name, in any spelling or encoding.",
    Reason.PIXELS_CHANGED: "Pixel data are those of the original; outside of declared changes byte for byte.",
    Reason.OBJECT_INVALID: "Every output is a whole, valid object, without an error that the original did not have.",
    Reason.STUDY_INCONSISTENT: "The study fits together: one patient, references resolve, nothing missing or extra.",
    Reason.CLAIMS_WRONG: "The markers in the outputs state what was done, and nothing else.",
}


def words_of(profile: Profile) -> Iterator[str]:
    """The profile in sentences. What a site wrote itself (tags to keep) is counted, not quoted."""
    yield "Basic Application Level Confidentiality Profile of DICOM PS3.15, edition 2026d (113100)."
    yield from (_option_words(profile, option) for option in sorted(profile.options))
    if profile.mode is Mode.STRICT:
        yield "Strict: of what no table lists only numbers, code strings and what the site allows stay."
    yield _STRATEGY_WORDS[profile.strategy]
    if profile.strategies:
        yield f"Other strategies apply to {len(profile.strategies)} attributes."
    if profile.age_cap is not None:
        yield f"Ages of {profile.age_cap} years and more become {profile.age_cap}."
    yield _RISK_WORDS[profile.pixel_risk]
    if profile.keep_tags:
        yield f"{len(profile.keep_tags)} attributes are kept beyond what an option covers: no conformance is claimed."
    if profile.overrides:
        yield f"The site decides by itself about {len(profile.overrides)} attributes, paths or private creators."


def _option_words(profile: Profile, option: Option) -> str:
    method = confidentiality.methods().get(option.value)
    code = f" ({method.code})" if method else ""
    if option is Option.RETAIN_LONGITUDINAL_MODIFIED_DATES:
        words = _DATE_WORDS[profile.dates]
    else:
        words = _OPTION_WORDS.get(option) or option.value.replace("_", " ").capitalize() + "."
    return words.removesuffix(".") + f"{code}."


def options_of(profile: Profile) -> tuple[OptionLine, ...]:
    """The codes that outputs of this profile declare, with the meanings of CID 7050; none without conformance."""
    meanings = {method.code: method.meaning for method in confidentiality.methods().values()}
    try:
        codes = Rules(profile).codes()
    except ConfigurationError:
        return ()
    return tuple(OptionLine(code, meanings.get(code, "")) for code in codes)
