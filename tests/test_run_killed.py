"""A whole run that is killed at any change of any store: the next one ends with the ledger of a quiet run."""

from __future__ import annotations

from pathlib import Path

import pytest

from deident.ledger import Ledger, Record
from deident.seals.troubles import Trouble
from deident.stores import FolderStore
from support.killing import killed_at
from support.ledgers import check, troubles
from support.studies import whole_run, write_instance, write_study


def ending(record: Record) -> tuple[object, ...]:
    """All of a record that does not say when, by whom and how fast."""
    return (record.study, record.outcome, record.fingerprint, record.counts, record.reasons, record.outputs)


def endings(home: Path) -> list[tuple[object, ...]]:
    ledger = Ledger(FolderStore(home / "ledger"))
    latest = [ledger.latest(study) for study in ledger.studies()]
    return [ending(record) for record in latest if record is not None]


@pytest.mark.slow
@pytest.mark.parametrize("before", [True, False])
def test_killed_anywhere_the_next_run_ends_with_the_same_ledger(tmp_path: Path, before: bool) -> None:
    source = tmp_path / "source"
    write_study(source, "1.2.3", 1)
    write_study(source, "1.2.4", 2, SeriesInstanceUID="1.2.4.7")
    write_instance(source / "risky", "1.2.5", 1, BurnedInAnnotation="YES")
    quiet = tmp_path / "quiet"
    quiet.mkdir()
    (quiet / "source").symlink_to(source)
    whole_run(quiet)
    key = (quiet / "home" / "key").read_bytes()
    expected = endings(quiet / "home")
    assert len(expected) == 3
    steps = 0
    while True:
        steps += 1
        place = tmp_path / f"{steps}"
        home = place / "home"
        home.mkdir(parents=True)
        (place / "source").symlink_to(source)
        (home / "key").write_bytes(key)
        (home / "key").chmod(0o600)
        if not killed_at(steps, lambda place=place: whole_run(place, "killed"), before=before):
            break
        assert troubles(home) <= {Trouble.UNFINISHED}
        whole_run(place)
        assert endings(home) == expected
        assert check(home).problems == ()
    assert steps > 20
