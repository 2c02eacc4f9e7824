from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from deident.errors import PlaceProblem
from deident.home import ProjectHome, check_apart, default_home
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


def test_places_beside_each_other_are_fine(tmp_path: Path) -> None:
    check_apart({"source": tmp_path / "a", "destination": tmp_path / "ab", "home": tmp_path / "b" / "a"})
