"""The pseudonym functions: frozen vectors that may never change, and what every pseudonym is like."""

from __future__ import annotations

import base64
import hmac
import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deident.errors import ConfigurationError
from deident.pseudonyms import DERIVATION, ProjectKey, Pseudonyms
from deident.pseudonyms.ids import PLACEHOLDER_PATIENT_IDS, normalise_id
from support.outputs import KEY

IDS = st.text(max_size=64)
P = Pseudonyms(KEY)


def test_vectors_of_the_first_derivation_are_frozen() -> None:
    assert DERIVATION == "deident/1"
    assert P.patient("PAT-4711", "", "") == "XS2XGU4PUSCLKOE6"
    assert P.patient("PAT-4711", "HOSP", "") == "TIR56STPYJA3MX5S"
    assert P.patient(" ", "", "1.2.3") == "5RQEAKAL7XGUNDPE"
    assert P.patient("Ünïcode　１２", "", "") == "LCUMSUEPPZLXOVGD"
    assert P.accession("ACC-0815") == "ASIJCPFRKEFF53Z2"
    assert P.study_id("ST-1", "1.2.3") == "BGBZ5NJIMLZOBR5C"
    assert P.uid(b"1.2.3.4\0") == "2.25.127666343236209144079786735426905956880"
    assert P.date_offset("PAT-4711", "", "1.2.3") == 3015
    assert P.date_offset("", "", "1.2.3") == 2817
    assert P.study_reference("1.2.3") == "qoittvgw3mteg6by"
    digest = "ff0caddf490a3dc70addd9561f706629a4c16ec0b13d1248b852d2d28a5eee08"
    assert P.reference("PAT-4711") == f"hmac-sha256:{digest}"
    assert Pseudonyms(KEY.for_run("run-1")).patient("PAT-4711", "", "") == "LEBCAOLX2CTMTLFQ"


def test_vectors_of_shifted_times_are_frozen_and_change_no_other() -> None:
    shifting = Pseudonyms(KEY, shift_times=True)
    offsets = {("PAT-4711", ""): (3015, -5258), ("", ""): (2817, 8538), ("PAT-4711", "HOSP"): (487, -15909)}
    for (patient, issuer), expected in offsets.items():
        subject = shifting.subject(patient, issuer, "1.2.3")
        assert (subject.offset_days, subject.offset_seconds) == expected
        kept = P.subject(patient, issuer, "1.2.3")
        assert (kept.pseudonym, kept.offset_days, kept.offset_seconds) == (subject.pseudonym, expected[0], 0)
    key = hmac.digest(bytes(range(32)), b"deident/1|time", "sha256")
    number = int.from_bytes(hmac.digest(key, b"\x1fPAT-4711", "sha256")[:8]) % 79_200
    assert -(3_600 + number - 39_600) == -5258


@given(IDS, IDS, IDS)
def test_shifts_of_times_are_of_one_to_twelve_hours_either_way_and_the_patients(
    patient: str, issuer: str, study: str
) -> None:
    shifting = Pseudonyms(KEY, shift_times=True)
    seconds = shifting.subject(patient, issuer, study).offset_seconds
    assert 3_600 <= abs(seconds) < 43_200
    if normalise_id(patient).upper() not in PLACEHOLDER_PATIENT_IDS:  # those are nobody's: their study stands for them
        assert shifting.subject(patient, issuer, f"{study}.1").offset_seconds == seconds
    found = {shifting.subject(f"P{n}", "", "").offset_seconds > 0 for n in range(40)}
    assert found == {True, False}


def test_the_vectors_can_be_computed_from_the_description_alone() -> None:
    secret = bytes(range(32))
    key = hmac.digest(secret, b"deident/1|patient", "sha256")
    digest = hmac.digest(key, b"HOSP\x1fPAT-4711", "sha256")
    assert base64.b32encode(digest).decode()[:16] == "TIR56STPYJA3MX5S"
    key = hmac.digest(secret, b"deident/1|uid", "sha256")
    number = uuid.UUID(bytes=hmac.digest(key, b"1.2.3.4", "sha256")[:16], version=None).int
    number = number & ~(0xF << 76) | 8 << 76
    number = number & ~(3 << 62) | 2 << 62
    assert P.uid(b"1.2.3.4") == f"2.25.{number}"


@given(IDS, IDS, IDS)
def test_patients_are_sixteen_base32_characters_and_always_the_same(patient: str, issuer: str, study: str) -> None:
    one = P.patient(patient, issuer, study)
    assert re.fullmatch("[A-Z2-7]{16}", one)
    assert Pseudonyms(KEY).patient(patient, issuer, study) == one
    assert Pseudonyms(KEY, prefix="SITE_").patient(patient, issuer, study) == f"SITE_{one}"
    assert Pseudonyms(ProjectKey(bytes(32))).patient(patient, issuer, study) != one


@given(st.binary(max_size=64))
def test_uids_are_version_8_uuids_of_at_most_44_characters(value: bytes) -> None:
    new = P.uid(value)
    assert re.fullmatch(r"2\.25\.[1-9]\d*", new)
    assert len(new) <= 44
    made = uuid.UUID(int=int(new.removeprefix("2.25.")))
    assert made.variant == uuid.RFC_4122
    assert made.version == 8
    assert P.uid(value + b"\0") == P.uid(value + b" ") == new


@given(IDS, IDS)
def test_accession_and_study_id_fit_their_vr_and_blank_stays_blank(value: str, study: str) -> None:
    blank = not value.replace("\0", " ").strip()
    for short in (P.accession(value), P.study_id(value, study)):
        assert re.fullmatch("[A-Z2-7]{16}", short) or (blank and short == "")


@given(IDS, st.integers(1, 5000))
def test_date_offsets_lie_in_their_range_and_belong_to_the_patient(patient: str, days: int) -> None:
    pseudonyms = Pseudonyms(KEY, date_range_days=days)
    offset = pseudonyms.date_offset(patient, "", "1.2.3")
    assert 1 <= offset <= days
    if re.fullmatch(r"[A-Z]{3}\d{4,}", patient):
        assert pseudonyms.date_offset(patient, "", "1.2.4") == offset


def test_ids_are_normalised_but_keep_their_case() -> None:
    assert P.patient("  A  1 ", "", "") == P.patient("A 1", "", "") == P.patient("Ａ 1\0", "", "")
    assert P.patient("a 1", "", "") != P.patient("A 1", "", "")
    assert P.patient("A1", "X", "") != P.patient("A1", "Y", "")
    assert P.patient("B", "A", "") != P.patient("A", "B", "")


def test_placeholder_ids_do_not_make_all_patients_one() -> None:
    for blank in ("", " ", "UNKNOWN", "anonymous", "0000", "N/A"):
        assert P.patient(blank, "", "1.2.3") == P.patient("", "", "1.2.3")
        assert P.patient(blank, "", "1.2.3") != P.patient(blank, "", "1.2.4")
    assert P.patient("4711", "", "1.2.3") == P.patient("4711", "", "1.2.4")


def test_domains_do_not_share_pseudonyms() -> None:
    same = {P.patient("X1", "", ""), P.accession("X1"), P.study_id("X1", ""), P.study_reference("X1").upper()}
    assert len(same) == 4


def test_secrets_do_not_show() -> None:
    for thing in (KEY, P):
        assert "0102" not in repr(thing)
        assert KEY.derive("x").hex() not in repr(thing)


@given(IDS, st.integers(1, 400), st.integers(0, 4000))
def test_date_offsets_are_multiples_within_their_range_and_never_0(patient: str, multiple: int, more: int) -> None:
    days = multiple + more
    offset = Pseudonyms(KEY, date_range_days=days, date_multiple=multiple).date_offset(patient, "", "1.2.3")
    assert offset % multiple == 0
    assert 0 < offset <= days


@pytest.mark.parametrize("values", [{"date_multiple": 0}, {"date_multiple": 8, "date_range_days": 7}])
def test_a_range_without_a_multiple_in_it_is_refused(values: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError):
        Pseudonyms(KEY, **values)


def test_every_possible_offset_occurs() -> None:
    weeks = Pseudonyms(KEY, date_range_days=30, date_multiple=7)
    assert {weeks.date_offset(f"P{n}", "", "") for n in range(200)} == {7, 14, 21, 28}
