"""The stages called as plain functions, on real files, in this process."""

import pytest

from deident.context import Context
from deident.errors import Reason
from deident.job import Job
from deident.ledger import Outcome
from deident.tasks.batch import batch
from deident.tasks.deidentification import deidentification
from deident.tasks.discovery import discovery
from deident.tasks.problems import RunError
from deident.tasks.release import quarantine, release
from deident.tasks.report import report
from deident.tasks.validation import validation
from flowtools.studies import CANARIES, plant_source


@pytest.fixture
def context(tmp_path):
    job = Job(source=str(plant_source(tmp_path)), destination=str(tmp_path / "out"), home=str(tmp_path / "home"))
    with Context.open(job) as opened:
        yield opened


def through(context, study):
    return release.fn(context, validation.fn(context, deidentification.fn(context, study)))


def test_a_study_goes_through_its_stages_and_is_not_done_twice(context):
    found = discovery.fn(context)
    assert (len(found.todo), len(found.done), found.discovery.inputs) == (2, 0, 6)
    outcomes = [through(context, study) for study in found.todo]
    assert {outcome.outcome for outcome in outcomes} == {Outcome.RELEASED}
    built = report.fn(context, found.discovery, outcomes)
    assert built.inputs == {"released": 2, "skipped": 3, "quarantined": 1}
    again = discovery.fn(context)
    assert (len(again.todo), len(again.done)) == (0, 2)


def test_a_study_that_cannot_be_done_is_held(context):
    study = discovery.fn(context).todo[0]
    outcome = quarantine.fn(context, study, Reason.INTERNAL)
    assert outcome.outcome is Outcome.QUARANTINED
    assert set(outcome.record.reasons) == {"internal-error"}


def test_run_names_are_the_opaque_ids_of_the_studies(context):
    study = discovery.fn(context).todo[0]
    staged = deidentification.fn(context, study)
    validated = validation.fn(context, staged)
    names = [
        deidentification.task_run_name({"context": context, "study": study, "pool": None}),
        validation.task_run_name({"context": context, "staged": staged}),
        release.task_run_name({"context": context, "validated": validated}),
        quarantine.task_run_name({"context": context, "study": study, "reason": Reason.INTERNAL}),
    ]
    assert names == [f"{stage}-{study.id}" for stage in ("deidentification", "validation", "release", "quarantine")]


def test_nothing_that_is_handed_from_stage_to_stage_shows_an_original_when_printed(context):
    found = discovery.fn(context)
    staged = deidentification.fn(context, found.todo[0])
    validated = validation.fn(context, staged)
    shown = "".join(map(repr, (context, found, found.todo, staged, validated, release.fn(context, validated))))
    assert not [canary for canary in CANARIES if canary in shown]


def test_a_batch_goes_on_after_a_study_that_fails(context, monkeypatch):
    from deident.tasks import batch as module

    studies = discovery.fn(context).todo
    whole = module.process_study

    def sometimes(context, study, pool):
        if study is studies[0]:
            raise ValueError(CANARIES[0])
        return whole(context, study, pool)

    monkeypatch.setattr(module, "process_study", sometimes)
    result = batch.fn(context, studies)
    assert [outcome.study for outcome in result.outcomes] == [studies[1].id]
    assert [(left.study.id, left.problem.code) for left in result.unfinished] == [(studies[0].id, "internal")]


def test_a_batch_tries_a_single_study_again_when_that_may_help(context, monkeypatch):
    from deident.tasks import batch as module

    waits, calls, whole = [], [], module.process_study

    def busy_once(context, study, pool):
        calls.append(study.id)
        if len(calls) == 1:
            raise OSError(28, CANARIES[0])
        return whole(context, study, pool)

    monkeypatch.setattr(module, "process_study", busy_once)
    monkeypatch.setattr(module.time, "sleep", waits.append)
    result = batch.fn(context, discovery.fn(context).todo)
    assert (len(result.outcomes), len(result.unfinished), len(calls), len(waits)) == (2, 0, 3, 1)


def test_a_stage_that_fails_raises_a_code_alone(context, monkeypatch):
    from deident.tasks import deidentification as module

    def fails(*_):
        raise OSError(28, CANARIES[0], CANARIES[0])

    monkeypatch.setattr(module, "deidentify_study", fails)
    with pytest.raises(RunError, match="os-enospc in deidentification"):
        deidentification.fn(context, discovery.fn(context).todo[0])
