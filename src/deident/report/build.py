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
from deident.profile import Option, PixelRisk, Profile, Strategy
from deident.report.model import ReasonLine, RunReport, StudyLine

__all__ = ["build_report"]

_OPTION_WORDS = {
    Option.RETAIN_PATIENT_CHARACTERISTICS: "Sex, age, size, weight and the like stay (113108).",
}
_STRATEGY_WORDS = {
    Strategy.HASH: "Patient ID, accession number and study ID become keyed pseudonyms.",
    Strategy.REMOVE: "Direct identifiers are emptied.",
    Strategy.REPLACE: "Direct identifiers become constant dummies.",
}
_RISK_WORDS = {
    PixelRisk.HOLD: "Images that may show text are held for a look.",
    PixelRisk.ACCEPT: "Images that may show text are released: somebody looked at them.",
}


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
        profile_words=tuple(_words(context.profile)),
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


def _words(profile: Profile) -> Iterable[str]:
    """The profile in sentences. What a site wrote itself (tags to keep) is counted, not quoted."""
    yield "Basic Application Level Confidentiality Profile of DICOM PS3.15, edition 2026d (113100)."
    yield from (_OPTION_WORDS[option] for option in sorted(profile.options))
    yield _STRATEGY_WORDS[profile.strategy]
    if profile.strategies:
        yield f"Other strategies apply to {len(profile.strategies)} attributes."
    if profile.age_cap is not None:
        yield f"Ages of {profile.age_cap} years and more become {profile.age_cap}."
    yield _RISK_WORDS[profile.pixel_risk]
    if profile.keep_tags:
        yield f"{len(profile.keep_tags)} attributes are kept beyond what an option covers: no conformance is claimed."
