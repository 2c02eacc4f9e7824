"""Build the report of a run from the records of the ledger and the audit logs."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Iterable, Sequence

from deident import __version__
from deident.audit import AWAITING, now
from deident.context import Context
from deident.discovery import Discovery
from deident.errors import Ending, Reason
from deident.ledger import Record, StudyOutcome
from deident.profile.words import profile_words
from deident.report.instances import action_lines, read_instances
from deident.report.model import CheckLine, OtherInput, ReasonLine, RunReport, StageTiming, StudyLine
from deident.report.words import CHECKS, options_of

__all__ = ["build_report", "reason_line", "study_line"]


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
    new = [outcome.record for outcome in done if not outcome.unchanged]
    studies = [record.study for record in new]
    return RunReport(
        run=context.run,
        finished=now(),
        seconds=round(time.monotonic() - context.opened, 3),
        version=__version__,
        profile=context.profile.name,
        profile_digest=context.profile_digest,
        profile_words=tuple(profile_words(context.profile)),
        options=options_of(context.profile),
        inputs=dict(inputs),
        studies_by_outcome=dict(Counter(outcome.outcome.value for outcome in done)),
        unchanged=sum(outcome.unchanged for outcome in done),
        reasons=tuple(reason_line(code, count) for code, count in reasons.most_common()),
        studies=tuple(map(study_line, done)),
        others=tuple(
            OtherInput(other.reference, other.ending.value, other.reason.value, other.detail)
            for other in discovery.others
        ),
        actions=action_lines(read_instances(context.audit, context.run, studies)),
        checks=_checks(new),
        timings=_timings(discovery, new),
        places={
            "outputs": "the destination: <patient>/<study>/<series>/<instance>.dcm, with a manifest.json per study",
            "audit": f"audit/{context.run}/<study>.json {context.roots.shown('audit')}",
            "ledger": f"ledger/studies/<study>/ {context.roots.shown('ledger')}",
            "report": f"reports/{context.run}/ {context.roots.shown('reports')}",
        },
        unsearched=sum(outcome.record.unsearched for outcome in done),
    )


def reason_line(code: str, count: int) -> ReasonLine:
    reason = Reason(code)
    return ReasonLine(code=code, ending=reason.ending.value, count=count, advice=reason.advice)


def study_line(outcome: StudyOutcome) -> StudyLine:
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
        run=record.run,
        seconds=record.seconds,
        awaiting=record.counts.get(AWAITING, 0),
        unsearched=record.unsearched,
    )


def _checks(records: Sequence[Record]) -> tuple[CheckLine, ...]:
    """A study was checked when it was released, or when a check holds it; without outputs there is nothing to check."""
    codes = {reason.value for reason in CHECKS}
    made = (Ending.RELEASED.value, AWAITING)
    checked = [record for record in records if any(map(record.counts.get, made)) or codes & set(record.reasons)]
    return tuple(
        CheckLine(reason.value, meaning, len(checked), sum(reason.value in record.reasons for record in checked))
        for reason, meaning in CHECKS.items()
    )


def _timings(discovery: Discovery, records: Sequence[Record]) -> tuple[StageTiming, ...]:
    stages: dict[str, list[float]] = {"discovery": [discovery.seconds]}
    for record in records:
        for stage, seconds in record.seconds.items():
            if seconds:  # a study that has no output is not validated
                stages.setdefault(stage, []).append(seconds)
    return tuple(
        StageTiming(
            stage=stage,
            studies=len(discovery.studies) if stage == "discovery" else len(values),
            total=round(sum(values), 3),
            median=0.0 if stage == "discovery" else round(statistics.median(values), 3),
            longest=0.0 if stage == "discovery" else round(max(values), 3),
        )
        for stage, values in stages.items()
    )
