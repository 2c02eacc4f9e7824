"""Two runs at once on the same studies, of one machine or two: everything is released once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from deident.cli.main import main
from deident.job import Job
from deident.ledger import Ledger
from deident.pseudonyms import ProjectKey
from deident.stores import FolderStore
from deident.vault import Vault, verify
from s3flowtools import Site, whole_run
from s3flowtools.processes import run_in_process
from support.ledgers import check
from support.studies import tree, write_study
from support.studies import whole_run as folder_run

UID = "1.2.826.0.1.3680043.90"
STUDIES = [f"{UID}.{number}" for number in range(4)]


def numbers(ledger: Ledger) -> Counter[int]:
    """How many records each study has."""
    return Counter(len(ledger.history(study)) for study in ledger.studies())


@pytest.mark.slow
def test_two_machines_at_once_release_every_study_once(site: Site) -> None:
    secret = ProjectKey.generate()
    vault = site.make_vault(secret)
    for study in STUDIES:
        site.plant(study, 2)
    other = site.folder / "other-home"
    site.write_places(other)
    runs = [run_in_process(site.job()), run_in_process(site.job(home=str(other)))]
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0, 0]
    assert numbers(Ledger(site.store("ledger"))) == {1: len(STUDIES)}
    assert site.staged() == []
    assert main(["audit", "verify", "--home", str(site.home)]) == 0
    assert verify(Vault.open(site.store("vault"), vault.keys)).problems == ()
    together = site.released()
    quiet = Site(site.folder / "quiet", site.server)
    quiet.make_vault(secret)
    for study in STUDIES:
        quiet.plant(study, 2)
    whole_run(quiet.job())
    assert together == quiet.released()


@pytest.mark.slow
def test_two_processes_of_one_home_release_every_study_once(tmp_path: Path) -> None:
    for study in STUDIES:
        write_study(tmp_path / "source", study, 2)
    places = {name: str(tmp_path / name) for name in ("source", "destination", "home")}
    runs = [run_in_process(Job.make(**places, workers=1)) for _ in range(2)]
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0, 0]
    assert numbers(Ledger(FolderStore(tmp_path / "home" / "ledger"))) == {1: len(STUDIES)}
    assert check(tmp_path / "home").problems == ()
    quiet = tmp_path / "quiet"
    (quiet / "home").mkdir(parents=True)
    (quiet / "home" / "key").write_bytes((tmp_path / "home" / "key").read_bytes())
    (quiet / "home" / "key").chmod(0o600)
    (quiet / "source").symlink_to(tmp_path / "source")
    folder_run(quiet)

    def outputs(folder: Path) -> dict[str, bytes]:
        return {name: data for name, data in tree(folder).items() if not name.startswith("_deident/")}

    assert outputs(tmp_path / "destination") == outputs(quiet / "destination")
