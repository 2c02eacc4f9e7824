"""The cohort: which instances a criterion takes, in built headers and in the files of the corpora."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import date, datetime
from io import BytesIO
from typing import Any

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from deident.cohort import Cohort
from deident.engine.headers import Header, read_header
from deident.engine.part10 import BytesSource
from deident.errors import ConfigurationError, Refusal
from deident.job import Job
from support.corpus import corpus

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
SECRET = "Doe^John"
#: Values that no VR allows are what some tests are about.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def header(syntax: str = ExplicitVRLittleEndian, **attributes: object) -> Header:
    """The header of an encoded instance with these attributes and no others that a cohort looks at."""
    dataset = Dataset()
    dataset.SOPClassUID = CT
    dataset.SOPInstanceUID, dataset.SeriesInstanceUID, dataset.StudyInstanceUID = "1.2.3.4", "1.2.3", "1.2"
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return read_header(BytesSource(buffer.getvalue()))


@pytest.mark.parametrize(
    ("criteria", "inside", "outside"),
    [
        (
            {"modality": ["CT", "mr"]},
            [{"Modality": "MR"}, {"Modality": "CT "}],
            [{"Modality": "US"}, {"Modality": "C"}],
        ),
        ({"sop_class": ["MR"]}, [{"SOPClassUID": MR}], [{"SOPClassUID": CT}]),
        ({"sop_class": [CT, "mr"]}, [{"SOPClassUID": MR}, {}], [{"SOPClassUID": f"{MR}.1"}]),
        (
            {"body_part": ["Chest", "HEAD"]},
            [{"BodyPartExamined": "CHEST"}, {"BodyPartExamined": "head"}],
            [{"BodyPartExamined": "CHESTABDOMEN"}, {"BodyPartExamined": "ABDOMEN"}],
        ),
        (
            {"study_date_from": "2020-02-29", "study_date_to": date(2020, 3, 2)},
            [{"StudyDate": day} for day in ("20200229", "20200301", "20200302", "2020.03.01")],
            [{"StudyDate": day} for day in ("20200228", "20200303", "20200230", "202003", "20200229-20200301")],
        ),
        ({"study_date_from": date(2020, 1, 1)}, [{"StudyDate": "20990101"}], [{"StudyDate": "20191231"}]),
        ({"study_date_to": date(2020, 1, 1)}, [{"StudyDate": "19000101"}], [{"StudyDate": "20200102"}]),
        (
            {"series_description": ["T1*", "*flair ?"]},
            [{"SeriesDescription": "t1 AXIAL"}, {"SeriesDescription": "COR  FLAIR 2"}],
            [{"SeriesDescription": "AX T1"}, {"SeriesDescription": "FLAIR 22"}],
        ),
        (
            {"series_description_exclude": ["*SCOUT*", "loc[0-9]"]},
            [{"SeriesDescription": "T1"}, {"SeriesDescription": "LOCX"}],
            [{"SeriesDescription": "a Scout b"}, {"SeriesDescription": "LOC1"}],
        ),
        (
            {"series_description": ["T1*"], "series_description_exclude": ["*post*"]},
            [{"SeriesDescription": "T1 pre"}],
            [{"SeriesDescription": "T1 POST"}, {"SeriesDescription": "T2"}],
        ),
    ],
)
def test_each_criterion_takes_what_it_says(
    criteria: dict[str, Any], inside: list[dict[str, object]], outside: list[dict[str, object]]
) -> None:
    cohort = Cohort(**criteria)
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        assert all(cohort.holds(header(syntax, **attributes)) for attributes in inside)
        assert not any(cohort.holds(header(syntax, **attributes)) for attributes in outside)


@pytest.mark.parametrize(
    ("keyword", "criteria"),
    [
        ("Modality", {"modality": ["CT"]}),
        ("BodyPartExamined", {"body_part": ["CHEST"]}),
        ("StudyDate", {"study_date_from": date(1, 1, 1)}),
        ("StudyDate", {"study_date_to": date(9999, 12, 31)}),
        ("SeriesDescription", {"series_description": ["*"]}),
        ("SeriesDescription", {"series_description_exclude": ["SCOUT"]}),
    ],
)
def test_an_attribute_that_is_absent_or_blank_fulfils_no_criterion(keyword: str, criteria: dict[str, Any]) -> None:
    assert not Cohort(**criteria).holds(header())
    assert not Cohort(**criteria).holds(header(**{keyword: ""}))
    assert Cohort().holds(header())


def test_all_criteria_must_hold() -> None:
    given = {"modality": ["CT"], "body_part": ["CHEST"], "series_description": ["T*"], "study_date_from": "2020-01-01"}
    values = {"Modality": "CT", "BodyPartExamined": "CHEST", "SeriesDescription": "T1", "StudyDate": "20200101"}
    assert Cohort(**given).holds(header(**values))
    for keyword in values:
        assert not Cohort(**given).holds(header(**{**values, keyword: "X1"}))


def test_values_are_decoded_as_the_data_set_says() -> None:
    described = header(SpecificCharacterSet="ISO_IR 100", SeriesDescription="Schädel T1")
    assert Cohort(series_description=["SCHÄDEL*"]).holds(described)  # type: ignore[arg-type]


def test_a_value_that_no_vr_allows_is_not_looked_at() -> None:
    long = header(ImplicitVRLittleEndian, SeriesDescription="T1" + "x" * 2000)
    assert long.series_description == ""
    assert long.study_uid == "1.2"


def test_nothing_that_is_selected_by_shows_in_a_header() -> None:
    shown = repr(header(BodyPartExamined="ZZBODY", StudyDate="20200304", SeriesDescription=SECRET))
    assert not [value for value in ("ZZBODY", "20200304", SECRET) if value in shown]


@pytest.mark.parametrize(
    ("criteria", "message"),
    [
        ({"modality": SECRET}, "modality: a list of texts"),
        ({"modality": [SECRET, 3]}, "modality: a list of texts"),
        ({"body_part": [SECRET, " "]}, "body_part: at most 1000 texts of 1 to 64 characters"),
        ({"series_description": [SECRET * 9]}, "series_description: at most"),
        ({"sop_class": [SECRET]}, "sop_class: unknown SOP class"),
        ({"sop_class": ["1.2.3"]}, "sop_class: unknown SOP class"),
        ({"study_date_from": SECRET}, "study_date_from: a date, written YYYY-MM-DD"),
        ({"study_date_to": "2020-02-30"}, "study_date_to: a date"),
        ({"study_date_to": datetime(2020, 1, 1)}, "study_date_to: a date"),  # noqa: DTZ001 - refused for being one
        ({"study_date_from": "2020-01-02", "study_date_to": "2020-01-01"}, "study_date_from: lies after"),
    ],
)
def test_a_criterion_that_cannot_be_meant_is_refused_by_its_key(criteria: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Cohort(**criteria)
    assert message in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_cohort_says_the_same_in_any_order_and_is_part_of_a_job() -> None:
    one = Cohort(modality=["MR", "ct"], sop_class=["CT"])  # type: ignore[arg-type]
    assert one == Cohort(modality=("CT", "MR", "mr"), sop_class=(CT,))
    assert Job.make(source="/a", destination="/b", cohort={"modality": ["mr", "CT"], "sop_class": ["ct"]}).cohort == one
    assert hash(Job.make(source="/a", destination="/b", cohort=one))
    assert Cohort().everything
    assert not one.everything


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_study_date_is_taken_by_its_text_alone(first: str, second: str) -> None:
    for value in (first, second, first + "20200101"):
        found = Cohort(study_date_from=date(2020, 1, 1), study_date_to=date(2020, 1, 1))._approves_date(value)
        assert found == (value in ("20200101", "2020.01.01"))


_EXPECTED: dict[str, Callable[[Dataset], bool]] = {
    "modality": lambda ds: str(ds.get("Modality", "")).upper() in ("CT", "MR"),
    "sop_class": lambda ds: str(ds.SOPClassUID) in (CT, MR),
    "body_part": lambda ds: str(ds.get("BodyPartExamined", "")).upper() in ("CHEST", "HEAD", "BRAIN"),
    "study_date_from": lambda ds: str(ds.get("StudyDate", "")).replace(".", "") >= "20040101",
    "study_date_to": lambda ds: "0" < str(ds.get("StudyDate", "")).replace(".", "") <= "20040101",
    "series_description": lambda ds: "a" in str(ds.get("SeriesDescription", "")).lower(),
    "series_description_exclude": lambda ds: (
        (text := str(ds.get("SeriesDescription", "")).lower()) != "" and "a" not in text
    ),
}
_CRITERIA: dict[str, Any] = {
    "modality": ["CT", "MR"],
    "sop_class": ["CT", "MR"],
    "body_part": ["CHEST", "HEAD", "BRAIN"],
    "study_date_from": "2004-01-01",
    "study_date_to": "2004-01-01",
    "series_description": ["*a*"],
    "series_description_exclude": ["*A*"],
}


def test_the_files_of_the_corpora_are_selected_as_pydicom_reads_them() -> None:
    assert set(_EXPECTED) == set(_CRITERIA) == {entry.name for entry in fields(Cohort)}
    compared = dict.fromkeys(_CRITERIA, 0)
    taken = dict.fromkeys(_CRITERIA, 0)
    tags = [
        tag_for_keyword(k) for k in ("SOPClassUID", "Modality", "BodyPartExamined", "StudyDate", "SeriesDescription")
    ]
    for file in corpus():
        data = file.read()
        try:
            found = read_header(BytesSource(data))
            dataset = pydicom.dcmread(BytesIO(data), force=True, specific_tags=tags, stop_before_pixels=True)
            expected = {key: expect(dataset) for key, expect in _EXPECTED.items()}
        except (Refusal, ValueError, AttributeError, pydicom.errors.InvalidDicomError, EOFError, OSError):
            continue
        for key, value in _CRITERIA.items():
            assert Cohort(**{key: value}).holds(found) == expected[key], (key, file.id)
            compared[key] += 1
            taken[key] += expected[key]
    assert min(compared.values()) > 200
    assert min(taken.values()) > 3
