"""What a call of the Python API gives back: how each input ended, and what was done to it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import overload

from deident.audit import AuditRecord
from deident.engine.result import Statistics
from deident.errors import Ending, Reason

__all__ = ["AnonymizationResult", "AnonymizedTag", "DirectoryResult"]


@dataclass(frozen=True, slots=True)
class AnonymizedTag:
    """One attribute that did not stay as it was.

    `tag` is `(gggg,eeee)`, `path` the tags of the sequences around it joined by `>` (empty at the top level),
    `attribute` the keyword (empty if private), `action` the letter of PS3.15 Table E.1-1, `because` the table,
    option or override that decided, `count` how often it was met at that place.
    """

    tag: str
    attribute: str
    action: str
    because: str
    path: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class AnonymizationResult:
    """How one input ended.

    `input` is its path relative to the folder of the inputs, which may hold a name and is hidden from repr. `output` is
    the path of the de-identified file, None unless it was released. `record` is what the audit log holds for it.
    """

    input: str = field(repr=False)
    output: str | None
    record: AuditRecord

    @property
    def ending(self) -> Ending:
        """Released, skipped or quarantined."""
        return self.record.ending

    @property
    def released(self) -> bool:
        return self.record.reason is None

    @property
    def reason(self) -> Reason | None:
        """Why it was not released; `reason.advice` says how to go on."""
        return self.record.reason

    @property
    def detail(self) -> str:
        """The tag or place that the reason is about, never a value."""
        return self.record.detail

    @property
    def reference(self) -> str:
        """Keyed reference to the path of the input, as in the audit log."""
        return self.record.input

    @property
    def pseudonym(self) -> str:
        """The new Patient ID, empty unless released."""
        return self.record.pseudonym

    @property
    def original_patient_id_hash(self) -> str:
        """Keyed reference to the original Patient ID (`hmac-sha256:...`), empty unless released."""
        return self.record.patient

    @property
    def statistics(self) -> Statistics | None:
        """Counts over all levels of the data set, None unless released."""
        return self.record.statistics

    @property
    def codes(self) -> tuple[str, ...]:
        """The CID 7050 codes that the output declares; empty when it claims no conformance."""
        return self.record.codes

    @property
    def warnings(self) -> tuple[str, ...]:
        return self.record.warnings

    @property
    def anonymized_tags(self) -> tuple[AnonymizedTag, ...]:
        """Every attribute that did not stay as it was, in data-set order."""
        return tuple(AnonymizedTag(**entry) for entry in json.loads(self.record.tags))


@dataclass(frozen=True, slots=True)
class DirectoryResult(Sequence[AnonymizationResult]):
    """The results of a directory, one for each thing that lies under it, in the order of their paths."""

    results: tuple[AnonymizationResult, ...] = field(repr=False)

    @overload
    def __getitem__(self, index: int) -> AnonymizationResult: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[AnonymizationResult, ...]: ...
    def __getitem__(self, index: int | slice) -> AnonymizationResult | tuple[AnonymizationResult, ...]:
        return self.results[index]

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[AnonymizationResult]:
        return iter(self.results)

    @property
    def counts(self) -> dict[Ending, int]:
        """Inputs per ending; every ending is there."""
        found = Counter(result.ending for result in self.results)
        return {ending: found[ending] for ending in Ending}

    @property
    def reasons(self) -> dict[Reason, int]:
        """Inputs per reason, most frequent first."""
        return dict(Counter(r.reason for r in self.results if r.reason is not None).most_common())

    @property
    def all_released(self) -> bool:
        return all(result.released for result in self.results)
