"""A ledger that was tampered with is noticed, whatever was done to it; a killed run is called by another name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deident.discovery import discover
from deident.ledger import Record
from deident.pseudonyms import ProjectKey
from deident.seals.mac import Seal
from deident.seals.runs import RunRecord
from deident.seals.troubles import Trouble
from deident.study import process_study
from support.ledgers import check, troubles
from support.studies import NAME, PATIENT_ID, open_job, run, whole_run, write_instance, write_study

#: Two runs over three studies: the second did them again.
RUNS = ("first", "second")


@pytest.fixture(scope="module")
def genuine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a project with two finished runs."""
    place = tmp_path_factory.mktemp("project")
    for study in ("1.2.3", "1.2.4"):
        write_study(place / "source" / NAME, study, 1)
    write_instance(place / "source" / "risky", "1.2.5", 1, BurnedInAnnotation="YES")
    for name in RUNS:
        whole_run(place, name, force=True)
    return place / "home"


@pytest.fixture
def home(genuine: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "home"
    shutil.copytree(genuine, copy)
    return copy


def records(home: Path) -> list[Path]:
    """All records of studies, by study and number."""
    return sorted((home / "ledger" / "studies").glob("*/*.json"))


def test_a_genuine_ledger_is_intact(home: Path) -> None:
    found = check(home)
    assert found.problems == ()
    assert (found.studies, found.records, found.runs, found.at_work) == (3, 6, 2, ())
    last = RunRecord.from_bytes((home / "ledger/runs/00000002.json").read_bytes())
    assert found.head == last.digest
    assert len(last.heads) == 1
    assert last.studies == {"released": 2, "quarantined": 1}


def test_the_ledger_holds_no_identifier(home: Path) -> None:
    for path in (home / "ledger").rglob("*.json"):
        for secret in (*NAME.split("^"), PATIENT_ID, "1.2.3", str(home.parent)):
            assert secret not in path.read_text()


# What can be done to it


def replace_text(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def swap(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def change_a_record(home: Path) -> None:
    path = next(path for path in records(home) if '"released":1' in path.read_text())
    replace_text(path, '"released":1', '"released":9')


def change_only_white_space(home: Path) -> None:
    path = records(home)[1]
    path.write_text(json.dumps(json.loads(path.read_text()), sort_keys=True) + "\n")


def change_and_seal_with_another_key(home: Path) -> None:
    path = records(home)[0]
    content = json.loads(path.read_bytes())
    content["counts"]["released"] = 9
    content["seal"] = Seal(bytes(32)).of(content)
    path.write_text(json.dumps(content, sort_keys=True, separators=(",", ":")) + "\n")


def truncate_a_record(home: Path) -> None:
    path = records(home)[2]
    path.write_bytes(path.read_bytes()[:-40])


def empty_a_record(home: Path) -> None:
    records(home)[3].write_bytes(b"")


def remove_the_first_record_of_a_study(home: Path) -> None:
    records(home)[0].unlink()


def remove_the_last_record_of_a_study(home: Path) -> None:
    records(home)[1].unlink()


def remove_a_study(home: Path) -> None:
    shutil.rmtree(records(home)[0].parent)


def renumber_a_record(home: Path) -> None:
    records(home)[1].rename(records(home)[1].with_name("00000003.json"))


def move_a_record_to_another_study(home: Path) -> None:
    records(home)[1].rename(records(home)[2].with_name("00000003.json"))


def rename_a_study(home: Path) -> None:
    folder = records(home)[0].parent
    folder.rename(folder.with_name("a" * 16))


def reorder_the_records_of_a_study(home: Path) -> None:
    swap(records(home)[0], records(home)[1])


def exchange_the_records_of_two_studies(home: Path) -> None:
    swap(records(home)[0], records(home)[2])


def copy_a_record(home: Path) -> None:
    shutil.copy(records(home)[1], records(home)[1].with_name("00000003.json"))


def forge_a_record(home: Path) -> None:
    last = Record.from_bytes(records(home)[1].read_bytes())
    content = last.content() | {"number": 3, "sequence": last.sequence + 3}
    content["seal"] = Seal(bytes(32)).of(content)
    path = records(home)[1].with_name("00000003.json")
    path.write_text(json.dumps(content, sort_keys=True, separators=(",", ":")) + "\n")


def lay_a_strange_file_there(home: Path) -> None:
    (home / "ledger" / "studies" / "notes.txt").write_text("mine")


def link_a_record(home: Path) -> None:
    path = records(home)[0]
    path.rename(path.with_suffix(".old"))
    path.symlink_to(path.with_suffix(".old"))


def chain(home: Path) -> Path:
    return min((home / "ledger" / "chains").iterdir())


def remove_the_beginning_of_a_chain(home: Path) -> None:
    chain(home).unlink()


def change_the_beginning_of_a_chain(home: Path) -> None:
    text = chain(home).read_text()
    chain(home).write_text(text.replace('"first"', '"other"').replace('"second"', '"other"'))


def run_record(home: Path, number: int) -> Path:
    return home / "ledger" / "runs" / f"{number:08d}.json"


def change_a_run_record(home: Path) -> None:
    replace_text(run_record(home, 1), '"quarantined":1', '"quarantined":0')


def truncate_a_run_record(home: Path) -> None:
    run_record(home, 2).write_bytes(run_record(home, 2).read_bytes()[:100])


def remove_the_first_run_record(home: Path) -> None:
    run_record(home, 1).unlink()


def remove_the_last_run_record(home: Path) -> None:
    run_record(home, 2).unlink()


def exchange_the_run_records(home: Path) -> None:
    swap(run_record(home, 1), run_record(home, 2))


def remove_a_whole_run(home: Path) -> None:
    """The ledger as it was before the second run: nothing in the ledger itself can tell."""
    for path in records(home)[1::2]:
        path.unlink()
    for path in (home / "ledger" / "chains").iterdir():
        if '"second"' in path.read_text():
            path.unlink()
    run_record(home, 2).unlink()
    shutil.rmtree(home / "audit" / "second")


def change_an_audit_log(home: Path) -> None:
    path = next(path for path in (home / "audit" / "second").iterdir() if '"action": "X"' in path.read_text())
    replace_text(path, '"action": "X"', '"action": "K"')


def remove_an_audit_log(home: Path) -> None:
    next((home / "audit" / "first").iterdir()).unlink()


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (change_a_record, Trouble.RECORD_CHANGED),
        (change_only_white_space, Trouble.RECORD_CHANGED),
        (change_and_seal_with_another_key, Trouble.RECORD_CHANGED),
        (truncate_a_record, Trouble.RECORD_DAMAGED),
        (empty_a_record, Trouble.RECORD_DAMAGED),
        (remove_the_first_record_of_a_study, Trouble.RECORD_MISSING),
        (remove_the_last_record_of_a_study, Trouble.RECORD_MISSING),
        (remove_a_study, Trouble.RECORD_MISSING),
        (renumber_a_record, Trouble.RECORD_MISPLACED),
        (move_a_record_to_another_study, Trouble.RECORD_MISPLACED),
        (rename_a_study, Trouble.RECORD_MISPLACED),
        (reorder_the_records_of_a_study, Trouble.RECORD_MISPLACED),
        (exchange_the_records_of_two_studies, Trouble.RECORD_MISPLACED),
        (copy_a_record, Trouble.RECORD_TWICE),
        (forge_a_record, Trouble.RECORD_CHANGED),
        (lay_a_strange_file_there, Trouble.FOREIGN),
        (link_a_record, Trouble.FOREIGN),
        (remove_the_beginning_of_a_chain, Trouble.CHAIN_MISSING),
        (change_the_beginning_of_a_chain, Trouble.CHAIN_CHANGED),
        (change_a_run_record, Trouble.RUN_CHANGED),
        (truncate_a_run_record, Trouble.RUN_DAMAGED),
        (remove_the_first_run_record, Trouble.RUN_MISSING),
        (remove_the_last_run_record, Trouble.RUN_MISSING),
        (exchange_the_run_records, Trouble.RUN_MISPLACED),
        (remove_a_whole_run, Trouble.RUN_MISSING),
        (change_an_audit_log, Trouble.AUDIT_CHANGED),
        (remove_an_audit_log, Trouble.AUDIT_MISSING),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_tampering_is_noticed_by_name(home: Path, tamper: Callable[[Path], None], expected: Trouble) -> None:
    tamper(home)
    found = check(home)
    assert expected in {problem.trouble for problem in found.problems}
    assert any(problem.trouble.tampering for problem in found.problems)
    assert all(str(home) not in problem.where for problem in found.problems)


def test_removing_any_file_is_noticed(genuine: Path, tmp_path: Path) -> None:
    names = sorted(path.relative_to(genuine) for path in (genuine / "ledger").rglob("*.json"))
    assert len(names) == 6 + 2 + 2
    for number, name in enumerate(names):
        copy = tmp_path / f"{number}"
        shutil.copytree(genuine, copy)
        (copy / name).unlink()
        assert any(trouble.tampering for trouble in troubles(copy)), name


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_changing_or_cutting_off_any_byte_is_noticed(home: Path, data: st.DataObject) -> None:
    paths = sorted((home / "ledger").rglob("*.json"))
    path = data.draw(st.sampled_from(paths))
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        path.write_bytes(whole[:place])
    else:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :])
    try:
        assert any(trouble.tampering for trouble in troubles(home))
    finally:
        path.write_bytes(whole)
    assert troubles(home) == set()


def test_the_ledger_of_another_project_does_not_pass(home: Path) -> None:
    (home / "key").unlink()
    ProjectKey.load_or_create(home / "key")
    assert {Trouble.RECORD_CHANGED, Trouble.RUN_CHANGED, Trouble.CHAIN_CHANGED} <= troubles(home)


# A killed run


def killed_run(place: Path, name: str) -> None:
    """A run that has done its studies and ends before it can write its record."""
    with open_job(place, name, force=True) as context:
        for study in discover(context).studies:
            process_study(context, study)


def test_a_killed_run_is_no_tampering_and_the_next_run_seals_it(tmp_path: Path) -> None:
    write_study(tmp_path / "source", "1.2.3", 1)
    write_study(tmp_path / "source", "1.2.4", 1)
    whole_run(tmp_path, "one")
    killed_run(tmp_path, "killed")
    found = check(tmp_path / "home")
    assert [(problem.trouble, problem.where) for problem in found.problems] == [(Trouble.UNFINISHED, "run killed")]
    assert not found.problems[0].trouble.tampering
    report, _ = whole_run(tmp_path, "two")
    assert report.nothing_new
    assert check(tmp_path / "home").intact
    last = RunRecord.from_bytes((tmp_path / "home/ledger/runs/00000002.json").read_bytes())
    assert [(head.run, head.sequence) for head in last.heads] == [("killed", 2)]


def test_a_run_at_work_is_neither_unfinished_nor_sealed_by_another(tmp_path: Path) -> None:
    write_study(tmp_path / "source", "1.2.3", 1)
    with open_job(tmp_path, "alive") as context:
        (study,) = discover(context).studies
        process_study(context, study)
        found = check(tmp_path / "home")
        assert found.intact
        assert found.at_work == ("alive",)
        whole_run(tmp_path, "meanwhile")
        record = RunRecord.from_bytes((tmp_path / "home/ledger/runs/00000001.json").read_bytes())
        assert record.heads == ()
    assert troubles(tmp_path / "home") == {Trouble.UNFINISHED}


def test_runs_whose_pseudonyms_are_their_own_share_the_seal_of_the_project(tmp_path: Path) -> None:
    write_study(tmp_path / "source", "1.2.3", 1)
    for name in RUNS:
        report, _ = whole_run(tmp_path, name, preserve_studies=False)
        assert not report.nothing_new
    found = check(tmp_path / "home")
    assert found.problems == ()
    assert (found.studies, found.runs) == (2, 2)


def test_records_of_a_run_that_never_reported_are_unfinished(tmp_path: Path) -> None:
    write_study(tmp_path / "source", "1.2.3", 1)
    run(tmp_path)
    assert troubles(tmp_path / "home") == {Trouble.UNFINISHED}
