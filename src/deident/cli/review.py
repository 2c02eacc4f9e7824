"""`deident review list` and `deident release`: what waits, and the decisions about it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from deident.cli.exits import EXIT_HELD, EXIT_OK
from deident.errors import PlaceProblem, UsageProblem
from deident.home import ProjectHome, default_home
from deident.ledger import Ledger
from deident.review import (
    Answer,
    Decided,
    Desk,
    Verdict,
    Waiting,
    decide,
    end_review,
    expire,
    new_records,
    reviewer_reference,
    waiting_studies,
)
from deident.roots import Roots

__all__ = ["release_command", "review_command"]

_WORDS = {
    Answer.OTHERWISE: "was decided otherwise before; that decision holds",
    Answer.EXPIRED: "has waited too long and is held",
    Answer.CHANGED: "is held: its staged outputs are not those that were validated; run again",
    Answer.SUPERSEDED: "was done again by a later run; decide about that one",
    Answer.NOT_AWAITING: "does not await review after this run",
}


def review_command(options: argparse.Namespace) -> int:
    """Print what waits, by opaque id; no identifier is printed."""
    home = _home(options)
    waiting = waiting_studies(Ledger(Roots.of(home).open("ledger")), options.run or "")
    if not waiting:
        print("Nothing awaits review.")
        return EXIT_OK
    print(
        f"{'study':<16}  {'modality':<8}  {'instances':>9}  {'run':<23}  {'since':<20}  {'until':<20}  held beside it"
    )
    for study in sorted(waiting, key=lambda study: (study.since, study.study)):
        print(_line(study))
    runs = sorted({study.run for study in waiting})
    print(f"\n{len(waiting)} studies await review. The report of a run: reports/<run>/report.html in the project home.")
    print(f"Decide:  deident release --run {runs[-1]} --all --reviewer NAME")
    return EXIT_OK


def _line(waiting: Waiting) -> str:
    record = waiting.record
    until = "expired" if waiting.expired else _minutes(record.expires)
    reasons = ", ".join(f"{code} ({count})" for code, count in record.reasons.items()) or "-"
    modality = "+".join(record.modalities)
    return (
        f"{record.study:<16}  {modality:<8}  {waiting.count:>9}  {record.run:<23}  {_minutes(waiting.since):<20}  "
        f"{until:<20}  {reasons}"
    )


def _minutes(time: str) -> str:
    """`2026-11-22 17:00 UTC` of an ISO time."""
    return f"{time[:16].replace('T', ' ')} UTC"


def release_command(options: argparse.Namespace) -> int:
    """Decide, write the report, and say what became of each study; 1 when one of them is not as it was asked."""
    home = _home(options)
    reviewer = reviewer_reference(home, options.reviewer)
    _check(options)
    with Desk.open(home, options.run) as desk:
        desk.sweep()
        expired = expire(desk, desk.ledger.studies())
        wanted = _verdicts(options, desk)
        decided = [decide(desk, options.run, study, verdict, reviewer) for study, verdict in wanted.items()]
        records = new_records(desk, expired, decided)
        end_review(desk, records)
    _tell(decided, len(expired))
    if records:
        print(f"The report: reports/{desk.run}/report.html in the project home.")
    return EXIT_OK if all(answer.answer is Answer.DONE for answer in decided) else EXIT_HELD


def _home(options: argparse.Namespace) -> ProjectHome:
    path = Path(options.home).expanduser() if options.home else default_home()
    if not path.is_dir():
        raise PlaceProblem("there is no project home in that place")
    return ProjectHome.open(path)


def _check(options: argparse.Namespace) -> None:
    if options.all and options.studies:
        raise UsageProblem("--all approves every study: name none, or leave --all out")
    if set(options.studies) & set(options.reject):
        raise UsageProblem("a study is approved or rejected, not both")
    if not (options.all or options.studies or options.reject):
        raise UsageProblem("name the studies to release, or give --all or --reject")


def _verdicts(options: argparse.Namespace, desk: Desk) -> dict[str, Verdict]:
    wanted = dict.fromkeys(options.studies, Verdict.APPROVE)
    if options.all:
        waiting = waiting_studies(desk.ledger, options.run)
        wanted = {study.study: Verdict.APPROVE for study in waiting}
    return wanted | dict.fromkeys(options.reject, Verdict.REJECT)


def _tell(decided: list[Decided], expired: int) -> None:
    for answer in decided:
        if answer.answer is not Answer.DONE:
            study = answer.study if answer.study.isalnum() else "one of the studies"
            print(f"deident: {study} {_WORDS[answer.answer]}", file=sys.stderr)
    ended = [answer.record for answer in decided if answer.answer is Answer.DONE and answer.record is not None]
    released = sum(bool(record.manifest) for record in ended)
    print(f"{released} studies released, {len(ended) - released} rejected.")
    if expired:
        print(f"{expired} studies had waited too long and are held.")
