"""What is written for machines is as the published schemas say, and the schemas refuse what is not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest
from pydicom.data import get_testdata_file

from deident.profile import PRESETS
from deident.report.document import expand
from deident.report.schema import NAMES, schema
from support.studies import NAME, whole_run


def validate(name: str, document: object) -> None:
    jsonschema.Draft202012Validator(schema(name)).validate(document)


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_schemas(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))


@pytest.mark.usefixtures("source")
@pytest.mark.parametrize("profile", sorted(PRESETS))
def test_everything_that_is_written_for_machines_is_as_its_schema_says(tmp_path: Path, profile: str) -> None:
    shutil.copy(get_testdata_file("rtplan.dcm"), tmp_path / "source")
    shutil.copy(get_testdata_file("reportsi.dcm"), tmp_path / "source")
    (tmp_path / "source" / "cut").write_bytes((tmp_path / "source" / "risky").read_bytes()[:900])
    _, files = whole_run(tmp_path, profile=profile)
    whole_run(tmp_path, profile=profile)
    home = tmp_path / "home"
    for path in (*home.glob("reports/*/report.json"), *(tmp_path / "destination").rglob("report.json")):
        validate("report", json.loads(path.read_text()))
    for name, places in {
        "audit": "audit/*/*.json",
        "ledger-record": "ledger/studies/*/*.json",
        "run-record": "ledger/runs/*.json",
    }.items():
        found = list(home.glob(places))
        assert found
        for path in found:
            validate(name, json.loads(path.read_text()))
    assert len(json.loads(Path(files.json).read_text())["instances"]) > 4


@pytest.mark.usefixtures("source")
def test_a_schema_refuses_what_is_none(tmp_path: Path) -> None:
    _, files = whole_run(tmp_path)
    document = json.loads(Path(files.json).read_text())
    for wrong in ({"patient": NAME}, {"inputs": {"lost": 1}}, {"run": NAME}, {"instances": [{"input": NAME}]}):
        with pytest.raises(jsonschema.ValidationError):
            validate("report", {**document, **wrong})


@pytest.mark.usefixtures("source")
def test_the_records_of_the_audit_log_come_back_out_of_the_report(tmp_path: Path) -> None:
    report, files = whole_run(tmp_path)
    audits = [json.loads(path.read_text()) for path in (tmp_path / "home" / "audit" / report.run).iterdir()]
    expected = sorted((file for audit in audits for file in audit["files"]), key=lambda file: file["input"])
    found = sorted(expand(json.loads(Path(files.json).read_text())), key=lambda file: str(file["input"]))
    studies = {file.pop("study") for file in found}
    assert found == expected
    assert studies == {line.study for line in report.studies}
