"""Look-ups over PS3.6, PS3.3 and PS3.15 as they ship."""

from __future__ import annotations

import pytest
from pydicom.datadict import DicomDictionary

from deident.standard import confidentiality, dictionary, iods, uids


def test_the_dictionary_agrees_with_pydicom() -> None:
    differences = []
    for tag, (vr, _vm, _name, _retired, keyword) in DicomDictionary.items():
        known = dictionary.attribute(tag)
        group = tag >> 16
        if group in (0x0000, 0x0002, 0xFFFE) or not keyword:
            continue
        if known is None or known.keyword != keyword or not set(vr.split(" or ")) & set(known.vrs):
            differences.append(keyword)
    assert len(differences) < 12, differences  # pydicom has an older edition


@pytest.mark.parametrize("tag", [0x60003000, 0x60FE3000, 0x50003000])
def test_repeating_groups_are_found(tag: int) -> None:
    assert dictionary.attribute(tag) is not None


@pytest.mark.parametrize("tag", [0x00091001, 0x60013000, 0x00081999])
def test_private_and_unknown_tags_are_not(tag: int) -> None:
    assert dictionary.attribute(tag) is None


@pytest.mark.parametrize("text", ["PatientName", "0010,0010", "(0010,0010)", "00100010", "0010, 0010"])
def test_tags_are_understood_as_people_write_them(text: str) -> None:
    assert dictionary.parse_tag(text) == 0x00100010


@pytest.mark.parametrize("text", ["", "patientname", "0010", "0010,00zz", "NoSuchKeyword"])
def test_what_names_no_tag_gives_none(text: str) -> None:
    assert dictionary.parse_tag(text) is None


def test_the_table_has_all_its_rows_and_gaps_add_none_of_them() -> None:
    assert len(confidentiality.rows()) == 653
    assert confidentiality.EDITION == "2026d"
    assert {row.basic for row in confidentiality.rows().values()} == {
        "D",
        "Z",
        "X",
        "U",
        "Z/D",
        "X/Z",
        "X/D",
        "X/Z/D",
        "X/Z/U*",
    }
    assert not set(confidentiality.gaps()) & set(confidentiality.rows())
    assert confidentiality.row(0x00091001) is None
    assert confidentiality.gap(0x00080070) is None


def test_cid_7050_has_its_codes() -> None:
    methods = confidentiality.methods()
    assert methods["retain_patient_characteristics"].code == "113108"
    assert {method.code for method in methods.values()} >= {f"1131{n:02}" for n in range(13) if n != 12}
    assert all(len(method.meaning) <= 64 for method in methods.values())


def test_modules_come_into_force_by_their_own_attributes() -> None:
    ct = iods.iod_of("1.2.840.10008.5.1.4.1.1.2")
    assert ct is not None
    bare, contrast = ct.in_force(frozenset()), ct.in_force(frozenset({0x00180010}))
    assert {ct.modules[i].name for i in contrast - bare} == {"contrast-bolus"}
    assert ct.type_of((), 0x00180010, bare) is None
    assert ct.type_of((), 0x00180010, contrast) == "2"
    assert ct.type_of((), 0x00100010, bare) == "2"
    assert ct.type_of((0x00180012,), 0x00080104, contrast) == "1"
    assert ct.type_of((0x00091001,), 0x00081155, bare) is None


def test_the_strictest_type_wins() -> None:
    assert iods.strictest(["3", "2C", "1C"]) == "1C"
    assert iods.strictest([]) is None


def test_private_and_unknown_classes_have_no_iod() -> None:
    assert iods.iod_of("1.2.3") is None
    assert iods.iod_of("") is None


def test_membership_of_the_registry_is_exact() -> None:
    assert uids.is_well_known("1.2.840.10008.1.2.1")
    assert uids.is_well_known("1.2.840.10008.6.1.1234")
    assert not uids.is_well_known("1.2.840.10008.5.1.4.1.1.2.99.1.2.3")
    assert not uids.is_well_known("1.2.840.10008.6.1.123456")
    assert uids.is_sop_class("1.2.840.10008.5.1.4.1.1.2")
    assert not uids.is_sop_class("1.2.840.10008.1.2.1")
    assert uids.is_transfer_syntax("1.2.840.10008.1.2.5")


def test_a_message_about_broken_data_names_no_tag_that_could_be_letters_of_a_value() -> None:
    assert dictionary.place_of(0x00100010) == "(0010,0010)"
    assert dictionary.place_of(int.from_bytes(b"oDhn")) == "an unknown tag"
