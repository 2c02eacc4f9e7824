"""Seeded damage: each kind is caught, with the reason that belongs to it."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from pydicom import Dataset
from pydicom.dataelem import DataElement
from pydicom.sequence import Sequence
from pydicom.uid import ImplicitVRLittleEndian, generate_uid

from deident.errors import Reason
from deident.validation import Claims
from support import builders

LEAK, PIXELS, OBJECT = Reason.LEAK, Reason.PIXELS_CHANGED, Reason.OBJECT_INVALID
STUDY, CLAIMS = Reason.STUDY_INCONSISTENT, Reason.CLAIMS_WRONG

ORIGINAL_UID = builders.uid("frame of reference")
SLICE_UID = builders.uid("instance ct")


def _private(content):
    content.private_block(0x0029, "ACME", create=True).add_new(1, "LO", "harmless")


def _overlay(content):
    content.add_new(0x60000010, "US", 8)


def _curve(content):
    content.add_new(0x50000005, "US", 1)


def _nested(text):
    def change(content):
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "T-D3000", "SRT", text
        outer = Dataset()
        outer.AnatomicRegionSequence = Sequence([item])
        content.SharedFunctionalGroupsSequence = Sequence([outer])

    return change


def _set(keyword, value):
    return lambda content: setattr(content, keyword, value)


def _delete(keyword):
    return lambda content: delattr(content, keyword)


def _utf8_manufacturer(content):
    content.SpecificCharacterSet, content.Manufacturer = "ISO_IR 192", "für Jáne"


def _code(position, keyword, value):
    return lambda content: setattr(content.DeidentificationMethodCodeSequence[position], keyword, value)


def _extra_code(content):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = "113101", "DCM"
    item.CodeMeaning = "Clean Pixel Data Option"
    content.DeidentificationMethodCodeSequence.append(item)


def _meta(tag, vr, value):
    return lambda content: content.file_meta.add(DataElement(tag, vr, value))


LEAKS = {
    "name in an unlisted text": _set("Manufacturer", "Acme for Jane Doe"),
    "name in other order and case": _set("Manufacturer", "DOE, JANE"),
    "name without separator": _set("Manufacturer", "x JaneDoe x"),
    "name in base64": _set("Manufacturer", base64.b64encode(b"?Doe^Jane").decode()),
    "name in hex": _set("Manufacturer", b"Doe^Jane".hex()),
    "name in percent form": _set("Manufacturer", "D%6Fe%5EJane"),
    "name with diacritics": _utf8_manufacturer,
    "name in a code meaning of a nested item": _nested("seen by Welby"),
    "physician in a description": _set("SegmentLabel", "Marcus"),
    "patient id with other separators": _set("Manufacturer", "pat 4711"),
    "patient id within a word": _set("Manufacturer", "x_PAT-4711_y"),
    "accession number": _set("Manufacturer", "order ACC0815"),
    "birth date": _set("Manufacturer", "born 12.04.1965"),
    "birth date in words": _set("Manufacturer", "April 12, 1965"),
    "birth date as a date": _set("ContentDate", "19650412"),
    "birth date as a part of a UID": _set("FrameOfReferenceUID", "1.2.3.19650412.4"),
    "institution": _set("Manufacturer", "Kilnsea Hospital"),
    "institution in a code string": _set("BodyPartExamined", "KILNSEA HOSPITAL"),
    "name that stays": _set("PatientName", "Doe^Jane"),
    "birth date that stays": _set("PatientBirthDate", "19650412"),
    "original frame of reference": _set("FrameOfReferenceUID", ORIGINAL_UID),
    "original uid in text": _set("Manufacturer", f"see {SLICE_UID}."),
    "original uid in bytes": lambda content: content.add_new(
        0x00282000, "OB", b"profile " + SLICE_UID.encode() + b"  "
    ),
    "name in bytes as UTF-16": lambda content: content.add_new(
        0x00282000, "OB", b"x" + "Doe^Jane".encode("utf-16-be") + b"x"
    ),
    "private text": lambda content: content.private_block(0x0029, "ACME", create=True).add_new(1, "LO", "Jane Doe"),
    "name in UN": lambda content: content.add_new(0x00090010, "UN", b"Doe^Jane"),
}

OBJECTS = {
    "private element": _private,
    "overlay": _overlay,
    "curve": _curve,
    "trailing padding": lambda content: content.add_new(0xFFFCFFFC, "OB", b"\0\0"),
    "missing Type 1": _delete("Rows"),
    "missing Type 2": _delete("PatientBirthDate"),
    "empty Type 1": _set("Rows", None),
    "missing UID": _delete("SeriesInstanceUID"),
    "unexpected meta element": _meta(0x00020016, "AE", "SCANNER1"),
    "meta class differs": _meta(0x00020002, "UI", "1.2.840.10008.5.1.4.1.1.4"),
    "meta instance differs": _meta(0x00020003, "UI", generate_uid()),
    "digital signature": lambda content: content.add_new(0xFFFAFFFA, "SQ", [Dataset()]),
    "original attributes": lambda content: content.add_new(0x04000561, "SQ", [Dataset()]),
}

MARKERS = {
    "identity not removed": _set("PatientIdentityRemoved", "NO"),
    "no marker": _delete("PatientIdentityRemoved"),
    "no method": _delete("DeidentificationMethod"),
    "swapped codes": _code(1, "CodeValue", "113109"),
    "code more than was done": _extra_code,
    "code less than was done": lambda content: content.DeidentificationMethodCodeSequence.pop(),
    "basic profile not first": lambda content: content.DeidentificationMethodCodeSequence.reverse(),
    "code twice": _code(1, "CodeValue", "113100"),
    "wrong meaning": _code(0, "CodeMeaning", "Basic Profile"),
    "dates not said to be removed": _set("LongitudinalTemporalInformationModified", "UNMODIFIED"),
    "burned in annotation denied": _set("BurnedInAnnotation", "NO"),
}


def _refer(uids):
    def change(content):
        for item, uid in zip(content.ReferencedStructureSetSequence, uids(content), strict=True):
            item.ReferencedSOPInstanceUID = uid

    return change


STUDIES = {
    "another patient": _set("PatientID", "SOMEBODYELSE"),
    "another study": _set("StudyInstanceUID", "2.25.1"),
    "frame of reference remapped apart": _set("FrameOfReferenceUID", "2.25.3"),
    "dangling references": _refer(lambda _: ["2.25.4", "2.25.5"]),
    "references swapped": _refer(
        lambda content: [item.ReferencedSOPInstanceUID for item in reversed(content.ReferencedStructureSetSequence)]
    ),
    "reference to itself": _refer(lambda content: [content.SOPInstanceUID] * 2),
    "one reference less": lambda content: (
        content.ReferencedStructureSetSequence.pop() and _refer(lambda _: ["2.25.6"])(content)
    ),
}


def _reasons(case):
    return {finding.reason for finding in case.findings()}


@pytest.mark.parametrize("damage", LEAKS.values(), ids=LEAKS.keys())
def test_an_identifier_that_is_left_is_a_leak(study, damage):
    assert LEAK in _reasons(study.edited(damage))


@pytest.mark.parametrize("damage", OBJECTS.values(), ids=OBJECTS.keys())
def test_an_error_that_the_source_does_not_have_is_found(study, damage):
    assert OBJECT in _reasons(study.edited(damage))


@pytest.mark.parametrize("damage", MARKERS.values(), ids=MARKERS.keys())
def test_a_marker_that_says_something_else_is_found(study, damage):
    assert CLAIMS in _reasons(study.edited(damage))


@pytest.mark.parametrize("damage", STUDIES.values(), ids=STUDIES.keys())
def test_an_instance_that_does_not_fit_into_the_study_is_found(study, damage):
    assert _reasons(study.edited(damage, index=2)) == {STUDY}


def test_two_outputs_with_one_instance_uid_are_found(study):
    assert STUDY in _reasons(study.with_output(study.output, index=1))


def test_a_swapped_pixel_byte_is_found(study):
    data = bytearray(study.output)
    data[-5] ^= 0xFF
    assert _reasons(study.with_output(bytes(data))) == {PIXELS}


def test_a_truncated_output_is_found(study):
    assert _reasons(study.with_output(study.output[:-10])) == {OBJECT}


def test_an_output_cut_within_its_header_is_found(study):
    assert OBJECT in _reasons(study.with_output(study.output[:700]))


@pytest.mark.parametrize("data", [b"", b"DICM", bytes(132), b"no DICOM at all " * 30])
def test_an_output_that_is_no_dicom_is_found(study, data):
    assert OBJECT in _reasons(study.with_output(data))


def test_bytes_behind_the_data_set_are_found(study):
    assert OBJECT in _reasons(study.with_output(study.output + b"\0\0\0"))


def test_an_element_behind_the_pixel_data_is_found(study):
    behind = b"\xe1\x7f\x10\x00LO\x08\x00Jane Doe"
    assert {LEAK, OBJECT} <= _reasons(study.with_output(study.output + behind))


def test_a_preamble_with_content_is_found(study):
    assert _reasons(study.with_output(b"Jane" + study.output[4:])) == {OBJECT}


def test_a_wrong_group_length_of_the_file_meta_is_found(study):
    data = bytearray(study.output)
    data[140] += 2
    assert _reasons(study.with_output(bytes(data))) == {OBJECT}


def test_a_wrong_length_of_a_sequence_is_found(study):
    data = bytearray(study.output)
    place = data.find(b"\x12\x00\x64\x00SQ")
    data[place + 8] -= 2
    assert OBJECT in _reasons(study.with_output(bytes(data)))


def test_elements_out_of_order_are_found(study):
    data = study.output
    first, second = data.find(b"\x08\x00\x16\x00UI"), data.find(b"\x08\x00\x18\x00UI")
    end = second + 8 + data[second + 6]
    swapped = data[:first] + data[second:end] + data[first:second] + data[end:]
    assert _reasons(study.with_output(swapped)) == {OBJECT}


def test_a_group_length_is_found(study):
    data = study.output
    place = data.find(b"\x08\x00\x05\x00CS")
    assert _reasons(study.with_output(data[:place] + b"\x08\0\0\0UL\4\0\0\0\0\0" + data[place:])) == {OBJECT}


def test_an_odd_length_is_found(study):
    data = study.output
    place = data.find(b"\x08\x00\x60\x00CS")
    assert OBJECT in _reasons(study.with_output(data[:place] + b"\x08\0\x60\0CS\3\0CT " + data[place + 10 :]))


def test_a_value_that_pydicom_cannot_decode_is_found(study):
    data = study.output
    place = data.find(b"\x28\x00\x10\x00US")
    assert OBJECT in _reasons(study.with_output(data[:place] + b"\x28\0\x10\0US\3\0\1\2\3" + data[place + 10 :]))


@pytest.mark.parametrize("value", [b"one ", b"\xff\xfe\xfd\xfc", b"12345678901234"])
def test_a_value_that_its_vr_does_not_allow_is_found(study, value):
    data = study.output
    place = data.find(b"\x20\0\x11\0IS")
    damaged = data[: place + 6] + bytes([len(value), 0]) + value + data[place + 8 + data[place + 6] :]
    found = study.with_output(damaged).findings()
    assert ("decode", "(0020,0011)") in {(finding.check, finding.detail) for finding in found}


def test_an_element_given_twice_is_found(study):
    data = study.output
    place = data.find(b"\x08\x00\x60\x00CS")
    assert OBJECT in _reasons(study.with_output(data[:place] + data[place : place + 10] * 2 + data[place + 10 :]))


def test_another_transfer_syntax_is_found(study):
    def change(content):
        content.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian

    assert OBJECT in _reasons(study.edited(change))


def test_pixel_data_that_has_gone_is_found(study):
    assert PIXELS in _reasons(study.edited(_delete("PixelData")))


def test_pixel_data_said_to_be_absent_is_found(study):
    assert _reasons(study.with_pair(0, pixel_data="absent")) == {PIXELS}


def test_a_name_in_the_output_name_is_found(study):
    name = "DOE_JANE/" + study.pairs[0].output_name
    assert _reasons(study.with_pair(0, output_name=name)) == {LEAK}


def test_an_original_uid_in_the_output_name_is_found(study):
    assert _reasons(study.with_pair(0, output_name=f"A/B/C/{SLICE_UID}.dcm")) == {LEAK}


def test_the_name_of_one_instance_is_searched_in_the_others(release):
    other = builders.build("mr", OperatorsName="Quentin^Zora")
    case = release(builders.build("ct"), other)
    assert case.findings() == []
    assert _reasons(case.edited(_set("Manufacturer", "for Zora"))) == {LEAK}


def test_an_output_of_another_source_is_found(study):
    swapped = study.with_output(study.pairs[1].output.data)
    assert STUDY in _reasons(swapped)


def test_the_source_itself_as_output_is_found(study):
    assert {LEAK, CLAIMS, OBJECT} <= _reasons(study.with_output(study.source)) | {OBJECT}


def test_conformance_is_not_claimed_beside_a_kept_name(study):
    kept = replace(study, claims=replace(study.claims, kept=frozenset({"PatientName"})))
    assert CLAIMS in _reasons(kept)


def test_what_a_user_keeps_is_no_leak(study):
    claims = Claims((), kept=frozenset({"PatientName"}), withheld=True)

    def change(content):
        content.PatientName = "Doe^Jane"
        content.Manufacturer = "for Jane"
        content.PatientIdentityRemoved = "NO"
        del content.DeidentificationMethodCodeSequence

    assert LEAK not in _reasons(replace(study.edited(change), claims=claims))
    assert LEAK in _reasons(replace(study.edited(change), claims=Claims(())))


def test_findings_hold_no_value(study):
    everything = study
    for damage in (*LEAKS.values(), *OBJECTS.values()):
        everything = everything.edited(damage) if damage is not OBJECTS["missing UID"] else everything
    found = everything.findings()
    assert found
    for finding in found:
        for word in ("Doe", "Jane", "4711", "Welby", "Kilnsea", "1965", ORIGINAL_UID, SLICE_UID):
            assert word.lower() not in f"{finding!r}{finding.detail}".lower()
