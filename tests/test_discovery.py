from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest

from deident.context import Context
from deident.discovery import Discovery, InstanceRef, discover
from deident.engine import headers
from deident.errors import Ending, Reason, TransientProblem
from deident.stores import FolderStore
from support.corpus import corpus
from support.studies import NAME, PATIENT_ID, open_job, write_instance, write_study


def found(tmp_path: Path) -> Discovery:
    with open_job(tmp_path) as context:
        return discover(context)


def reasons(discovery: Discovery) -> list[Reason]:
    return sorted(other.reason for other in discovery.others)


def test_instances_are_grouped_by_study_whatever_their_names_and_depth(tmp_path: Path) -> None:
    source = tmp_path / "source"
    write_instance(source / "IM0001", "1.2.3", 1)
    write_instance(source / "deep" / "er" / "x.jpg", "1.2.3", 2)
    write_instance(source / "deep" / "no extension", "1.2.4", 1, Modality="MR")
    discovery = found(tmp_path)
    assert sorted((study.count, study.modalities) for study in discovery.studies) == [(1, ("MR",)), (2, ("CT",))]
    assert discovery.inputs == 3
    assert discovery.others == ()


def test_what_is_no_instance_ends_with_a_reason(tmp_path: Path) -> None:
    source = tmp_path / "source"
    write_study(source, "1.2.3", 1)
    (source / "empty").write_bytes(b"")
    (source / "notes.txt").write_text("A text that is long enough to be looked at. " * 10)
    (source / "link").symlink_to("notes.txt")
    os.mkfifo(source / "pipe")
    discovery = found(tmp_path)
    assert reasons(discovery) == sorted([Reason.EMPTY, Reason.NOT_DICOM, Reason.NOT_A_FILE, Reason.NOT_A_FILE])
    assert {other.ending for other in discovery.others} == {Ending.SKIPPED}
    assert len({other.reference for other in discovery.others}) == 4


def test_nothing_that_is_shown_holds_a_path_or_an_identifier(tmp_path: Path) -> None:
    write_instance(tmp_path / "source" / f"{NAME}" / f"{PATIENT_ID}.dcm", "1.2.3.4711", 1, Modality="PENELOPE")
    (tmp_path / "source" / f"{NAME}.txt").write_text("x")
    shown = repr(found(tmp_path))
    for secret in (*NAME.split("^"), "PENELOPE", PATIENT_ID, "1.2.3.4711", str(tmp_path)):
        assert secret not in shown
    assert "other" in shown


def test_the_fingerprint_changes_with_the_inputs_and_with_nothing_else(tmp_path: Path) -> None:
    paths = write_study(tmp_path / "source", "1.2.3", 2)
    (first,) = found(tmp_path).studies
    (again,) = found(tmp_path).studies
    assert first == again
    os.utime(paths[0], ns=(1, 1))
    (touched,) = found(tmp_path).studies
    write_instance(tmp_path / "source" / "late", "1.2.3", 3)
    (grown,) = found(tmp_path).studies
    assert len({study.fingerprint for study in (first, touched, grown)}) == 3
    assert {study.id for study in (first, touched, grown)} == {first.id}


def test_names_that_are_no_utf_8_are_found(tmp_path: Path) -> None:
    path = write_instance(tmp_path / "source" / "a", "1.2.3", 1)
    os.rename(os.fsencode(path), os.fsencode(path.parent) + b"/M\xfcller")
    assert found(tmp_path).studies[0].count == 1


def test_progress_counts_every_input(tmp_path: Path) -> None:
    write_study(tmp_path / "source", "1.2.3", 3)
    seen: list[int] = []
    with open_job(tmp_path) as context:
        discover(context, seen.append)
    assert seen == [1, 2, 3]


@pytest.mark.parametrize(
    "problem", [RuntimeError(NAME), RecursionError(), UnicodeDecodeError("utf-8", b"", 0, 1, NAME)]
)
def test_an_unexpected_error_is_an_outcome_of_its_input_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    def fail(*_: object) -> headers.Header:
        raise problem

    write_study(tmp_path / "source", "1.2.3", 1)
    monkeypatch.setattr("deident.discovery.read_header", fail)
    discovery = found(tmp_path)
    assert reasons(discovery) == [Reason.INTERNAL]
    assert NAME not in repr(discovery)


def test_a_source_that_fails_for_now_is_tried_again_by_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise TransientProblem("reading failed")

    write_study(tmp_path / "source", "1.2.3", 1)
    monkeypatch.setattr(FolderStore, "open", fail)
    with pytest.raises(TransientProblem):
        found(tmp_path)


def test_every_file_of_the_corpora_is_in_a_study_or_has_a_reason(tmp_path: Path) -> None:
    for number, file in enumerate(corpus()):
        (tmp_path / "source").mkdir(exist_ok=True)
        (tmp_path / "source" / str(number)).write_bytes(file.read())
    discovery = found(tmp_path)
    assert discovery.inputs == len(corpus())
    assert sum(study.count for study in discovery.studies) > 200
    assert Reason.INTERNAL not in reasons(discovery)


def test_an_instance_on_record_takes_little_memory(tmp_path: Path) -> None:
    write_study(tmp_path / "source", "1.2.3", 1)
    with open_job(tmp_path) as context:
        (study,) = discover(context).studies
    (instance,) = study.instances
    tracemalloc.start()
    kept = [InstanceRef(instance.key + str(n), instance.version + str(n), n) for n in range(10_000)]
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(kept) == 10_000
    assert size / 10_000 < 400


def test_a_context_that_is_closed_is_closed_once(tmp_path: Path) -> None:
    context: Context = open_job(tmp_path)
    context.close()
    context.close()
