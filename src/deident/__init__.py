"""deident: DICOM bytes in; de-identified bytes, a pseudonym map entry and an audit record out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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

_HOMES: Final = {
    **dict.fromkeys(
        ("AnonymizationResult", "AnonymizedTag", "DICOMAnonymizer", "DirectoryResult"), "deident.anonymizer"
    ),
    "Cohort": "deident.cohort",
    "Unlisted": "deident.pseudonyms",
    **dict.fromkeys(("DeidentError", "Ending", "Reason", "UsageProblem"), "deident.errors"),
    **dict.fromkeys(("Option", "PixelRisk", "Profile", "Strategy"), "deident.profile"),
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for: `deident --help` must not wait for pydantic."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib  # noqa: PLC0415 - for start-up

    value: object = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
