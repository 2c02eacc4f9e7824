"""A run with a review from end to end, on a real server: it waits, some is released, some rejected, some expires."""

import json
import re

import pytest
from pydantic import ValidationError

from deident.flows.parameters import ReviewParameters
from deident.ledger import Ledger, Outcome
from deident.manifest import Manifest
from deident.review import waiting_studies
from deident.stores import FolderStore
from flowtools import reviewing
from flowtools.server import api_answers, files_with, run_python
from flowtools.serving import post
from flowtools.studies import CANARIES, CANARY, plant_source

RUN = ("-m", "deident.flows.run")
REVIEWER = "r.planted"


@pytest.fixture
def ledger(home):
    return Ledger(FolderStore(home.ledger, private=True))


@pytest.fixture
def wait(home, server, tmp_path, ledger):
    """Runs with a review; the run, and the studies that wait."""
    source = plant_source(tmp_path)

    def run(policy="after-review"):
        places = ("--home", str(home.root), "--source", str(source), "--dest", str(tmp_path / "out"))
        done = run_python(home, server, *RUN, *places, "--workers", "1", "--force", "--release", policy)
        assert done.returncode == 1, done.stderr
        found = re.search(r"\n +2  awaiting review; .*\n +decide: deident release --run (\S+) ", done.stdout)
        assert found, done.stdout
        return found[1], [waiting.study for waiting in waiting_studies(ledger, found[1])]

    return run


@pytest.fixture
def review(home, server):
    """Runs the release flow; what it says of its end."""

    def run(*options, **form):
        done = run_python(home, server, reviewing.__file__, json.dumps({"reviewer": REVIEWER, **form}), *options)
        return done.returncode, done.stdout.strip(), done.stderr

    return run


def released(tmp_path):
    return sorted(path for path in (tmp_path / "out").rglob("*.dcm"))


@pytest.mark.slow
def test_some_are_released_some_rejected_and_prefect_sees_nothing_of_a_patient(
    home, server, wait, review, ledger, tmp_path
):
    run, (first, second) = wait()
    assert released(tmp_path) == []
    state = json.loads((home.reports / run / "report.json").read_text())
    assert state["inputs"] == {"released": 0, "skipped": 3, "quarantined": 1, "awaiting-review": 2}
    assert "awaiting-review" in (home.reports / run / "report.html").read_text()

    said = review(run=run, decision="approve these", studies=[first])
    assert said[:2] == (0, "Completed: 1 released, 0 rejected")
    again = review(run=run, decision="approve these", studies=[first])
    assert again[:2] == (0, "Completed: 1 released, 0 rejected"), "the same decision again is no other decision"
    other = review(run=run, decision="reject these", studies=[first, second])
    assert other[:2] == (0, "Completed, decided otherwise: 0 released, 1 rejected, 1 otherwise")
    nothing = review(run=run, decision="approve all")
    assert nothing[:2] == (0, "Completed: 0 released, 0 rejected")

    record = ledger.latest(first)
    assert (record.outcome, record.reviewed) == (Outcome.RELEASED, run)
    assert ledger.latest(second).reasons["rejected-by-reviewer"] == 1
    (output,) = released(tmp_path)
    (manifest,) = (tmp_path / "out").rglob("manifest.json")
    assert Manifest.from_bytes(manifest.read_bytes()).instances == record.outputs
    assert manifest.stat().st_mtime_ns >= output.stat().st_mtime_ns
    report = json.loads((home.reports / record.run / "report.json").read_text())
    assert report["studies_by_outcome"] == {"released": 1}
    assert not (home.staging / run).exists()

    assert set(files_with(home.root, *CANARIES)) <= {"sources.toml"}
    assert not [name for name in files_with(home.root, REVIEWER) if not name.startswith("prefect/")]
    events = json.dumps(post(server.url, "events/filter", filter={"event": {"prefix": ["deident."]}}, limit=50))
    for kind in ("study.awaiting-review", "study.released", "study.quarantined", "run.finished"):
        assert f'"deident.{kind}"' in events
    answers = api_answers(server) + events
    for text in (*said[1:], *other[1:], answers):
        assert not [canary for canary in CANARIES if canary in text]


@pytest.mark.slow
@pytest.mark.parametrize("number", [3, 6])
def test_a_release_that_is_killed_is_finished_by_the_next(wait, review, ledger, tmp_path, number):
    run, studies = wait()
    code, _, _ = review("--kill-at", str(number), run=run, decision="approve all")
    assert code == -9
    assert review(run=run, decision="approve all")[0] == 0
    for study in studies:
        decided = [record for record in ledger.history(study) if record.reviewed == run]
        assert [record.outcome for record in decided] == [Outcome.RELEASED]
    assert len(released(tmp_path)) == 2


@pytest.mark.slow
def test_what_nobody_reviews_expires_with_whatever_review_comes_next(home, wait, review, ledger, tmp_path):
    run, studies = wait("after-review")
    assert review("--late", run="another", decision="approve all")[1].endswith("2 expired")
    assert {code for study in studies for code in ledger.latest(study).reasons} >= {"review-expired"}
    assert released(tmp_path) == []
    assert not (home.staging / run).exists()
    assert review(run=run, decision="approve these", studies=studies)[1].startswith("Completed, decided otherwise")


@pytest.mark.parametrize(
    "wrong",
    [
        {"run": CANARY},
        {"run": "../x"},
        {"decision": CANARY},
        {"decision": "approve these"},
        {"decision": "reject these"},
        {"studies": ["axyrpanjwfsgalb6"]},
        {"decision": "reject these", "studies": [CANARY]},
        {"reviewer": CANARY},
        {"reviewer": "Dr House"},
        {"note": CANARY},
    ],
)
def test_a_form_that_cannot_be_meant_is_refused_and_not_repeated(wrong):
    right = {"run": "20261122t180509z-018885", "decision": "approve all", "reviewer": "m.curie"}
    ReviewParameters(**right)
    with pytest.raises(ValidationError) as caught:
        ReviewParameters(**{**right, **wrong})
    assert CANARY not in str(caught.value)


def test_the_form_is_flat_and_every_field_is_explained():
    schema = ReviewParameters.model_json_schema()
    for field in schema["properties"].values():
        assert field.get("title") or field["$ref"]
        assert field["description"]
    assert schema["$defs"]["Decision"]["enum"] == ["approve all", "approve these", "reject these"]
