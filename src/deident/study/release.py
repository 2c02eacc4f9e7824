"""Release a validated study: its objects, then the manifest that makes them visible, then the ledger."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from deident.audit import held, now
from deident.context import Context
from deident.discovery import StudyRef
from deident.errors import AlreadyExists, DeidentError, Ending, Reason
from deident.ledger import Outcome, OutputDigest, Record, StudyOutcome
from deident.manifest import NAME, Manifest, publish, read_manifest, study_folder
from deident.stores.names import key_text
from deident.study.done import done_before
from deident.study.model import InstanceOutcome, StagedInstance, ValidatedStudy, count_endings, count_reasons
from deident.study.worker import COMPOSED, staging_folder, stored_digest
from deident.validation import Finding

__all__ = ["quarantine_study", "release"]


def release(context: Context, validated: ValidatedStudy) -> StudyOutcome:
    """Make a study visible, or hold it, and write down how it ended; the record in the ledger is the commit.

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
        _withdraw(context, staged)
        staged = ()
    record = _record(context, study, instances, [finding.reason for finding in findings])
    if staged:
        if context.vault is not None:  # before anything is visible: what is released can be traced back
            context.vault.seal(entry for instance in staged for entry in instance.entries)
        if context.job.qa_pages:
            from deident.qa import write_page  # noqa: PLC0415 - only for who asked for pages

            write_page(context, study.id, staged)
        record = _publish(context, record, staged)
    seconds = {
        "deidentification": round(validated.staged.seconds, 3),
        "validation": round(validated.seconds, 3),
        "release": round(time.monotonic() - started, 3),
    }
    return _commit(context, study, instances, replace(record, seconds=seconds))


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
    )


def _publish(context: Context, record: Record, staged: Sequence[StagedInstance]) -> Record:
    """Copy the objects, then write the manifest; what an earlier version had and this one has not goes last."""
    folder = study_folder(staged[0].name)
    outputs = tuple(OutputDigest(instance.name, instance.size, instance.digest) for instance in staged)
    patient, uid, _ = folder.split("/")
    earlier = context.ledger.latest(record.study)
    manifest = Manifest(
        patient=patient,
        study=uid,
        profile_digest=record.profile_digest,
        code_version=record.code_version,
        instances=tuple(sorted(outputs, key=lambda output: output.name)),
        version=1 + (earlier.manifest_version if earlier is not None else 0),
    )
    try:
        for instance in staged:
            _copy(context, instance, folder)
        context.locks.check()
        written = publish(context.released, folder, manifest)
    except BaseException:
        with contextlib.suppress(DeidentError):
            context.locks.check()
            _withdraw(context, staged)
        raise
    _remove_superseded(context, folder, {output.name for output in outputs})
    _retire(context, record.study, folder)
    return replace(record, manifest=folder + NAME, manifest_version=written.version, outputs=written.instances)


def _copy(context: Context, instance: StagedInstance, folder: str) -> None:
    """Bring one object out. The same bytes under this name stay; others are replaced, out of sight of any manifest."""
    try:
        context.released.copy_from(context.staging, instance.key, instance.name, version=instance.version)
        return
    except AlreadyExists:
        pass
    if not _same(context, instance, folder):
        context.released.delete(folder + NAME)
        context.locks.check()
        context.released.copy_from(
            context.staging, instance.key, instance.name, overwrite=True, version=instance.version
        )


def _same(context: Context, instance: StagedInstance, folder: str) -> bool:
    """Whether what stands under the name is the same object; where only S3 has seen its bytes, by the manifest's word."""
    if not instance.digest.startswith(COMPOSED):
        return stored_digest(context.released, instance.name) == instance.digest
    manifest = read_manifest(context.released, folder)
    output = OutputDigest(instance.name, instance.size, instance.digest)
    return manifest is not None and output in manifest.instances


def _withdraw(context: Context, staged: Sequence[StagedInstance]) -> None:
    """Take away what was copied of a study that is not visible; what an earlier version made visible stays as it is."""
    for folder in sorted({study_folder(instance.name) for instance in staged}):
        if read_manifest(context.released, folder) is None:
            _remove_superseded(context, folder, set())


def _retire(context: Context, study: str, folder: str) -> None:
    """Take away the study where earlier versions of it stand under another patient: the patient list, or a prefix, changed.

    First the manifest, then what it named. It is the same study as its folder is named by its UID.
    """
    earlier = {study_folder(record.manifest) for record in context.ledger.history(study) if record.manifest}
    for former in sorted(earlier - {folder}):
        if former.split("/")[1] == folder.split("/")[1]:
            context.released.delete(former + NAME)
            _remove_superseded(context, former, set())


def _remove_superseded(context: Context, folder: str, keep: set[str]) -> None:
    """Remove the instances in a study folder that are not in `keep`; files of others are none of our business."""
    for entry in list(context.released.list(folder)):
        series, _, name = entry.key.removeprefix(folder).partition("/")
        ours = series.startswith("2.25.") and name.startswith("2.25.") and name.endswith(".dcm")
        if ours and entry.key not in keep:
            context.released.delete(entry.key)


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
