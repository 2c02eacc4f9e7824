import os
import stat

import pytest

from deident.errors import ConfigurationError, PlaceProblem, UsageProblem
from deident.flows.places import places, register, resolve
from deident.home import ProjectHome

CANARY = "ZZTOP^CANARY"


@pytest.fixture
def home(tmp_path):
    return ProjectHome.open(tmp_path / "home")


def test_a_folder_gets_an_alias_that_tells_nothing_of_it_and_keeps_it(home, tmp_path):
    folder = tmp_path / f'{CANARY} "quoted" \\ ünicode'
    alias = register(home, folder)
    assert CANARY.lower() not in alias
    assert alias == register(home, f"{folder}/")
    assert resolve(home, alias) == str(folder)


def test_another_key_gives_another_alias(home, tmp_path):
    other = ProjectHome.open(tmp_path / "other")
    assert register(home, tmp_path / "in") != register(other, tmp_path / "in")


def test_the_file_is_for_its_user_alone(home, tmp_path):
    register(home, tmp_path / "in")
    assert stat.S_IMODE(os.stat(home.root / "sources.toml").st_mode) == 0o600


def test_a_name_given_by_a_person_is_used(home, tmp_path):
    assert register(home, tmp_path / "in", "nightly") == "nightly"
    assert places(home) == {"nightly": str(tmp_path / "in")}
    assert register(home, tmp_path / "in") == "nightly"


def test_a_name_never_changes_its_folder(home, tmp_path):
    register(home, tmp_path / "in", "nightly")
    with pytest.raises(UsageProblem, match="another folder"):
        register(home, tmp_path / "other", "nightly")


@pytest.mark.parametrize("alias", ["Doe", "a/b", "a b", "-a", "a--b", "../x", "a\n"])
def test_a_malformed_name_is_refused(home, tmp_path, alias):
    with pytest.raises(UsageProblem) as caught:
        register(home, tmp_path, alias)
    assert alias not in str(caught.value)


def test_an_unknown_name_is_refused_without_repeating_it(home):
    with pytest.raises(PlaceProblem) as caught:
        resolve(home, "zztop-canary")
    assert "zztop" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["places = 3", "[places]\nA = 'x'", "[places]\na = 3", f"{CANARY}\0", f"[places]\n{CANARY}"]
)
def test_a_broken_file_is_reported_without_its_content(home, text):
    (home.root / "sources.toml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        places(home)
    assert CANARY not in str(caught.value)


def test_a_path_that_cannot_be_written_down_is_refused(home):
    with pytest.raises(PlaceProblem):
        register(home, os.fsdecode(b"/data/\xff"))
