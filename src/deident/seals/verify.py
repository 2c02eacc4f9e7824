"""Verify a ledger: every record in its place, under its seal and in its chain, every chain up to its sealed head."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from deident.errors import DeidentError
from deident.ledger import Head, LedgerError, Record, digest_of_record
from deident.seals.mac import Seal
from deident.seals.runs import RunRecord
from deident.seals.troubles import Problem, Trouble, Verification
from deident.stores.protocol import Store, read_all

__all__ = ["Witness", "order", "verify"]

_STUDY: Final = re.compile(r"studies/([a-z2-7]{16})/(\d{8})\.json")
_CHAIN: Final = re.compile(r"chains/([0-9a-f]{16})\.json")
_RUN: Final = re.compile(r"runs/(\d{8})\.json")


@dataclass(frozen=True, slots=True)
class Witness:
    """What stands outside of the ledger and says what was in it.

    `reports` maps the run of each report to the (number, digest) of its run record. `audit` gives the digest of the
    audit log of (run, study), None when there is none.
    """

    reports: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    audit: Callable[[str, str], str | None] | None = None


@dataclass(slots=True)
class _Found:
    """Everything that could be read: records by writer and sequence with their digest, run records, chains."""

    problems: list[Problem] = field(default_factory=list)
    records: dict[tuple[str, int], tuple[Record, str]] = field(default_factory=dict)
    numbers: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    runs: dict[int, tuple[RunRecord | None, str]] = field(default_factory=dict)
    chains: dict[str, str] = field(default_factory=dict)
    changed: list[tuple[Record, str]] = field(default_factory=list)
    count: int = 0

    def wrong(self, trouble: Trouble, where: str) -> None:
        self.problems.append(Problem(trouble, where))


def verify(
    store: Store, seal: Seal, *, witness: Witness | None = None, at_work: Callable[[str], bool] = lambda _: False
) -> Verification:
    """Read the whole ledger and say what is wrong with it. Raises TransientProblem when it cannot be read for now.

    Whoever holds the project key can forge anything; for everybody else every change, removal, renaming, swap and
    truncation of what a run record covers is found. Of a killed run, its last records can be removed unnoticed until
    the next run has sealed them.
    """
    found = _Found()
    for entry in store.list():
        if entry.irregular or not _take(found, store, seal, entry.key):
            found.wrong(Trouble.FOREIGN, f"{entry.key.split('/')[0]}/" if entry.key.startswith(_KNOWN) else "(top)")
    for record, digest in found.changed:
        # It is told of already; in its place it is not told of as missing, too.
        found.records.setdefault((record.writer, record.sequence), (record, digest))
    _check_studies(found)
    _check_runs(found, witness.reports if witness else {})
    sealed = _check_heads(found)
    _check_chains(found)
    alive = _check_unsealed(found, sealed, at_work)
    if witness is not None and witness.audit is not None:
        _check_audits(found, witness.audit)
    last = max(found.runs, default=0)
    return Verification(
        problems=tuple(dict.fromkeys(found.problems)),
        studies=len(found.numbers),
        records=found.count,
        runs=len(found.runs),
        at_work=alive,
        head=found.runs[last][1] if last else "",
    )


_KNOWN: Final = ("studies/", "chains/", "runs/")


def _take(found: _Found, store: Store, seal: Seal, key: str) -> bool:
    """Read one object into `found`; False when it has no name of ours."""
    if study := _STUDY.fullmatch(key):
        _take_record(found, seal, study[1], int(study[2]), _read(store, key))
    elif run := _RUN.fullmatch(key):
        _take_run(found, seal, int(run[1]), _read(store, key))
    elif chain := _CHAIN.fullmatch(key):
        _take_chain(found, seal, chain[1], _read(store, key))
    else:
        return False
    return True


def _read(store: Store, key: str) -> bytes:
    try:
        return read_all(store, key)
    except LedgerError:
        raise
    except DeidentError:
        return b""


def _take_record(found: _Found, seal: Seal, study: str, number: int, data: bytes) -> None:
    where = f"study {study}, record {number}"
    found.numbers[study].add(number)
    found.count += 1
    try:
        record = Record.from_bytes(data)
    except LedgerError:
        found.wrong(Trouble.RECORD_DAMAGED, where)
        return
    if record.to_bytes() != data or not seal.holds(record.content()):
        found.wrong(Trouble.RECORD_CHANGED, where)
        found.changed.append((record, digest_of_record(data)))
        return
    if (record.study, record.number) != (study, number):
        found.wrong(Trouble.RECORD_MISPLACED, where)
    place = (record.writer, record.sequence)
    if place in found.records:
        found.wrong(Trouble.RECORD_TWICE, where)
    found.records[place] = (record, digest_of_record(data))


def _take_run(found: _Found, seal: Seal, number: int, data: bytes) -> None:
    where = f"run record {number}"
    digest = digest_of_record(data)
    found.runs[number] = (None, digest)
    try:
        record = RunRecord.from_bytes(data)
    except LedgerError:
        found.wrong(Trouble.RUN_DAMAGED, where)
        return
    if record.to_bytes() != data or not seal.holds(record.content()):
        found.wrong(Trouble.RUN_CHANGED, where)
    elif record.number != number:
        found.wrong(Trouble.RUN_MISPLACED, f"{where}, run {record.run}")
    else:
        found.runs[number] = (record, digest)


def _take_chain(found: _Found, seal: Seal, writer: str, data: bytes) -> None:
    try:
        content = json.loads(data)
        genuine = seal.holds(content) and content["writer"] == writer
        run = str(content["run"])
    except (ValueError, TypeError, KeyError, AttributeError):
        genuine = False
    found.chains[writer] = run if genuine else ""
    if not genuine:
        found.wrong(Trouble.CHAIN_CHANGED, f"writer {writer}")


def _check_studies(found: _Found) -> None:
    """The records of a study are numbered from 1 without a gap."""
    for study, numbers in found.numbers.items():
        for number in sorted(set(range(1, max(numbers))) - numbers):
            found.wrong(Trouble.RECORD_MISSING, f"study {study}, record {number}")


def _check_runs(found: _Found, reports: Mapping[str, tuple[int, str]]) -> None:
    """Run records are numbered from 1 without a gap, each points at the one before, and every report has its own."""
    for number in range(1, max(found.runs, default=0) + 1):
        if number not in found.runs:
            found.wrong(Trouble.RUN_MISSING, f"run record {number}")
            continue
        record, _ = found.runs[number]
        _, before = found.runs.get(number - 1, (None, ""))
        if record is not None and number - 1 in {0, *found.runs} and record.previous != before:
            found.wrong(Trouble.RUN_CHAIN_BROKEN, f"run record {number}, run {record.run}")
    for run, (number, digest) in reports.items():
        if number not in found.runs:
            found.wrong(Trouble.RUN_MISSING, f"run record {number}, run {run}")
        elif found.runs[number][1] != digest:
            found.wrong(Trouble.RUN_CHANGED, f"run record {number}, run {run}")


def _check_heads(found: _Found) -> dict[str, Head]:
    """What the run records seal: writer -> head. Every head has to be there, unchanged."""
    sealed: dict[str, Head] = {}
    for record, _ in found.runs.values():
        for head in record.heads if record is not None else ():
            if head.writer not in sealed or sealed[head.writer].sequence < head.sequence:
                sealed[head.writer] = head
            if head.sequence == 0:
                continue
            there = found.records.get((head.writer, head.sequence))
            where = f"run {head.run}, writer {head.writer}, sequence {head.sequence}"
            if there is None:
                found.wrong(Trouble.RECORD_MISSING, where)
            elif there[1] != head.digest:
                found.wrong(Trouble.HEAD_DIFFERS, where)
    return sealed


def _check_chains(found: _Found) -> None:
    """The records of a writer are numbered from 1 without a gap, and each points at the one before."""
    ends: dict[str, int] = defaultdict(int)
    for writer, sequence in found.records:
        ends[writer] = max(ends[writer], sequence)
    for writer, end in ends.items():
        if writer not in found.chains:
            found.wrong(Trouble.CHAIN_MISSING, f"writer {writer}")
        before: str | None = ""
        for sequence in range(1, end + 1):
            there = found.records.get((writer, sequence))
            if there is None:
                found.wrong(Trouble.RECORD_MISSING, f"writer {writer}, sequence {sequence}")
                before = None
                continue
            record, digest = there
            if before is not None and record.previous != before:
                found.wrong(Trouble.CHAIN_BROKEN, f"study {record.study}, record {record.number}")
            before = digest


def _check_unsealed(found: _Found, sealed: Mapping[str, Head], at_work: Callable[[str], bool]) -> tuple[str, ...]:
    """Chains that go on after the head that a run record names, or that none names: of killed runs, or of live ones."""
    alive: list[str] = []
    for run in dict.fromkeys(_unsealed(found, sealed)):
        if at_work(run):
            alive.append(run)
        else:
            found.wrong(Trouble.UNFINISHED, f"run {run}")
    return tuple(alive)


def _unsealed(found: _Found, sealed: Mapping[str, Head]) -> Iterator[str]:
    yield from (run for writer, run in found.chains.items() if run and writer not in sealed)
    for (writer, sequence), (record, _) in found.records.items():
        if writer not in sealed or sequence > sealed[writer].sequence:
            yield record.run


def _check_audits(found: _Found, audit: Callable[[str, str], str | None]) -> None:
    """The audit log of a study in a run is the one that the last record of the two names."""
    latest: dict[tuple[str, str], Record] = {}
    for record, _ in found.records.values():
        known = latest.get((record.run, record.study))
        if record.audit and (known is None or known.number < record.number):
            latest[record.run, record.study] = record
    for (run, study), record in latest.items():
        digest = audit(run, study)
        if digest is None:
            found.wrong(Trouble.AUDIT_MISSING, f"run {run}, study {study}")
        elif digest != record.audit:
            found.wrong(Trouble.AUDIT_CHANGED, f"run {run}, study {study}")


def order(problems: Iterable[Problem]) -> list[Problem]:
    """Tampering first, by kind."""
    return sorted(problems, key=lambda problem: (not problem.trouble.tampering, problem.trouble.value, problem.where))
