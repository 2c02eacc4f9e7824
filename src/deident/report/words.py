"""The codes of a profile and the checks of the validation, in words."""

from __future__ import annotations

from typing import Final

from deident.errors import ConfigurationError, Reason
from deident.profile import Profile
from deident.profile.rules import Rules
from deident.report.model import OptionLine
from deident.standard import confidentiality

__all__ = ["CHECKS", "counted", "options_of"]

#: What independent validation proves of every study before it is released, by the reason of its findings.
CHECKS: Final = {
    Reason.LEAK: "No identifier of the original stands in an output or its name, in any spelling or encoding.",
    Reason.PIXELS_CHANGED: "Pixel data are those of the original; outside of declared changes byte for byte.",
    Reason.OBJECT_INVALID: "Every output is a whole, valid object, without an error that the original did not have.",
    Reason.STUDY_INCONSISTENT: "The study fits together: one patient, references resolve, nothing missing or extra.",
    Reason.CLAIMS_WRONG: "The markers in the outputs state what was done, and nothing else.",
}


def counted(number: int, noun: str) -> str:
    """`1 study`, `2,000 studies`."""
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number:,} {noun if number == 1 else plural}"


def options_of(profile: Profile) -> tuple[OptionLine, ...]:
    """The codes that outputs of this profile declare, with the meanings of CID 7050; none without conformance."""
    meanings = {method.code: method.meaning for method in confidentiality.methods().values()}
    try:
        codes = Rules(profile).codes()
    except ConfigurationError:
        return ()
    return tuple(OptionLine(code, meanings.get(code, "")) for code in codes)
