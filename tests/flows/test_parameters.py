import re
import stat
from datetime import date

import pytest
from pydantic import ValidationError

from deident.catalogue import find_profile
from deident.cohort import Cohort
from deident.errors import ConfigurationError, PlaceProblem
from deident.flows.parameters import DeidentifyParameters
from deident.flows.places import register
from deident.flows.profiles import enter
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
    assert schema["properties"]["profile"]["examples"] == list(PRESETS)


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


@pytest.mark.parametrize(
    "profile", ["trial.toml", "/etc/trial.toml", "../trial", "a/b", "a b", "trial\n", "x" * 65, ""]
)
def test_a_profile_is_named_and_never_given_by_its_path(profile):
    with pytest.raises(ValidationError) as caught:
        DeidentifyParameters(source="a", destination="b", profile=profile)
    assert not profile or profile not in str(caught.value)


def test_the_profiles_of_the_home_are_found_by_their_names(tmp_path):
    home = ProjectHome.open(tmp_path / "home")
    places = {"source": register(home, tmp_path / "in"), "destination": register(home, tmp_path / "out")}
    with pytest.raises(ConfigurationError):
        DeidentifyParameters(**places, profile="trial").to_job(home)
    (home.profiles / "trial.toml").write_text('patient_prefix = "T-"\n')
    assert DeidentifyParameters(**places, profile="trial").to_job(home).resolved_profile().patient_prefix == "T-"


def test_a_profile_file_is_copied_into_the_home_under_a_name_that_its_content_decides(tmp_path):
    home = ProjectHome.open(tmp_path / "home")
    file = tmp_path / f"{CANARY}.toml"
    file.write_text('name = "trial"\npatient_prefix = "T-"\n')
    first = enter(home, str(file))
    assert re.fullmatch(r"trial-[0-9a-f]{12}", first)
    assert enter(home, str(file)) == first
    assert find_profile(first, home.profiles) == find_profile(str(file))
    assert stat.S_IMODE((home.profiles / f"{first}.toml").stat().st_mode) == 0o600
    file.write_text('name = "trial"\npatient_prefix = "U-"\n')
    assert enter(home, str(file)) != first
    assert find_profile(first, home.profiles).patient_prefix == "T-"
    assert enter(home, str(home.profiles / f"{first}.toml")) == first
    assert enter(home, "basic") == "basic"
    with pytest.raises(ConfigurationError):
        enter(home, str(tmp_path / "none.toml"))
