"""The audit log: one JSON document that says for every input what was done to it, without any identifier."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Protocol, Self

from deident import __version__
from deident.engine.result import Deidentified, Statistics
from deident.errors import AlreadyExists, Ending, PlaceProblem, Reason
from deident.fragments import tags_fragment
from deident.pseudonyms import Pseudonyms
from deident.stores.files import PRIVATE, publish_named
from deident.stores.problems import safe_writing
from deident.stores.protocol import BLOCK, Store

__all__ = [
    "AWAITING",
    "SCHEMA",
    "AuditLog",
    "AuditRecord",
    "ProfileName",
    "awaiting",
    "held",
    "now",
    "released",
    "tags_fragment",
    "withdrawn",
    "write_log",
]

SCHEMA: Final = "deident-audit/1"
#: Stands where the ending will stand, of an instance that was validated and waits for a review.
AWAITING: Final = "awaiting-review"


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """What happened to one input. `input` and `patient` are keyed references, `output` is a name made of pseudonyms.

    `tags` is the serialised list `tags_anonymized`: files of one layout share one object. `awaiting`: it will be released
    if a reviewer says so. `pixel_proof` is `copied` where the store alone vouches for pixel data: not searched for text.
    """

    timestamp: str
    input: str
    reason: Reason | None
    detail: str = ""
    output: str = ""
    patient: str = ""
    pseudonym: str = ""
    statistics: Statistics | None = None
    codes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    tags: str = field(default="[]", repr=False)
    awaiting: bool = False
    pixel_proof: str = ""

    @property
    def ending(self) -> Ending:
        return Ending.RELEASED if self.reason is None else self.reason.ending

    @property
    def state(self) -> str:
        """The ending, or `awaiting-review` as long as there is none."""
        return AWAITING if self.awaiting else self.ending.value

    def to_json(self) -> str:
        """The record as one line of JSON. Only `detail`, codes and warnings come from outside and are escaped."""
        reason = f'"{self.reason.value}"' if self.reason else "null"
        proof = f', "pixel_proof": "{self.pixel_proof}"' if self.pixel_proof else ""
        return (
            f'{{"timestamp": "{self.timestamp}", "input": "{self.input}", "output": {_text(self.output)}, '
            f'"ending": "{self.state}", "reason": {reason}, "detail": {_text(self.detail)}, '
            f'"original_patient_id_hash": {_text(self.patient)}, "pseudonym": {_text(self.pseudonym)}, '
            f'"statistics": {_statistics(self.statistics)}, "codes": {_list(self.codes)}, '
            f'"warnings": {_list(self.warnings)}{proof}, "tags_anonymized": {self.tags}}}'
        )

    @classmethod
    def from_json(cls, text: str) -> AuditRecord:
        """The record that `to_json` made `text` of."""
        values: dict[str, Any] = json.loads(text)
        found = values["statistics"]
        return cls(
            timestamp=values["timestamp"],
            input=values["input"],
            reason=Reason(values["reason"]) if values["reason"] else None,
            detail=values["detail"] or "",
            output=values["output"] or "",
            patient=values["original_patient_id_hash"] or "",
            pseudonym=values["pseudonym"] or "",
            statistics=_statistics_of(found) if found else None,
            codes=tuple(values["codes"]),
            warnings=tuple(values["warnings"]),
            tags=json.dumps(values["tags_anonymized"]),
            awaiting=values["ending"] == AWAITING,
            pixel_proof=values.get("pixel_proof", ""),
        )


def released(result: Deidentified, *, reference: str, output: str, pseudonyms: Pseudonyms) -> AuditRecord:
    """The record of an instance that came out. `reference` is the keyed reference of the input's relative path."""
    return AuditRecord(
        timestamp=now(),
        input=reference,
        reason=None,
        output=output,
        patient=pseudonyms.patient_reference(result.patient_id),
        pseudonym=result.identity.patient,
        statistics=result.statistics,
        codes=result.codes,
        warnings=result.warnings,
        tags=tags_fragment(result.decisions),
    )


def held(reference: str, reason: Reason, detail: str = "") -> AuditRecord:
    """The record of an input of which no byte came out."""
    return AuditRecord(timestamp=now(), input=reference, reason=reason, detail=detail)


def withdrawn(record: AuditRecord, reason: Reason, detail: str = "") -> AuditRecord:
    """The record of an instance whose output was made and then not released."""
    return AuditRecord(timestamp=record.timestamp, input=record.input, reason=reason, detail=detail)


def awaiting(record: AuditRecord) -> AuditRecord:
    """The record of an instance whose output waits for a review."""
    return replace(record, awaiting=True)


def now() -> str:
    """The time in UTC, ISO 8601 with milliseconds."""
    second, millisecond = divmod(time.time_ns() // 1_000_000, 1000)
    return f"{_second(second)}.{millisecond:03d}Z"


@lru_cache(maxsize=1)
def _second(since_1970: int) -> str:
    """One of many records: a thousand of them are made in a second."""
    return datetime.fromtimestamp(since_1970, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class ProfileName(Protocol):
    """What an audit log says of the profile: that of the run, or what an earlier log has said of it."""

    @property
    def name(self) -> str: ...

    def digest(self) -> str: ...


class _Document:
    """The document piece by piece: its head, its records, its tail with the counts."""

    def __init__(self, profile: ProfileName, run: str) -> None:
        self._profile = profile
        self._run = run
        self._endings: Counter[str] = Counter()
        self._reasons: Counter[Reason] = Counter()

    def head(self) -> bytes:
        head = {
            "schema": SCHEMA,
            "tool": "deident",
            "version": __version__,
            "run": self._run,
            "profile": {"name": self._profile.name, "digest": self._profile.digest()},
            "started": now(),
        }
        return json.dumps(head)[:-1].encode() + b', "files": ['

    def record(self, record: AuditRecord) -> bytes:
        separator = b",\n" if self._endings else b"\n"
        self._endings[record.state] += 1
        if record.reason is not None:
            self._reasons[record.reason] += 1
        return separator + record.to_json().encode()

    def count(self, reason: Reason | None, difference: int = 1) -> None:
        """Count a record that ended for this reason, None for one that was released."""
        self._endings[(Ending.RELEASED if reason is None else reason.ending).value] += difference
        if reason is not None:
            self._reasons[reason] += difference

    def tail(self, *, complete: bool) -> bytes:
        summary = {
            "complete": complete,
            "finished": now(),
            "files": self._endings.total(),
            **{ending.value: self._endings[ending.value] for ending in Ending},
            **({AWAITING: self._endings[AWAITING]} if self._endings[AWAITING] else {}),
            "reasons": {reason.value: count for reason, count in self._reasons.most_common()},
        }
        return b'\n], "summary": ' + json.dumps(summary).encode() + b"}\n"


def write_log(store: Store, key: str, records: Iterable[AuditRecord], *, profile: ProfileName, run: str) -> str:
    """Write a whole audit log into a store, in place of one of that name, and return its `sha256:` digest."""
    document, digest = _Document(profile, run), hashlib.sha256()

    def pieces() -> Iterator[bytes]:
        gathered = [document.head()]
        size = 0
        for record in records:
            gathered.append(document.record(record))
            size += len(gathered[-1])
            if size >= BLOCK:
                yield b"".join(gathered)
                gathered, size = [], 0
        yield b"".join(gathered) + document.tail(complete=True)

    def hashed() -> Iterator[bytes]:
        for piece in pieces():
            digest.update(piece)
            yield piece

    store.write(key, hashed(), overwrite=True)
    return "sha256:" + digest.hexdigest()


class AuditLog:
    """Writes the document record by record; it appears under its name, whole and valid, when the context is left.

    That is so after an error as well (`complete` is then false): what was released until then must be on record.
    Memory stays flat. Raises AlreadyExists when the file is there and `overwrite` was not asked for, PlaceProblem or
    TransientProblem where the file system fails. Not thread safe.
    """

    def __init__(self, path: Path | str, *, profile: ProfileName, run: str = "", overwrite: bool = False) -> None:
        self._path = Path(path)
        self._temporary = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}")
        self._overwrite = overwrite
        self._document = _Document(profile, run)
        self._file: BinaryIO | None = None
        self._size = 0

    def __enter__(self) -> Self:
        if not self._overwrite and os.path.lexists(self._path):
            raise AlreadyExists("the audit log exists already")
        if not self._path.parent.is_dir():
            raise PlaceProblem("the folder of the audit log does not exist")
        self._file = self._create()
        return self

    @safe_writing
    def _create(self) -> BinaryIO:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.fdopen(os.open(self._temporary, flags, PRIVATE), "wb", buffering=1 << 18)
        self._size = file.write(self._document.head())
        return file

    @safe_writing
    def add(self, record: AuditRecord) -> None:
        """Append one record."""
        assert self._file is not None, "add() outside of the context"
        self._size += self._file.write(self._document.record(record))

    @safe_writing
    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        try:
            with file:
                file.write(self._document.tail(complete=kind is None))
            temporary, name = str(self._temporary), str(self._path)
            publish_named(None, -1, temporary, name, overwrite=self._overwrite, mode=PRIVATE)
        finally:
            self._temporary.unlink(missing_ok=True)


def _statistics_of(values: dict[str, Any]) -> Statistics:
    return Statistics(
        elements=values["total_tags_processed"],
        removed=values["phi_tags_removed"],
        private_removed=values["private_tags_removed"],
        changed=values["tags_changed"],
        pixel_data=values["pixel_data"],
    )


def _text(value: str) -> str:
    return json.dumps(value) if value else "null"


def _list(values: tuple[str, ...]) -> str:
    return json.dumps(values) if values else "[]"


def _statistics(found: Statistics | None) -> str:
    if found is None:
        return "null"
    preserved = "null" if found.pixel_data == "absent" else "true"
    return (
        f'{{"total_tags_processed": {found.elements}, "phi_tags_removed": {found.removed}, '
        f'"private_tags_removed": {found.private_removed}, "tags_changed": {found.changed}, '
        f'"image_data_preserved": {preserved}, "pixel_data": "{found.pixel_data}"}}'
    )
