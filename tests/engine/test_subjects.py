"""The patient list of a trial in the engine: pseudonyms, offsets, and patients who are known by another of their ids."""

from __future__ import annotations

import datetime
from io import BytesIO

import pydicom
import pytest
from pydicom import Dataset

from deident.engine import Deidentifier
from deident.errors import Reason, Refusal
from deident.profile import preset
from deident.pseudonyms import Pseudonyms, SubjectList, Unlisted
from support.builders import dataset, encode
from support.outputs import KEY, output

LIST = b"patient_id,issuer,subject_id,date_offset_days\nA-771,,S-01,100\nB-772,North,S-01,100\nC-773,,S-02,7\n"


def _engine(unlisted: Unlisted = Unlisted.REFUSE) -> Deidentifier:
    profile = preset("basic").changed(options=["retain_longitudinal_modified_dates"], pixel_risk="accept")
    return Deidentifier(profile, Pseudonyms(KEY, subjects=SubjectList.parse(LIST), unlisted=unlisted))


def _other(patient_id: str, issuer: str = "") -> Dataset:
    item = Dataset()
    item.PatientID = patient_id
    if issuer:
        item.IssuerOfPatientID = issuer
    return item


def _output(engine: Deidentifier, *others: Dataset, **changes: object) -> Dataset:
    source = dataset("ct", StudyDate="20200214", **changes)
    if others:
        source.OtherPatientIDsSequence = list(others)
    return pydicom.dcmread(BytesIO(output(engine, encode(source))))


def test_a_listed_patient_becomes_the_subject_with_the_offset_of_the_list() -> None:
    done = _output(_engine(), PatientID="A-771")
    assert (done.PatientID, done.PatientName) == ("S-01", "S-01")
    assert done.StudyDate == (datetime.date(2020, 2, 14) - datetime.timedelta(100)).strftime("%Y%m%d")


@pytest.mark.parametrize(
    ("others", "changes"),
    [
        ([_other("A-771")], {}),
        ([_other("ZZ"), _other("B-772", "North")], {}),
        ([], {"OtherPatientIDs": ["Q", "A-771"]}),
    ],
)
def test_a_patient_is_known_by_another_id_in_the_instance(others: list[Dataset], changes: dict[str, object]) -> None:
    done = _output(_engine(), *others, PatientID="new-number", **changes)
    assert done.PatientID == "S-01"
    assert "OtherPatientIDsSequence" not in done
    assert "OtherPatientIDs" not in done


@pytest.mark.parametrize(
    "others", [[], [_other("B-772")], [_other("B-772", "South")], [_other("A-771"), _other("C-773")]]
)
def test_who_is_not_listed_or_is_two_subjects_is_refused(others: list[Dataset]) -> None:
    with pytest.raises(Refusal) as refused:
        _output(_engine(), *others, PatientID="new-number")
    assert refused.value.reason is Reason.PATIENT_NOT_LISTED


def test_one_engine_takes_patients_in_turn() -> None:
    engine = _engine(Unlisted.PSEUDONYMISE)
    for _round in range(3):
        for patient, subject in (("A-771", "S-01"), ("C-773", "S-02"), ("new-number", None)):
            done = _output(engine, PatientID=patient)
            assert done.PatientID == subject or (subject is None and len(done.PatientID) == 16)
            offset = {"S-01": 100, "S-02": 7}.get(subject or "")
            moved = datetime.date(2020, 2, 14) - datetime.datetime.strptime(done.StudyDate, "%Y%m%d").date()  # noqa: DTZ007
            assert offset in (None, moved.days)
