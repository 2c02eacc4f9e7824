"""Let a validated study wait for a review: on record with its digests, its outputs protected in staging."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from deident.audit import now
from deident.context import Context
from deident.discovery import StudyRef
from deident.errors import DeidentError, Ending, NotFound
from deident.job import ReleasePolicy
from deident.ledger import Outcome, OutputDigest, Record, StagedVersion, StudyOutcome
from deident.roots import absolute
from deident.stores.protocol import Store, read_all
from deident.study.model import InstanceOutcome, count_endings
from deident.study.worker import COMPOSED

__all__ = ["NOTE", "SCHEMA", "RunNote", "must_wait", "read_note", "still_waits", "wait_for_review"]

SCHEMA: Final = "deident-review/1"
#: In the staging of a run: where its studies go. It can hold a path, and lies where the originals could lie.
NOTE: Final = "review.json"


@dataclass(frozen=True, slots=True)
class RunNote:
    """What a review has to know of the run whose studies wait, besides the ledger."""

    destination: str = field(repr=False)
    profile: str
    profile_digest: str
    #: Keyed references of source and destination, as the record of the run has them.
    places: tuple[str, str]
    #: Whether the destination gets a copy of the report.
    publish_report: bool = True

    def digest(self) -> str:
        """Of the profile, for the audit log."""
        return self.profile_digest

    @property
    def name(self) -> str:
        return self.profile


def must_wait(policy: ReleasePolicy, instances: Sequence[InstanceOutcome]) -> bool:
    """Whether somebody has to look at a validated study first."""
    if policy is ReleasePolicy.ONLY_CLEAN:
        held = any(instance.ending is Ending.QUARANTINED for instance in instances)
        return held or any(instance.record.warnings for instance in instances)  # an accepted pixel risk is a warning
    return policy is ReleasePolicy.AFTER_REVIEW


def wait_for_review(
    context: Context, study: StudyRef, instances: Sequence[InstanceOutcome], record: Record
) -> StudyOutcome:
    """Write the audit log and then the ledger record that protects the staged outputs; call it with the study's lock.

    Whatever the vault is to know has been sealed before: entries of the map are not kept for the review.
    """
    waiting = tuple(instance.waiting() for instance in instances)
    destination = absolute(context.job.destination)
    note = RunNote(
        destination, context.profile.name, context.profile.digest(), context.places, context.job.publish_report
    )
    text = json.dumps({"schema": SCHEMA, **asdict(note)}).encode() + b"\n"
    context.staging.put(f"{context.run}/{NOTE}", text, overwrite=True)
    audit = context.write_audit(study.id, (instance.record for instance in waiting))
    staged = [instance.staged for instance in waiting if instance.staged is not None]
    written = context.ledger.append(
        replace(
            record,
            outcome=Outcome.AWAITING_REVIEW,
            counts=count_endings(waiting),
            outputs=tuple(OutputDigest(output.name, output.size, output.digest) for output in staged),
            staged=tuple(
                StagedVersion(output.name, output.key, output.version)
                for output in staged
                if output.digest.startswith(COMPOSED)
            ),
            expires=_after(context.job.review_days),
            finished=now(),
            audit=audit,
        )
    )
    return StudyOutcome(written)


def _after(days: int) -> str:
    """The time in so many days, in the form of `now()`, which sorts as text."""
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def read_note(staging: Store, run: str) -> RunNote | None:
    """What was noted of the run, or None when nothing of it waits (any more)."""
    try:
        values = json.loads(read_all(staging, f"{run}/{NOTE}"))
        if values.pop("schema") == SCHEMA:
            return RunNote(**{**values, "places": tuple(values["places"])})
    except NotFound:
        return None
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    raise DeidentError("the note on a run that awaits review is damaged")


def still_waits(context: Context, record: Record) -> bool:
    """Whether the outputs of a study that awaits review lie in staging as they did, bound for this job's destination."""
    note = read_note(context.staging, record.run)
    if note is None or note.destination != absolute(context.job.destination):
        return False
    found = sorted(
        entry.size for entry in context.staging.list(f"{record.run}/{record.study}/") if entry.key.endswith(".dcm")
    )
    return found == sorted(output.size for output in record.outputs)
