"""Dates that are shifted or reduced to the year: exact intervals, kept precision, and nothing that is no date passes."""

from __future__ import annotations

import datetime
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread

from deident.engine.dates import shift, to_year
from support.builders import build, dataset, encode
from support.outputs import deidentified, fresh

MODIFIED = frozenset({"retain_longitudinal_modified_dates"})
days = st.dates(datetime.date(1850, 1, 1), datetime.date(2100, 12, 31))
offsets = st.integers(1, 3650)


def _da(day: datetime.date) -> bytes:
    return day.strftime("%Y%m%d").encode()


def _day(value: bytes) -> datetime.date:
    return datetime.date(int(value[:4]), int(value[4:6]), int(value[6:8]))


@pytest.mark.parametrize(
    ("vr", "value", "expected"),
    [
        ("DA", b"20040119", b"20040109"),
        ("DA", b"20040301", b"20040220"),
        ("DA", b"2004.01.19", b"20040109"),
        ("DA", b"20040119\\20040229", b"20040109\\20040219"),
        ("DA", b"20040119\\", b"20040109\\"),
        ("DA", b"", b""),
        ("DT", b"20040119072730.123456+0100", b"20040109072730.123456+0100"),
        ("DT", b"20040101", b"20031222"),
        ("DT", b"2004011907-0500", b"2004010907-0500"),
        ("DT", b"200403", b"200403"),
        ("DT", b"2004", b"2004"),
        ("DT", b"20040119 ", b"20040109"),
        ("TM", b"072730.12", b"072730.12"),
        ("TM", b"07:27:30", b"07:27:30"),
        ("TM", b"0727\\0800", b"0727\\0800"),
    ],
)
def test_a_value_is_ten_days_earlier_and_as_precise_as_it_was(vr: str, value: bytes, expected: bytes) -> None:
    assert shift(value, vr, 10) == expected


@pytest.mark.parametrize("value", [b"200401", b"2004"])
def test_a_partial_date_moves_from_its_middle(value: bytes) -> None:
    moved = shift(value, "DT", 400)
    assert moved is not None
    assert moved == {b"200401": b"200212", b"2004": b"2003"}[value]


@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("DA", b"19000101"),
        ("DA", b"19700101"),
        ("DA", b"00010101"),
        ("DA", b"99991231"),
        ("DA", b"00000000"),
        ("DA", b"20041301"),
        ("DA", b"20040230"),
        ("DA", b"2004-01-19"),
        ("DA", b"20040119-20040120"),
        ("DA", b"Doe^Jane"),
        ("DA", b"20040119\\Jane"),
        ("DA", b"200401"),
        ("DT", b"19000101000000"),
        ("DT", b"2004011999"),
        ("DT", b"0001"),
        ("DT", b"20040119-20040120101010"),
        ("TM", b"noon"),
        ("TM", b"2500"),
        ("TM", b"7"),
    ],
)
def test_what_is_no_date_or_stands_for_none_is_not_shifted(vr: str, value: bytes) -> None:
    assert shift(value, vr, 10) is None


@given(first=days, second=days, offset=offsets)
def test_intervals_between_any_two_dates_are_exact(first: datetime.date, second: datetime.date, offset: int) -> None:
    one, two = shift(_da(first), "DA", offset), shift(_da(second), "DA", offset)
    if one is None or two is None:
        assert {_da(first), _da(second)} & {b"19000101", b"19700101"}
        return
    assert _day(two) - _day(one) == second - first
    assert (first - _day(one)).days == offset


@given(day=days, offset=offsets, time=st.times())
def test_date_and_date_time_of_one_moment_stay_one_moment(day: datetime.date, offset: int, time: datetime.time) -> None:
    date, moment = shift(_da(day), "DA", offset), shift(_da(day) + time.strftime("%H%M%S").encode(), "DT", offset)
    assert (date is None) == (moment is None)
    if date is not None and moment is not None:
        assert moment == date + time.strftime("%H%M%S").encode()


@given(value=st.binary(max_size=30), vr=st.sampled_from(["DA", "DT", "TM"]), offset=offsets)
def test_no_bytes_make_it_raise_and_none_pass_unread(value: bytes, vr: str, offset: int) -> None:
    for found in (shift(value, vr, offset), to_year(value, vr)):
        assert found is None or not found.strip(b"0123456789.:+-\\ ")


@pytest.mark.parametrize(
    ("vr", "value", "expected"),
    [
        ("DA", b"20040119", b"20040101"),
        ("DA", b"2004.06.19", b"20040101"),
        ("DT", b"20040119072730+0100", b"2004"),
        ("DT", b"200406", b"2004"),
        ("TM", b"072730", b"072730"),
        ("DA", b"19000101", None),
        ("DA", b"20041399", None),
    ],
)
def test_only_the_year_is_left(vr: str, value: bytes, expected: bytes | None) -> None:
    assert to_year(value, vr) == expected


def _output(data: bytes, **changes: object):
    _result, output = deidentified(fresh("basic", **{"options": MODIFIED, **changes}), data)
    return dcmread(io.BytesIO(output))


def test_all_studies_of_a_patient_share_an_offset_and_two_patients_do_not() -> None:
    studies = [dataset("ct", StudyDate=day, PatientID="A-77120") for day in ("20040119", "20100802", "20240229")]
    outputs = [_output(encode(study)) for study in studies]
    moved = {
        (_day(a.StudyDate.encode()) - _day(b.StudyDate.encode())).days for a, b in zip(studies, outputs, strict=True)
    }
    assert len(moved) == 1
    other = dataset("ct", StudyDate="20040119", PatientID="B-77121")
    assert _output(encode(other)).StudyDate != outputs[0].StudyDate


def test_every_date_of_an_instance_moves_by_the_same_days_at_every_level() -> None:
    data = dataset("ct", StudyDate="20040119", SeriesDate="2004.01.20", AcquisitionDateTime="20040121101010.5")
    output = _output(encode(data))
    offset = _day(b"20040119") - _day(output.StudyDate.encode())
    assert _day(b"20040120") - _day(output.SeriesDate.encode()) == offset
    assert _day(b"20040121") - _day(str(output.AcquisitionDateTime).encode()) == offset
    assert str(output.AcquisitionDateTime).endswith("101010.5")
    assert output.LongitudinalTemporalInformationModified == "MODIFIED"
    assert output.PatientBirthDate == ""


def test_a_multiple_of_a_week_keeps_the_day_of_the_week() -> None:
    source = dataset("ct", StudyDate="20040119")
    output = _output(encode(source), date_multiple=7)
    assert (_day(b"20040119") - _day(output.StudyDate.encode())).days % 7 == 0


def test_a_published_date_is_never_shifted() -> None:
    data = dataset("ct")
    data.AnatomicRegionSequence = [_code()]
    output = _output(encode(data))
    assert output.AnatomicRegionSequence[0].ContextGroupVersion == "20020904"


def _code():
    from pydicom import Dataset

    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "51185008", "SCT", "Chest"
    code.ContextIdentifier, code.MappingResource, code.ContextGroupVersion = "4", "DCMR", "20020904"
    return code


def test_a_true_date_in_text_gives_the_offset_away_and_goes() -> None:
    data = dataset("ct", StudyDate="20040119", Manufacturer="Acme calibrated 19.01.2004")
    output = _output(encode(data))
    assert "2004" not in (output.get("Manufacturer") or "")


def test_an_input_that_says_less_keeps_saying_so() -> None:
    data = dataset("ct", LongitudinalTemporalInformationModified="REMOVED")
    assert _output(encode(data)).LongitudinalTemporalInformationModified == "REMOVED"
    full = _output(encode(data), options=frozenset({"retain_longitudinal_full_dates"}))
    assert full.LongitudinalTemporalInformationModified == "REMOVED"


def test_full_dates_stay_to_the_byte() -> None:
    source = dcmread(io.BytesIO(build("ct")))
    output = _output(build("ct"), options=frozenset({"retain_longitudinal_full_dates"}))
    assert (output.StudyDate, output.StudyTime) == (source.StudyDate, source.StudyTime)
    assert output.LongitudinalTemporalInformationModified == "UNMODIFIED"
    assert output.PatientBirthDate == ""
