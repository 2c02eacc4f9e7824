"""The presets on files: what each leaves of one patient, and that nothing of Safe Harbor's 18 is left by that preset."""

from __future__ import annotations

import io
from functools import cache

import pytest
from pydicom import Dataset, Sequence, dcmread

from deident.profile import PRESETS, Option, preset
from deident.profile.rules import Rules
from support.builders import build
from support.outputs import deidentified, ending, fresh

PLANTED = {
    "StudyDate": "20200214",
    "AcquisitionDateTime": "20200216101112.5+0100",
    "StudyTime": "101500",
    "AcquisitionTime": "101611",
    "TimezoneOffsetFromUTC": "+0100",
    "StudyDescription": "CT abdomen Doe Jane 4711",
    "InstitutionName": "Sunflower Clinic",
    "StationName": "SUNCT7",
    "DeviceSerialNumber": "SN-990017",
    "PatientAge": "093Y",
    "PatientSex": "F",
    "PatientWeight": "61",
    "PatientTelephoneNumbers": "555 0199 77",
    "CountryOfResidence": "Ruritania",
    "Manufacturer": "Acme Imaging",
}
SECRETS = ("Doe", "Jane", "4711", "Sunflower", "SUNCT7", "990017", "0199", "Ruritania", "clinic.example", "PAT-")


@cache
def original() -> bytes:
    found = dcmread(io.BytesIO(build("ct")))
    for keyword, value in PLANTED.items():
        setattr(found, keyword, value)
    # Newer than pydicom's dictionary: Sex Parameters for Clinical Use Category Reference.
    found.add_new(0x00100047, "UR", "https://clinic.example/x7")
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = found.SOPClassUID, "1.2.3.4"
    found.ReferencedImageSequence = Sequence([reference])
    stream = io.BytesIO()
    found.save_as(stream)
    return stream.getvalue()


@cache
def result(name: str) -> Dataset:
    return dcmread(io.BytesIO(deidentified(fresh(name), original())[1]))


@pytest.mark.parametrize("name", PRESETS)
def test_an_output_declares_exactly_the_codes_of_its_preset(name: str) -> None:
    found = result(name)
    assert found.PatientIdentityRemoved == "YES"
    declared = tuple(item.CodeValue for item in found.DeidentificationMethodCodeSequence)
    assert declared == Rules(preset(name)).codes(met=())
    assert found.PatientName != "Doe^Jane"
    assert found.PatientBirthDate == ""


@pytest.mark.parametrize("name", PRESETS)
def test_graphics_and_content_are_declared_where_they_are_and_nowhere_else(name: str) -> None:
    """On one engine, in any order: what an instance holds is known only when it has been read."""
    engine, options = fresh(name), preset(name).options
    kinds = {"113103": Option.CLEAN_GRAPHICS, "113104": Option.CLEAN_STRUCTURED_CONTENT}
    declared = {"ct": set(), "pr-grayscale": {"113103"}, "sr-comprehensive": {"113104"}, "wsi": {"113104"}}
    for family in [*declared, *reversed(declared)]:
        found = deidentified(engine, build(family))[0].codes
        expected = {code for code in declared[family] if kinds[code] in options}
        assert set(found) & set(kinds) == expected, family
        assert set(found) - set(kinds) == set(Rules(preset(name)).codes()) - set(kinds)


@pytest.mark.parametrize("name", PRESETS)
def test_the_patient_is_named_nowhere(name: str) -> None:
    text = str(result(name))
    for secret in ("Doe", "Jane", "0199", "Ruritania", "PAT-4711"):
        assert secret not in text


@pytest.mark.parametrize("name", ["basic", "research"])
def test_without_options_for_them_dates_descriptions_devices_and_institutions_go(name: str) -> None:
    found = result(name)
    for keyword in ("AcquisitionDateTime", "StudyDescription", "InstitutionName", "StationName", "DeviceSerialNumber"):
        assert not found.get(keyword)
    assert not found.StudyDate
    assert found.LongitudinalTemporalInformationModified == "REMOVED"
    assert found.Manufacturer == "Acme Imaging"
    assert (found.PatientSex, found.get("PatientAge")) == (("F", "090Y") if name == "research" else ("", None))


def test_longitudinal_shifts_dates_and_keeps_times_and_clinical_words() -> None:
    found = result("longitudinal")
    assert found.LongitudinalTemporalInformationModified == "MODIFIED"
    assert found.StudyDate not in ("", "20200214")
    assert found.StudyTime == "101500"
    assert found.AcquisitionDateTime.endswith("101112.5+0100")
    assert "abdomen" in found.StudyDescription
    assert not found.get("InstitutionName")
    assert (found.PatientAge, found.PatientWeight) == ("090Y", 61)


def test_safe_harbor_leaves_no_element_of_a_date_but_the_year_and_none_of_the_18() -> None:
    found = result("safe-harbor")
    assert found.StudyDate == "20200101"
    assert found.AcquisitionDateTime.startswith("2020")
    for element in found.iterall():
        if element.VR == "TM":
            assert element.is_empty
        elif element.VR in ("DA", "DT") and not element.is_empty:
            assert str(element.value) in ("20200101", "2020")
        elif element.VR == "UR":
            assert element.is_empty
    text = str(found)
    for secret in (*SECRETS, "1015", "1016", "0214", "0216"):
        assert secret not in text, secret
    assert "TimezoneOffsetFromUTC" not in found
    assert 0x00100047 not in found
    assert 0x00100047 in result("research")
    assert found.PatientAge == "090Y"
    assert found.LongitudinalTemporalInformationModified == "MODIFIED"


def test_retain_all_safe_keeps_all_that_the_options_name() -> None:
    found, source = result("retain-all-safe"), dcmread(io.BytesIO(original()))
    for keyword in (
        *("StudyDate", "AcquisitionDateTime", "StudyTime", "InstitutionName", "StationName", "DeviceSerialNumber"),
        *("SOPInstanceUID", "StudyInstanceUID", "PatientSex", "PatientWeight"),
    ):
        assert found[keyword] == source[keyword], keyword
    assert found.ReferencedImageSequence[0].ReferencedSOPInstanceUID == "1.2.3.4"
    assert found.LongitudinalTemporalInformationModified == "UNMODIFIED"


@pytest.mark.parametrize("name", PRESETS)
def test_every_family_of_objects_ends_as_with_the_basic_preset(name: str) -> None:
    for family in ("ct", "mr", "us", "seg", "rt-plan", "rt-struct", "pr-grayscale", "sr-comprehensive", "ko", "pdf"):
        data = build(family)
        assert ending(fresh(name), data) == ending(fresh("basic"), data), family
