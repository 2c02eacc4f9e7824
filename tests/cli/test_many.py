"""Many files: the same outcome with any number of processes, duplicates told apart, no file takes others down."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.instances import KILLER, KillingStore, outputs, write_ct, write_series
from deident.anonymizer.convert import Policy, Task
from deident.anonymizer.pool import Setup, convert_parallel
from deident.cli import main
from deident.errors import Reason
from deident.profile import preset
from deident.pseudonyms import ProjectKey, Pseudonyms
from deident.stores.folder import FolderStore

_WORKERS = pytest.mark.parametrize("workers", [1, 2, 3])


def _batch(root: Path, workers: int, *more: str) -> int:
    out, audit = root / f"out{workers}", root / f"audit{workers}"
    options = ["-i", root / "in", "-o", out, "--audit-log", audit, "--home", root / "home", "--workers", workers]
    return main(["anonymize", "-b", "--preserve-studies", *map(str, options), *more])


def _endings(root: Path, workers: int) -> list[str | None]:
    document = json.loads((root / f"audit{workers}").read_text())
    files = document["files"]
    assert document["summary"]["files"] == len(files)
    for ending in ("released", "skipped", "quarantined"):
        assert document["summary"][ending] == sum(record["ending"] == ending for record in files)
    assert sum(document["summary"]["reasons"].values()) == sum(record["reason"] is not None for record in files)
    return [record["reason"] for record in files]


def test_the_outcome_does_not_depend_on_the_number_of_processes(tmp_path: Path) -> None:
    for number in range(1, 120):
        write_ct(tmp_path / "in" / f"{number % 7}" / f"{number:03}", patient=str(number % 5), number=str(number))
    (tmp_path / "in" / "3" / "readme").write_text("x")
    shutil.copy(tmp_path / "in" / "1" / "001", tmp_path / "in" / "9")
    write_ct(tmp_path / "in" / "6" / "zz", patient="2", number="2", KVP=80)
    results = []
    for workers in (1, 2, 3):
        assert _batch(tmp_path, workers) == 1
        text = json.loads((tmp_path / f"audit{workers}").read_text())
        for record in text["files"]:
            del record["timestamp"]
        results.append((outputs(tmp_path / f"out{workers}"), text["files"], text["summary"]["reasons"]))
    assert results[0] == results[1] == results[2]
    assert len(results[0][0]) == 118
    assert results[0][2] == {"duplicate-conflict": 2, "not-dicom": 1, "duplicate": 1}


@_WORKERS
def test_the_same_instance_twice_is_released_once(tmp_path: Path, workers: int) -> None:
    shutil.copy(write_ct(tmp_path / "in" / "a"), tmp_path / "in" / "b")
    assert _batch(tmp_path, workers) == 1
    assert _endings(tmp_path, workers) == [None, "duplicate"]
    assert len(outputs(tmp_path / f"out{workers}")) == 1


@_WORKERS
@pytest.mark.parametrize("order", ["xyz", "xxy", "xyx", "yxx", "xxx"])
def test_different_instances_of_one_name_are_none_of_them_released(tmp_path: Path, workers: int, order: str) -> None:
    for place, kind in enumerate(order):
        write_ct(tmp_path / "in" / str(place), KVP={"x": 100, "y": 110, "z": 120}[kind])
    write_ct(tmp_path / "in" / "other", number="2")
    assert _batch(tmp_path, workers) == 1
    conflict = len(set(order)) > 1
    expected = ["duplicate-conflict"] * 3 if conflict else [None, "duplicate", "duplicate"]
    assert _endings(tmp_path, workers) == [*expected, None]
    assert len(outputs(tmp_path / f"out{workers}")) == (1 if conflict else 2)


@_WORKERS
def test_a_conflict_is_told_even_when_overwriting(
    tmp_path: Path, workers: int, capsys: pytest.CaptureFixture[str]
) -> None:
    write_ct(tmp_path / "in" / "a")
    write_ct(tmp_path / "in" / "b", KVP=80)
    assert _batch(tmp_path, workers, "--overwrite") == 1
    captured = capsys.readouterr()
    assert captured.out.startswith("2 files: 0 released, 0 skipped, 2 quarantined.\n")
    assert "quarantined duplicate-conflict: 2. Two different instances share one SOP Instance UID" in captured.err


@pytest.mark.parametrize("count", [2, 40])
def test_a_file_that_kills_its_process_is_found_and_the_others_come_out(tmp_path: Path, count: int) -> None:
    names = [f"{number:03}" for number in range(count)]
    names[count // 2] += KILLER
    names[-1] += KILLER
    for number, name in enumerate(names, 1):
        write_ct(tmp_path / "in" / name, number=str(number))
    policy = Policy(preset("research"), Pseudonyms(ProjectKey.generate()))
    staging = FolderStore(tmp_path / "staging", private=True)
    setup = Setup(policy, KillingStore(tmp_path / "in"), staging)
    tasks = [Task(index, name, None) for index, name in enumerate(names)]
    records = dict(convert_parallel(setup, tasks, 2))
    assert list(records) == tasks
    killed = {task.key for task, record in records.items() if record.reason is Reason.INTERNAL}
    assert killed == {name for name in names if KILLER in name}
    assert all(record.reason in (None, Reason.INTERNAL) for record in records.values())
    assert len(outputs(tmp_path / "staging")) == count - len(killed)


def test_names_that_are_no_text_are_files_like_any_other(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    name = b"\xff\xfe\n".decode("utf-8", "surrogateescape")
    write_ct(tmp_path / "in" / "a").rename(tmp_path / "in" / name)
    (tmp_path / "in" / f"{name}.txt").write_text("x")
    assert _batch(tmp_path, 2, "--show-paths") == 1
    assert len(outputs(tmp_path / "out2")) == 1
    assert b"\\udcff" in capfdbinary.readouterr().err


def test_a_killed_call_leaves_no_process_and_the_next_one_cleans_up(tmp_path: Path) -> None:
    write_series(tmp_path / "in", 4000)
    command = [sys.executable, "-m", "deident", "anonymize", "-b", "-i", tmp_path / "in", "-o", tmp_path / "out"]
    with subprocess.Popen([*command, "--workers", "2"], stderr=subprocess.DEVNULL) as child:
        while child.poll() is None and not list((tmp_path / "out").glob("*/*/*/*.dcm")):
            time.sleep(0.002)
        helpers = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
        child.kill()
    deadline = time.monotonic() + 20
    while any(Path("/proc", helper).exists() for helper in helpers):
        assert time.monotonic() < deadline, "a process outlived its parent"
        time.sleep(0.1)
    assert len(helpers) >= 2
    assert all(data[-128:] == bytes(range(128)) for data in outputs(tmp_path / "out").values())
    assert _batch_into(tmp_path / "out", tmp_path / "in") == 0
    assert not [name for name in outputs(tmp_path / "out") if not name.endswith(".dcm")]
    assert not list((tmp_path / "out").glob(".*"))


def _batch_into(out: Path, source: Path) -> int:
    return main(["anonymize", "-b", "-i", str(source), "-o", str(out), "--workers", "2"])
