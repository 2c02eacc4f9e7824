import pytest
from pydantic import ValidationError

from deident.errors import PlaceProblem
from deident.flows.parameters import DeidentifyParameters
from deident.flows.places import register
from deident.home import ProjectHome
from deident.profile import PRESETS, PixelRisk

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
