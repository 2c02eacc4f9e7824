"""What a parent flow gets to know of a run: counts, opaque ids, and where each released study lies in the destination."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deident.errors import NotFound, PlaceProblem, UsageProblem
from deident.flows.places import resolve
from deident.home import ProjectHome
from deident.ledger import Ledger
from deident.manifest import study_folder
from deident.report import RunReport
from deident.roots import Roots
from deident.stores.places import is_s3
from deident.stores.protocol import read_all

__all__ = ["ReleasedStudy", "RunResult", "place_of", "result_of", "uri_of"]

_RUN: Final = re.compile(r"(?:[a-z][a-z-]*-)?([0-9]{8}t[0-9]{6}z-[0-9a-f]{6})")


@dataclass(frozen=True, slots=True)
class ReleasedStudy:
    """A study in the destination: `folder` is `<patient>/<study>/` there, in pseudonyms; `instances` how many it holds."""

    study: str
    folder: str
    modalities: tuple[str, ...]
    instances: int


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended. `inputs` counts inputs per ending, `studies` studies per outcome; `held` are opaque ids.

    `released` are all studies of the source that are visible now, also those that an earlier run released: with
    `new_only` of `result_of`, those of this run alone.
    """

    run: str
    inputs: dict[str, int]
    studies: dict[str, int]
    released: tuple[ReleasedStudy, ...]
    held: tuple[str, ...]


def result_of(run: RunReport | str, *, new_only: bool = False) -> RunResult:
    """The result of a run, from what the flow returned to its parent, or by the name of its flow run (of a deployment).

    Works where the project home is, its parts in folders or in S3. Raises UsageProblem when there is no report of that run.
    """
    home = ProjectHome.existing()
    name = run.run if isinstance(run, RunReport) else run
    roots = Roots.of(home)
    report = _read(roots, name)
    ledger = Ledger(roots.open("ledger"))
    lines = [line for line in report["studies"] if not (new_only and line["unchanged"])]
    return RunResult(
        run=report["run"],
        inputs=report["inputs"],
        studies=report["studies_by_outcome"],
        released=tuple(filter(None, (_released(ledger, line) for line in lines if line["outcome"] == "released"))),
        held=tuple(line["study"] for line in lines if line["quarantined"]),
    )


def place_of(alias: str) -> Path:
    """The folder that an alias stands for in this project. Raises PlaceProblem for an unknown one, and for one in S3."""
    found = uri_of(alias)
    if is_s3(found):
        raise PlaceProblem("that place lies in S3: uri_of tells which")
    return Path(found)


def uri_of(alias: str) -> str:
    """The path of a folder or the `s3://bucket/prefix` that an alias stands for. Raises PlaceProblem for an unknown one."""
    return resolve(ProjectHome.existing(), alias)


def _read(roots: Roots, name: str) -> dict[str, Any]:
    found = _RUN.fullmatch(name)
    report: dict[str, Any] | None = None
    if found is not None:
        with contextlib.suppress(NotFound, ValueError):
            report = json.loads(read_all(roots.open("reports"), f"{found[1]}/report.json"))
    if report is None:
        raise UsageProblem("there is no report of a run of that name in this project")
    return report


def _released(ledger: Ledger, line: dict[str, Any]) -> ReleasedStudy | None:
    record = ledger.latest(line["study"])
    if record is None or not record.manifest:
        return None
    folder = study_folder(record.manifest)
    return ReleasedStudy(record.study, folder, tuple(record.modalities), len(record.outputs))
