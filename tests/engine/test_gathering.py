"""Identifiers that stand in content items and in the codes of persons are known when the rest is searched (RULES 14.1)."""

from __future__ import annotations

from io import BytesIO

import pydicom
import pytest
from pydicom import Dataset

from deident.engine import Deidentifier
from support.builders import dataset, encode
from support.outputs import fresh, output


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code


def _text_item(code: Dataset, text: str) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", "TEXT"
    item.ConceptNameCodeSequence, item.TextValue = [code], text
    return item


def _report(number: int, manufacturer: str, *items: Dataset) -> bytes:
    report = dataset("sr-comprehensive", SOPInstanceUID=f"1.2.3.{number}")
    report.ContentSequence = list(items)
    report.Manufacturer = manufacturer
    return encode(report)


def _manufacturer(engine: Deidentifier, data: bytes) -> str:
    return str(pydicom.dcmread(BytesIO(output(engine, data))).get("Manufacturer", ""))


SUBJECT = _code("121030", "DCM", "Subject ID")
FINDING = _code("121071", "DCM", "Finding")


def test_a_subject_id_in_a_content_item_is_found_elsewhere() -> None:
    data = _report(1, "Acme for Q7X9Z1", _text_item(SUBJECT, "Q7X9Z1"))
    assert "Q7X9Z1" not in _manufacturer(fresh("research"), data)


def test_the_text_of_a_finding_identifies_nobody() -> None:
    data = _report(1, "Acme Q7X9Z1", _text_item(FINDING, "Q7X9Z1"))
    assert _manufacturer(fresh("research"), data) == "Acme Q7X9Z1"


def test_a_concept_name_holds_for_its_own_item_alone() -> None:
    finding = Dataset()
    finding.RelationshipType, finding.ValueType, finding.TextValue = "CONTAINS", "TEXT", "Q7X9Z1"
    data = _report(1, "Acme Q7X9Z1", _text_item(SUBJECT, "K3J5M8"), finding)
    assert _manufacturer(fresh("research"), data) == "Acme Q7X9Z1"


def test_an_engine_that_has_seen_the_concept_name_before_finds_it_again() -> None:
    engine = fresh("research")
    for number in range(1, 20):
        word = f"Q7X9Z{number:02}"
        data = _report(number, f"Acme for {word}", _text_item(SUBJECT, word), _text_item(FINDING, "clear"))
        assert word not in _manufacturer(engine, data)


@pytest.mark.parametrize("keyword", ["CodeValue", "CodeMeaning"])
def test_the_code_of_a_person_is_found_elsewhere(keyword: str) -> None:
    person, words = Dataset(), {"CodeValue": "PX77431", "CodeMeaning": "Zwetajewa"}
    person.PersonIdentificationCodeSequence = [_code(words["CodeValue"], "99STAFF", words["CodeMeaning"])]
    person.InstitutionName = "Acme"
    image = dataset("ct", SOPInstanceUID="1.2.3.1")
    image.PhysiciansOfRecordIdentificationSequence = [person]
    image.Manufacturer = f"Made for {words[keyword]}"
    assert words[keyword] not in _manufacturer(fresh("research"), encode(image))


@pytest.mark.parametrize("number", ["10008", "12840", "1008511"])
def test_a_number_that_is_in_every_class_uid_holds_nothing(number: str) -> None:
    source = dataset("ct", AccessionNumber=number, PatientID=number, StudyID=number)
    data = pydicom.dcmread(BytesIO(output(fresh("basic"), encode(source))))
    assert data.SOPClassUID == data.file_meta.MediaStorageSOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
