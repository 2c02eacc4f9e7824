"""Small studies made of real files, for tests of discovery and of the path of a study."""

from __future__ import annotations

import copy
from pathlib import Path

import pydicom
from pydicom.data import get_testdata_file

from deident.context import Context
from deident.job import Job

__all__ = ["NAME", "PATIENT_ID", "job_for", "open_job", "write_instance", "write_study"]

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
