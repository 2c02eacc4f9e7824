"""The patient list of a trial: a CSV that says which subject each original Patient ID becomes (docs/patients-and-cohorts.md).

It is as confidential as the originals. Whatever is wrong with it is refused as a whole, with line numbers and no value.
"""

from __future__ import annotations

import contextlib
import csv
import hmac
import io
import json
import os
import re
import stat
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from deident.errors import ConfigurationError, PlaceProblem
from deident.pseudonyms.ids import PLACEHOLDER_PATIENT_IDS, normalise_id
from deident.pseudonyms.keys import ProjectKey

__all__ = ["MAX_BYTES", "ListedSubject", "SubjectList", "Unlisted"]

MAX_BYTES: Final = 32 << 20
_COLUMNS: Final = ("patient_id", "issuer", "subject_id", "date_offset_days")
_REQUIRED: Final = frozenset({"patient_id", "subject_id"})
_PURPOSE: Final = "deident/patients/1"
_TOLD: Final = 5
#: A value of LO and PN (PS3.5 6.2: 64 characters; `^` and `=` divide names), of any character set, and the name of a folder.
_SUBJECT_ID: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._+()#-]{0,62}[A-Za-z0-9)#+_-])?")
_OFFSET: Final = re.compile(r"[+-]?[0-9]{1,5}")
_LARGEST_OFFSET: Final = 36_500
#: `1` names nobody in a PACS, but it may well be the first patient of a trial.
_NOBODY: Final = PLACEHOLDER_PATIENT_IDS - {"1"}
#: Shorter ids occur by chance within a subject id.
_TELLING: Final = 4


class Unlisted(StrEnum):
    """What happens to a patient whom the list does not name: held, or given a keyed pseudonym."""

    REFUSE = "refuse"
    PSEUDONYMISE = "pseudonymise"


@dataclass(frozen=True, slots=True)
class ListedSubject:
    """What the list says of a patient. `offset_days` None: the project key decides."""

    pseudonym: str
    offset_days: int | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the list, normalised; a blank `issuer` stands for any."""

    line: int
    patient_id: str = field(repr=False)
    issuer: str = field(repr=False)
    subject_id: str = field(repr=False)
    offset_days: int | None = field(repr=False)


class SubjectList:
    """Original ids with their subjects, compared as `normalise_id` has them. Several ids may be joined to one subject."""

    def __init__(self, rows: Iterable[_Row] = ()) -> None:
        self._entries: dict[str, dict[str, ListedSubject]] = defaultdict(dict)
        for row in rows:
            self._entries[row.patient_id][row.issuer] = ListedSubject(row.subject_id, row.offset_days)
        self._entries = dict(self._entries)

    def __repr__(self) -> str:
        return f"SubjectList(<{len(self)} ids>)"

    def __len__(self) -> int:
        return sum(map(len, self._entries.values()))

    @classmethod
    def load(cls, path: Path | str) -> SubjectList:
        """Read a CSV file. Raises PlaceProblem when it cannot be read, ConfigurationError when it says something wrong."""
        return cls.parse(_read(path))

    @classmethod
    def parse(cls, data: bytes) -> SubjectList:
        """The list in the bytes of a CSV file. Raises ConfigurationError, which holds line numbers and no value."""
        problems: list[str] = []
        rows = list(_rows(_text(data), problems))
        problems += _contradictions(rows)
        if problems:
            more = [f"and {len(problems) - _TOLD} more"] if len(problems) > _TOLD else []
            raise ConfigurationError("the patient list: " + "; ".join(problems[:_TOLD] + more))
        if not rows:
            raise ConfigurationError("the patient list names no patient")
        return cls(rows)

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Every original id, normalised, with the subject it becomes."""
        for patient_id, issuers in self._entries.items():
            yield from ((patient_id, subject.pseudonym) for subject in issuers.values())

    def find(self, patient_id: str, issuer: str = "") -> ListedSubject | None:
        """The subject of an original id; an entry without issuer is for that id whoever issued it."""
        found = self._entries.get(normalise_id(patient_id))
        return None if found is None else found.get("") or found.get(normalise_id(issuer))

    def digest(self, key: ProjectKey) -> str:
        """Keyed digest of what the list says, however it is written: `hmac-sha256:` and 64 hex digits."""
        content = [
            (patient_id, issuer, subject.pseudonym, subject.offset_days)
            for patient_id, issuers in self._entries.items()
            for issuer, subject in issuers.items()
        ]
        encoded = json.dumps(sorted(content, key=lambda entry: entry[:2])).encode()
        return "hmac-sha256:" + hmac.digest(key.derive(_PURPOSE), encoded, "sha256").hex()


def _read(path: Path | str) -> bytes:
    descriptor = -1
    # The exceptions hold the path: not to be seen as a context of ours. A pipe would keep us waiting for ever.
    with contextlib.suppress(OSError, ValueError):
        descriptor = os.open(Path(path).expanduser(), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if descriptor < 0:
        raise PlaceProblem("the patient list does not exist or cannot be opened")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise PlaceProblem("the patient list is no regular file")
    with os.fdopen(descriptor, "rb") as file, contextlib.suppress(OSError):
        return file.read(MAX_BYTES + 1)
    raise PlaceProblem("the patient list cannot be read")


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise ConfigurationError(f"the patient list is larger than {MAX_BYTES >> 20} MiB")
    text = None
    with contextlib.suppress(UnicodeDecodeError):  # it holds the bytes: not to be seen as a context of ours
        text = data.decode("utf-8-sig")
    if text is None or "\0" in text:
        raise ConfigurationError("the patient list is no text in UTF-8")
    return text


def _rows(text: str, problems: list[str]) -> Iterator[_Row]:
    """The rows that are right; what is wrong with the others goes to `problems`. Raises ConfigurationError for the header."""
    names: list[str] = []
    for line, cells in _cells(text):
        if not names:
            names = _header(cells)
        elif len(cells) != len(names):
            problems.append(f"line {line}: {len(cells)} columns where the header has {len(names)}")
        else:
            row = _row(line, dict(zip(names, cells, strict=True)))
            if isinstance(row, str):
                problems.append(f"line {line}: {row}")
            else:
                yield row
    if not names:
        raise ConfigurationError("the patient list is empty")


def _cells(text: str) -> Iterator[tuple[int, list[str]]]:
    """(number of its first line, cells without outer blanks) of every record that is not blank."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = ";" if ";" in first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        line = reader.line_num + 1
        failed = False
        try:
            cells = next(reader, None)
        except csv.Error:
            failed = True
        if failed:
            raise ConfigurationError(
                f"the patient list, line {line}: quotes that do not fit, or a cell that is too long"
            )
        if cells is None:
            return
        cells = [cell.strip() for cell in cells]
        if any(cells):
            yield line, cells


def _header(cells: Sequence[str]) -> list[str]:
    names = [cell.lower() for cell in cells]
    for number, name in enumerate(names, 1):
        if name not in _COLUMNS:
            raise ConfigurationError(
                f"the patient list: column {number} of the header is none of {', '.join(_COLUMNS)} (separated by , or ;)"
            )
    if len(set(names)) < len(names) or not _REQUIRED.issubset(names):
        raise ConfigurationError("the patient list: the header needs patient_id and subject_id, and each column once")
    return names


def _row(line: int, values: dict[str, str]) -> _Row | str:
    """The row, or what is wrong with it."""
    if any(unicodedata.category(character) == "Cc" for value in values.values() for character in value):
        return "a control character or line break in a cell"
    patient_id = normalise_id(values["patient_id"])
    if patient_id.upper() in _NOBODY:
        return "patient_id is blank or a placeholder that names nobody"
    subject_id = values["subject_id"]
    if _SUBJECT_ID.fullmatch(subject_id) is None:
        return "subject_id is 1 to 64 letters, digits, spaces and . _ + ( ) # -, with a letter or digit first"
    if len(patient_id) >= _TELLING and patient_id.casefold() in subject_id.casefold():
        return "subject_id holds the patient_id"
    offset = values.get("date_offset_days", "")
    if offset and (_OFFSET.fullmatch(offset) is None or not 0 < abs(int(offset)) <= _LARGEST_OFFSET):
        return f"date_offset_days is a whole number of days from -{_LARGEST_OFFSET} to {_LARGEST_OFFSET}, not 0"
    return _Row(line, patient_id, normalise_id(values.get("issuer", "")), subject_id, int(offset) if offset else None)


def _contradictions(rows: Sequence[_Row]) -> Iterator[str]:
    """What rows that are right one by one say against each other."""
    originals: dict[str, dict[str, _Row]] = defaultdict(dict)
    subjects: dict[str, _Row] = {}
    lines = {row.patient_id.casefold(): row.line for row in reversed(rows)}
    for row in rows:
        issuers = originals[row.patient_id]
        # A blank issuer stands for any.
        other = issuers.get(row.issuer) or (issuers.get("") if row.issuer else next(iter(issuers.values()), None))
        issuers.setdefault(row.issuer, row)
        if other is not None:
            same = (row.subject_id, row.offset_days) == (other.subject_id, other.offset_days)
            yield f"lines {other.line} and {row.line} {'name the same' if same else 'contradict each other on one'} patient"
        # As a file system that ignores case would compare them, and a reader who does not count blanks.
        folded = normalise_id(row.subject_id).casefold()
        known = subjects.setdefault(folded, row)
        if known.subject_id != row.subject_id:
            yield f"lines {known.line} and {row.line}: subject ids that differ in case or blanks alone"
        elif known.offset_days != row.offset_days:
            yield f"lines {known.line} and {row.line}: one subject with two date offsets"
        if folded in lines:
            yield f"line {row.line}: subject_id is the patient_id of line {lines[folded]}"
