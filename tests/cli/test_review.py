"""`deident review list` and `deident release`: what they say, what they do, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from deident.cli import main
from deident.context import Context
from deident.discovery import discover
from deident.ledger import Record
from deident.report.schema import schema
from deident.study import process_study
from support.reviews import latest, waiting_tree
from support.studies import NAME, PATIENT_ID, job_for, outputs, tree, write_study

UIDS = ("1.2.826.0.1.3680043.80", "1.2.826.0.1.3680043.81")
NEEDLES = (NAME, PATIENT_ID, *UIDS)


@pytest.fixture
def waiting(tmp_path: Path) -> list[Record]:
    """Two studies of one run that wait."""
    for uid in UIDS:
        write_study(tmp_path / "source", uid, 2)
    with Context.open(job_for(tmp_path, release="after-review")) as context:
        return [process_study(context, study).record for study in discover(context).studies]


@pytest.fixture
def deident(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    def call(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments, "--home", str(tmp_path / "home")])
        said = capsys.readouterr()
        assert not [needle for needle in NEEDLES if needle in said.out + said.err]
        return code, said.out, said.err

    return call


def test_the_list_says_what_waits_since_when_and_how_to_decide(deident, waiting) -> None:
    code, said, _ = deident("review", "list")
    assert code == 0
    for record in waiting:
        assert f"{record.study}  CT                2  {record.run}" in said
        assert record.expires[:10] in said
    assert f"deident release --run {waiting[0].run} --all --reviewer NAME" in said
    assert deident("review", "list", "--run", "another")[1] == "Nothing awaits review.\n"


def test_all_are_released_but_the_rejected_ones(deident, waiting, tmp_path) -> None:
    good, bad = waiting
    options = ("--run", good.run, "--reviewer", "m.curie")
    code, said, error = deident("release", *options, "--all", "--reject", bad.study)
    assert (code, error) == (0, "")
    assert said.startswith("1 studies released, 1 rejected.\nThe report: reports/")
    assert len(outputs(tmp_path)) == 2
    assert latest(tmp_path, bad.study).reasons == {"rejected-by-reviewer": 2}
    assert waiting_tree(tmp_path) == []
    assert "awaiting" not in "".join(tree(tmp_path / "home" / "staging"))
    assert deident("review", "list")[1] == "Nothing awaits review.\n"
    code, said, error = deident("release", *options, bad.study)
    assert code == 1
    assert error == f"deident: {bad.study} was decided otherwise before; that decision holds\n"


def test_only_the_named_studies_are_released(deident, waiting, tmp_path) -> None:
    first, second = waiting
    assert deident("release", "--run", first.run, first.study, "--reviewer", "m.curie")[0] == 0
    assert len(outputs(tmp_path)) == 2
    assert second.study in deident("review", "list")[1]


def test_what_waits_too_long_is_told(deident, waiting, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("deident.review.desk.now", lambda: "2999-01-01T00:00:00.000Z")
    assert "expired" in deident("review", "list")[1]
    code, said, error = deident("release", "--run", waiting[0].run, waiting[0].study, "--reviewer", "m.curie")
    assert code == 1
    assert "2 studies had waited too long and are held." in said
    assert error == f"deident: {waiting[0].study} has waited too long and is held\n"
    assert outputs(tmp_path) == []
    (report,) = (tmp_path / "home" / "reports").rglob("report.json")
    assert json.loads(report.read_text())["inputs"]["quarantined"] == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name the studies to release, or give --all or --reject"),
        (["--all", "axyrpanjwfsgalb6"], "--all approves every study"),
        (["axyrpanjwfsgalb6", "--reject", "axyrpanjwfsgalb6"], "approved or rejected, not both"),
        (["--all", "--reviewer", NAME], "a reviewer is an account name"),
    ],
)
def test_a_call_that_cannot_be_meant_is_refused(deident, waiting, arguments, message) -> None:
    code, _, error = deident("release", "--run", waiting[0].run, "--reviewer", "m.curie", *arguments)
    assert code == 2
    assert message in error


def test_a_home_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert main(["review", "list", "--home", str(tmp_path / "none")]) == 2
    assert not (tmp_path / "none").exists()


def test_an_unknown_study_is_not_repeated(deident, waiting) -> None:
    code, _, error = deident("release", "--run", waiting[0].run, "../../etc", "--reviewer", "m.curie")
    assert code == 1
    assert error == "deident: one of the studies does not await review after this run\n"


def test_the_ledger_is_whole_after_a_review_and_everything_written_is_as_its_schema_says(deident, waiting, tmp_path):
    home = tmp_path / "home"
    places = {"audit": "audit/*/*.json", "ledger-record": "ledger/studies/*/*.json", "report": "reports/*/report.json"}

    def check() -> None:
        for name, place in {**places, "run-record": "ledger/runs/*.json"}.items():
            for path in home.glob(place):
                jsonschema.Draft202012Validator(schema(name)).validate(json.loads(path.read_text()))

    check()
    good, bad = waiting
    options = ("--run", good.run, "--reviewer", "m.curie")
    assert deident("release", *options, "--all", "--reject", bad.study)[0] == 0
    check()
    assert deident("audit", "verify")[0] == 0
    assert list((tmp_path / "destination").glob("_deident/reports/*/report.json"))


def test_a_record_that_was_forged_is_not_released(deident, waiting, tmp_path):
    (path,) = (tmp_path / "home" / "ledger" / "studies" / waiting[0].study).glob("*.json")
    path.write_bytes(path.read_bytes().replace(b'"awaiting-review":2', b'"awaiting-review":1'))
    code, _, error = deident("release", "--run", waiting[0].run, waiting[0].study, "--reviewer", "m.curie")
    assert code == 1
    assert "a ledger record is not what was written" in error
    assert outputs(tmp_path) == []
