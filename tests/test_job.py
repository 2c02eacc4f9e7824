from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from deident.context import Context, worker_context
from deident.errors import ConfigurationError, PlaceProblem, UsageProblem
from deident.job import Job
from deident.profile import PixelRisk
from support.studies import job_for, open_job

SECRET = "Doe^John"


def load(tmp_path: Path, text: str) -> Job:
    path = tmp_path / "job.toml"
    path.write_text(text)
    return Job.load(path)


def test_a_job_loads_from_toml(tmp_path: Path) -> None:
    job = load(tmp_path, 'source = "/in"\ndestination = "/out"\npixel_risk = "accept"\nworkers = 3\n')
    assert job == Job(source="/in", destination="/out", pixel_risk=PixelRisk.ACCEPT, workers=3)
    assert job.resolved_profile().pixel_risk is PixelRisk.ACCEPT
    assert job.worker_count == 3


def test_without_a_number_of_workers_every_core_gets_one() -> None:
    assert Job(source="/in", destination="/out").worker_count == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'source = "/{SECRET}"\n', "destination: Field required"),
        (f'source = "/in"\ndestination = "/out"\npixel_risk = "{SECRET}"\n', "pixel_risk (line 3)"),
        (f'source = "/in"\ndestination = "/out"\nworkers = "{SECRET}"\n', "workers (line 3)"),
        (f'source = "/in"\ndestination = "/out"\nanonymous = "{SECRET}"\n', "anonymous (line 3)"),
        (f'source = "/in"\ndestination = "/out"\nunlisted = "{SECRET}"\n', "unlisted (line 3)"),
        (f'source = "/in"\ndestination = "/out"\n[cohort]\nmodality = "{SECRET}"\n', "cohort.modality (line 4)"),
        (f'source = "/in"\ndestination = "/out"\n[cohort]\nsop_class = ["{SECRET}"]\n', "cohort.sop_class (line 4)"),
        (f'source = "/in"\ndestination = "/out"\n[cohort]\nname = "{SECRET}"\n', "cohort.name (line 4)"),
        (
            f'source = "/in"\ndestination = "/out"\n[cohort]\nstudy_date_to = "{SECRET}"\n',
            "cohort.study_date_to (line 4)",
        ),
        ('source = "/in"\ndestination = "/out"\nunlisted = "refuse"\n', "unlisted: has no meaning without patients"),
        (f'source = "/in\ndestination = "{SECRET}"\n', "line 1"),
        (f'source = "/in"\n{SECRET}\n', "line 2"),
        (f'source = "/in"\nsource = "{SECRET}"\n', "line 2"),
    ],
)
def test_a_wrong_job_file_is_named_by_key_and_line_and_never_by_value(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text)
    assert expected in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"#" * (1 << 20) + b"\n"])
def test_a_file_that_cannot_be_read_is_a_configuration_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / SECRET
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        Job.load(path)
    assert SECRET not in str(caught.value)


def test_neither_repr_nor_errors_show_a_path() -> None:
    job = Job(source=f"/{SECRET}", destination=f"/{SECRET}", home=f"/{SECRET}")
    assert SECRET not in repr(job) + str(job)
    with pytest.raises(ValidationError) as caught:
        Job(source=f"/{SECRET}", destination=f"\0{SECRET}", workers=-1)
    assert SECRET not in str(caught.value)
    with pytest.raises(ConfigurationError) as made:
        Job.make(source=f"/{SECRET}", destination=f"\0{SECRET}")
    assert SECRET not in str(made.value)


def test_an_unknown_preset_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="research"):
        open_job(tmp_path, profile=SECRET)
    assert not (tmp_path / "home").exists()


def test_a_source_that_is_not_there_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    job = job_for(tmp_path, source=str(tmp_path / SECRET))
    with pytest.raises(PlaceProblem) as caught:
        Context.open(job)
    assert SECRET not in str(caught.value)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "places",
    [
        {"destination": "source/out"},
        {"destination": "source"},
        {"home": "source/home"},
        {"home": "destination/home"},
        {"destination": "home/out"},
    ],
)
def test_places_within_each_other_are_refused(tmp_path: Path, places: dict[str, str]) -> None:
    with pytest.raises(PlaceProblem):
        open_job(tmp_path, **{name: str(tmp_path / place) for name, place in places.items()})


def test_pseudonyms_hold_over_runs_unless_that_is_not_wanted(tmp_path: Path) -> None:
    def uid(run: str, *, preserve: bool) -> str:
        with open_job(tmp_path, run, preserve_studies=preserve) as context:
            return context.pseudonyms.uid(b"1.2.3")

    assert uid("one", preserve=True) == uid("two", preserve=True)
    assert uid("one", preserve=False) != uid("two", preserve=False)
    assert uid("one", preserve=False) == uid("one", preserve=False) != uid("one", preserve=True)


@pytest.mark.parametrize("run", ["../up", "a/b", "x" * 65, "a b", "."])
def test_a_run_id_is_no_path(tmp_path: Path, run: str) -> None:
    with pytest.raises(UsageProblem):
        open_job(tmp_path, run)


def test_the_staging_of_a_killed_run_is_swept_and_that_of_a_living_one_is_not(tmp_path: Path) -> None:
    script = (
        "import os, sys; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path; from support.studies import open_job\n"
        "context = open_job(Path(sys.argv[1]), 'killed')\n"
        "context.staging.put('killed/study/000001.dcm', b'half done')\n"
        "os._exit(9)\n"
    )
    tests = str(Path(__file__).parent)
    subprocess.run([sys.executable, "-c", script, str(tmp_path), tests], check=False)
    (tmp_path / "home" / "runs" / "long-gone").touch()
    with open_job(tmp_path, "living") as living, open_job(tmp_path, "other") as context:
        living.staging.put("living/study/000001.dcm", b"at work")
        assert context.staging.exists("killed/study/000001.dcm")
        assert context.sweep() == 1
        assert not context.staging.exists("killed/study/000001.dcm")
        assert living.staging.exists("living/study/000001.dcm")
    assert os.listdir(tmp_path / "home" / "runs") == []


def test_a_worker_opens_the_context_of_a_run_once(tmp_path: Path) -> None:
    job = job_for(tmp_path)
    try:
        assert worker_context(job, "run") is worker_context(job, "run")
    finally:
        worker_context(job, "run").close()
        worker_context.cache_clear()
