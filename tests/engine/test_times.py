"""Times of day that are shifted together with their dates: every interval exact, at the precision that was given."""

from __future__ import annotations

import datetime
import io
import itertools
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from deident.engine import Deidentifier
from deident.engine.dates import shift
from deident.engine.moments import Beside
from deident.engine.syntax import EXPLICIT_LITTLE
from deident.profile import Override
from deident.standard.dictionary import attribute, tag_of
from deident.standard.moments import pairs_of_attributes, pairs_of_concepts
from support.builders import dataset, encode
from support.outputs import deidentified, fresh
from support.reports import concept, item, report, walk_items

MODIFIED = "retain_longitudinal_modified_dates"
HOUR = 3600
#: Attributes that name moments in a CT and in its request: (date, time) by keyword.
PAIRS = [(f"{name}Date", f"{name}Time") for name in ("Study", "Series", "Acquisition", "Content", "InstanceCreation")]

seconds_shifted = st.integers(HOUR, 43_199).flatmap(lambda size: st.sampled_from([size, -size]))
offsets = st.integers(1, 3650)
#: Midnight stands for no time.
moments = st.builds(
    datetime.datetime.combine,
    st.dates(datetime.date(1971, 1, 2), datetime.date(2100, 1, 1)),
    st.times(datetime.time(0, 0, 1)),
)


def _texts(moment: datetime.datetime, digits: int = 6) -> tuple[bytes, bytes]:
    """A moment as DA and TM."""
    return moment.strftime("%Y%m%d").encode(), moment.strftime("%H%M%S")[:digits].encode()


def _moment(date: str | bytes, time: str | bytes) -> datetime.datetime:
    text = "".join(part.decode() if isinstance(part, bytes) else part for part in (date, time))
    whole, _, fraction = text.partition(".")
    found = datetime.datetime.strptime(whole.ljust(14, "0"), "%Y%m%d%H%M%S")  # noqa: DTZ007 - wherever it is
    return found + datetime.timedelta(microseconds=int(fraction.ljust(6, "0") or 0))


@pytest.mark.parametrize(
    ("vr", "value", "time", "expected"),
    [
        ("DA", b"20040119", b"072730", b"20040109"),
        ("DA", b"20040119", b"013000", b"20040108"),
        ("DA", b"20040119", b"02", b"20040109"),
        ("DA", b"20040119", b"0130", b"20040108"),
        ("DA", b"20040119", b"", b"20040109"),
        ("DA", b"20040119", b"000000", b"20040109"),
        ("DA", b"20040119", b"noon", b"20040109"),
        ("DA", b"20040119\\20040120", b"013000\\230000", b"20040108\\20040110"),
        ("DA", b"20040119\\20040120", b"013000", b"20040109\\20040110"),
        ("DA", b"20040119\\20040120", b"013000\\", b"20040108\\20040110"),
        ("DA", b"20040119", b"23:59:60", b"20040109"),
        ("TM", b"072730.120", b"", b"052730.120"),
        ("TM", b"013000", b"", b"233000"),
        ("TM", b"01:30:00", b"", b"233000"),
        ("TM", b"01", b"", b"23"),
        ("TM", b"0130\\1200", b"", b"2330\\1000"),
        ("TM", b"000000.5", b"", b"220000.5"),
        ("DT", b"20040119013000.25-0500", b"", b"20040108233000.25-0500"),
        ("DT", b"2004011901+0100", b"", b"2004010823+0100"),
        ("DT", b"20040119", b"", b"20040109"),
        ("DT", b"20040119000000", b"", b"20040109"),
        ("DT", b"2004", b"", b"2004"),
    ],
)
def test_a_value_is_ten_days_and_two_hours_earlier(vr: str, value: bytes, time: bytes, expected: bytes) -> None:
    assert shift(value, vr, 10, 2 * HOUR, time) == expected


@pytest.mark.parametrize("value", [b"000000", b"00", b"0000", b"00:00:00", b"000000.000", b"072730\\000000", b"noon"])
def test_a_time_of_zeros_stands_for_none_and_is_not_shifted(value: bytes) -> None:
    assert shift(value, "TM", 10, 2 * HOUR) is None


@given(first=moments, second=moments, days=offsets, seconds=seconds_shifted)
def test_the_interval_of_any_two_pairs_of_date_and_time_is_exact(
    first: datetime.datetime, second: datetime.datetime, days: int, seconds: int
) -> None:
    moved = []
    for moment in (first, second):
        date, time = _texts(moment)
        new_date, new_time = shift(date, "DA", days, seconds, time), shift(time, "TM", days, seconds)
        together = shift(date + time, "DT", days, seconds)
        assert new_date is not None
        assert new_time is not None
        assert together == new_date + new_time
        moved.append(_moment(new_date, new_time))
    assert moved[1] - moved[0] == second.replace(microsecond=0) - first.replace(microsecond=0)
    assert (first.replace(microsecond=0) - moved[0]).total_seconds() == days * 86_400 + seconds


@given(first=moments, second=moments, days=offsets, seconds=seconds_shifted, digits=st.sampled_from([2, 4]))
def test_the_interval_of_times_of_hours_or_minutes_is_exact_in_hours_or_minutes(
    first: datetime.datetime, second: datetime.datetime, days: int, seconds: int, digits: int
) -> None:
    unit = HOUR if digits == 2 else 60
    before, after = [], []
    for moment in (first, second):
        date, time = _texts(moment, digits)
        if not time.strip(b"0"):
            return
        new_date, new_time = shift(date, "DA", days, seconds, time), shift(time, "TM", days, seconds)
        assert new_date is not None
        assert new_time is not None
        assert len(new_time) == digits
        before.append(_moment(date, time))
        after.append(_moment(new_date, new_time))
    assert after[1] - after[0] == before[1] - before[0]
    assert abs((before[0] - after[0]).total_seconds() - days * 86_400 - seconds) <= unit / 2


@given(moment=moments, days=offsets, seconds=seconds_shifted, digits=st.sampled_from([2, 4, 6]))
def test_every_time_of_day_changes_and_a_date_alone_moves_by_the_days(
    moment: datetime.datetime, days: int, seconds: int, digits: int
) -> None:
    date, time = _texts(moment, digits)
    assert shift(time, "TM", days, seconds) != time
    assert shift(date, "DA", days, seconds) == shift(date, "DA", days)


def test_dates_and_times_of_one_name_in_the_dictionary_are_pairs() -> None:
    pairs = pairs_of_attributes()
    assert len(pairs) == 46
    assert {(tag_of(date), tag_of(time)) for date, time in PAIRS} <= pairs.items()
    assert pairs[0x0014407E] == 0x0014407C  # the time comes first
    assert 0x00181205 not in pairs  # Date of Installation has no time
    for date, time in pairs.items():
        one, other = attribute(date), attribute(time)
        assert one is not None
        assert other is not None
        assert (one.vrs[0], other.vrs[0]) == ("DA", "TM")
    names = {date: time for (_, date), (_, time) in pairs_of_concepts().items()}
    assert names == {"126201": "126202", "111018": "111019", "127857": "127858", "131561": "131562", "111060": "111061"}


def _engine(**changes: Any) -> Deidentifier:
    return fresh("basic", **{"options": frozenset({MODIFIED}), "times": "shift", **changes})


@cache
def _engine_of_all() -> Deidentifier:
    """One engine for many instances, with caches as warm as in a run."""
    return _engine(options=frozenset({MODIFIED, "clean_descriptors"}))


def _output(source: Dataset, **changes: Any) -> Dataset:
    return dcmread(io.BytesIO(deidentified(_engine(**changes), encode(source))[1]))


@st.composite
def _instances(draw: st.DrawFn) -> list[Dataset]:
    """Instances of several studies of a patient, with moments at the top, in items, and in date-times."""
    found = []
    for number in range(draw(st.integers(2, 4))):
        content = dataset("ct", StudyInstanceUID=f"1.2.3.{draw(st.integers(1, 2))}", SOPInstanceUID=f"1.2.3.4.{number}")
        for date, time in PAIRS:
            day, clock = _texts(draw(moments))
            setattr(content, date, day.decode())
            setattr(content, time, clock.decode() + draw(st.sampled_from(["", ".5", ".123456"])))
        content.AcquisitionDateTime = b"".join(_texts(draw(moments))).decode() + draw(st.sampled_from(["", ".25+0100"]))
        request = Dataset()
        day, clock = _texts(draw(moments))
        request.ScheduledProcedureStepStartDate, request.ScheduledProcedureStepStartTime = day.decode(), clock.decode()
        content.RequestAttributesSequence = [request]
        found.append(content)
    return found


def _moments(content: Dataset) -> list[datetime.datetime]:
    found = [_moment(content[date].value, content[time].value) for date, time in PAIRS]
    found.append(_moment(str(content.AcquisitionDateTime).partition("+")[0], ""))
    request = content.RequestAttributesSequence[0]
    return [*found, _moment(request.ScheduledProcedureStepStartDate, request.ScheduledProcedureStepStartTime)]


@settings(max_examples=40, deadline=None)
@given(sources=_instances())
def test_the_interval_of_every_two_moments_of_a_patient_is_exact_over_studies_and_files(sources: list[Dataset]) -> None:
    outputs = [dcmread(io.BytesIO(deidentified(_engine_of_all(), encode(source))[1])) for source in sources]
    before = [_moments(source) for source in sources]
    after = [_moments(output) for output in outputs]
    assert [len(found) for found in after] == [len(found) for found in before]
    flat_before, flat_after = list(itertools.chain(*before)), list(itertools.chain(*after))
    assert len({old - new for old, new in zip(flat_before, flat_after, strict=True)}) == 1
    for one, other in itertools.combinations(range(len(flat_before)), 2):
        assert flat_after[other] - flat_after[one] == flat_before[other] - flat_before[one]


def test_a_time_without_a_date_wraps_around_midnight_and_birth_goes() -> None:
    source = dataset(
        "ct", StudyDate="20040119", StudyTime="120000", PatientBirthDate="19650412", PatientBirthTime="0101"
    )
    source.SeriesTime = "120000"
    output = _output(source)
    assert output.SeriesTime == output.StudyTime != "120000"
    assert (output.PatientBirthDate, output.get("PatientBirthTime", "")) == ("", "")
    assert output.LongitudinalTemporalInformationModified == "MODIFIED"


def test_times_of_day_stay_unless_the_profile_says_so() -> None:
    source = dataset("ct", StudyDate="20040119", StudyTime="072730")
    assert _output(source, times="keep").StudyTime == "072730"
    assert _output(source).StudyTime != "072730"


def test_a_time_that_the_site_treats_on_its_own_leaves_its_date_alone() -> None:
    early, late = (dataset("ct", StudyDate="20040119", StudyTime=time) for time in ("000100", "235900"))
    for strategy in ("keep", "remove"):
        only = {"overrides": [Override(strategy, tag="StudyTime")]}
        assert _output(early, **only).StudyDate == _output(late, **only).StudyDate
    assert _output(early).StudyDate != _output(late).StudyDate


def test_a_time_that_comes_before_its_date_is_found() -> None:
    content = Dataset()
    content.CalibrationTime, content.CalibrationDate = "013000", "20040119"
    target = DicomBytesIO()
    target.is_little_endian, target.is_implicit_VR = True, False
    write_dataset(target, content)
    encoded = target.getvalue()
    found = Beside(0x0014407C, before=True).value(encoded, 0, len(encoded), (0, 0), EXPLICIT_LITTLE, {})
    assert found.strip() == b"013000"


DATE, TIME = concept("111060", "DCM", "Study Date"), concept("111061", "DCM", "Study Time")
OTHER_DATE, OTHER_TIME = concept("111018", "DCM", "Content Date"), concept("111019", "DCM", "Content Time")


def _document(*items: Dataset, **changes: Any) -> list[tuple[str, str, str]]:
    options = frozenset({MODIFIED, "clean_structured_content"})
    output = deidentified(_engine(options=options, **changes), report(*items))[1]
    found = []
    for content in walk_items(dcmread(io.BytesIO(output))):
        value = content.get("Date") or content.get("Time") or content.get("DateTime")
        if value:
            found.append((content.ValueType, content.ConceptNameCodeSequence[0].CodeValue, str(value)))
    return found


@pytest.mark.parametrize("swapped", [False, True])
def test_content_items_of_one_moment_move_together_in_either_order(swapped: bool) -> None:
    def document(time: str) -> dict[str, str]:
        pair = [item("DATE", DATE, "20040119"), item("TIME", TIME, time)]
        both = item("CONTAINER", concept("111028", "DCM"), None, *(pair[::-1] if swapped else pair))
        other = [item("DATE", OTHER_DATE, "20040119"), item("DATETIME", concept("111526", "DCM"), "20040119" + time)]
        return {code: value for _kind, code, value in _document(both, *other)}

    early, late = document("000100"), document("235900")
    for found in (early, late):
        assert found["111060"] + found["111061"] == found["111526"]
    assert early["111060"] != late["111060"]
    assert early["111018"] == late["111018"]  # it has no time


def test_dates_of_which_nobody_knows_the_time_are_alone() -> None:
    one, two = item("DATE", DATE, "20040119"), item("DATE", DATE, "20040119")
    early, late = (_document(one, two, item("TIME", TIME, time)) for time in ("000100", "235900"))
    assert [value for kind, _, value in early if kind == "DATE"] == [value for kind, _, value in late if kind == "DATE"]
    apart = [
        _document(
            item("DATE", DATE, "20040119"), item("CONTAINER", concept("111028", "DCM"), None, item("TIME", TIME, time))
        )
        for time in ("000100", "235900")
    ]
    assert apart[0][0] == apart[1][0]


@pytest.mark.parametrize("syntax", ["explicit", "implicit", "big-endian"])
@pytest.mark.parametrize("undefined", [False, True])
def test_moments_are_found_in_every_encoding(syntax: str, undefined: bool) -> None:
    pair = item(
        "CONTAINER", concept("111028", "DCM"), None, item("TIME", TIME, "013000"), item("DATE", DATE, "20040119")
    )
    pair.ContentSequence.is_undefined_length = undefined
    for inner in pair.ContentSequence:
        inner.is_undefined_length_sequence_item = undefined
    document = report(pair, item("DATETIME", concept("111526", "DCM"), "20040119013000"), syntax=syntax)
    engine = _engine(options=frozenset({MODIFIED, "clean_structured_content"}))
    output = dcmread(io.BytesIO(deidentified(engine, document)[1]))
    found = {c.ConceptNameCodeSequence[0].CodeValue: c for c in walk_items(output) if "ConceptNameCodeSequence" in c}
    assert found["111060"].Date + found["111061"].Time == found["111526"].DateTime


def test_a_long_header_before_the_time_is_read_further() -> None:
    source = dataset("ct", StudyDate="20040119", StudyTime="013000", AcquisitionDateTime="20040119013000")
    source.add_new(0x00080027, "OB", bytes(200_000))  # unknown to the standard: it goes, but it has to be passed
    output = _output(source)
    assert output.StudyDate + output.StudyTime == output.AcquisitionDateTime
