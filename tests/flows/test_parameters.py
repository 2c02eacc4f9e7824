from datetime import date

import pytest
from pydantic import ValidationError

from deident.cohort import Cohort
from deident.errors import PlaceProblem
from deident.flows.parameters import DeidentifyParameters
from deident.flows.places import register
from deident.home import ProjectHome
from deident.profile import PRESETS, PixelRisk
from deident.pseudonyms import Unlisted

CANARY = "ZZTOP^CANARY"


def test_the_job_has_the_folders_of_the_aliases(tmp_path):
    home = ProjectHome.open(tmp_path / "home")
    source, destination = tmp_path / "in", tmp_path / "out"
    parameters = DeidentifyParameters(
        source=register(home, source), destination=register(home, destination), pixel_risk="accept", workers=3
    )
    job = parameters.to_job(home)
    assert (job.source, job.destination, job.home) == (str(source), str(destination), str(home.root))
    assert (job.pixel_risk, job.workers) == (PixelRisk.ACCEPT, 3)


def test_an_alias_that_is_not_configured_is_refused(tmp_path):
    with pytest.raises(PlaceProblem):
        DeidentifyParameters(source="a", destination="b").to_job(ProjectHome.open(tmp_path / "home"))


@pytest.mark.parametrize("source", [f"/data/{CANARY}", CANARY, "Doe John", "s3://bucket/key", "x" * 61, "a\n"])
def test_a_path_is_no_source_and_is_not_repeated(source):
    with pytest.raises(ValidationError) as caught:
        DeidentifyParameters(source=source, destination="out")
    assert source not in str(caught.value)


def test_an_unknown_profile_is_refused():
    with pytest.raises(ValidationError) as caught:
        DeidentifyParameters(source="a", destination="b", profile=CANARY)
    assert CANARY not in str(caught.value)


def test_the_form_is_flat_and_every_field_is_explained():
    schema = DeidentifyParameters.model_json_schema()
    for field in schema["properties"].values():
        assert field["title"]
        assert field["description"]
        assert field.get("type") in {"string", "integer", "boolean", "array", None}
        assert field.get("items", {"type": "string"}) == {"type": "string"}
    assert schema["properties"]["profile"]["enum"] == sorted(PRESETS)


def test_a_patient_list_is_given_by_its_alias(tmp_path):
    home = ProjectHome.open(tmp_path / "home")
    path = tmp_path / "subjects.csv"
    aliases = {name: register(home, tmp_path / name) for name in ("source", "destination")}
    parameters = DeidentifyParameters(**aliases, patients=register(home, path), unlisted="pseudonymise")
    job = parameters.to_job(home)
    assert (job.patients, job.unlisted) == (str(path), Unlisted.PSEUDONYMISE)
    assert DeidentifyParameters(**aliases).to_job(home).patients is None
    with pytest.raises(PlaceProblem):
        DeidentifyParameters(**aliases, patients="another").to_job(home)


def test_the_cohort_is_made_of_flat_fields_and_survives_json(tmp_path):
    home = ProjectHome.open(tmp_path / "home")
    aliases = {name: register(home, tmp_path / name) for name in ("source", "destination")}
    criteria = {"modality": ["mr"], "study_date_from": "2020-01-02", "series_description_exclude": ["*scout*"]}
    parameters = DeidentifyParameters(**aliases, **criteria)
    expected = Cohort(modality=("MR",), study_date_from=date(2020, 1, 2), series_description_exclude=("*SCOUT*",))
    assert parameters.to_job(home).cohort == expected
    again = DeidentifyParameters.model_validate_json(parameters.model_dump_json())
    assert again.to_job(home).cohort == expected
    assert DeidentifyParameters(**aliases).to_job(home).cohort.everything


@pytest.mark.parametrize(
    "wrong",
    [
        {"patients": f"/data/{CANARY}.csv"},
        {"unlisted": CANARY},
        {"sop_class": [CANARY]},
        {"modality": CANARY},
        {"series_description": [CANARY * 9]},
        {"study_date_from": CANARY},
        {"study_date_from": "2020-01-02", "study_date_to": "2020-01-01"},
    ],
)
def test_a_selection_that_cannot_be_meant_is_refused_and_not_repeated(wrong):
    with pytest.raises(ValidationError) as caught:
        DeidentifyParameters(source="a", destination="b", **wrong)
    assert CANARY not in str(caught.value)
