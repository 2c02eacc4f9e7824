"""Under the policies of the stack itself: one process with two roles, two processes with one each, and what is refused."""

from __future__ import annotations

import pytest

from deident.audit import AWAITING
from deident.errors import PlaceProblem
from deident.home import ProjectHome
from deident.ledger import Outcome
from deident.review import Desk, Verdict, decide, end_review, waiting_studies
from s3flowtools import whole_run
from s3flowtools.roles import Machine, RoleSite

#: Servers and faults take their time: make test-slow, and CI.
pytestmark = pytest.mark.slow

UID = "1.2.826.0.1.3680043.97"


def renamed(site: RoleSite, name: str) -> str:
    """A profile of the home by which every patient has another name."""
    folder = ProjectHome.open(site.home).profiles
    (folder / f"{name.lower()}.toml").write_text(f'patient_prefix = "{name}-"\n')
    return name.lower()


def patients(site: RoleSite) -> set[str]:
    return {key.partition("/")[0] for key in site.keys("released") if not key.startswith("_deident/")}


def test_a_run_with_a_role_for_each_place_releases_and_supersedes(machine: Machine) -> None:
    site = machine(
        "both", {"default": "worker", "source": "reader", "destination": "releaser"}, "reader", "worker", "releaser"
    )
    site.plant(UID, 2)
    report, _ = whole_run(site.job(profile=renamed(site, "FIRST")))
    assert report.inputs["released"] == 2
    (first,) = patients(site)
    assert first.startswith("FIRST-")
    before = {key for key in site.keys("released") if key.startswith("FIRST-")}
    site.store("source").delete(f"{UID}-2")
    report, _ = whole_run(site.job(profile=renamed(site, "SECOND")))
    assert report.inputs["released"] == 1
    (second,) = patients(site)
    assert second.startswith("SECOND-")
    assert site.deleted("released") == before, "out of sight, and kept as versions"
    # The same names again, with one instance less: replaced in part, and the rest taken out.
    site.plant(UID, 2)
    whole_run(site.job(profile="second"))
    site.store("source").delete(f"{UID}-1")
    whole_run(site.job(profile="second"))
    assert len([key for key in site.keys("released") if key.endswith(".dcm")]) == 1
    report, _ = whole_run(site.job(profile="second"))
    assert report.nothing_new
    assert site.keys("released") == [entry.key for entry in site.store("released", role="recipient").list()]


@pytest.mark.parametrize(
    ("aws", "refused"),
    [
        ({"default": "worker"}, "the destination"),
        ({"default": "worker", "destination": "reader"}, "the destination"),
        ({"default": "releaser"}, "the source"),
        ({"default": "worker", "destination": "releaser", "ledger": "reader"}, "the ledger"),
    ],
)
def test_a_role_that_does_not_suffice_is_told_by_the_place_before_anything_is_written(
    machine: Machine, aws: dict[str, str], refused: str
) -> None:
    site = machine("one", aws, "reader", "worker", "releaser")
    site.plant(UID, 1)
    with pytest.raises(PlaceProblem, match=f"^{refused}: "):
        whole_run(site.job())
    assert site.keys("staging") + site.keys("released") + site.keys("ledger") == []


def test_neither_role_writes_where_the_other_does(machine: Machine) -> None:
    site = machine("one", {"default": "worker", "staging": "releaser", "destination": "releaser"}, "worker", "releaser")
    site.plant(UID, 1)
    with pytest.raises(PlaceProblem, match="S3 denies access"):
        whole_run(site.job())
    assert [key for key in site.keys("staging") if not key.startswith("leases/")] == []
    assert site.keys("released") == []
    with pytest.raises(PlaceProblem):
        site.store("released", role="worker").put("P/1/2/3.dcm", b"1")
    site.store("released").put("_deident/reports/run/report.html", b"1")
    for role in ("worker", "releaser"):
        with pytest.raises(PlaceProblem):
            site.store("released", role=role).delete("_deident/reports/run/report.html")


def test_who_stages_and_who_releases_need_not_have_each_others_keys(machine: Machine) -> None:
    worker = machine("worker", {"default": "worker"}, "worker")
    worker.plant(UID, 2)
    after_review = {"release": "after-review"}
    report, _ = whole_run(worker.job(**after_review))
    assert report.inputs[AWAITING] == 2
    assert worker.keys("released") == []
    release(machine("releaser", {"default": "releaser"}, "releaser"), report.run)
    outputs = [key for key in worker.keys("released") if key.endswith(".dcm")]
    assert len(outputs) == 2
    assert [key for key in worker.keys("staging") if not key.startswith("seen/")] == []
    worker = machine("worker-again", {"default": "worker"}, "worker")
    again, _ = whole_run(worker.job(**after_review))
    assert again.nothing_new, "by the word of the ledger: it may not look"
    worker.store("source").delete(f"{UID}-2")
    report, _ = whole_run(worker.job(**after_review))
    release(machine("releaser-again", {"default": "releaser"}, "releaser"), report.run)
    (left,) = (key for key in worker.keys("released") if key.endswith(".dcm"))
    assert worker.deleted("released") == set(outputs) - {left}


def release(site: RoleSite, run: str) -> None:
    """Approve all that waits, as the flow for it does."""
    with Desk.open(ProjectHome.open(site.home), run) as desk:
        desk.sweep()
        decided = [decide(desk, run, each.study, Verdict.APPROVE, "hmac") for each in waiting_studies(desk.ledger, run)]
        records = [answer.record for answer in decided if answer.record is not None]
        assert [record.outcome for record in records] == [Outcome.RELEASED]
        end_review(desk, records)
