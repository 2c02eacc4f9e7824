"""The path of one study when something goes wrong: errors, a full disk, kills at every step, many at once."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from deident.engine import Deidentifier
from deident.errors import PlaceProblem, TransientProblem
from deident.ledger import Outcome, StudyOutcome
from deident.manifest import Manifest
from deident.study import (
    ValidatedStudy,
    WorkerPool,
    deidentify_study,
    process_study,
    release,
    validate,
)
from support.killing import killed_at
from support.studies import (
    NAME,
    PATIENT_ID,
    manifest_of,
    only_study,
    open_job,
    outputs,
    run,
    tree,
    write_instance,
    write_study,
)

UID = "1.2.3"


# what goes wrong


@pytest.mark.parametrize(
    "problem", [RuntimeError(NAME), RecursionError(NAME), AssertionError(NAME), StopIteration(NAME)]
)
def test_an_unexpected_error_holds_its_instance_and_is_quoted_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    real = Deidentifier.deidentify

    def fail(*_: object) -> object:
        monkeypatch.setattr(Deidentifier, "deidentify", real)
        raise problem

    write_study(tmp_path / "source", UID, 2)
    monkeypatch.setattr(Deidentifier, "deidentify", fail)
    outcome = run(tmp_path)
    assert outcome.record.counts == {"released": 1, "skipped": 0, "quarantined": 1}
    assert outcome.record.reasons == {"internal-error": 1}
    assert not any(NAME.encode() in data for data in tree(tmp_path / "home").values())


def test_running_out_of_memory_may_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> object:
        raise MemoryError

    write_study(tmp_path / "source", UID, 1)
    with monkeypatch.context() as patch:
        patch.setattr(Deidentifier, "deidentify", fail)
        with pytest.raises(TransientProblem):
            run(tmp_path)
    assert run(tmp_path).outcome is Outcome.RELEASED


@pytest.mark.parametrize("turn", [1, 2, 3, 4])
def test_a_disk_that_fills_up_while_releasing_leaves_nothing_and_a_retry_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turn: int
) -> None:
    write_study(tmp_path / "source", UID, 3)
    real, calls = os.link, 0

    def fill_up(*args: object, **kwargs: object) -> None:
        nonlocal calls
        calls += 1
        if calls == turn:
            raise OSError(errno.ENOSPC, "")
        real(*args, **kwargs)  # type: ignore[arg-type]

    with open_job(tmp_path) as context:
        study = only_study(context)
        validated = validate(context, deidentify_study(context, study))
        with monkeypatch.context() as patch:
            patch.setattr(os, "link", fill_up)
            with pytest.raises(TransientProblem):
                release(context, validated)
        assert tree(tmp_path / "destination") == {}
        assert context.ledger.latest(study.id) is None
        assert process_study(context, study).record.counts["released"] == 3


def test_a_destination_that_cannot_be_written_is_a_problem_of_the_run(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 1)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PlaceProblem):
        run(tmp_path, destination=str(tmp_path / "file" / "out"))


@pytest.mark.parametrize("superseding", [False, True])
@pytest.mark.parametrize("before", [True, False])
def test_killed_anywhere_the_next_run_ends_as_a_quiet_one_would(
    tmp_path: Path, before: bool, superseding: bool
) -> None:
    write_study(tmp_path / "source", UID, 2)
    run(tmp_path)
    expected = {name: data for name, data in tree(tmp_path / "destination").items() if name.endswith(".dcm")}
    steps = 0
    while True:
        if superseding:
            assert run(tmp_path, profile="basic", force=True).outcome is Outcome.RELEASED
        else:
            for path in sorted((tmp_path / "destination").rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
        steps += 1
        if not killed_at(steps, lambda: run(tmp_path, force=True), before=before):
            break
        names = {str(p.relative_to(tmp_path / "destination")) for p in (tmp_path / "destination").rglob("*.dcm")}
        for path in (tmp_path / "destination").rglob("manifest.json"):
            # Whatever is visible is whole.
            for instance in Manifest.from_bytes(path.read_bytes()).instances:
                assert instance.name in names
        with open_job(tmp_path) as context:
            context.sweep()
            outcome = process_study(context, only_study(context))
        assert outcome.outcome is Outcome.RELEASED
        found = tree(tmp_path / "destination")
        assert {name: data for name, data in found.items() if name.endswith(".dcm")} == expected
        assert {output.name for output in manifest_of(tmp_path).instances} == set(expected)
        assert list((tmp_path / "home" / "staging").iterdir()) == []
        assert run(tmp_path).unchanged
    assert steps > 6


# many at once


def test_threads_doing_the_same_study_at_once_agree(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 4)
    outcomes: list[StudyOutcome] = []

    def work() -> None:
        outcomes.append(run(tmp_path))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.outcome for outcome in outcomes] == [Outcome.RELEASED] * 3
    assert len({outcome.record.outputs for outcome in outcomes}) == 1
    assert len(outputs(tmp_path)) == 4


def _work(items: list[int]) -> list[int]:
    for item in items:
        if item < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return [item * item for item in items]


def _fail(items: list[int]) -> list[int]:
    raise TransientProblem(f"{len(items)} items")


def test_a_pool_survives_its_workers_and_names_the_item_that_kills() -> None:
    pool = WorkerPool(2)
    items = list(range(1, 41))
    items[20] = -1
    try:
        expected = [item * item if item > 0 else None for item in items]
        assert pool.map(_work, items, lambda _: None) == expected  # type: ignore[arg-type, return-value]
        assert pool.map(_work, [2, 3], lambda _: 0) == [4, 9]
        assert pool.map(_work, [], lambda _: 0) == []
        with pytest.raises(TransientProblem):
            pool.map(_fail, [1], lambda _: 0)
    finally:
        pool.close()


def _pid(items: list[int]) -> list[int]:
    time.sleep(0.05)
    return [os.getpid() for _ in items]


def test_threads_that_share_a_pool_share_its_processes() -> None:
    pool = WorkerPool(2)
    found: set[int] = set()

    def work() -> None:
        for _ in range(10):
            found.update(pool.map(_pid, [1], lambda _: 0))

    try:
        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 2
    finally:
        pool.close()


_BUSY = """
import sys, time
from deident.study import WorkerPool
def busy(items):
    print("at work", flush=True)
    time.sleep(600)
WorkerPool(2).map(busy, list(range(32)), lambda _: None)
"""


def test_workers_that_are_busy_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    (tmp_path / "busy.py").write_text(_BUSY)
    with subprocess.Popen([sys.executable, str(tmp_path / "busy.py")], stdout=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert [started.stdout.readline() for _ in range(2)] == [b"at work\n"] * 2
        started.kill()
        # Each of them holds the other end for as long as it lives; the timeout ends a test that has failed.
        assert started.communicate(timeout=60) == (b"", None)


def test_worker_processes_make_the_same_as_one_process(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 20)
    write_instance(tmp_path / "source" / "risky", UID, 99, BurnedInAnnotation="YES")
    alone = run(tmp_path)
    pool = WorkerPool(2)
    try:
        with open_job(tmp_path, force=True, workers=2) as context:
            together = process_study(context, only_study(context), pool)
            assert list((tmp_path / "home" / "staging").iterdir()) == []
    finally:
        pool.close()
    assert together.record.outputs == alone.record.outputs
    assert together.record.counts == alone.record.counts
    assert manifest_of(tmp_path).version == 1


def test_nothing_that_flows_shows_an_original(tmp_path: Path) -> None:
    write_study(tmp_path / "source" / NAME, UID, 2)
    with open_job(tmp_path) as context:
        study = only_study(context)
        staged = deidentify_study(context, study)
        validated = validate(context, staged)
        outcome = release(context, validated)
        shown = "".join(map(repr, (context, study, study.instances, staged, staged.instances, validated, outcome)))
    assert isinstance(validated, ValidatedStudy)
    for secret in (*NAME.split("^"), PATIENT_ID, str(tmp_path), f"{UID}.1"):
        assert secret not in shown
