"""The pseudonym functions: HMAC-SHA-256 over a domain and a normalised original (PS3.15 E.1.1: never an unkeyed hash).

`DERIVATION` is the version of normalisation, encoding and derivation together. Frozen vectors in the tests hold it still:
a change of any of them needs a new version, since pseudonyms must never change under a project's feet.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from deident.errors import ConfigurationError, Reason, Refusal
from deident.pseudonyms.ids import PLACEHOLDER_PATIENT_IDS, normalise_id
from deident.pseudonyms.keys import ProjectKey
from deident.pseudonyms.subjects import ListedSubject, SubjectList, Unlisted

__all__ = ["DATE_RANGE_DAYS", "DERIVATION", "Pseudonyms", "Subject"]

DERIVATION: Final = "deident/1"
#: Keyed date offsets are 1 to this many days unless a profile says otherwise.
DATE_RANGE_DAYS: Final = 3650
SHORT_LENGTH: Final = 16
#: Shifts of times of day are of at least an hour, so that even an hour alone changes, and of less than half a day.
_LEAST_SECONDS: Final = 3_600
_SHIFTS_OF_TIME: Final = 43_200 - _LEAST_SECONDS
_SEPARATOR: Final = b"\x1f"
_CACHE_LIMIT: Final = 50_000


@dataclass(frozen=True, slots=True)
class Subject:
    """Who a patient becomes: the pseudonym, and what to subtract from every date (whoever knows it has the dates back).

    `listed`: the patient list of the trial decided, and not the project key. `offset_seconds` are subtracted beside the days,
    and are 0 where times of day stay.
    """

    pseudonym: str
    offset_days: int = field(repr=False)
    listed: bool = False
    offset_seconds: int = field(default=0, repr=False)


class Pseudonyms:
    """The keyed functions of one project (or of one run, when its key was derived for that run).

    `prefix` stands before every keyed patient pseudonym; LO allows 64 characters in all (PS3.5 Table 6.2-1). `subjects`
    is the patient list that goes before the key, `unlisted` what happens to a patient whom it does not name. Keyed date
    offsets are multiples of `date_multiple` (7 keeps days of the week) of at most `date_range_days`, and never 0. With
    `shift_times` there are 1 to 12 hours beside the days, earlier or later, also where the list gives the days: so that a time of
    day always changes, at whatever precision, and noon stays in its day.
    """

    def __init__(
        self,
        key: ProjectKey,
        *,
        prefix: str = "",
        subjects: SubjectList | None = None,
        unlisted: Unlisted = Unlisted.REFUSE,
        date_range_days: int = DATE_RANGE_DAYS,
        date_multiple: int = 1,
        shift_times: bool = False,
    ) -> None:
        if not 1 <= date_multiple <= date_range_days:
            raise ConfigurationError("date_multiple: a number of days from 1 to date_range_days")
        self._keys = {domain: key.derive(f"{DERIVATION}|{domain}") for domain in _DOMAINS}
        self._prefix = prefix
        self._list = subjects
        self._unlisted = unlisted
        self._multiple = date_multiple
        self._multiples = date_range_days // date_multiple
        self._shift_times = shift_times
        self._subjects: dict[tuple[str, str, str, tuple[tuple[str, str], ...]], Subject] = {}
        self._uids: dict[bytes, str] = {}
        self._patients: dict[str, str] = {}
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

    def subject(self, patient_id: str, issuer: str, study_uid: str, others: Iterable[tuple[str, str]] = ()) -> Subject:
        """Who the patient of an instance becomes.

        The list decides where it names the Patient ID (0010,0020) with its issuer (0010,0021), else where it names one of
        `others`: (id, issuer or "") of Other Patient IDs (0010,1000) and (0010,1002). For everybody else the key decides, or
        the patient is refused: raises Refusal(PATIENT_NOT_LISTED), also where the other ids belong to several subjects.
        """
        key = (patient_id, issuer, study_uid, tuple(others))
        known = self._subjects.get(key)
        if known is None:
            if len(self._subjects) >= _CACHE_LIMIT:
                self._subjects.clear()
            known = self._subjects[key] = self._subject(patient_id, issuer, study_uid, key[3])
        return known

    def _subject(self, patient_id: str, issuer: str, study_uid: str, others: Iterable[tuple[str, str]]) -> Subject:
        if self._list is not None:
            listed = _look_up(self._list, patient_id, issuer, others)
            if listed is not None:
                # From the subject and not from the id, which is one of several where a list joins them.
                name = listed.pseudonym
                days = listed.offset_days or self._offset("date-of-subject", name)
                return Subject(name, days, listed=True, offset_seconds=self._seconds("time-of-subject", name))
            if self._unlisted is Unlisted.REFUSE:
                raise Refusal(Reason.PATIENT_NOT_LISTED)
        normal = normalise_id(patient_id)
        if normal.upper() in PLACEHOLDER_PATIENT_IDS:
            pseudonym = self._short("patient-of-study", study_uid)
            return self._keyed(pseudonym, "date-of-study", "time-of-study", study_uid)
        parts = normalise_id(issuer), normal
        return self._keyed(self._short("patient", *parts), "date", "time", *parts)

    def _keyed(self, pseudonym: str, days: str, seconds: str, *parts: str) -> Subject:
        offset = self._offset(days, *parts)
        return Subject(self._prefix + pseudonym, offset, offset_seconds=self._seconds(seconds, *parts))

    def _offset(self, domain: str, *parts: str) -> int:
        number = int.from_bytes(self._digest(domain, *parts)[:8])
        return self._multiple * (1 + number % self._multiples)

    def _seconds(self, domain: str, *parts: str) -> int:
        if not self._shift_times:
            return 0
        number = int.from_bytes(self._digest(domain, *parts)[:8]) % (2 * _SHIFTS_OF_TIME)
        size = _LEAST_SECONDS + number % _SHIFTS_OF_TIME
        return size if number < _SHIFTS_OF_TIME else -size

    def patient(self, patient_id: str, issuer: str, study_uid: str) -> str:
        """Pseudonym of a Patient ID (0010,0020): that of the list, else prefix and 16 base32 characters, i.e. 80 bits.

        A blank or placeholder id derives from the Study Instance UID instead. Raises Refusal as `subject` does.
        """
        return self.subject(patient_id, issuer, study_uid).pseudonym

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

    def date_offset(self, patient_id: str, issuer: str, study_uid: str) -> int:
        """Days to subtract from every date of a patient, the same for all studies of the patient; never 0."""
        return self.subject(patient_id, issuer, study_uid).offset_days

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

    def patient_reference(self, patient_id: str) -> str:
        """The same of a patient id, which comes again with each instance: kept."""
        known = self._patients.get(patient_id)
        if known is None:
            if len(self._patients) >= _CACHE_LIMIT:
                self._patients.clear()
            known = self._patients[patient_id] = self.reference(patient_id)
        return known


def _look_up(
    subjects: SubjectList, patient_id: str, issuer: str, others: Iterable[tuple[str, str]]
) -> ListedSubject | None:
    listed = subjects.find(patient_id, issuer)
    if listed is not None:
        return listed
    found = {subject for other in others if (subject := subjects.find(*other)) is not None}
    if len(found) > 1:
        raise Refusal(Reason.PATIENT_NOT_LISTED, "other patient ids of several subjects")
    return next(iter(found), None)


_DOMAINS: Final = (
    *(
        "patient",
        "patient-of-study",
        "accession",
        "study-id",
        "uid",
        "date",
        "date-of-study",
        "date-of-subject",
        "time",
        "time-of-study",
        "time-of-subject",
        "study-reference",
        "reference",
        "value",
    ),
)
