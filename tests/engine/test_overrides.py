"""A site's overrides carried out on files: what stands in the output, what it then claims, and what is known of the original."""

from __future__ import annotations

import io

import pytest
from pydicom import Dataset, Sequence, dcmread

from deident.profile import Override
from deident.pseudonyms import Pseudonyms
from deident.standard.sop_classes import SHORT_NAMES
from support.builders import FAMILIES, build, dataset
from support.corpus import corpus_file, dicom_files
from support.outputs import KEY, deidentified, ending, fresh

CT = "1.2.840.10008.5.1.4.1.1.2"
NAME, WARD = "Doe^Jane", "Ward Sunflower 7"


def ct(**values: object) -> bytes:
    """The CT of the builders with some attributes more."""
    found = dcmread(io.BytesIO(build("ct")))
    for keyword, value in values.items():
        setattr(found, keyword, value)
    return written(found)


def written(found: Dataset) -> bytes:
    stream = io.BytesIO()
    found.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def overridden(data: bytes, *overrides: dict[str, str], base: str = "basic", **changes: object) -> Dataset:
    """The output, read by pydicom."""
    made = tuple(Override(**override) for override in overrides)  # type: ignore[arg-type]
    result, output = deidentified(fresh(base, overrides=made, **changes), data)
    found = dcmread(io.BytesIO(output))
    conforms = found.PatientIdentityRemoved == "YES"
    assert bool(result.codes) is conforms
    assert ("no-conformance-claim" in result.warnings) is not conforms
    return found


def claims(found: Dataset) -> bool:
    """Whether the output says that it conforms, in all three places alike."""
    said = {found.PatientIdentityRemoved == "YES", "DeidentificationMethodCodeSequence" in found}
    said.add("DeidentificationMethod" in found)
    assert len(said) == 1
    return said.pop()


def request(**values: object) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def test_what_is_kept_stays_to_the_byte_and_takes_the_claim_away() -> None:
    data = ct(StudyDescription="CT for Jane DOE ")
    kept = overridden(data, {"tag": "StudyDescription", "strategy": "keep"})
    assert kept.StudyDescription == "CT for Jane DOE"
    assert not claims(kept)
    assert claims(overridden(data, {"tag": "Manufacturer", "strategy": "keep"}))
    covered = overridden(data, {"tag": "PatientSex", "strategy": "keep"}, base="research")
    assert claims(covered)
    assert covered.PatientSex == "F"


def test_what_is_kept_by_a_creator_or_a_vr_takes_the_claim_away() -> None:
    assert not claims(overridden(ct(), {"creator": "ACME", "strategy": "keep"}))
    found = overridden(ct(StudyDescription="Head"), {"vr": "LO", "strategy": "keep"})
    assert (found.StudyDescription, found.PatientID) == ("Head", "PAT-4711")
    assert not claims(found)


@pytest.mark.parametrize("strategy", ["empty", "remove"])
def test_no_type_1_or_2_is_missing_after_everything_was_emptied_or_removed(strategy: str) -> None:
    """Every VR whose removal makes sense, on every family: the validation of the IOD is that of the oracle's types."""
    overrides = tuple(
        Override(strategy, vr=vr)  # type: ignore[arg-type]
        for vr in "AE AS DA DS DT FD FL IS LO LT PN SH SQ ST TM UC UR UT".split()
    )
    engine, plain = fresh("basic", overrides=overrides), fresh("basic")
    checked = 0
    for family in FAMILIES:
        data = build(family)
        if ending(plain, data) != "released":
            continue
        expected, found = (dcmread(io.BytesIO(deidentified(e, data)[1])) for e in (plain, engine))
        assert missing(found, expected) == [], family
        checked += 1
    assert checked > 40


def missing(found: Dataset, expected: Dataset) -> list[str]:
    """Top-level attributes that the types of the IOD want and that are not there, or have no value."""
    from deident.standard import iods

    iod = iods.iod_of(str(expected.SOPClassUID))
    assert iod is not None
    in_force = iod.in_force(frozenset(int(element.tag) for element in expected))
    wrong = []
    for element in expected:
        kind = iod.type_of((), int(element.tag), in_force)
        if kind in ("1", "2") and (
            element.tag not in found or (kind == "1" and found[element.tag].is_empty and not element.is_empty)
        ):
            wrong.append(element.keyword)
    return wrong


def test_a_sequence_of_type_1_is_walked_and_never_left_empty() -> None:
    found = overridden(build("seg"), {"tag": "SegmentSequence", "strategy": "remove"})
    assert len(found.SegmentSequence) == len(dataset("seg").SegmentSequence)
    report = overridden(build("sr-comprehensive"), {"tag": "ContentSequence", "strategy": "empty"})
    assert [item.TextValue for item in report.ContentSequence] == ["ANONYMIZED"]
    assert claims(report)


def test_replace_writes_a_constant_or_the_pseudonym_of_the_patient_at_every_depth() -> None:
    item = request(ScheduledProcedureStepDescription="for Jane Doe", ReasonForTheRequestedProcedure="Jane")
    data = ct(StudyDescription=f"{NAME} again", InstitutionName=WARD, RequestAttributesSequence=[item])
    found = overridden(
        data,
        {"tag": "StudyDescription", "strategy": "replace", "value": "Trial 7"},
        {"tag": "InstitutionName", "strategy": "replace", "value": "{patient}"},
        {"tag": "ScheduledProcedureStepDescription", "strategy": "replace", "value": "{patient}"},
        base="longitudinal",
    )
    pseudonym = Pseudonyms(KEY).patient("PAT-4711", "", "")
    assert found.StudyDescription == "Trial 7"
    assert found.InstitutionName == found.PatientID == pseudonym
    assert found.RequestAttributesSequence[0].ScheduledProcedureStepDescription == pseudonym
    assert claims(found)


def test_the_pseudonym_has_the_prefix_and_is_that_of_each_patient_also_in_one_engine() -> None:
    engine = fresh(
        "basic",
        overrides=(Override("replace", tag="StudyDescription", value="{patient}"),),  # type: ignore[arg-type]
        patient_prefix="T7-",
    )
    seen = set()
    for patient in ("PAT-4711", "PAT-0815", "PAT-4711"):
        found = dcmread(io.BytesIO(deidentified(engine, ct(PatientID=patient, StudyDescription="x"))[1]))
        assert found.StudyDescription == found.PatientID == Pseudonyms(KEY, prefix="T7-").patient(patient, "", "")
        seen.add(found.PatientID)
    assert len(seen) == 2


def test_hash_is_keyed_and_the_same_wherever_the_value_stands() -> None:
    item = request(RequestedProcedureID="RP-1", ScheduledProcedureStepID="RP-1")
    data = ct(RequestAttributesSequence=[item, request(RequestedProcedureID="rp-2")], DeviceSerialNumber="RP-1")
    strategies = [
        {"tag": keyword, "strategy": "hash"}
        for keyword in ("RequestedProcedureID", "ScheduledProcedureStepID", "DeviceSerialNumber")
    ]
    found = overridden(data, *strategies, base="longitudinal")
    first, second = found.RequestAttributesSequence
    digest = Pseudonyms(KEY).digest("RP-1")
    assert first.RequestedProcedureID == first.ScheduledProcedureStepID == found.DeviceSerialNumber == digest
    assert second.RequestedProcedureID != digest
    assert len(digest) == 16
    assert digest != Pseudonyms(KEY.for_run("another")).digest("RP-1")
    assert claims(found)


def test_hash_takes_each_of_several_values_and_leaves_blanks() -> None:
    data = ct(
        OtherPatientNames=["Roe^Rick", "Doe^Jane"],
        InstitutionalDepartmentName="",
        PatientTelephoneNumbers=["555 0199", "555 0198"],
    )
    found = overridden(
        data,
        {"tag": "OtherPatientNames", "strategy": "hash"},
        {"tag": "InstitutionalDepartmentName", "strategy": "hash"},
        {"tag": "PatientTelephoneNumbers", "strategy": "hash"},
    )
    # With its padding no value may be longer than SH allows.
    assert all(len(value) <= 16 for value in found.get_item("PatientTelephoneNumbers").value.split(b"\\"))
    assert [str(name) for name in found.OtherPatientNames] == [
        Pseudonyms(KEY).digest(name)[:15] for name in ("Roe^Rick", "Doe^Jane")
    ]
    assert not found.get("InstitutionalDepartmentName")


@pytest.mark.parametrize("strategy", ["hash", "clean", "replace"])
def test_what_is_replaced_is_known_and_found_elsewhere(strategy: str) -> None:
    override = {"tag": "InstitutionalDepartmentName", "strategy": strategy}
    override |= {"value": "X"} if strategy == "replace" else {}
    found = overridden(ct(InstitutionalDepartmentName=WARD, SoftwareVersions=f"v1 {WARD}"), override)
    assert "Sunflower" not in str(found)


def test_a_date_is_shifted_without_the_option_by_the_days_of_the_patient_and_no_conformance_is_claimed() -> None:
    item = request(ScheduledProcedureStepStartDate="20200301")
    data = ct(AcquisitionDate="20200215", RequestAttributesSequence=[item], AcquisitionDateTime="20200216101112.5+0100")
    by_option = dcmread(io.BytesIO(deidentified(fresh("longitudinal"), data)[1]))
    found = overridden(
        data,
        *(
            {"tag": tag, "strategy": "shift"}
            for tag in ("StudyDate", "AcquisitionDate", "AcquisitionDateTime", "ScheduledProcedureStepStartDate")
        ),
        {"tag": "RequestAttributesSequence", "strategy": "keep"},
    )
    assert found.StudyDate == by_option.StudyDate != "20200214"
    assert found.AcquisitionDate == by_option.AcquisitionDate
    assert found.AcquisitionDateTime == by_option.AcquisitionDateTime
    assert found.RequestAttributesSequence[0].ScheduledProcedureStepStartDate not in ("20200301", "")
    assert found.StudyTime in (None, "")
    assert not claims(found)
    assert found.LongitudinalTemporalInformationModified == "MODIFIED"


def test_a_date_that_is_none_is_treated_by_type_where_it_should_be_shifted() -> None:
    found = overridden(ct(StudyDate="19000101", AcquisitionDate="2020021"), {"vr": "DA", "strategy": "shift"})
    assert found.StudyDate == ""
    assert "AcquisitionDate" not in found


def test_text_is_cleaned_without_the_option() -> None:
    found = overridden(
        ct(StudyDescription=f"CT abdomen {NAME}", SeriesDescription="Jane"),
        {"tag": "StudyDescription", "strategy": "clean"},
        {"tag": "SeriesDescription", "strategy": "clean"},
    )
    assert "abdomen" in found.StudyDescription
    assert not {"Jane", "Doe"} & set(found.StudyDescription.replace("^", " ").split())
    assert not found.get("SeriesDescription")
    assert not claims(found)


def test_the_most_specific_override_decides_in_a_file_too() -> None:
    item = request(ScheduledProcedureStepID="SPS-1", RequestedProcedureID="RP-1")
    data = ct(RequestAttributesSequence=[item], StationName="STATION-9")
    found = overridden(
        data,
        {"vr": "SH", "strategy": "replace", "value": "BY VR"},
        {"tag": "RequestedProcedureID", "strategy": "replace", "value": "BY TAG"},
        {"path": "RequestAttributesSequence>ScheduledProcedureStepID", "strategy": "replace", "value": "BY PATH"},
        base="longitudinal",
    )
    (attributes,) = found.RequestAttributesSequence
    assert (attributes.ScheduledProcedureStepID, attributes.RequestedProcedureID) == ("BY PATH", "BY TAG")
    assert found.StationName == "BY VR"


def test_an_override_for_one_sop_class_leaves_others_alone() -> None:
    override = {"tag": "StudyDescription", "strategy": "replace", "value": "X", "sop_class": CT}
    assert overridden(ct(StudyDescription="Head"), override).StudyDescription == "X"
    mr = dcmread(io.BytesIO(build("mr")))
    mr.StudyDescription = "Head"
    assert "StudyDescription" not in overridden(written(mr), override)


def test_overrides_reach_into_private_and_unknown_sequences_no_further_than_the_rules() -> None:
    data = ct()
    found = dcmread(io.BytesIO(data))
    block = found.private_block(0x0029, "ACME", create=True)
    block.add_new(1, "SQ", Sequence([request(StudyDescription=NAME)]))
    result = overridden(written(found), {"tag": "StudyDescription", "strategy": "keep"})
    assert NAME not in str(result)


def test_every_strategy_can_be_carried_out_on_every_file_of_the_corpora() -> None:
    engine = fresh(
        "basic",
        overrides=tuple(
            Override(**entry)  # type: ignore[arg-type]
            for entry in (
                {"vr": "DA", "strategy": "shift"},
                {"vr": "DT", "strategy": "shift"},
                {"vr": "LO", "strategy": "clean"},
                {"vr": "SH", "strategy": "hash"},
                {"vr": "PN", "strategy": "hash"},
                {"vr": "LT", "strategy": "replace", "value": "{patient}"},
                {"vr": "ST", "strategy": "empty"},
                {"vr": "TM", "strategy": "remove"},
                {"vr": "CS", "strategy": "keep"},
            )
        ),
    )
    plain, released = fresh("basic"), 0
    for file in dicom_files():
        data = file.read()
        assert ending(engine, data) == ending(plain, data), file.id
        released += ending(engine, data) == "released"
    assert released > 225


def test_a_real_file_is_overridden_as_a_built_one() -> None:
    data = corpus_file("pydicom/CT_small.dcm").read()
    original = dcmread(io.BytesIO(data))
    found = overridden(
        data,
        {"tag": "StudyDate", "strategy": "keep"},
        {"tag": "PatientName", "strategy": "replace", "value": "Patient^One"},
        {"tag": "AccessionNumber", "strategy": "hash"},
        {"tag": "StudyDescription", "strategy": "clean"},
    )
    assert found.StudyDate == original.StudyDate
    assert found.PatientName == "Patient^One"
    assert found.AccessionNumber == (Pseudonyms(KEY).digest(original.AccessionNumber) or original.AccessionNumber)
    assert found.PixelData == original.PixelData


def test_an_override_for_one_sop_class_takes_the_claim_away_there_alone() -> None:
    engine = fresh("basic", overrides=[Override("keep", tag="StudyDate", sop_class=SHORT_NAMES["MR"])])  # type: ignore[arg-type]
    for family, kept in (("ct", False), ("mr", True), ("ct", False), ("mr", True)):
        result, output = deidentified(engine, build(family))
        found = dcmread(io.BytesIO(output))
        assert claims(found) is not kept
        assert bool(result.codes) is not kept
        assert ("no-conformance-claim" in result.warnings) is kept
        assert found.LongitudinalTemporalInformationModified == ("MODIFIED" if kept else "REMOVED")
        assert bool(found.StudyDate) is kept
