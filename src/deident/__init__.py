"""deident: DICOM bytes in; de-identified bytes, a pseudonym map entry and an audit record out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from deident.lazily import lazily

if TYPE_CHECKING:
    from deident.anonymizer import AnonymizationResult, AnonymizedTag, DICOMAnonymizer, DirectoryResult
    from deident.cohort import Cohort
    from deident.errors import DeidentError, Ending, Reason, UsageProblem
    from deident.profile import Option, PixelRisk, Profile, Strategy
    from deident.pseudonyms import Unlisted

__all__ = [
    "AnonymizationResult",
    "AnonymizedTag",
    "Cohort",
    "DICOMAnonymizer",
    "DeidentError",
    "DirectoryResult",
    "Ending",
    "Option",
    "PixelRisk",
    "Profile",
    "Reason",
    "Strategy",
    "Unlisted",
    "UsageProblem",
    "__version__",
]

__version__ = "0.1.0"

_NAMES: Final = {
    "deident.anonymizer": ("AnonymizationResult", "AnonymizedTag", "DICOMAnonymizer", "DirectoryResult"),
    "deident.cohort": ("Cohort",),
    "deident.errors": ("DeidentError", "Ending", "Reason", "UsageProblem"),
    "deident.profile": ("Option", "PixelRisk", "Profile", "Strategy"),
    "deident.pseudonyms": ("Unlisted",),
}

__getattr__, __dir__ = lazily(__name__, _NAMES)
