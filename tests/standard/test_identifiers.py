"""The table of identifying attributes is complete, its tags are right, and no row is left undecided."""

import json
import subprocess
import sys
from importlib import resources

import pytest
from pydicom.datadict import tag_for_keyword

from deident.standard import confidentiality
from deident.standard.identifiers import KINDS, kind_in_code_sequence, kind_of, kind_of_content_item

DATA = resources.files("deident.standard") / "data"
TABLE = json.loads((DATA / "identifying.json").read_bytes())
TEXT_VRS = {"AE", "LO", "LT", "SH", "ST", "UC", "UI", "UR", "UT"}


def rows():
    for entry in json.loads((DATA / "table_e1_1.json").read_bytes())["rows"]:
        if entry["match"]["kind"] == "exact":
            yield entry["match"]["tag"].upper(), entry["keyword"], entry["vr"]
    for entry in json.loads((DATA / "gaps.json").read_bytes())["rows"]:
        tag = entry["tag"].strip("()").replace(",", "").upper()
        if "X" not in tag:
            yield tag, entry["keyword"], entry["vr"]


def test_every_text_row_of_the_tables_is_either_gathered_or_passed_over():
    gathered = {keyword for tags in TABLE["kinds"].values() for keyword in tags.values()}
    passed_over = {keyword for keywords in TABLE["passed_over"].values() for keyword in keywords}
    text_rows = {keyword for _tag, keyword, vrs in rows() if TEXT_VRS & set(vrs)}
    assert not gathered & passed_over
    assert text_rows - gathered - passed_over == set()


def test_every_tag_is_that_of_its_keyword():
    known = {keyword: tag for tag, keyword, _vrs in rows()}
    listed = [*TABLE["kinds"].values(), *TABLE["code_sequences"].values()]
    for tag, keyword in ((tag, keyword) for tags in listed for tag, keyword in tags.items()):
        assert known.get(keyword) == tag or tag_for_keyword(keyword) == int(tag, 16), keyword


def test_no_attribute_has_two_kinds_and_every_kind_is_known():
    tags = [tag for tags in TABLE["kinds"].values() for tag in tags]
    assert len(tags) == len(set(tags))
    assert set(TABLE["kinds"]) == set(KINDS)


def test_every_uid_that_the_profile_replaces_is_a_uid():
    for row in confidentiality.rows().values():
        if row.basic == "U" and not row.keyword.endswith("Sequence"):
            assert kind_of(row.tag, "UI") == "uid", row.keyword


@pytest.mark.parametrize(
    ("keyword", "vr", "kind"),
    [
        ("PatientName", "PN", "name"),
        ("OperatorsName", "PN", "name"),
        ("PatientID", "LO", "id"),
        ("OtherPatientIDs", "LO", "id"),
        ("AccessionNumber", "SH", "id"),
        ("AdmissionID", "LO", "id"),
        ("ClinicalTrialSubjectID", "LO", "id"),
        ("PatientBirthDate", "DA", "date"),
        ("PatientAddress", "LO", "address"),
        ("InstitutionAddress", "ST", "address"),
        ("PatientTelephoneNumbers", "SH", "phone"),
        ("InstitutionName", "LO", "organization"),
        ("RequestingService", "LO", "organization"),
        ("IssuerOfPatientID", "LO", "organization"),
        ("StationName", "SH", "station"),
        ("StationAETitle", "AE", "station"),
        ("DeviceSerialNumber", "LO", "device"),
        ("DeviceUID", "UI", "uid"),
        ("SOPInstanceUID", "UI", "uid"),
        ("SOPClassUID", "UI", ""),
        ("StudyDate", "DA", ""),
        ("StudyDescription", "LO", ""),
        ("PatientComments", "LT", ""),
        ("PatientSex", "CS", ""),
        ("PatientAge", "AS", ""),
        ("PatientWeight", "DS", ""),
        ("MilitaryRank", "LO", ""),
        ("Manufacturer", "LO", ""),
    ],
)
def test_an_attribute_has_the_kind_that_the_rules_give_it(keyword, vr, kind):
    assert kind_of(tag_for_keyword(keyword), vr) == kind


def test_every_person_name_is_a_name_even_a_private_one_and_whatever_the_vr_on_the_wire():
    assert kind_of(0x0009_1001, "PN") == "name"
    assert kind_of(0x0010_0020, "UN") == "id"
    assert kind_of(0x0009_1001, "LO") == ""


def test_codes_that_name_people_and_places_are_gathered_inside_their_sequences_only():
    assert kind_in_code_sequence(0x0008_0082, 0x0008_0104) == "organization"
    assert kind_in_code_sequence(0x0040_1101, 0x0008_0104) == "name"
    assert kind_in_code_sequence(0x0040_1101, 0x0008_0100) == "id"
    assert kind_in_code_sequence(0x0040_1101, 0x0008_0102) == ""
    assert kind_in_code_sequence(0x0008_2218, 0x0008_0104) == ""


def test_content_items_go_by_their_concept():
    assert kind_of_content_item("DCM", "121030") == "id"
    assert kind_of_content_item("DCM", "121031") == "date"
    assert kind_of_content_item("DCM", "121071") == ""


def test_every_content_item_concept_has_the_meaning_that_the_standard_gives_it():
    items = json.loads((DATA / "sr_content_items.json").read_bytes())["rows"]
    meanings = {(item["coding_scheme_designator"], item["code_value"]): item["code_meaning"] for item in items}
    for schemes in TABLE["content_items"].values():
        for scheme, codes in schemes.items():
            for code, meaning in codes.items():
                assert meanings[scheme, code] == meaning


def test_the_table_needs_no_pydicom():
    program = (
        "import sys; from deident.standard.identifiers import kind_of; "
        "kind_of(1, 'LO'); sys.exit('pydicom' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
