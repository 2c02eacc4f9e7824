"""Write a report into the project home, as JSON and as a page."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from deident.context import Context
from deident.report.model import SCHEMA, RunReport
from deident.report.page import render
from deident.stores.folder import FolderStore

__all__ = ["ReportFiles", "write_report"]


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Where a report was written; the paths are for the user's own terminal only."""

    json: Path = field(repr=False)
    html: Path = field(repr=False)


def write_report(context: Context, report: RunReport) -> ReportFiles:
    """Write `report.json` and `report.html` for the run, each whole or not at all; one of the same run is replaced.

    Outputs and ledger are flushed first: what a report calls released would survive a power cut.
    """
    context.sync()
    store = FolderStore(context.home.reports, private=True)
    data = json.dumps({"schema": SCHEMA, **asdict(report)}, indent=1).encode() + b"\n"
    store.put(f"{report.run}/report.json", data, overwrite=True)
    store.put(f"{report.run}/report.html", render(report).encode(), overwrite=True)
    folder = context.home.reports / report.run
    return ReportFiles(folder / "report.json", folder / "report.html")
