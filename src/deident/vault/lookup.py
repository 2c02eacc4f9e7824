"""Getting originals back: by pseudonym, or all of them as a table; each use is written down before it is answered."""

from __future__ import annotations

import csv
import io
import os
import pwd
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deident.engine.result import MapEntry
from deident.errors import AlreadyExists, PlaceProblem, VaultProblem
from deident.pseudonyms import Pseudonyms
from deident.stores.files import PRIVATE, write_file
from deident.vault.index import open_segments, read_index, segment_name
from deident.vault.place import Vault, now
from deident.vault.segments import fingerprint

__all__ = ["COLUMNS", "Report", "Status", "export", "reidentify", "status", "verify"]

COLUMNS: Final = ("domain", "original", "pseudonym")


def reidentify(vault: Vault, pseudonyms: Collection[str]) -> dict[str, list[MapEntry]]:
    """Every original of each of the pseudonyms (patient, accession, study id or UID); an empty list for an unknown one.

    The whole vault is read and has to be whole: raises the VaultProblem that keeps it from a full answer.
    """
    found: dict[str, list[MapEntry]] = {pseudonym: [] for pseudonym in pseudonyms}
    for entry in _entries(vault):
        if entry.pseudonym in found:
            found[entry.pseudonym].append(entry)
    _write_down(vault, "reidentify", asked=len(found), told=sum(map(len, found.values())))
    return found


def export(vault: Vault, path: Path) -> int:
    """Write the map to `path` as CSV with a heading (mode 0600), and return the number of entries. Replaces nothing."""
    if os.path.lexists(path):
        raise AlreadyExists("the file for the export exists already")
    if not path.parent.is_dir():
        raise PlaceProblem("the folder for the export does not exist")
    told = Counter[str]()
    write_file(str(path.parent), path.name, _table(vault, told), mode=PRIVATE)
    return told.total()


def _table(vault: Vault, told: Counter[str]) -> Iterator[bytes]:
    yield _line(COLUMNS)
    for entry in _entries(vault):
        told[entry.domain] += 1
        yield _line((entry.domain, entry.original, entry.pseudonym))
    # The file appears when this has ended: not before the use is on record.
    _write_down(vault, "export", asked=0, told=told.total())


def _line(values: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _entries(vault: Vault) -> Iterator[MapEntry]:
    """Every entry once. Memory: some 100 bytes for each."""
    seen: set[bytes] = set()
    for opened in open_segments(vault, read_index(vault).whole().writers):
        for entry in opened.entries:
            mark = fingerprint(entry)
            if mark not in seen:
                seen.add(mark)
                yield entry


def _write_down(vault: Vault, what: str, *, asked: int, told: int) -> None:
    """One record in the vault's own audit: who (a keyed reference), what, when, how many; no identifier."""
    number = os.geteuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        name = ""
    who = Pseudonyms(vault.secret).reference(f"user\0{number}\0{name}")
    vault.audit.append({"what": what, "who": who, "time": now(), "asked": asked, "told": told})


@dataclass(frozen=True, slots=True)
class Status:
    """Counts and the ids of the keys that sealed what is there; nothing is decrypted but the project secret."""

    project: str
    store: str
    secret_key: str
    writers: int
    segments: int
    size: int
    keys: dict[str, int]
    checkpoints: int
    lookups: int
    problems: tuple[VaultProblem, ...]


def status(vault: Vault) -> Status:
    """What stands in the vault, by names and clear lines alone."""
    index = read_index(vault)
    sizes = {entry.key: entry.size for entry in vault.store.list("map/")}
    live = [segment_name(writer.id, number) for writer in index.writers for number in writer.live]
    keys = Counter({writer.key: len(writer.live) for writer in index.writers if writer.live})
    return Status(
        project=vault.project,
        store=vault.id,
        secret_key=vault.sealed_secret().key,
        writers=len(index.writers),
        segments=index.segments,
        size=sum(sizes.get(name, 0) for name in live),
        keys=dict(keys.most_common()),
        checkpoints=index.checkpoint,
        lookups=vault.audit.count(),
        problems=index.problems,
    )


@dataclass(frozen=True, slots=True)
class Report:
    """What verification opened and counted (entries by domain, each once), and everything that it found wrong."""

    segments: int
    entries: dict[str, int]
    lookups: int
    problems: tuple[VaultProblem, ...]


def verify(vault: Vault) -> Report:
    """Open everything: the secret, the register, each segment in the order of its chain, the audit. Changes nothing."""
    vault.sealed_secret()
    index = read_index(vault)
    problems = list(index.problems)
    seen: set[bytes] = set()
    entries = Counter[str]()
    segments = 0
    missing = {problem.object for problem in problems}
    for opened in open_segments(vault, index.writers, problems):
        segments += 1
        fresh = {fingerprint(entry): entry.domain for entry in opened.entries}
        entries.update(domain for mark, domain in fresh.items() if mark not in seen)
        seen.update(fresh)
    lookups = 0
    try:
        lookups = len(vault.audit.read())
    except VaultProblem as problem:
        problems.append(problem)
    # What the index misses cannot be opened either: tell it once.
    first = len(index.problems)
    told = problems[:first] + [problem for problem in problems[first:] if problem.object not in missing]
    return Report(segments, dict(entries), lookups, tuple(told))
