"""The pseudonym functions: HMAC-SHA-256 over a domain and a normalised original (PS3.15 E.1.1: never an unkeyed hash).

`DERIVATION` is the version of normalisation, encoding and derivation together. Frozen vectors in the tests hold it still:
a change of any of them needs a new version, since pseudonyms must never change under a project's feet.
"""

from __future__ import annotations

import base64
import hmac
import unicodedata
from typing import Final

from deident.pseudonyms.keys import ProjectKey

__all__ = ["DERIVATION", "PLACEHOLDER_PATIENT_IDS", "Pseudonyms", "normalise_id"]

DERIVATION: Final = "deident/1"
SHORT_LENGTH: Final = 16
_SEPARATOR: Final = b"\x1f"
_CACHE_LIMIT: Final = 200_000

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


class Pseudonyms:
    """The keyed functions of one project (or of one run, when its key was derived for that run).

    `prefix` stands before every patient pseudonym; LO allows 64 characters in all (PS3.5 Table 6.2-1).
    """

    def __init__(self, key: ProjectKey, *, prefix: str = "") -> None:
        self._keys = {domain: key.derive(f"{DERIVATION}|{domain}") for domain in _DOMAINS}
        self._prefix = prefix
        self._uids: dict[bytes, str] = {}
        self._shorts: dict[tuple[str, ...], str] = {}

    def __repr__(self) -> str:
        return "Pseudonyms(<keyed>)"

    def _digest(self, domain: str, *parts: str) -> bytes:
        return hmac.digest(self._keys[domain], _SEPARATOR.join(p.encode() for p in parts), "sha256")

    def _short(self, domain: str, *parts: str) -> str:
        key = (domain, *parts)
        known = self._shorts.get(key)
        if known is None:
            if len(self._shorts) >= _CACHE_LIMIT:
                self._shorts.clear()
            known = self._shorts[key] = base64.b32encode(self._digest(*key)).decode()[:SHORT_LENGTH]
        return known

    def patient(self, patient_id: str, issuer: str, study_uid: str) -> str:
        """Pseudonym of a Patient ID (0010,0020): prefix and 16 base32 characters, i.e. 80 bits.

        A blank or placeholder id derives from the Study Instance UID instead.
        """
        normal = normalise_id(patient_id)
        if normal.upper() in PLACEHOLDER_PATIENT_IDS:
            return self._prefix + self._short("patient-of-study", study_uid)
        return self._prefix + self._short("patient", normalise_id(issuer), normal)

    def accession(self, value: str) -> str:
        """Pseudonym of an Accession Number (0008,0050): 16 base32 characters (SH). Blank stays blank."""
        normal = normalise_id(value)
        return self._short("accession", normal) if normal else ""

    def study_id(self, value: str, study_uid: str) -> str:
        """Pseudonym of a Study ID (0020,0010): 16 base32 characters (SH), local to its study. Blank stays blank."""
        normal = normalise_id(value)
        return self._short("study-id", study_uid, normal) if normal else ""

    def uid(self, value: bytes) -> str:
        """Replacement of a UID: `2.25.` and the decimal of a version 8 UUID (RFC 9562, PS3.5 B.2); at most 44 characters.

        No tag, level or file takes part: the same UID stands in many attributes and files. `value` is one value of a UI
        element; trailing NUL and space are ignored. A syntactically invalid UID is mapped all the same.
        """
        canonical = value.strip(b"\0 ")
        known = self._uids.get(canonical)
        if known is not None:
            return known
        number = int.from_bytes(hmac.digest(self._keys["uid"], canonical, "sha256")[:16])
        number = number & ~(0xF << 76) | (8 << 76)
        number = number & ~(0x3 << 62) | (2 << 62)
        if len(self._uids) >= _CACHE_LIMIT:
            self._uids.clear()
        result = self._uids[canonical] = f"2.25.{number}"
        return result

    def date_offset(self, patient_id: str, issuer: str, study_uid: str, days: int = 3650) -> int:
        """Days to subtract from every date of a patient: 1 to `days`, the same for all studies of the patient."""
        normal = normalise_id(patient_id)
        if normal.upper() in PLACEHOLDER_PATIENT_IDS:
            digest = self._digest("date-of-study", study_uid)
        else:
            digest = self._digest("date", normalise_id(issuer), normal)
        return 1 + int.from_bytes(digest[:8]) % days

    def digest(self, value: str) -> str:
        """Keyed digest that stands for a value, whatever the attribute: 16 base32 characters (SH). Blank stays blank."""
        normal = normalise_id(value)
        return self._short("value", normal) if normal else ""

    def study_reference(self, study_uid: str) -> str:
        """Opaque study id for names in logs, ledger and Prefect: 16 lower-case base32 characters."""
        return self._short("study-reference", study_uid.strip("\0 ")).lower()

    def reference(self, value: str) -> str:
        """Keyed reference to a value that may hold an identifier (a path, a patient id): `hmac-sha256:` and 64 hex digits."""
        return "hmac-sha256:" + self._digest("reference", value).hex()


_DOMAINS: Final = (
    *(
        "patient",
        "patient-of-study",
        "accession",
        "study-id",
        "uid",
        "date",
        "date-of-study",
        "study-reference",
        "reference",
        "value",
    ),
)
