"""Read the released studies of a run, and write one line for each instance."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from prefect import task
from pydicom import dcmread

COLUMNS = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "Modality", "Rows", "Columns")


@task
def describe_study(folder: str) -> list[list[str]]:
    """The attributes of every instance that the study's manifest names; what it does not name is not released."""
    manifest = json.loads((Path(folder) / "manifest.json").read_text())
    root = Path(folder).parents[1]
    rows = []
    for instance in manifest["instances"]:
        dataset = dcmread(root / instance["name"], stop_before_pixels=True)
        rows.append([*(f"{dataset.get(column, '')}" for column in COLUMNS), instance["name"]])
    return rows


@task
def write_index(studies: list[list[list[str]]], path: str) -> int:
    """Write the index as CSV; returns the number of instances."""
    rows = sorted(row for study in studies for row in study)
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([[*COLUMNS, "File"], *rows])
    return len(rows)
