"""Every way in which deident says no: the exception tree and the reason codes.

A message holds tags, codes and opaque references, never a value out of a data set, a path or a configuration file: whatever
is raised here may be logged, shown in a UI or stored in a database.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = [
    "AlreadyExists",
    "ConfigurationError",
    "DeidentError",
    "Ending",
    "KeyProblem",
    "NotFound",
    "PlaceProblem",
    "Reason",
    "Refusal",
    "TransientProblem",
    "UsageProblem",
    "VaultAbsent",
    "VaultProblem",
    "VaultSchemaUnknown",
    "VaultSegmentMissing",
    "VaultSwapped",
    "VaultTampered",
    "VaultTruncated",
    "WrongVaultKey",
]


class Ending(StrEnum):
    """The three ways in which an instance or a study can end."""

    RELEASED = "released"
    SKIPPED = "skipped"
    QUARANTINED = "quarantined"


class Reason(StrEnum):
    """Why an input was not released. The value is the code that users, audit and ledger see."""

    # skipped: nothing that could be released
    EMPTY = "empty"
    NOT_DICOM = "not-dicom"
    DICOMDIR = "dicomdir"
    NOT_A_FILE = "not-a-regular-file"
    DUPLICATE = "duplicate"
    OUTPUT_EXISTS = "output-exists"
    NOT_IN_COHORT = "not-in-cohort"
    ARRIVING = "still-arriving"
    # quarantined: something that a person has to look at
    BROKEN = "broken"
    TRUNCATED = "truncated"
    LIMIT = "limit-exceeded"
    UNREADABLE = "unreadable"
    TRANSFER_SYNTAX = "transfer-syntax-unknown"
    SOP_CLASS_UNKNOWN = "sop-class-unknown"
    SOP_CLASS_PRIVATE = "sop-class-private"
    IDENTITY_MISSING = "identity-missing"
    PATIENT_NOT_LISTED = "patient-not-listed"
    ENCAPSULATED_DOCUMENT = "encapsulated-document"
    AUDIO = "audio"
    PIXEL_RISK = "pixel-risk"
    PIXEL_STREAM = "pixel-stream"
    KNOWN_IDENTIFIER = "known-identifier"
    DUPLICATE_CONFLICT = "duplicate-conflict"
    CHANGED = "changed-while-reading"
    RULE_FAILED = "rule-failed"
    INTERNAL = "internal-error"
    # quarantined by validation of the output
    LEAK = "validation-leak"
    PIXELS_CHANGED = "validation-pixels"
    OBJECT_INVALID = "validation-object"
    STUDY_INCONSISTENT = "validation-study"
    CLAIMS_WRONG = "validation-claims"
    # quarantined by review
    REJECTED = "rejected-by-reviewer"
    REVIEW_EXPIRED = "review-expired"

    @property
    def ending(self) -> Ending:
        return Ending.SKIPPED if self in _SKIPPED else Ending.QUARANTINED

    @property
    def advice(self) -> str:
        """What the user can do about it, in one sentence."""
        return _ADVICE[self]


_SKIPPED: Final = frozenset(
    {
        Reason.EMPTY,
        Reason.NOT_DICOM,
        Reason.DICOMDIR,
        Reason.NOT_A_FILE,
        Reason.DUPLICATE,
        Reason.OUTPUT_EXISTS,
        Reason.NOT_IN_COHORT,
        Reason.ARRIVING,
    }
)

_ADVICE: Final[dict[Reason, str]] = {
    Reason.EMPTY: "The file has no bytes; fetch it again if it should have some.",
    Reason.NOT_DICOM: "The file is not DICOM; nothing to do unless it should be.",
    Reason.DICOMDIR: "A DICOMDIR is an index with file names; build a new one from the released files if one is needed.",
    Reason.NOT_A_FILE: "Links, pipes and devices are never followed; give the regular file itself.",
    Reason.DUPLICATE: "The same instance was released from another file; nothing to do.",
    Reason.OUTPUT_EXISTS: "An output of this name exists; use --overwrite or another output folder.",
    Reason.NOT_IN_COHORT: "The cohort filter leaves this instance out; nothing to do unless it should be in.",
    Reason.ARRIVING: "The study changed a moment ago, or an upload is not complete; a later run takes it when it is quiet.",
    Reason.BROKEN: "The structure of the data set is broken; repair or export the instance again.",
    Reason.TRUNCATED: "The file ends before the data set does; transfer it again.",
    Reason.LIMIT: "The data set exceeds a safety limit (depth, length or count); look at it by hand.",
    Reason.UNREADABLE: "The file could not be read; check permissions and the medium, then run again.",
    Reason.TRANSFER_SYNTAX: "The transfer syntax is unknown or private; convert the instance to a standard one.",
    Reason.SOP_CLASS_UNKNOWN: "No rules exist for this SOP class; it cannot be de-identified safely.",
    Reason.SOP_CLASS_PRIVATE: "Private SOP classes are outside PS3.15; they cannot be de-identified safely.",
    Reason.IDENTITY_MISSING: "SOP, series or study instance UID is missing; repair the instance.",
    Reason.PATIENT_NOT_LISTED: "The patient list does not name this patient; add the patient, or use --unlisted pseudonymise.",
    Reason.ENCAPSULATED_DOCUMENT: "Documents (PDF, CDA, 3D models) carry free content; review and share them outside this tool.",
    Reason.AUDIO: "Audio waveforms carry speech; review them by hand.",
    Reason.PIXEL_RISK: "The image may show text; look at it, then go on with --pixel-risk accept if it shows no identity.",
    Reason.PIXEL_STREAM: "The compressed pixel data could not be parsed for comments; decompress the instance and run again.",
    Reason.KNOWN_IDENTIFIER: "An identifier of this patient stands where no rule can remove it; look at the instance by hand.",
    Reason.DUPLICATE_CONFLICT: "Two different instances share one SOP Instance UID; decide which is right.",
    Reason.CHANGED: "The file changed while it was read; run again when it is complete.",
    Reason.RULE_FAILED: "A rule of the profile could not be carried out on this instance; look at it by hand.",
    Reason.INTERNAL: "deident failed on this instance; please report the reason code and the version.",
    Reason.LEAK: "Validation found an identifier of the original in the output; please report it.",
    Reason.PIXELS_CHANGED: "Validation found pixel data that differs from the original; please report it.",
    Reason.OBJECT_INVALID: "Validation found an error in the output that the original did not have; please report it.",
    Reason.STUDY_INCONSISTENT: "Validation found that the instances of the study do not fit together; look at the study.",
    Reason.CLAIMS_WRONG: "Validation found markers that do not state what was done; please report it.",
    Reason.REJECTED: "A reviewer rejected the study; change what was wrong with it, then: deident quarantine retry.",
    Reason.REVIEW_EXPIRED: "Nobody reviewed the study in time; do it again with deident quarantine retry, then review it.",
}


class DeidentError(Exception):
    """Root of everything that deident raises on purpose."""


class Refusal(DeidentError):
    """This input is not released. `reason` says why; `detail` names a tag or place, never a value."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)

    def __reduce__(self) -> tuple[type[Refusal], tuple[Reason, str]]:
        return (Refusal, (self.reason, self.detail))


class UsageProblem(DeidentError):
    """The call cannot be carried out as it was asked (exit code 2)."""


class ConfigurationError(UsageProblem):
    """A profile or job is wrong; the message names the key and the line, never the value."""


class PlaceProblem(UsageProblem):
    """A source, destination or home is missing, nested in another, or unsafe."""


class KeyProblem(UsageProblem):
    """A key file is missing, damaged, or readable by others."""


class TransientProblem(DeidentError):
    """May succeed when tried again (a busy disk, a lost connection). Everything else is permanent."""


class AlreadyExists(DeidentError):
    """A store holds an object of this name already, and overwriting was not asked for."""


class NotFound(DeidentError):
    """A store holds no object of this name (any more)."""


class VaultProblem(DeidentError):
    """The vault cannot answer. `object` names what is wrong by its opaque name; a wrong answer is never given."""

    def __init__(self, message: str, name: str = "") -> None:
        self.object = name
        super().__init__(f"{message} ({name})" if name else message)


class VaultAbsent(VaultProblem, UsageProblem):
    """There is no vault at this place, or its making was not finished."""


class WrongVaultKey(VaultProblem, KeyProblem):
    """None of the keys at hand opens this object, or the key service refuses to use them."""


class VaultTampered(VaultProblem):
    """An object of the vault is not what was written."""


class VaultSwapped(VaultProblem):
    """An object of the vault stands under a name, or in a vault, that is not its own."""


class VaultTruncated(VaultProblem):
    """An object of the vault ends too early."""


class VaultSegmentMissing(VaultProblem):
    """An object that the index of the vault knows is gone."""


class VaultSchemaUnknown(VaultProblem):
    """An object of the vault has a schema that this version does not know."""
