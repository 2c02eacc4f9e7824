"""Small studies made of real files, for tests of discovery and of the path of a study."""

from __future__ import annotations

import copy
from pathlib import Path

import pydicom
from pydicom.data import get_testdata_file

from deident.context import Context
from deident.discovery import StudyRef, discover
from deident.job import Job
from deident.ledger import StudyOutcome
from deident.manifest import Manifest
from deident.report import ReportFiles, RunReport, build_report, write_report
from deident.study import process_study

__all__ = [
    "NAME",
    "PATIENT_ID",
    "job_for",
    "manifest_of",
    "only_study",
    "open_job",
    "outputs",
    "published_reports",
    "run",
    "stamps",
    "tree",
    "whole_run",
    "write_instance",
    "write_study",
]

NAME = "Planted^Penelope"
PATIENT_ID = "MRN-4711-99"
_CT = pydicom.dcmread(get_testdata_file("CT_small.dcm"))


def write_instance(path: Path, study: str, number: int, **changes: object) -> Path:
    """A CT slice of pydicom's with own UIDs and a planted patient; `changes` are attributes by keyword."""
    dataset = copy.deepcopy(_CT)
    dataset.PatientName = NAME
    dataset.PatientID = PATIENT_ID
    dataset.StudyInstanceUID = study
    dataset.SeriesInstanceUID = f"{study}.1"
    dataset.SOPInstanceUID = f"{study}.1.{number}"
    dataset.InstanceNumber = number
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path)
    return path


def write_study(folder: Path, study: str, count: int, **changes: object) -> list[Path]:
    """`count` slices of one study."""
    return [write_instance(folder / f"{study}-{number}", study, number, **changes) for number in range(1, count + 1)]


def job_for(tmp_path: Path, **values: object) -> Job:
    """A job from `source` to `destination` with its own home, in one process."""
    (tmp_path / "source").mkdir(exist_ok=True)
    places = {name: str(tmp_path / name) for name in ("source", "destination", "home")}
    return Job.make(**{**places, "workers": 1, **values})


def open_job(tmp_path: Path, run: str | None = None, **values: object) -> Context:
    """The opened job of `job_for`."""
    return Context.open(job_for(tmp_path, **values), run)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def only_study(context: Context) -> StudyRef:
    (study,) = discover(context).studies
    return study


def run(tmp_path: Path, **values: object) -> StudyOutcome:
    with open_job(tmp_path, **values) as context:
        return process_study(context, only_study(context))


def whole_run(tmp_path: Path, run: str | None = None, **values: object) -> tuple[RunReport, ReportFiles]:
    """A run from discovery to report, as the flow does it, in this process."""
    with open_job(tmp_path, run, **values) as context:
        context.sweep()
        found = discover(context)
        outcomes = [process_study(context, study) for study in found.studies]
        report = build_report(context, found, outcomes)
        return report, write_report(context, report)


def manifest_of(tmp_path: Path) -> Manifest:
    (path,) = (tmp_path / "destination").rglob("manifest.json")
    return Manifest.from_bytes(path.read_bytes())


def outputs(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "destination").rglob("*.dcm"))


def published_reports(destination: Path) -> list[Path]:
    """The copies for recipients, pages first."""
    return sorted((destination / "_deident").rglob("report.*"))


def stamps(tmp_path: Path) -> dict[Path, tuple[int, int]]:
    """Which file stands under each name, and when it was last written."""
    return {p: (p.stat().st_ino, p.stat().st_mtime_ns) for p in (tmp_path / "destination").rglob("*") if p.is_file()}
