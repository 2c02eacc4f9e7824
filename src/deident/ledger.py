"""The ledger: append-only records of how each study ended, the truth for resuming and for reports."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final

from deident.errors import AlreadyExists, DeidentError
from deident.stores.protocol import Store, read_all

__all__ = ["SCHEMA", "Ledger", "LedgerError", "Outcome", "OutputDigest", "Record", "StudyOutcome"]

SCHEMA: Final = "deident-ledger/1"
_ATTEMPTS: Final = 100


class LedgerError(DeidentError):
    """A record is damaged or of an unknown schema; the message holds opaque names only."""


class Outcome(StrEnum):
    """How a study stands in the ledger."""

    RELEASED = "released"
    SKIPPED = "skipped"
    QUARANTINED = "quarantined"
    AWAITING_REVIEW = "awaiting-review"


@dataclass(frozen=True, slots=True)
class OutputDigest:
    """One released object: name in the destination, size in bytes, `sha256:` digest of its bytes."""

    name: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Record:
    """How one study ended. Opaque ids, pseudonyms, codes, counts and digests: no original.

    `number` counts the records of the study from 1; `previous` is the digest of the record that the same `writer`
    appended before, so that a removed or changed record can be noticed. `counts` are instances per ending, `reasons`
    instances (or findings) per reason code. `manifest` is a name in the destination, `manifest_version` counts from 1.
    """

    study: str
    run: str
    outcome: Outcome
    fingerprint: str
    profile_digest: str
    code_version: str
    counts: dict[str, int]
    reasons: dict[str, int]
    modalities: tuple[str, ...] = ()
    manifest: str = ""
    manifest_version: int = 0
    outputs: tuple[OutputDigest, ...] = ()
    finished: str = ""
    number: int = 0
    writer: str = ""
    sequence: int = 0
    previous: str = ""

    def to_bytes(self) -> bytes:
        return json.dumps({"schema": SCHEMA, **asdict(self)}, sort_keys=True, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> Record:
        """Raises LedgerError for anything that to_bytes did not make."""
        try:
            values: dict[str, Any] = json.loads(data)
            if values.pop("schema") == SCHEMA:
                values["outcome"] = Outcome(values["outcome"])
                values["modalities"] = tuple(values["modalities"])
                values["outputs"] = tuple(OutputDigest(**output) for output in values["outputs"])
                return cls(**values)
        except (ValueError, TypeError, KeyError, AttributeError):
            pass
        raise LedgerError("a ledger record is damaged or of an unknown schema")


@dataclass(frozen=True, slots=True)
class StudyOutcome:
    """How a study ended, as the ledger has it; `unchanged`: an earlier run had done it, and nothing was done now."""

    record: Record
    unchanged: bool = False

    @property
    def study(self) -> str:
        return self.record.study

    @property
    def outcome(self) -> Outcome:
        return self.record.outcome


class Ledger:
    """Appends to and reads from a store: `studies/<study>/<number>.json`, each object created once and never changed.

    Two writers that append for one study at the same time get different numbers, as the store creates exclusively. A
    Ledger is one writer with one chain of its own; it may be used from several threads.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._writer = secrets.token_hex(8)
        self._sequence = 0
        self._previous = ""

    def append(self, record: Record) -> Record:
        """Write the record with its number and its place in this writer's chain, and return it as written."""
        with self._lock:
            number = max(self._numbers(record.study), default=0)
            for _ in range(_ATTEMPTS):
                number += 1
                written = replace(
                    record,
                    number=number,
                    writer=self._writer,
                    sequence=self._sequence + 1,
                    previous=self._previous,
                )
                data = written.to_bytes()
                try:
                    self._store.put(_key(record.study, number), data)
                except AlreadyExists:
                    continue
                self._sequence += 1
                self._previous = "sha256:" + hashlib.sha256(data).hexdigest()
                return written
        raise LedgerError("too many writers append for one study at the same time")

    def latest(self, study: str) -> Record | None:
        """The last record of a study, or None."""
        number = max(self._numbers(study), default=0)
        return self._read(study, number) if number else None

    def history(self, study: str) -> list[Record]:
        """All records of a study, oldest first."""
        return [self._read(study, number) for number in sorted(self._numbers(study))]

    def studies(self) -> list[str]:
        """The opaque ids of all studies on record, sorted."""
        return sorted({entry.key.split("/")[1] for entry in self._store.list("studies/") if not entry.irregular})

    def _read(self, study: str, number: int) -> Record:
        record = Record.from_bytes(read_all(self._store, _key(study, number)))
        if record.study != study or record.number != number:
            raise LedgerError("a ledger record does not stand under its own name")
        return record

    def _numbers(self, study: str) -> list[int]:
        names = (entry.key.rpartition("/")[2] for entry in self._store.list(f"studies/{study}/") if not entry.irregular)
        return [int(name.removesuffix(".json")) for name in names if name.removesuffix(".json").isdigit()]


def _key(study: str, number: int) -> str:
    return f"studies/{study}/{number:08d}.json"
