"""The whole path of a run as a person takes it in the Prefect UI: form, run, report, review, and the files at the end."""

from datetime import UTC, datetime, timedelta

import pytest

from deident.home import ProjectHome
from flowtools.browser import browser
from flowtools.serving import deployment_id, place_names, post, serving, wait_for_deployment, wait_for_run
from flowtools.studies import copy_examples

RUN = {"Source": "incoming", "Destination": "released", "Release": "after-review"}


@pytest.mark.slow
def test_from_the_form_of_a_run_to_the_review_all_in_the_browser(tmp_path):
    home = ProjectHome.open(tmp_path / "home")
    place_names(home, incoming=copy_examples(tmp_path / "incoming"), released=tmp_path / "released")
    with serving(home) as url, browser() as page:
        coming = _coming_night(url)

        page.open(f"{url}/deployments/deployment/{deployment_id(url, 'ad-hoc')}/run")
        page.fill("Source", RUN["Source"])
        page.fill("Destination", RUN["Destination"])
        page.choose("Release", RUN["Release"])
        page.submit(RUN)
        first = wait_for_deployment(url, "ad-hoc")
        assert first["state"]["name"] == "Completed, awaiting review", first["state"]
        assert first["parameters"]["job"]["release"] == "after-review"
        assert wait_for_run(url, "deidentify")["id"] == first["id"] != coming
        assert not list((tmp_path / "released").rglob("*.dcm"))
        run = first["name"].removeprefix("deidentify-")

        page.open(f"{url}/runs/flow-run/{first['id']}")
        page.wait_for("Completed, awaiting review")
        page.wait_for("discovery-")
        page.click("[role=tab], .p-tab", "Task Runs")
        for stage in ("discovery-", "deidentification-", "validation-", "release-", "report-"):
            page.wait_for(stage)
        page.click("[role=tab], .p-tab", "Artifacts")
        for artifact in ("deident-progress", "deident-studies", "deident-report"):
            page.wait_for(artifact)
        page.click("a", "deident-report")
        page.wait_for("studies await review")
        page.wait_for(f"deident release --run {run} --all")
        page.wait_for(f"report: reports/{run}/ in the project home")
        assert (home.reports / run / "report.html").is_file()

        page.open(f"{url}/deployments/deployment/{deployment_id(url, 'review')}/run")
        review = {"Run": run, "Decision": "approve all", "Reviewer": "m.curie"}
        page.fill("Run", review["Run"])
        page.choose("Decision", review["Decision"])
        page.fill("Reviewer", review["Reviewer"])
        page.submit(review)
        second = wait_for_deployment(url, "review")
        assert (second["state"]["name"], second["state"]["message"]) == ("Completed", "4 released, 0 rejected")
        page.open(f"{url}/runs/flow-run/{second['id']}")
        page.wait_for(second["name"])
        page.wait_for("Completed")
    assert len(list((tmp_path / "released").rglob("*.dcm"))) == 4


def _coming_night(url):
    """What the schedule makes some time after the start of a server: a run of tomorrow that waits for its hour."""
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    state = {"type": "SCHEDULED", "state_details": {"scheduled_time": tomorrow}}
    job = {"source": "incoming", "destination": "released"}
    nightly = deployment_id(url, "nightly")
    return post(url, f"deployments/{nightly}/create_flow_run", state=state, parameters={"job": job})["id"]
