"""A source of several studies, and what has to stand in ledger and destination when all of them were done once."""

import os
import shutil
from pathlib import Path

from deident.context import Context
from deident.discovery import discover
from deident.flows.places import register
from deident.home import ProjectHome
from deident.job import Job
from deident.ledger import Ledger
from deident.stores import FolderStore
from deident.study import process_study
from support.studies import tree, write_instance, write_study

STUDIES = 24
INSTANCES = 12


def many_studies(folder: Path) -> Path:
    """Studies that are released, and one that is held."""
    for number in range(1, STUDIES):
        write_study(folder, f"1.2.{number}", INSTANCES)
    write_instance(folder / "risky", f"1.2.{STUDIES}", 1, BurnedInAnnotation="YES")
    return folder


def quiet(source: Path, folder: Path) -> tuple[Path, tuple[object, ...]]:
    """The key of a project, and what a run in one process that nothing disturbs leaves with it."""
    job = Job.make(source=str(source), destination=str(folder / "out"), home=str(folder / "home"))
    with Context.open(job) as context:
        for study in discover(context).studies:
            process_study(context, study)
    return folder / "home" / "key", whole(context.home, folder / "out")


def adopt(home: ProjectHome, key: Path, source: Path, destination: Path) -> tuple[str, str]:
    """Give a home the key of the quiet run and names for its places; returns these."""
    shutil.copy(key, home.key)
    os.chmod(home.key, 0o600)
    return register(home, source, "incoming"), register(home, destination, "released")


def whole(home: ProjectHome, destination: Path) -> tuple[object, ...]:
    """All records of all studies, without what says when, by whom and how fast; and every released byte."""
    ledger = Ledger(FolderStore(home.ledger))
    records = [
        [(r.study, r.outcome, r.fingerprint, r.counts, r.reasons, r.outputs) for r in ledger.history(study)]
        for study in ledger.studies()
    ]
    assert not list(home.staging.rglob("*.dcm"))
    files = {name: data for name, data in tree(destination).items() if not name.startswith("_deident/")}
    return records, files


def done(home: ProjectHome) -> int:
    """How many studies are on record."""
    return sum(1 for _ in (home.ledger / "studies").iterdir()) if (home.ledger / "studies").is_dir() else 0
