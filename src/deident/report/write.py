"""End a run on paper: seal its chains in the ledger, then write its report into the project home and beside the outputs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from deident.audit import AWAITING
from deident.context import Context
from deident.ledger import Ledger
from deident.locks import Locks
from deident.report.document import document, for_recipients
from deident.report.instances import InstanceLine, read_instances
from deident.report.model import LedgerMark, RunReport
from deident.report.page import render
from deident.roots import Roots, absolute
from deident.seals.runs import RunRecord, seal_run
from deident.stores.protocol import Store

__all__ = ["PUBLISHED", "ReportFiles", "end_run", "write_report"]

#: Folder for reports in a destination; no pseudonym starts with an underscore.
PUBLISHED: Final = "_deident/reports"


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Where a report was written, paths or URIs; they are for the user's own terminal only."""

    json: str = field(repr=False)
    html: str = field(repr=False)


class Ended(Protocol):
    """A run, or a review, that has ended: a Context, or a Desk."""

    @property
    def roots(self) -> Roots: ...

    @property
    def audit(self) -> Store: ...

    @property
    def reports(self) -> Store: ...

    @property
    def locks(self) -> Locks: ...

    @property
    def ledger(self) -> Ledger: ...

    @property
    def code_version(self) -> str: ...

    @property
    def places(self) -> tuple[str, str]: ...

    def sync(self) -> None: ...


def write_report(context: Context, report: RunReport) -> ReportFiles:
    """Seal the run and write its report; see `end_run`. The destination gets a copy of it, unless the job says no.

    None is needed when the run did nothing, nor before a review has decided what is there to be reported.
    """
    wanted = context.job.publish_report and not report.nothing_new and not report.inputs.get(AWAITING)
    files = end_run(context, report, context.released if wanted else None)
    if context.job.qa_pages:
        from deident.qa import write_index  # noqa: PLC0415 - only for who asked for pages

        write_index(context)
    return files


def end_run(ended: Ended, report: RunReport, published: Store | None) -> ReportFiles:
    """Write `report.json` and `report.html` for the run, each whole or not at all; one of the same run is replaced.

    Before that the run is sealed, and outputs and ledger are flushed: what a report calls released would survive a
    power cut. The store `published` gets a copy without references to the inputs.
    """
    sealed = _seal(ended, report)
    ended.sync()
    report = replace(report, ledger=LedgerMark(sealed.number, sealed.digest))
    _write(ended.reports, report.run, report, _instances(ended, report))
    if published is not None:
        copy = for_recipients(report)
        _write(published, f"{PUBLISHED}/{report.run}", copy, _instances(ended, report), references=False)
    folder = f"{absolute(ended.roots.reports)}/{report.run}"
    return ReportFiles(f"{folder}/report.json", f"{folder}/report.html")


def _seal(ended: Ended, report: RunReport) -> RunRecord:
    source, destination = ended.places
    record = RunRecord(
        run=report.run,
        finished=report.finished,
        code_version=ended.code_version,
        profile=report.profile,
        profile_digest=report.profile_digest,
        source=source,
        destination=destination,
        studies=report.studies_by_outcome,
        unchanged=report.unchanged,
        inputs=report.inputs,
    )
    return seal_run(ended.ledger, record, ended.locks.at_work)


def _instances(ended: Ended, report: RunReport) -> Iterable[InstanceLine]:
    new = [study.study for study in report.studies if not study.unchanged]
    return read_instances(ended.audit, report.run, new)


def _write(
    store: Store, folder: str, report: RunReport, instances: Iterable[InstanceLine], *, references: bool = True
) -> None:
    store.write(f"{folder}/report.json", document(report, instances, references=references), overwrite=True)
    store.put(f"{folder}/report.html", render(report).encode(), overwrite=True)
