"""The project key and its file."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from deident.errors import KeyProblem
from deident.pseudonyms import ProjectKey


def test_a_key_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "project.key"
    first = ProjectKey.load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert ProjectKey.load_or_create(path).derive("x") == first.derive("x")
    assert os.listdir(path.parent) == ["project.key"]


def test_many_that_start_at_once_end_up_with_one_key(tmp_path: Path) -> None:
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(ProjectKey.load_or_create(tmp_path / "k").derive("x")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize(
    "content", ["", "deident-project-key/1\n", "deident-project-key/1\nzz\n", "other/1\n" + "00" * 32]
)
def test_a_damaged_key_file_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "k"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyProblem):
        ProjectKey.load(path)


def test_a_key_of_the_wrong_length_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "k"
    path.write_text("deident-project-key/1\n" + "00" * 31 + "\n")
    path.chmod(0o600)
    with pytest.raises(KeyProblem):
        ProjectKey.load(path)


def test_a_key_file_that_others_may_read_a_link_and_a_folder_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "k"
    ProjectKey.load_or_create(path)
    (tmp_path / "link").symlink_to(path)
    for wrong in (tmp_path / "link", tmp_path, tmp_path / "missing"):
        with pytest.raises(KeyProblem):
            ProjectKey.load(wrong)
    path.chmod(0o640)
    with pytest.raises(KeyProblem):
        ProjectKey.load_or_create(path)


def test_keys_of_runs_differ_from_each_other_and_from_the_project() -> None:
    key = ProjectKey.generate()
    derived = {key.derive("x"), key.for_run("1").derive("x"), key.for_run("2").derive("x")}
    assert len(derived) == 3
    assert key.for_run("1").derive("x") in derived
