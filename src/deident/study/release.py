"""Release a validated study: its objects, then the manifest that makes them visible, then the ledger."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from deident.audit import held, now
from deident.context import Context
from deident.discovery import StudyRef
from deident.errors import Ending, Reason
from deident.ledger import Outcome, Record, StudyOutcome
from deident.manifest import study_folder
from deident.stores.names import key_text
from deident.study.done import done_before
from deident.study.model import InstanceOutcome, StagedInstance, ValidatedStudy, count_endings, count_reasons
from deident.study.publish import publish_study, withdraw
from deident.study.wait import must_wait, wait_for_review
from deident.study.worker import staging_folder
from deident.validation import Finding

__all__ = ["quarantine_study", "release"]


def release(context: Context, validated: ValidatedStudy) -> StudyOutcome:
    """Make a study visible, hold it or let it wait for a review; the record in the ledger is the commit.

    When another run has done just that meanwhile, nothing is done, and its record stands.

    Killed anywhere, the next run does the study again and ends with the same objects. Raises TransientProblem and
    PlaceProblem; then nothing new is visible.
    """
    study = validated.staged.study
    with context.study_lock(study.id):
        done = done_before(context, study)
        if done is None:
            return _release(context, validated, time.monotonic())
        _clear_staging(context, study)
        # Our own, when the answer to an earlier attempt was lost.
        return replace(done, unchanged=done.record.run != context.run)


def _release(context: Context, validated: ValidatedStudy, started: float) -> StudyOutcome:
    study, staged = validated.staged.study, validated.staged.staged
    instances = validated.staged.instances
    findings = [*validated.findings, *_own_findings(context, study, staged)]
    if findings:
        instances = _hold_all(instances, findings)
        withdraw(context, [instance.name for instance in staged], must=context.job.releases)
        staged = ()
    record = _record(context, study, instances, [finding.reason for finding in findings])
    if staged:
        if context.vault is not None:  # before anything is visible: what is released can be traced back
            context.vault.seal(entry for instance in staged for entry in instance.entries)
        if context.job.qa_pages:
            from deident.qa import write_page  # noqa: PLC0415 - only for who asked for pages

            write_page(context, study.id, staged)
        if must_wait(context.job.release, instances):
            return wait_for_review(context, study, instances, replace(record, seconds=_seconds(validated, started)))
        record = publish_study(context, record, staged)
    return _commit(context, study, instances, replace(record, seconds=_seconds(validated, started)))


def _seconds(validated: ValidatedStudy, started: float) -> dict[str, float]:
    """How long each stage took so far."""
    return {
        "deidentification": round(validated.staged.seconds, 3),
        "validation": round(validated.seconds, 3),
        "release": round(time.monotonic() - started, 3),
    }


def quarantine_study(context: Context, study: StudyRef, reason: Reason) -> StudyOutcome:
    """Hold a study that could not be done, for instance because every retry failed; nothing of it is released."""
    references = (context.pseudonyms.reference(key_text(instance.key)) for instance in study.instances)
    instances = tuple(InstanceOutcome(held(reference, reason)) for reference in references)
    return _commit(context, study, instances, _record(context, study, instances, []))


def _own_findings(context: Context, study: StudyRef, staged: Sequence[StagedInstance]) -> list[Finding]:
    """What must hold besides validation: one folder for the study, one patient list, and staging as validation saw it."""
    if len({study_folder(instance.name) for instance in staged}) > 1:
        return [Finding(Reason.STUDY_INCONSISTENT, "one-patient", "", "")]
    if any(instance.profile_digest != context.profile_digest for instance in staged):
        return [Finding(Reason.CHANGED, "patient-list", "", "")]
    versions = {entry.key: entry.version for entry in context.staging.list(staging_folder(context.run, study.id))}
    if any(versions.get(instance.key) != instance.version for instance in staged):
        return [Finding(Reason.CHANGED, "staging", "", "")]
    return []


def _hold_all(instances: Iterable[InstanceOutcome], findings: Sequence[Finding]) -> tuple[InstanceOutcome, ...]:
    """Every output is held: for its own finding where it has one, else for the first of the study."""
    own = {finding.reference: finding for finding in reversed(findings)}
    result = []
    for instance in instances:
        if instance.staged is None:
            result.append(instance)
            continue
        finding = own.get(instance.reference, findings[0])
        detail = ": ".join(filter(None, (finding.check, finding.detail)))
        result.append(instance.held(finding.reason, detail))
    return tuple(result)


def _record(
    context: Context, study: StudyRef, instances: Sequence[InstanceOutcome], findings: Sequence[Reason]
) -> Record:
    counts = count_endings(instances)
    # The reasons of the instances; one that no instance got, being a second finding, is counted all the same.
    reasons = count_reasons(findings) | count_reasons(instance.reason for instance in instances)
    if counts[Ending.RELEASED]:
        outcome = Outcome.RELEASED
    else:
        outcome = Outcome.QUARANTINED if counts[Ending.QUARANTINED] else Outcome.SKIPPED
    return Record(
        study=study.id,
        run=context.run,
        outcome=outcome,
        fingerprint=study.fingerprint,
        profile_digest=context.profile_digest,
        code_version=context.code_version,
        counts=counts,
        reasons=reasons,
        modalities=study.modalities,
        unsearched=sum(bool(instance.record.pixel_proof) for instance in instances),
    )


def _commit(context: Context, study: StudyRef, instances: Sequence[InstanceOutcome], record: Record) -> StudyOutcome:
    """Audit, then the ledger; after that the study is done and its staging goes."""
    audit = context.write_audit(study.id, (instance.record for instance in instances))
    context.locks.check()
    written = context.ledger.append(replace(record, finished=now(), audit=audit))
    _clear_staging(context, study)
    return StudyOutcome(written)


def _clear_staging(context: Context, study: StudyRef) -> None:
    for entry in list(context.staging.list(staging_folder(context.run, study.id))):
        context.staging.delete(entry.key)
