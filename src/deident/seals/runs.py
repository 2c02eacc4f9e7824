"""The sealed record of a run: written when it ends, it names the head of every chain that no earlier one names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from deident.errors import AlreadyExists
from deident.ledger import CHAINS, Head, Ledger, LedgerError, Record, digest_of_record
from deident.seals.mac import Seal
from deident.stores.protocol import Store, read_all

__all__ = ["RUNS", "SCHEMA", "RunRecord", "RunRecords", "seal_run"]

SCHEMA: Final = "deident-run/1"
RUNS: Final = "runs/"
_NAME: Final = re.compile(r"runs/(\d{8})\.json")
_ATTEMPTS: Final = 100


@dataclass(frozen=True, slots=True)
class RunRecord:
    """How a run ended, and the heads of the chains it seals: its own, and those of killed runs before it.

    Run records of a project count from 1 and form a chain: `previous` is the digest of the one before. `source` and
    `destination` are keyed references of the places, `studies` counts studies by outcome, `inputs` inputs by ending.
    """

    run: str
    finished: str
    code_version: str
    profile: str
    profile_digest: str
    source: str
    destination: str
    studies: dict[str, int]
    unchanged: int
    inputs: dict[str, int]
    heads: tuple[Head, ...] = ()
    number: int = 0
    previous: str = ""
    seal: str = field(default="", repr=False)

    def content(self) -> dict[str, Any]:
        """The record as a JSON object."""
        return {"schema": SCHEMA, **asdict(self)}

    def to_bytes(self) -> bytes:
        return json.dumps(self.content(), sort_keys=True, separators=(",", ":")).encode() + b"\n"

    @property
    def digest(self) -> str:
        return digest_of_record(self.to_bytes())

    @classmethod
    def from_bytes(cls, data: bytes) -> RunRecord:
        """Raises LedgerError for anything that to_bytes did not make."""
        try:
            values: dict[str, Any] = json.loads(data)
            if values.pop("schema") == SCHEMA:
                values["heads"] = tuple(Head(**head) for head in values["heads"])
                return cls(**values)
        except (ValueError, TypeError, KeyError, AttributeError):
            pass
        raise LedgerError("a run record is damaged or of an unknown schema")


class RunRecords:
    """The run records in the store of a ledger: `runs/<number>.json`, each created once."""

    def __init__(self, store: Store, seal: Seal) -> None:
        self._store = store
        self._seal = seal

    def numbers(self) -> list[int]:
        """Sorted numbers of the records that stand there."""
        names = (_NAME.fullmatch(entry.key) for entry in self._store.list(RUNS) if not entry.irregular)
        return sorted(int(name[1]) for name in names if name)

    def read(self) -> list[RunRecord]:
        """All of them that can be read, oldest first; damaged ones are for `verify` to tell."""
        return [record for number in self.numbers() if (record := self._one(number)) is not None]

    def append(self, record: RunRecord) -> RunRecord:
        """Write the record as the next of the chain, sealed, and return it as written."""
        for _ in range(_ATTEMPTS):
            last = max(self.numbers(), default=0)
            before = digest_of_record(read_all(self._store, key_of(last))) if last else ""
            written = replace(record, number=last + 1, previous=before)
            written = replace(written, seal=self._seal.of(written.content()))
            try:
                self._store.put(key_of(written.number), written.to_bytes())
            except AlreadyExists:
                # Another run ended at the same time, or the answer to our own attempt was lost.
                if read_all(self._store, key_of(written.number)) != written.to_bytes():
                    continue
            return written
        raise LedgerError("too many runs end at the same time")

    def _one(self, number: int) -> RunRecord | None:
        try:
            return RunRecord.from_bytes(read_all(self._store, key_of(number)))
        except LedgerError:
            return None


def key_of(number: int) -> str:
    return f"{RUNS}{number:08d}.json"


def seal_run(ledger: Ledger, record: RunRecord, at_work: Callable[[str], bool]) -> RunRecord:
    """Write the record of a run that has ended, with the heads of its chains.

    Chains of runs that were killed are sealed with it, as far as they got; `at_work` tells which runs are alive. The
    work is small unless there are such: then every record of the ledger is read once.
    """
    if ledger.seal is None:
        raise LedgerError("a ledger without a key cannot be sealed")
    records = RunRecords(ledger.store, ledger.seal)
    covered = {head.writer for run in records.read() for head in run.heads}
    own = ledger.head
    heads = [own] if own is not None else []
    left = {
        writer: run
        for writer, run in _chains(ledger.store, ledger.seal)
        if writer not in covered and (own is None or writer != own.writer) and (run == record.run or not at_work(run))
    }
    heads += _heads_of(ledger.store, left)
    return records.append(replace(record, heads=tuple(heads)))


def _chains(store: Store, seal: Seal) -> Iterator[tuple[str, str]]:
    """(writer, run) of every chain that was ever begun."""
    for entry in list(store.list(CHAINS)):
        try:
            content = json.loads(b"" if entry.irregular else read_all(store, entry.key))
            if seal.holds(content):
                yield str(content["writer"]), str(content["run"])
        except (ValueError, KeyError, TypeError, AttributeError):
            continue


def _heads_of(store: Store, chains: dict[str, str]) -> Iterable[Head]:
    if not chains:
        return []
    found = {writer: Head(run, writer, 0, "") for writer, run in chains.items()}
    for entry in list(store.list("studies/")):
        data = b"" if entry.irregular else read_all(store, entry.key)
        try:
            record = Record.from_bytes(data)
        except LedgerError:
            continue
        head = found.get(record.writer)
        if head is not None and record.sequence > head.sequence:
            found[record.writer] = replace(head, sequence=record.sequence, digest=digest_of_record(data))
    return [found[writer] for writer in sorted(found)]
