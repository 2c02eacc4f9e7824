"""Whether a study has been done: by the word of the ledger, and by what stands in the destination."""

from __future__ import annotations

from typing import Final

from deident.context import Context
from deident.discovery import StudyRef
from deident.errors import PlaceProblem, Reason
from deident.job import PixelProof
from deident.ledger import Outcome, Record, StudyOutcome
from deident.manifest import NAME, study_folder
from deident.study.wait import still_waits

__all__ = ["done_before"]

#: Reasons that can go away by themselves: such a study is done again although nothing that we know of has changed.
_PASSING: Final = frozenset({Reason.UNREADABLE.value, Reason.CHANGED.value})


def done_before(context: Context, study: StudyRef) -> StudyOutcome | None:
    """How the study ended, when the ledger knows the same input, profile and code and its outputs still stand.

    Outputs whose pixels nobody has read are not done for a job that wants them read.
    """
    record = context.ledger.latest(study.id)
    if (
        record is None
        or context.job.force
        or record.fingerprint != study.fingerprint
        or record.profile_digest != context.profile_digest
        or record.code_version != context.code_version
        or not _PASSING.isdisjoint(record.reasons)
        or (record.unsearched and context.job.pixel_proof is PixelProof.READ)
    ):
        return None
    if record.outcome is Outcome.RELEASED and not _stands(context, record):
        return None
    if record.outcome is Outcome.AWAITING_REVIEW and not still_waits(context, record):
        return None
    return StudyOutcome(record, unchanged=True)


def _stands(context: Context, record: Record) -> bool:
    """Whether every output is still in the destination with its size: it may have been emptied, or be another one.

    For a run that releases nothing and may not look there, the ledger's word is enough.
    """
    folder = study_folder(record.outputs[0].name)
    try:
        sizes = {entry.key: entry.size for entry in context.released.list(folder)}
    except PlaceProblem:
        if context.job.releases:
            raise
        return True
    return folder + NAME in sizes and all(sizes.get(output.name) == output.size for output in record.outputs)
