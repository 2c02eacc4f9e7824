"""Original ids as the pseudonym functions and patient lists compare them."""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["PLACEHOLDER_PATIENT_IDS", "normalise_id"]

#: Patient IDs that name nobody: all such patients would become one.
PLACEHOLDER_PATIENT_IDS: Final = frozenset(
    {
        "",
        "0",
        "00",
        "000",
        "0000",
        "00000",
        "000000",
        "1",
        "ANON",
        "ANONYMIZED",
        "ANONYMISED",
        "ANONYMOUS",
        "DEIDENTIFIED",
    }
    | {
        "N/A",
        "NA",
        "NO ID",
        "NOID",
        "NONE",
        "NULL",
        "PATIENT",
        "PATIENTID",
        "TEST",
        "UNDEFINED",
        "UNKNOWN",
        "X",
        "XXX",
        "-",
    }
)


def normalise_id(value: str) -> str:
    """NFKC, outer blanks and NULs stripped, inner runs of blanks collapsed to one space. Case is kept: it can distinguish."""
    return " ".join(unicodedata.normalize("NFKC", value).replace("\0", " ").split())
