"""Decide about one study that awaits review: the first decision holds, is carried out once, and stands in the ledger."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Final

from deident.audit import AWAITING, AuditRecord, now, withdrawn, write_log
from deident.errors import AlreadyExists, DeidentError, Ending, NotFound, Reason, Refusal
from deident.home import Busy
from deident.ledger import LedgerError, Outcome, OutputDigest, Record
from deident.review.desk import STUDY_PATTERN, Desk, Room, Waiting, waiting_studies
from deident.stores.protocol import read_all
from deident.study.publish import publish_study, withdraw
from deident.study.wait import NOTE, RunNote
from deident.study.worker import stored_digest

__all__ = ["Answer", "Decided", "Verdict", "decide", "expire", "new_records"]


class Verdict(StrEnum):
    """What is decided about a study; expiry is a decision as well, made by the clock."""

    APPROVE = "approve"
    REJECT = "reject"
    EXPIRE = "expire"


class Answer(StrEnum):
    """What became of a decision."""

    #: Carried out, now or before by the same decision.
    DONE = "done"
    #: Another decision about the same study was there first, and holds.
    OTHERWISE = "decided-otherwise"
    #: The study waited too long: it is held.
    EXPIRED = "review-expired"
    #: What lies in staging is not what was validated: the study is held, and the next run does it again.
    CHANGED = "staging-changed"
    #: A later run did the study again: what was to be decided about is no more.
    SUPERSEDED = "superseded"
    #: The study does not await review after this run, and never did.
    NOT_AWAITING = "not-awaiting"


@dataclass(frozen=True, slots=True)
class Decided:
    """The answer about one study; `record` is the one in the ledger that says how it ended, of this run or an earlier."""

    study: str
    answer: Answer
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class _Decision:
    """A decision as it lies beside the staged outputs before anything is done about it."""

    verdict: Verdict
    reviewer: str
    time: str


@dataclass(frozen=True, slots=True)
class _Staged:
    """An output in staging that is the one that was validated, by its bytes or by its version."""

    key: str = field(repr=False)
    version: str
    name: str
    size: int
    digest: str


_REASONS: Final = {Verdict.REJECT: Reason.REJECTED, Verdict.EXPIRE: Reason.REVIEW_EXPIRED}


def decide(desk: Desk, run: str, study: str, verdict: Verdict, reviewer: str) -> Decided:
    """Approve or reject what `run` staged of a study; `reviewer` is a keyed reference.

    Killed anywhere and called again, it ends the same. Of several calls at once one decides and the others are told.
    Raises TransientProblem and PlaceProblem: then the decision stands, and a later call, whoever's it is, carries it out.
    """
    if not re.fullmatch(STUDY_PATTERN, study):
        return Decided(study, Answer.NOT_AWAITING)
    with desk.locks.study(study):
        record = desk.ledger.latest(study)
        if record is None or record.outcome is not Outcome.AWAITING_REVIEW or record.run != run:
            return _earlier(desk, run, study, verdict)
        wanted = Verdict.EXPIRE if Waiting(record).expired else verdict
        if desk.ledger.seal is not None and not desk.ledger.seal.holds(record.content()):
            raise LedgerError("a ledger record is not what was written: deident audit verify says more")
        decision = _first(desk, record, _Decision(wanted, reviewer if wanted is verdict else "", now()))
        written = _carry_out(desk, record, decision)
    return Decided(study, _answer(written, verdict), written)


def expire(desk: Desk, studies: Sequence[str] | None = None) -> list[Record]:
    """Hold every study that waits too long; the records of those that ended now.

    Looked for in staging unless `studies` says where: a run of every night need not read the whole ledger.
    """
    among = desk.staged_studies() if studies is None else studies
    late = [waiting for waiting in waiting_studies(desk.ledger, studies=among) if waiting.expired]
    decided = [decide(desk, waiting.run, waiting.study, Verdict.EXPIRE, "") for waiting in late]
    return new_records(desk, (), decided)


def new_records(desk: Desk, expired: Iterable[Record], decided: Iterable[Decided]) -> list[Record]:
    """The records that the run of this desk wrote, each once: what its report is about."""
    found = (*expired, *(answer.record for answer in decided if answer.record is not None))
    return list({record.study: record for record in found if record.run == desk.run}.values())


def _answer(record: Record, verdict: Verdict) -> Answer:
    """How the record of a decision answers somebody who wanted `verdict`."""
    if Reason.REVIEW_EXPIRED.value in record.reasons:
        return Answer.DONE if verdict is Verdict.EXPIRE else Answer.EXPIRED
    if Reason.REJECTED.value in record.reasons:
        return Answer.DONE if verdict is Verdict.REJECT else Answer.OTHERWISE
    if record.outcome is Outcome.RELEASED:
        return Answer.DONE if verdict is Verdict.APPROVE else Answer.OTHERWISE
    return Answer.CHANGED


def _earlier(desk: Desk, run: str, study: str, verdict: Verdict) -> Decided:
    """The answer about a study that does not await review after this run (any more)."""
    history = desk.ledger.history(study)
    for record in reversed(history):
        if record.reviewed == run:
            return Decided(study, _answer(record, verdict), record)
    waited = any(record.run == run and record.outcome is Outcome.AWAITING_REVIEW for record in history)
    return Decided(study, Answer.SUPERSEDED if waited else Answer.NOT_AWAITING)


def _first(desk: Desk, record: Record, wanted: _Decision) -> _Decision:
    """The decision that holds: ours, unless one about this very record lies there."""
    key = f"{record.run}/{record.study}/decision-{record.number:08d}.json"
    try:
        desk.staging.put(key, json.dumps(asdict(wanted)).encode() + b"\n")
    except AlreadyExists:
        try:
            values = json.loads(read_all(desk.staging, key))
            return _Decision(Verdict(values["verdict"]), values["reviewer"], values["time"])
        except (ValueError, TypeError, KeyError):
            damaged = True
    else:
        damaged = False
    if damaged:
        raise DeidentError("the note of a decision is damaged")
    return wanted


def _carry_out(desk: Desk, record: Record, decision: _Decision) -> Record:
    room = desk.room(record.run)
    lines = _audit_lines(desk, record)
    reason = _REASONS.get(decision.verdict)
    written = replace(record, outputs=(), staged=(), reviewer=decision.reviewer)
    if reason is None:
        staged = _staged(room, record) if room is not None else None
        if room is None or staged is None or sum(line.awaiting for line in lines) != len(staged):
            reason = Reason.CHANGED
        else:
            try:
                written = publish_study(room, written, staged, verify=True)
            except Refusal as refusal:
                reason = refusal.reason
    if reason is not None and room is not None:
        # A run that finds a study expired may have no rights in the destination; a reviewer's has.
        withdraw(room, [output.name for output in record.outputs], must=decision.verdict is not Verdict.EXPIRE)
    return _commit(desk, room, _ended(written, reason), lines, reason)


def _staged(room: Room, record: Record) -> tuple[_Staged, ...] | None:
    """What lies in staging exactly as it was validated, or None when one of the outputs does not."""
    by_digest = {output.digest: output for output in record.outputs}
    by_name = {output.name: output for output in record.outputs}
    versions = {staged.key: staged for staged in record.staged}
    found: dict[str, _Staged] = {}
    for entry in list(room.staging.list(f"{record.run}/{record.study}/")):
        if entry.irregular or not entry.key.endswith(".dcm"):
            continue
        output: OutputDigest | None = None
        if (known := versions.get(entry.key)) is None:
            output = by_digest.get(stored_digest(room.staging, entry.key))
        elif known.version == entry.version:
            # Nobody has read it whole: it is the validated one as long as it is that version, and release copies no other.
            output = by_name[known.name]
        if output is not None:
            found[output.name] = _Staged(entry.key, entry.version, output.name, output.size, output.digest)
    return tuple(found[name] for name in by_name) if found.keys() == by_name.keys() else None


def _ended(record: Record, reason: Reason | None) -> Record:
    """The record with what awaited review counted as it ended."""
    counts = dict(record.counts)
    waited = counts.pop(AWAITING, 0)
    ending = Ending.RELEASED if reason is None else Ending.QUARANTINED
    counts[ending.value] = counts.get(ending.value, 0) + waited
    reasons = dict(record.reasons) if reason is None else {reason.value: waited, **record.reasons}
    outcome = Outcome.RELEASED if reason is None else Outcome.QUARANTINED
    unsearched = record.unsearched if reason is None else 0
    return replace(record, outcome=outcome, counts=counts, reasons=reasons, expires="", unsearched=unsearched)


def _audit_lines(desk: Desk, record: Record) -> list[AuditRecord]:
    """The records of the audit log of the run that staged the study: one a line. None are left when it is gone."""
    try:
        text = read_all(desk.audit, f"{record.run}/{record.study}.json").decode()
    except NotFound:
        return []
    lines = (line.rstrip(",") for line in text.splitlines())
    return [AuditRecord.from_json(line) for line in lines if line.startswith('{"timestamp"')]


def _commit(desk: Desk, room: Room | None, ended: Record, lines: list[AuditRecord], reason: Reason | None) -> Record:
    """Audit, then the ledger; after that the decision is carried out and the staging of the study goes."""
    reviewed = ended.run
    profile = room.note if room is not None else RunNote("", "", ended.profile_digest, ("", ""))
    ends = (
        withdrawn(line, reason) if line.awaiting and reason is not None else replace(line, awaiting=False)
        for line in lines
    )
    audit = write_log(desk.audit, f"{desk.run}/{ended.study}.json", ends, profile=profile, run=desk.run)
    desk.locks.check()
    written = desk.ledger.append(replace(ended, run=desk.run, reviewed=reviewed, finished=now(), audit=audit))
    for entry in list(desk.staging.list(f"{reviewed}/{ended.study}/")):
        desk.staging.delete(entry.key)
    _clear(desk, reviewed)
    return written


def _clear(desk: Desk, run: str) -> None:
    """Remove the note on a run of which nothing waits any more, unless the run is at work and may add to it."""
    with contextlib.suppress(Busy), desk.locks.left(run):
        if all(entry.key == f"{run}/{NOTE}" for entry in list(desk.staging.list(f"{run}/"))):
            desk.staging.delete(f"{run}/{NOTE}")
