"""Take a map that a site has already (CSV: original id, pseudonym) into the vault; all of it or nothing."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from deident.engine.result import MapEntry
from deident.errors import ConfigurationError
from deident.pseudonyms import SubjectList
from deident.vault.lookup import COLUMNS
from deident.vault.segments import DOMAINS
from deident.vault.writer import SegmentRef, VaultWriter

__all__ = ["import_map", "read_map"]

_SHOWN: Final = 20
#: LO (PS3.5 Table 6.2-1): what a pseudonym of a patient has to fit into.
_LONGEST_PSEUDONYM: Final = 64
_LONGEST_ORIGINAL: Final = 1024
#: A first row of such names, in any case, is a heading.
_HEADINGS: Final = frozenset(
    {"original", "original id", "original_id", "patient id", "patient_id", "patientid", "id", "mrn"}
)


def import_map(writer: VaultWriter, path: Path) -> tuple[int, SegmentRef | None]:
    """Seal the entries of a file; their number and the last segment. Raises ConfigurationError before anything is sealed."""
    entries = read_map(path)
    return len(entries), writer.seal(entries)


def read_map(path: Path) -> list[MapEntry]:
    """Two columns (original patient id, pseudonym), the three of an export, or a patient list of a run.

    UTF-8; a heading may stand first, a patient list is known by its own. Raises ConfigurationError, which names lines
    and never a value, or PlaceProblem.
    """
    if _is_patient_list(path):
        return [MapEntry("patient", *pair) for pair in SubjectList.load(path).pairs()]
    problems: list[str] = []
    failure = ""
    entries: list[MapEntry] = []
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            entries = list(_rows(file, problems))
    except OSError:
        failure = "the map cannot be opened"
    except UnicodeDecodeError:
        failure = "the map is not UTF-8"
    if failure:
        raise ConfigurationError(failure)
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise ConfigurationError("the map is not imported: " + "; ".join(problems[:_SHOWN]) + more)
    if not entries:
        raise ConfigurationError("the map holds no entry")
    return entries


def _is_patient_list(path: Path) -> bool:
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            first = next((line for line in file if line.strip()), "")
    except OSError:
        return False
    names = {name.strip().strip('"').lower() for name in first.replace(";", ",").split(",")}
    return names >= {"patient_id", "subject_id"}


def _rows(file: Iterable[str], problems: list[str]) -> Iterator[MapEntry]:
    """The entries of the rows; what is wrong goes to `problems`, with its line."""
    reader = csv.reader(file, strict=True)
    originals: dict[str, tuple[str, int]] = {}
    pseudonyms: dict[str, tuple[str, int]] = {}
    width = 0
    while True:
        start = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            problems.append(f"line {start}: it is no CSV")
            return
        if not row:
            continue
        if not width:
            width = len(row)
            if width not in (2, 3):
                problems.append(f"line {start}: two columns are needed (original id, pseudonym), or three of an export")
                return
            if _is_heading(row):
                continue
        problem = _problem(row, width)
        if not problem and width == 2:
            problem = _conflict(row, start, originals, pseudonyms)
        if problem:
            problems.append(f"line {start}: {problem}")
        else:
            yield MapEntry("patient", *row) if width == 2 else MapEntry(*row)


def _is_heading(row: list[str]) -> bool:
    return tuple(row) == COLUMNS or (len(row) == 2 and row[0].strip().lower() in _HEADINGS)


def _problem(row: list[str], width: int) -> str:
    if len(row) != width:
        return f"{len(row)} columns instead of {width}"
    domain, original, pseudonym = ("patient", *row) if width == 2 else row
    if domain not in DOMAINS:
        return "the domain is unknown"
    if not original.strip() or not pseudonym.strip():
        return "a value is empty"
    if len(original) > _LONGEST_ORIGINAL or len(pseudonym) > _LONGEST_PSEUDONYM:
        return "a value is too long"
    if original.strip() == pseudonym.strip():
        return "the pseudonym is the original"
    if "\\" in pseudonym or not pseudonym.isprintable():
        return "the pseudonym holds a character that DICOM does not allow there"
    return ""


def _conflict(
    row: list[str], line: int, originals: dict[str, tuple[str, int]], pseudonyms: dict[str, tuple[str, int]]
) -> str:
    """A site's list gives each patient one pseudonym and no two patients the same; to repeat a row does no harm."""
    original, pseudonym = row
    known, where = originals.setdefault(original, (pseudonym, line))
    if known != pseudonym:
        return f"another pseudonym than in line {where} for the same original"
    known, where = pseudonyms.setdefault(pseudonym, (original, line))
    if known != original:
        return f"the same pseudonym as in line {where} for another original"
    return ""
