"""Validation where times of day are shifted: untouched outputs pass, one moment that is not as early as the others is found."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset

from deident.errors import Reason, Refusal
from deident.profile import Override, preset
from deident.standard.moments import pairs_of_attributes
from deident.standard.sop_classes import SHORT_NAMES
from deident.study.check import claims_of
from deident.validation import Pair, validate_study
from deident.validation.beside import _attributes
from deident.validation.clock import read, read_time, written
from deident.validation.offsets import Offset
from support import builders
from support.corpus import dicom_files
from support.outputs import deidentified, fresh
from support.reports import concept, item, report, walk_items

OPTIONS = frozenset({"retain_longitudinal_modified_dates", "clean_structured_content", "clean_descriptors"})
STUDY = Reason.STUDY_INCONSISTENT
DATE, TIME = concept("111060", "DCM", "Study Date"), concept("111061", "DCM", "Study Time")


def _source(**changes: str) -> bytes:
    moments = {"StudyDate": "20040119", "StudyTime": "072730", "SeriesDate": "20040121", "SeriesTime": "235000.5"}
    moments |= {"AcquisitionDateTime": "20040122001010.5", "ContentDate": "20040122", "InstanceCreationTime": "0030"}
    content = builders.dataset("ct", **{**moments, **changes})
    request = Dataset()
    request.ScheduledProcedureStepStartDate, request.ScheduledProcedureStepStartTime = "20040118", "11"
    content.RequestAttributesSequence = [request]
    return builders.encode(content)


def _found(case) -> set[tuple[Reason, str]]:
    return {(finding.reason, finding.check) for finding in case.findings()}


def _earlier(content: Dataset, date: str, time: str, seconds: int) -> None:
    """Move a date and its time in an output."""
    clock, point, fraction = content[time].value.partition(".")
    whole = content[date].value + clock.ljust(6, "0")
    moved = datetime.datetime.strptime(whole, "%Y%m%d%H%M%S") - datetime.timedelta(seconds=seconds)  # noqa: DTZ007
    content[date].value = moved.strftime("%Y%m%d")
    content[time].value = moved.strftime("%H%M%S")[: len(clock)] + point + fraction


def _set(keyword: str, value: str):
    return lambda content: setattr(content, keyword, value)


def _by(keyword: str, days: int):
    def change(content: Dataset) -> None:
        day = datetime.date.fromisoformat(content[keyword].value) + datetime.timedelta(days)
        setattr(content, keyword, day.strftime("%Y%m%d"))

    return change


def test_outputs_of_the_corpora_pass(release) -> None:
    checked = 0
    for file in dicom_files():
        try:
            case = release(file.read(), options=OPTIONS, times="shift")
        except Refusal:
            continue
        checked += 1
        assert case.findings() == [], file.id
    assert checked > 225


@pytest.mark.parametrize(
    "damage",
    [
        _set("StudyTime", "072730"),
        _set("InstanceCreationTime", "0030"),
        _set("AcquisitionDateTime", "20040122001010.5"),
        _by("SeriesDate", 1),
        _by("SeriesDate", -1),
        _by("ContentDate", -1),
        lambda content: _earlier(content, "SeriesDate", "SeriesTime", 1),
        lambda content: _earlier(content, "SeriesDate", "SeriesTime", 86_400),
        lambda content: _earlier(content.RequestAttributesSequence[0], *REQUEST, 3_600),
        lambda content: _by("ScheduledProcedureStepStartDate", 1)(content.RequestAttributesSequence[0]),
    ],
    ids=[
        *(
            "a true time",
            "true minutes",
            "a true moment",
            "a day later",
            "a day earlier",
            "a date alone",
        ),
        *("a second earlier", "a day earlier with its time", "an hour in an item", "a day in an item"),
    ],
)
def test_one_moment_that_is_not_earlier_by_the_offset_holds_the_study(damage, release) -> None:
    case = release(_source(), _source(SOPInstanceUID=builders.uid("another")), options=OPTIONS, times="shift")
    assert case.findings() == []
    for index in (0, 1):
        assert (STUDY, "dates") in _found(case.edited(damage, index))


REQUEST = ("ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime")


def test_times_that_stay_hold_the_study_where_they_should_move_and_the_other_way_round(release) -> None:
    source = _source()
    kept, moved = (release(source, options=OPTIONS, times=times) for times in ("keep", "shift"))
    for case, other in ((kept, moved), (moved, kept)):
        assert case.findings() == []
        assert (STUDY, "dates") in _found(case.with_output(other.output))


@pytest.mark.parametrize("swapped", [False, True])
def test_a_date_of_a_report_that_does_not_follow_its_time_holds_the_study(swapped: bool, release) -> None:
    for time in ("000100", "235900"):
        pair = [item("DATE", DATE, "20040119"), item("TIME", TIME, time)]
        case = release(report(*(pair[::-1] if swapped else pair)), options=OPTIONS, times="shift")
        assert case.findings() == []
        for days in (1, -1):

            def damage(content: Dataset, days: int = days) -> None:
                date = next(found for found in walk_items(content) if "Date" in found)
                _by("Date", days)(date)

            assert (STUDY, "dates") in _found(case.edited(damage))


_times = st.sampled_from(["", "000000", "0130", "23", "235959.5", "121212", "noon"])
_dates = st.sampled_from(["20040119", "20031231", "20040229", "19000101"])


@st.composite
def _items(draw: st.DrawFn, depth: int = 2) -> list[Dataset]:
    """Dates and times of few names, some without their other half, some twice, some deeper."""
    found = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["DATE", "TIME", "DATETIME", "CONTAINER"]))
        if kind == "CONTAINER":
            below = draw(_items(depth - 1)) if depth else []
            found.append(item("CONTAINER", concept("111028", "DCM", "Image Library"), None, *below))
        elif kind == "DATETIME":
            found.append(item("DATETIME", concept("111526", "DCM", "DateTime Started"), draw(_dates) + "013000"))
        elif kind == "DATE":
            name = draw(st.sampled_from([DATE, concept("111018", "DCM", "Content Date")]))
            found.append(item("DATE", name, draw(_dates)))
        else:
            name = draw(st.sampled_from([TIME, concept("111019", "DCM", "Content Time")]))
            found.append(item("TIME", name, draw(_times)))
    return found


@settings(max_examples=60, deadline=None)
@given(items=_items())
def test_engine_and_validation_agree_which_time_belongs_to_which_date(release, items: list[Dataset]) -> None:
    case = release(report(*items), options=OPTIONS, times="shift")
    assert [finding for finding in case.findings() if finding.check == "dates"] == []


def test_engine_and_validation_read_the_same_pairs_out_of_the_dictionary() -> None:
    assert _attributes() == pairs_of_attributes()


def test_a_patient_has_one_offset_also_where_the_first_values_tell_only_a_part_of_it() -> None:
    offset = Offset()
    offset.learn([("DA", [("20040119", "")], ("20040109", ""))])
    assert (offset.days, offset.seconds) == (10, None)
    assert offset.leads_to("DA", ("20040120", "0130"), ("20040109", "2330"))
    offset.learn([("TM", [("072730", "")], ("052730", ""))])
    assert (offset.days, offset.seconds) == (10, 7_200)
    assert offset.leads_to("DA", ("20040120", "0130"), ("20040109", "2330"))
    assert not offset.leads_to("DA", ("20040120", "0130"), ("20040110", "2330"))
    assert not offset.leads_to("TM", ("0130", ""), ("2329", ""))


def test_an_offset_of_less_than_an_hour_is_none() -> None:
    offset = Offset()
    offset.learn([("DT", [("20040119072730", "")], ("20040109072700", ""))])
    assert offset.seconds is None


@pytest.mark.parametrize("text", ["", "24", "0160", "noon", "000000", "00", "00:00", "1"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert read_time(text) is None


def test_a_moment_is_written_as_precisely_as_it_was_read() -> None:
    for text in ("20040119072730.250+0100", "20040119", "2004", "200401", "2004011907"):
        moment = read(text)
        assert moment is not None
        date, time = written(moment, 0, 0) or ("", "")
        assert date + time + moment.zone == text
    early = read("00020101")
    assert early is not None
    assert written(early, 3650, 0) is None


def test_a_time_that_stays_in_one_sop_class_leaves_its_date_alone_there_and_moves_with_it_elsewhere(memory) -> None:
    kept = [Override("keep", tag="StudyTime", sop_class=SHORT_NAMES["MR"])]  # type: ignore[arg-type]
    changes = {"options": frozenset({"retain_longitudinal_modified_dates"}), "times": "shift", "overrides": kept}
    engine, profile, pairs = fresh("basic", **changes), preset("basic").changed(**changes), []
    for family in ("ct", "mr"):
        for time in ("000100", "235900"):
            content = builders.build(
                family, StudyDate="20040119", StudyTime=time, SOPInstanceUID=builders.uid(family + time)
            )
            source = memory(content)
            done, data = deidentified(engine, source.data)
            pairs.append(Pair(family, source, memory(data), done.identity.output_name, done.statistics.pixel_data))
    assert [f for f in validate_study(pairs, claims_of(profile)) if f.check == "dates"] == []
