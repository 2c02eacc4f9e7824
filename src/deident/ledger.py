"""The ledger: append-only records of how each study ended, the truth for resuming and for reports."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import threading
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from deident.errors import AlreadyExists, DeidentError, NotFound
from deident.seals.mac import Seal
from deident.stores.protocol import Store, read_all

__all__ = [
    "CHAINS",
    "CHAIN_SCHEMA",
    "SCHEMA",
    "Head",
    "Ledger",
    "LedgerError",
    "Outcome",
    "OutputDigest",
    "Record",
    "StagedVersion",
    "StudyOutcome",
    "digest_of_record",
]

SCHEMA: Final = "deident-ledger/1"
CHAIN_SCHEMA: Final = "deident-chain/1"
#: Where every writer says, before its first record, that it has a chain and of which run.
CHAINS: Final = "chains/"
_LATER: Final = frozenset({"staged", "unsearched"})
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
class StagedVersion:
    """Where an output lies in staging until it is released, and as which version of it: what a composed digest cannot prove."""

    name: str
    key: str
    version: str


@dataclass(frozen=True, slots=True)
class Record:
    """How one study ended. Opaque ids, pseudonyms, codes, counts and digests: no original.

    `number` counts the records of the study from 1; `previous` is the digest of the record that the same `writer`
    appended before, so that a removed or changed record can be noticed. `counts` are instances per ending, `reasons`
    instances (or findings) per reason code. `manifest` is a name in the destination, `manifest_version` counts from 1.
    `audit` is the digest of the study's audit log, `seconds` how long each stage took, `seal` a MAC over all the rest.
    A study that awaits review has in `outputs` what lies in its staging, until the time `expires`, and in `staged` the
    versions of those of its outputs that nobody here has read whole. A decision names in
    `reviewed` the run whose outputs it is about, and in `reviewer` who decided, as a keyed reference. `unsearched` counts outputs
    with pixel data that validation did not search for text, as only the store has seen them.
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
    expires: str = ""
    reviewed: str = ""
    reviewer: str = ""
    number: int = 0
    writer: str = ""
    sequence: int = 0
    previous: str = ""
    audit: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    staged: tuple[StagedVersion, ...] = ()
    unsearched: int = 0
    seal: str = ""

    def content(self) -> dict[str, Any]:
        """The record as a JSON object. What came to the schema later is left out when empty: older seals go on to hold."""
        values = asdict(self)
        return {"schema": SCHEMA, **{name: value for name, value in values.items() if value or name not in _LATER}}

    def to_bytes(self) -> bytes:
        return json.dumps(self.content(), sort_keys=True, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> Record:
        """Raises LedgerError for anything that to_bytes did not make."""
        try:
            values: dict[str, Any] = json.loads(data)
            if values.pop("schema") == SCHEMA:
                values["outcome"] = Outcome(values["outcome"])
                values["modalities"] = tuple(values["modalities"])
                values["outputs"] = tuple(OutputDigest(**output) for output in values["outputs"])
                values["staged"] = tuple(StagedVersion(**staged) for staged in values.get("staged", ()))
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

    def in_brief(self) -> StudyOutcome:
        """The same without outputs and digests: a run keeps all its outcomes for the report, which shows none of them."""
        brief = replace(self.record, outputs=(), staged=(), fingerprint="", previous="", audit="", seal="", manifest="")
        return replace(self, record=brief)


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a writer's chain: its last record. `sequence` 0 and no `digest`: the writer appended nothing."""

    run: str
    writer: str
    sequence: int
    digest: str


def digest_of_record(data: bytes) -> str:
    """The digest by which the next record of a chain, and the record of the run, point at a record."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Ledger:
    """Appends to and reads from a store: `studies/<study>/<number>.json`, each object created once and never changed.

    Two writers that append for one study at the same time get different numbers, as the store creates exclusively. A
    Ledger is one writer with one chain of its own; it may be used from several threads. With a `seal` every record
    carries its MAC.
    """

    def __init__(self, store: Store, seal: Seal | None = None) -> None:
        self.store = store
        self.seal = seal
        self._lock = threading.Lock()
        self._writer = secrets.token_hex(8)
        self._sequence = 0
        self._previous = ""
        self._run = ""
        self._unsure: tuple[str, bytes] | None = None

    @property
    def head(self) -> Head | None:
        """The end of this writer's chain, or None when it appended nothing."""
        with self._lock:
            self._settle()
            return Head(self._run, self._writer, self._sequence, self._previous) if self._sequence else None

    def append(self, record: Record) -> Record:
        """Write the record with its number and its place in this writer's chain, and return it as written."""
        with self._lock:
            self._settle()
            self._register(record.run)
            number = max(self._numbers(record.study), default=0)
            for _ in range(_ATTEMPTS):
                number += 1
                written = self._sealed(
                    replace(
                        record,
                        number=number,
                        writer=self._writer,
                        sequence=self._sequence + 1,
                        previous=self._previous,
                    )
                )
                if self._put(_key(record.study, number), written.to_bytes()):
                    return written
        raise LedgerError("too many writers append for one study at the same time")

    def _sealed(self, record: Record) -> Record:
        return record if self.seal is None else replace(record, seal=self.seal.of(record.content()))

    def _put(self, key: str, data: bytes) -> bool:
        """Create the object and move the chain on; False when another record stands there."""
        self._unsure = (key, data)
        try:
            self.store.put(key, data)
        except AlreadyExists:
            # After a lost response it can be our own: what is stored is the truth.
            if read_all(self.store, key) != data:
                self._unsure = None
                return False
        self._advance(data)
        return True

    def _advance(self, data: bytes) -> None:
        self._unsure = None
        self._sequence += 1
        self._previous = digest_of_record(data)

    def _settle(self) -> None:
        """Find out whether the record of an attempt that raised was stored all the same; then it is in the chain."""
        if self._unsure is None:
            return
        key, data = self._unsure
        try:
            stored = read_all(self.store, key)
        except NotFound:
            stored = b""
        if stored == data:
            self._advance(data)
        self._unsure = None

    def _register(self, run: str) -> None:
        """Say that there is a chain, so that one whose run was killed is known to be there."""
        if self._run:
            return
        content = {"schema": CHAIN_SCHEMA, "run": run, "writer": self._writer}
        if self.seal is not None:
            content["seal"] = self.seal.of(content)
        data = json.dumps(content, sort_keys=True, separators=(",", ":")).encode() + b"\n"
        with contextlib.suppress(AlreadyExists):  # our own, when the answer to an earlier attempt was lost
            self.store.put(f"{CHAINS}{self._writer}.json", data)
        self._run = run

    def latest(self, study: str) -> Record | None:
        """The last record of a study, or None."""
        number = max(self._numbers(study), default=0)
        return self._read(study, number) if number else None

    def history(self, study: str) -> list[Record]:
        """All records of a study, oldest first."""
        return [self._read(study, number) for number in sorted(self._numbers(study))]

    def studies(self) -> list[str]:
        """The opaque ids of all studies on record, sorted."""
        return sorted({entry.key.split("/")[1] for entry in self.store.list("studies/") if not entry.irregular})

    def _read(self, study: str, number: int) -> Record:
        record = Record.from_bytes(read_all(self.store, _key(study, number)))
        if record.study != study or record.number != number:
            raise LedgerError("a ledger record does not stand under its own name")
        return record

    def _numbers(self, study: str) -> list[int]:
        names = (entry.key.rpartition("/")[2] for entry in self.store.list(f"studies/{study}/") if not entry.irregular)
        return [int(name.removesuffix(".json")) for name in names if name.removesuffix(".json").isdigit()]


def _key(study: str, number: int) -> str:
    return f"studies/{study}/{number:08d}.json"
