"""What a person sees of a run in the Prefect UI: a bar that moves, counts with advice, and a table of the studies."""

from __future__ import annotations

import time
from typing import Any, Final
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from deident.ledger import Outcome
from deident.report import RunReport
from deident.report.words import counted

__all__ = ["ProgressArtifact", "publish_report"]

_ROWS: Final = 1000
_SECONDS: Final = 2.0


class ProgressArtifact:
    """The share of studies that have ended, updated every two seconds at most."""

    def __init__(self, total: int) -> None:
        self._total, self._done, self._shown = total, 0, time.monotonic()
        made: Any = create_progress_artifact(
            progress=0.0, key="deident-progress", description="Studies that have ended"
        )
        self._id: UUID = made

    def advance(self) -> None:
        self._done += 1
        if time.monotonic() - self._shown >= _SECONDS or self._done == self._total:
            self._shown = time.monotonic()
            update_progress_artifact(self._id, progress=100.0 * self._done / self._total)


def publish_report(report: RunReport) -> None:
    """Put the report into the UI: its counts and advice as text, its studies as a table."""
    create_markdown_artifact(summary(report), key="deident-report", description="Counts, reasons with advice, places")
    if report.studies:
        create_table_artifact(rows(report), key="deident-studies", description=_table_note(len(report.studies)))


def summary(report: RunReport) -> str:
    """The report as Markdown. Places are named below the project home, never as whole paths."""
    lines = ["## Inputs", "", "| " + " | ".join(report.inputs) + " |", "|" + "---:|" * len(report.inputs)]
    lines += ["| " + " | ".join(f"{count}" for count in report.inputs.values()) + " |", ""]
    if report.nothing_new:
        lines += ["Nothing new: every study had been done by an earlier run.", ""]
    elif report.unchanged:
        lines += [f"{report.unchanged} of {len(report.studies)} studies had been done by an earlier run.", ""]
    waiting = report.studies_by_outcome.get(Outcome.AWAITING_REVIEW.value, 0)
    if waiting:
        lines += [f"## {waiting} studies await review", ""]
        lines += [f"Run the flow `release-reviewed` with the run `{report.run}`, or in a terminal:", ""]
        lines += [f"    deident release --run {report.run} --all --reviewer NAME", ""]
    if report.reasons:
        # A list, not a table: the UI clips wide tables, and the advice is what people need.
        lines += ["## Not released", ""]
        lines += [f"- **{line.count} {line.ending}**, `{line.code}`: {line.advice}" for line in report.reasons]
        lines += [""]
    if any(line.studies for line in report.checks):
        lines += ["## Checks before release", ""]
        lines += [f"- {line.studies - line.held} of {line.studies} studies: {line.meaning}" for line in report.checks]
        lines += [""]
    if report.unsearched:
        outputs = counted(report.unsearched, "output")
        lines += [f"**{outputs}: pixels proved by version and range, not searched for text** (`pixel_proof`).", ""]
    lines += ["## Profile", "", *(f"- {words}" for words in report.profile_words), ""]
    lines += ["## Where things are", "", *(f"- **{name}**: `{place}`" for name, place in report.places.items())]
    return "\n".join(lines)


def rows(report: RunReport) -> list[dict[str, Any]]:
    """One row for each study, those that are not released first."""
    studies = sorted(report.studies, key=lambda study: (study.outcome == "released", study.study))
    return [
        {
            "study": study.study,
            "modality": " ".join(study.modalities),
            "outcome": f"{study.outcome} (unchanged)" if study.unchanged else study.outcome,
            "released / skipped / quarantined": f"{study.released} / {study.skipped} / {study.quarantined}"
            + (f", {study.awaiting} awaiting review" if study.awaiting else ""),
            "reasons": ", ".join(f"{code} {count}" for code, count in study.reasons.items()),
        }
        for study in studies[:_ROWS]
    ]


def _table_note(count: int) -> str:
    return "Studies by opaque id" if count <= _ROWS else f"The first {_ROWS} of {count} studies by opaque id"
