"""The quarantine desk as a flow: its form, and doing again what is held."""

import pytest
from pydantic import ValidationError

from deident.errors import Reason, UsageProblem
from deident.flows.parameters import RetryParameters
from deident.flows.places import register
from deident.flows.quarantine import retry_quarantined
from deident.home import ProjectHome
from deident.tasks.problems import RunError
from deident.tasks.safety import SafeFlow
from flowtools import retrying
from flowtools.server import api_answers, files_with, run_python
from flowtools.studies import CANARIES, CANARY, plant_source
from support.ledgers import check


def test_the_form_is_flat_and_every_field_is_explained():
    schema = RetryParameters.model_json_schema()
    for field in schema["properties"].values():
        assert field["title"]
        assert field["description"]
    assert isinstance(retry_quarantined, SafeFlow)


def test_a_retry_is_a_job_with_force_for_the_folders_of_the_aliases(tmp_path):
    home = ProjectHome.open(tmp_path / "home")
    places = {"source": register(home, tmp_path / "in"), "destination": register(home, tmp_path / "out")}
    parameters = RetryParameters(**places, reason="pixel-risk", pixel_risk="accept", workers=2)
    job = parameters.to_job(home)
    assert (job.source, job.destination, job.force, job.workers) == (
        str(tmp_path / "in"),
        str(tmp_path / "out"),
        True,
        2,
    )
    assert parameters.selection().reason is Reason.PIXEL_RISK


def test_nothing_chosen_is_wrong_use():
    with pytest.raises(UsageProblem):
        RetryParameters(source="a", destination="b").selection().of([])


@pytest.mark.parametrize(
    "values", [{"studies": [CANARY]}, {"reason": CANARY}, {"source": f"/data/{CANARY}"}, {"more": CANARY}]
)
def test_a_value_that_is_none_of_ours_is_refused_and_not_repeated(values):
    with pytest.raises(ValidationError) as caught:
        RetryParameters(**{"source": "a", "destination": "b", **values})
    assert CANARY not in str(caught.value)
    with pytest.raises(RunError) as problem:
        retry_quarantined.validate_parameters({"job": {"source": "a", "destination": "b", **values}})
    assert CANARY not in str(problem.value)


@pytest.mark.slow
def test_the_flow_does_again_what_is_held_and_nothing_else(home, server, tmp_path):
    job = register(home, plant_source(tmp_path)), register(home, tmp_path / "out")
    done = run_python(home, server, retrying.__file__, *job)
    assert done.stdout.splitlines() == [
        "deidentify Completed with quarantine: 1 released, 3 skipped, 2 quarantined",
        "nothing chosen Failed: usage in retry-quarantined",
        "same profile Completed with quarantine: 0 released, 0 skipped, 1 quarantined",
        "accepted Completed: 1 released, 0 skipped, 0 quarantined",
        "again Nothing new: 0 released, 0 skipped, 0 quarantined",
    ], done.stderr[-3000:]
    assert not [problem for problem in check(home.root).problems if problem.trouble.tampering]
    assert set(files_with(home.root, *CANARIES)) <= {"sources.toml"}
    for text in (done.stdout, done.stderr, api_answers(server)):
        assert not [canary for canary in CANARIES if canary in text]
    assert '"name":"retry-quarantined-' in api_answers(server)
