"""Profiles by name: presets, the files of a project home, files by their path."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from deident import DICOMAnonymizer
from deident.catalogue import find_profile
from deident.context import Context
from deident.discovery import discover
from deident.errors import ConfigurationError
from deident.job import Job
from deident.profile import PRESETS, preset
from deident.study import process_study
from support.builders import build
from support.studies import job_for, open_job, write_instance, write_study

SECRET = "Doe^John"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "profiles"
    folder.mkdir(parents=True)
    (folder / "trial.toml").write_text('base = "longitudinal"\n')
    return folder


def test_presets_files_of_the_home_and_paths_are_found(folder: Path, tmp_path: Path) -> None:
    for name in PRESETS:
        assert find_profile(name, folder) is preset(name)
    assert find_profile("trial", folder) == preset("longitudinal").changed(name="trial")
    other = tmp_path / "Other-1.toml"
    other.write_text("")
    assert find_profile(str(other)) == preset("basic").changed(name="Other-1")


@pytest.mark.parametrize("name", [SECRET, "trial", "../profiles/trial", f"{SECRET}/trial", "", "."])
def test_what_there_is_not_is_refused_and_not_repeated(name: str, tmp_path: Path) -> None:
    (tmp_path / "trial.toml").mkdir()
    with pytest.raises(ConfigurationError, match="unknown profile; there are: basic, longitudinal") as caught:
        find_profile(name, tmp_path)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"#" * (1 << 20) + b"\n"])
def test_a_file_that_cannot_be_read_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / f"{SECRET}.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="the profile file cannot be read") as caught:
        find_profile(str(path))
    assert SECRET not in str(caught.value)


def test_a_site_cannot_give_the_name_of_a_preset_to_its_own(folder: Path) -> None:
    (folder / "basic.toml").write_text('base = "retain-all-safe"\n')
    assert find_profile("basic", folder) is preset("basic")
    with pytest.raises(ConfigurationError, match="a preset has this name"):
        find_profile(str(folder / "basic.toml"))


@pytest.mark.usefixtures("folder")
def test_a_job_and_the_python_interface_take_a_name_of_the_home_or_a_path(tmp_path: Path) -> None:
    home, expected = str(tmp_path / "home"), preset("longitudinal").digest()
    path = str(tmp_path / "home" / "profiles" / "trial.toml")
    for name in ("trial", path):
        assert Job(source="/in", destination="/out", home=home, profile=name).resolved_profile().digest() == expected
        assert DICOMAnonymizer(profile=name, home=home).profile.digest() == expected


def test_a_job_shows_no_path_of_a_profile() -> None:
    assert SECRET not in repr(Job(source="/in", destination="/out", profile=f"/{SECRET}/trial.toml"))
    with pytest.raises(ValidationError) as caught:
        Job(source="/in", destination="/out", profile=f"{SECRET}\0.toml")
    assert SECRET not in str(caught.value)


def test_workers_refuse_a_profile_that_was_edited_while_the_run_was_at_work(tmp_path: Path) -> None:
    path = tmp_path / "trial.toml"
    path.write_text("")
    write_study(tmp_path / "source", "1.2.3", 1)
    with open_job(tmp_path, "run", profile=str(path)) as context:
        path.write_text("# a comment changes nothing\n")
        with Context.open(context.job, "run") as worker:
            assert worker.profile == context.profile
        path.write_text('options = ["retain_uids"]\n')
        with pytest.raises(ConfigurationError, match="the profile file changed while the run was at work"):
            Context.open(context.job, "run")
    with Context.open(job_for(tmp_path, profile=str(path)), "other") as context:
        assert context.profile.digest() != preset("basic").digest()


def test_a_preset_needs_no_pydantic_and_a_file_does(tmp_path: Path) -> None:
    path = tmp_path / "trial.toml"
    path.write_text("")
    code = (
        "import sys\nfrom deident.catalogue import find_profile\nfind_profile('research')\n"
        "print('pydantic' in sys.modules)\nfind_profile(sys.argv[1])\nprint('pydantic' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "True"]


SITES = {
    "strict": 'mode = "strict"\n',
    "keeps": '[[override]]\ntag = "StudyDate"\nstrategy = "keep"\n[[override]]\ntag = "InstitutionName"\nstrategy = "keep"\n',
    "changes": (
        '[[override]]\nvr = "DA"\nstrategy = "shift"\n[[override]]\nvr = "SH"\nstrategy = "hash"\n'
        '[[override]]\nvr = "LO"\nstrategy = "clean"\n[[override]]\nvr = "PN"\nstrategy = "replace"\nvalue = "{patient}"\n'
    ),
    "takes": 'base = "longitudinal"\n[[override]]\ntag = "StudyDate"\nstrategy = "remove"\n',
}


@pytest.mark.parametrize("name", [*PRESETS, *SITES])
def test_validation_releases_what_every_preset_and_what_the_profile_of_a_site_makes(name: str, tmp_path: Path) -> None:
    profile = name
    if name in SITES:
        profile = str(tmp_path / f"{name}.toml")
        Path(profile).write_text(SITES[name])
    for family in ("ct", "mr", "us", "seg", "rt-plan", "pr-grayscale", "sr-comprehensive", "ko"):
        (tmp_path / "source" / family).parent.mkdir(exist_ok=True)
        (tmp_path / "source" / family).write_bytes(build(family))
    # A source that says of itself that it was de-identified, by a method that is not ours.
    write_instance(
        tmp_path / "source" / "earlier", "1.2.3", 1, PatientIdentityRemoved="YES", DeidentificationMethod="by hand"
    )
    with open_job(tmp_path, "run", profile=profile) as context:
        outcomes = [process_study(context, study) for study in discover(context).studies]
    assert [outcome.record.reasons for outcome in outcomes] == [{}] * 2
    assert sum(outcome.record.counts["released"] for outcome in outcomes) == 9
