"""The report of a review run: how the studies that were decided about ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from deident import __version__
from deident.audit import now
from deident.errors import Ending
from deident.ledger import Record, StudyOutcome
from deident.report import RunReport
from deident.report.build import reason_line, study_line
from deident.report.write import end_run
from deident.review.desk import Desk

__all__ = ["end_review", "review_report"]


def end_review(desk: Desk, records: Sequence[Record]) -> RunReport:
    """Seal the run of the desk in the ledger and write its report; recipients get a copy when something was released.

    A review that decided nothing leaves nothing behind.
    """
    report = review_report(desk, records)
    if not records:
        return report
    room = desk.room(desk.reviewed)
    released = any(record.manifest for record in records)
    end_run(desk, report, room.released if room is not None and room.note.publish_report and released else None)
    return report


def review_report(desk: Desk, records: Sequence[Record]) -> RunReport:
    """The report of the decisions on studies of the run that was reviewed, and on studies of others that expired."""
    inputs = Counter({ending.value: 0 for ending in Ending})
    reasons: Counter[str] = Counter()
    for record in records:
        inputs.update(record.counts)
        reasons.update(record.reasons)
    room = desk.room(desk.reviewed)
    return RunReport(
        run=desk.run,
        finished=now(),
        version=__version__,
        profile=room.note.profile if room is not None else "",
        profile_digest=records[0].profile_digest if records else "",
        profile_words=(f"Decisions of a review on studies that run {desk.reviewed} had staged and validated.",),
        inputs=dict(inputs),
        studies_by_outcome=dict(Counter(record.outcome.value for record in records)),
        unchanged=0,
        reasons=tuple(reason_line(code, count) for code, count in reasons.most_common()),
        studies=tuple(study_line(StudyOutcome(record)) for record in sorted(records, key=lambda record: record.study)),
        places={
            "outputs": "the destination of the run that was reviewed",
            "audit": f"audit/{desk.run}/<study>.json in the project home",
            "ledger": "ledger/studies/<study>/ in the project home",
            "report": f"reports/{desk.run}/ in the project home",
        },
        unsearched=sum(record.unsearched for record in records),
    )
