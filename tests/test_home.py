from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from deident.errors import PlaceProblem
from deident.home import Busy, ProjectHome, check_apart, default_home
from deident.pseudonyms import ProjectKey


def test_the_default_home_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/user")
    monkeypatch.delenv("DEIDENT_HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert default_home() == Path("/home/user/.local/share/deident/default")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert default_home() == Path("/home/user/.local/share/deident/default")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_home() == Path("/data/deident/default")
    monkeypatch.setenv("DEIDENT_HOME", "/elsewhere")
    assert default_home() == Path("/elsewhere")


def test_everything_in_a_home_is_private(tmp_path: Path) -> None:
    home = ProjectHome.open(tmp_path / "deep" / "home")
    ProjectKey.load_or_create(home.key)
    for path in (home.root, *home.root.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name
    assert {p.name for p in home.root.iterdir()} >= {"staging", "ledger", "reports", "audit", "prefect", "key"}


def test_opening_a_home_again_keeps_what_is_in_it(tmp_path: Path) -> None:
    home = ProjectHome.open(tmp_path / "home")
    ProjectKey.load_or_create(home.key)
    before = home.key.read_bytes()
    again = ProjectHome.open(str(tmp_path / "home"))
    assert again == home
    assert again.key.read_bytes() == before


def test_an_empty_folder_becomes_a_home_and_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o755)
    assert stat.S_IMODE(ProjectHome.open(tmp_path / "home").root.stat().st_mode) == 0o700


def test_a_folder_that_holds_other_things_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(PlaceProblem, match="holds other things"):
        ProjectHome.open(tmp_path)
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_a_home_that_cannot_be_made_is_a_problem_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "Doe^John").write_text("a file")
    with pytest.raises(PlaceProblem) as caught:
        ProjectHome.open(tmp_path / "Doe^John" / "home")
    assert "Doe" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a", "a"),
        ("a", "a/b"),
        ("a/b/c", "a"),
        ("a", "x/../a/b"),
        ("a", "link-to-a/b"),
        ("link-to-a", "a/not/there/yet"),
    ],
)
def test_places_within_each_other_are_refused_however_they_are_spelled(tmp_path: Path, first: str, second: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "x").mkdir()
    (tmp_path / "link-to-a").symlink_to("a")
    with pytest.raises(PlaceProblem) as caught:
        check_apart({"the source": tmp_path / first, "the destination": str(tmp_path / second)})
    assert str(tmp_path) not in str(caught.value)
    assert "the source" in str(caught.value)


def test_a_lock_is_held_by_one_and_waited_for_by_others(tmp_path: Path) -> None:
    home = ProjectHome.open(tmp_path / "home")
    order: list[str] = []
    held = home.lock("study-a")

    def wait() -> None:
        with home.lock("study-a"):
            order.append("second")

    thread = threading.Thread(target=wait)
    thread.start()
    with pytest.raises(Busy):
        home.lock("study-a", wait=False)
    with home.lock("study-b", wait=False):
        order.append("first")
    held.release()
    held.release()
    thread.join()
    assert order == ["first", "second"]
    assert list(home.runs.iterdir()) == []


def test_a_shared_lock_lasts_until_its_last_holder_gives_it_up(tmp_path: Path) -> None:
    home = ProjectHome.open(tmp_path / "home")
    with home.lock("run", shared=True, wait=False):
        home.lock("run", shared=True, wait=False).release()
        with pytest.raises(Busy):
            home.lock("run", wait=False)
    with home.lock("run", wait=False):
        pass


def test_many_threads_never_hold_a_lock_together(tmp_path: Path) -> None:
    home = ProjectHome.open(tmp_path / "home")
    inside, seen = 0, []

    def work() -> None:
        nonlocal inside
        for _ in range(50):
            with home.lock("same"):
                inside += 1
                seen.append(inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 200


def test_places_beside_each_other_are_fine(tmp_path: Path) -> None:
    check_apart({"source": tmp_path / "a", "destination": tmp_path / "ab", "home": tmp_path / "b" / "a"})
