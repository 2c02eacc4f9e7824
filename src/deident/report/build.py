"""Build the report of a run from the records of the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from deident import __version__
from deident.audit import now
from deident.context import Context
from deident.discovery import Discovery
from deident.errors import Ending, Reason
from deident.ledger import StudyOutcome
from deident.profile.words import profile_words
from deident.report.model import ReasonLine, RunReport, StudyLine

__all__ = ["build_report"]


def build_report(context: Context, discovery: Discovery, outcomes: Iterable[StudyOutcome]) -> RunReport:
    """The report of one run. `outcomes` are those of all studies that `discovery` found, in any order."""
    done = sorted(outcomes, key=lambda outcome: outcome.study)
    inputs = Counter({ending.value: 0 for ending in Ending})
    reasons: Counter[str] = Counter()
    for outcome in done:
        inputs.update(outcome.record.counts)
        reasons.update(outcome.record.reasons)
    for other in discovery.others:
        inputs[other.ending.value] += 1
        reasons[other.reason.value] += 1
    return RunReport(
        run=context.run,
        finished=now(),
        version=__version__,
        profile=context.profile.name,
        profile_digest=context.profile_digest,
        profile_words=tuple(profile_words(context.profile)),
        inputs=dict(inputs),
        studies_by_outcome=dict(Counter(outcome.outcome.value for outcome in done)),
        unchanged=sum(outcome.unchanged for outcome in done),
        reasons=tuple(_line(code, count) for code, count in reasons.most_common()),
        studies=tuple(map(_study, done)),
        places={
            "outputs": "the destination: <patient>/<study>/<series>/<instance>.dcm, with a manifest.json per study",
            "audit": f"audit/{context.run}/<study>.json in the project home",
            "ledger": "ledger/studies/<study>/ in the project home",
            "report": f"reports/{context.run}/ in the project home",
        },
    )


def _line(code: str, count: int) -> ReasonLine:
    reason = Reason(code)
    return ReasonLine(code=code, ending=reason.ending.value, count=count, advice=reason.advice)


def _study(outcome: StudyOutcome) -> StudyLine:
    record = outcome.record
    return StudyLine(
        study=record.study,
        modalities=record.modalities,
        outcome=record.outcome.value,
        unchanged=outcome.unchanged,
        released=record.counts.get(Ending.RELEASED.value, 0),
        skipped=record.counts.get(Ending.SKIPPED.value, 0),
        quarantined=record.counts.get(Ending.QUARANTINED.value, 0),
        reasons=record.reasons,
        manifest_version=record.manifest_version,
    )
