"""What flows along the path of one study: outcomes of its instances. Nothing here shows an original when printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from deident.audit import AWAITING, AuditRecord, awaiting, withdrawn
from deident.discovery import InstanceRef, StudyRef
from deident.engine.result import MapEntry
from deident.errors import Ending, Reason
from deident.stores.protocol import Kept
from deident.validation import Finding

__all__ = ["InstanceOutcome", "StagedInstance", "StagedStudy", "ValidatedStudy", "count_endings", "count_reasons"]


@dataclass(frozen=True, slots=True)
class StagedInstance:
    """An output in staging: `key` there, `name` once released, `size` in bytes, `digest` (`sha256:`) of its bytes.

    `version` is that of the staged object: what is released must be what was validated. `profile_digest` is that of the
    process that made it, which opened the patient list by itself: it must be that of the run. `entries` are
    pseudonyms with their originals, for the vault alone; empty when the job seals none.

    Where S3 copied most of it and no byte of that came by here, `kept` says which ranges of the source they are, and `digest`
    is `composed-hmac-sha256:` of a statement: the other bytes, and source version and range of those. See docs/s3.md.
    """

    key: str
    version: str
    name: str
    size: int
    digest: str
    source: InstanceRef
    pixel_data: str
    codes: tuple[str, ...]
    profile_digest: str
    kept: tuple[Kept, ...] = ()
    entries: tuple[MapEntry, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class InstanceOutcome:
    """How one input ended, as far as it got; `staged` is None for an input that is held or skipped."""

    record: AuditRecord
    staged: StagedInstance | None = None

    @property
    def reference(self) -> str:
        """Keyed reference of the input."""
        return self.record.input

    @property
    def reason(self) -> Reason | None:
        return self.record.reason

    @property
    def ending(self) -> Ending:
        return self.record.ending

    def held(self, reason: Reason, detail: str = "") -> InstanceOutcome:
        """The same input when its output is not released after all."""
        return InstanceOutcome(withdrawn(self.record, reason, detail))

    def waiting(self) -> InstanceOutcome:
        """The same input when its output, if it has one, waits for a review."""
        return self if self.staged is None else InstanceOutcome(awaiting(self.record), self.staged)


@dataclass(frozen=True, slots=True)
class StagedStudy:
    """Every input of a study with its outcome; the outputs lie in staging. `seconds`: how long the stage took."""

    study: StudyRef
    instances: tuple[InstanceOutcome, ...] = field(repr=False)
    seconds: float = 0.0

    @property
    def staged(self) -> tuple[StagedInstance, ...]:
        return tuple(instance.staged for instance in self.instances if instance.staged is not None)


@dataclass(frozen=True, slots=True)
class ValidatedStudy:
    """A staged study with what validation holds against it; any finding holds all of it. `seconds`: validation alone."""

    staged: StagedStudy
    findings: tuple[Finding, ...]
    seconds: float = 0.0


def count_endings(instances: Iterable[InstanceOutcome]) -> dict[str, int]:
    """Instances per ending, all three of them, and those that await review when there are any."""
    found = Counter(instance.record.state for instance in instances)
    counts = {ending.value: found[ending.value] for ending in Ending}
    return counts | ({AWAITING: found[AWAITING]} if found[AWAITING] else {})


def count_reasons(reasons: Iterable[Reason | None]) -> dict[str, int]:
    """How often each reason occurs, most frequent first."""
    return dict(Counter(reason.value for reason in reasons if reason is not None).most_common())
