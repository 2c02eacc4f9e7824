"""Runs of elements that a series repeats change how fast an instance is scanned, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from pydicom import Dataset

from deident.engine.entries import RUN
from deident.engine.level import Level
from deident.engine.runs import due
from support.builders import dataset, encode
from support.corpus import dicom_files
from support.iod_content import code
from support.outputs import deidentified, ending, fresh, output


def _slice(number: int, rng: random.Random, family: str = "ct") -> Dataset:
    """One instance of a series: lengths vary, elements come and go, and words that identify turn up in kept text."""
    content = dataset(family, InstanceNumber=number, SOPInstanceUID=f"1.2.3.{number}")
    content.SliceLocation = str(rng.choice((1, 22, 333.5)))
    content.Manufacturer = rng.choice(("Acme", "Acme", "Acme Imaging", "for Doe^Jane", "for Miller Kim"))
    content.AcquisitionTime = "101112"[: rng.choice((2, 4, 6))]
    content.ImageComments = "x" * rng.randrange(1, 40)
    content.KVP, content.XRayTubeCurrent, content.FilterType = "120", str(rng.randrange(5, 2000)), "BODY"
    content.GantryDetectorTilt, content.TableHeight = "0", rng.choice(("150", "150", "-1.5"))
    content.PatientPosition = rng.choice(("HFS", "FFS"))
    if rng.random() < 0.3:
        content.StationName = "STATION1"
    if rng.random() < 0.3:
        content.PatientComments = "Jane Doe"
    study, series = number // 16, number // 8
    content.StudyInstanceUID, content.SeriesInstanceUID = f"1.2.4.{study}", f"1.2.5.{series}"
    content.PatientName, content.PatientID = ("Doe^Jane", "4711") if study % 2 else ("Roe^Richard", "0815-å")
    content.PatientBirthDate, content.StudyDate, content.PatientAge = "19700101", "20040119", ""
    content.AccessionNumber, content.StudyID = f"ACC{study}", str(study)
    content.AcquisitionContextSequence = [_context(number, rng) for _ in range(rng.choice((1, 2)))]
    block = content.private_block(0x0019, "GEMS_ACQU_01", create=True)
    block.add_new(0x23, "DS", "1.25")
    block.add_new(0x24, "DS", rng.choice(("1.5", "2.25")))
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = content.SOPClassUID, f"1.2.3.{number + 1}"
    item.Manufacturer = rng.choice(("Acme", "Welby"))
    content.SourceInstanceSequence = [item] * rng.randrange(1, 4)
    return content


def _context(number: int, rng: random.Random) -> Dataset:
    """A content item: what its value is follows from a concept name that stands before it."""
    item = Dataset()
    item.ValueType, item.ConceptNameCodeSequence = "TEXT", [code(*rng.choice(_CONCEPTS))]
    item.TextValue = "Miller^Kim" if number % 8 else f"number {number}"
    item.ConceptCodeSequence = [code("ms", "99TEST", "stands behind the value, and is always the same")]
    item.MeasurementUnitsCodeSequence = [code("ms", "UCUM", "millisecond")]
    return item


def _in_a_set(data: bytes, rng: random.Random) -> bytes:
    """The same bytes under one of two character sets, in which they say different things."""
    return data.replace(b"ISO_IR 100", rng.choice((b"ISO_IR 100", b"ISO_IR 101")))


_CONCEPTS = (("121022", "DCM", "Accession Number"), ("99001", "99TEST", "Echo"), ("121029", "DCM", "Subject Name"))


@pytest.mark.parametrize(
    ("profile", "syntax", "seed"),
    [
        *(("research", syntax, seed) for syntax in ("explicit", "implicit", "big-endian") for seed in range(3)),
        *((profile, "explicit", 7) for profile in ("basic", "safe-harbor", "longitudinal", "retain-all-safe")),
    ],
)
def test_a_warm_engine_gives_the_bytes_of_a_fresh_one(seed: int, syntax: str, profile: str) -> None:
    rng = random.Random(seed)
    series = [_in_a_set(encode(_slice(number, rng), syntax, "ISO_IR 100"), rng) for number in range(48)]
    warm = fresh(profile)
    in_order = [deidentified(warm, data)[1] for data in series]
    assert in_order == [output(fresh(profile), data) for data in series]
    rng.shuffle(series)
    for data in series:
        result, out = deidentified(warm, data)
        expected, wanted = deidentified(fresh(profile), data)
        assert out == wanted
        assert (result.statistics, result.decisions) == (expected.statistics, expected.decisions)
        assert set(result.map_entries) == set(expected.map_entries)


def _phases(level: Level) -> Iterator[Level]:
    while level.after is not None:
        level = level.after
        yield level


def _below(root: Level) -> Iterator[Level]:
    """A level, what it goes on as, and the levels of all items in it."""
    for level in (root, *_phases(root)):
        yield level
        for child in level._children.values():
            yield from _below(child)


def test_runs_are_really_used() -> None:
    warm, rng = fresh("research"), random.Random(1)
    for number in range(12):
        output(warm, encode(_slice(number, rng)))
    levels = [plan.root for plan in warm._plans.values()]
    levels = [level for root in levels for level in (root, *_phases(root))]
    entries = [entry for level in levels for entry in level.memo.values()]
    assert any(entry.__class__ is tuple and entry[0] == RUN for entry in entries)
    used = [
        repeat
        for level in levels
        for known in level._repeats.values()
        for alike in known.alike.values()
        for repeat in alike
    ]
    assert any(b"Roe^Richard" in repeat.encoded and b"ACC0" not in repeat.encoded and repeat.uses for repeat in used)
    assert len(warm._heads._known) <= 2  # those of one and of two digits in the UID


def test_codes_that_a_series_repeats_are_known_each_also_beyond_the_first_window_of_the_source() -> None:
    """A long private value stands before them; the character set, before that, is in force for them as well."""
    names = [code(f"BM{number}", "99BENCH", f"Parameter number {number}") for number in range(12)]

    def instance(number: int) -> bytes:
        content = dataset(
            "ct", InstanceNumber=number, SOPInstanceUID=f"1.2.3.{number}", SpecificCharacterSet="ISO_IR 100"
        )
        content.private_block(0x29, "ACME", create=True).add_new(0x10, "OB", bytes(90_000))
        content.AcquisitionContextSequence = [Dataset() for _ in names]
        for item, name in zip(content.AcquisitionContextSequence, names, strict=True):
            item.ValueType, item.ConceptNameCodeSequence = "TEXT", [name]
            item.TextValue = f"{number}"
        return encode(content)

    engine = fresh("basic")
    for number in range(40):
        data = instance(number)
        assert output(engine, data) == output(fresh("basic"), data)
    used = [
        repeat.uses
        for plan in engine._plans.values()
        for level in _below(plan.root)
        for known in level._repeats.values()
        for alike in known.alike.values()
        for repeat in alike
        if b"99BENCH" in repeat.encoded
    ]
    assert len([uses for uses in used if uses >= 30]) >= len(names), used


def test_a_series_that_ends_inside_a_run_is_refused_or_whole() -> None:
    warm, rng = fresh("research"), random.Random(2)
    series = [encode(_slice(number, rng)) for number in range(10)]
    for data in series:
        output(warm, data)
    for length in range(300, len(series[0]), 7):
        cut = series[0][:length]
        assert ending(warm, cut) == ending(fresh("research"), cut)


def test_real_files_in_any_order_give_the_same_bytes() -> None:
    files = [file.read() for file in dicom_files() if file.path.stat().st_size < 150_000]
    warm, shuffled = fresh(), random.Random(3)
    first = {}
    for _round in range(3):
        shuffled.shuffle(files)
        for data in files:
            if ending(warm, data) == "released":
                out = output(warm, data)
                assert first.setdefault(data, out) == out
    for data in files[::12]:
        if data in first:
            assert output(fresh(), data) == first[data]


def test_learning_is_due_after_two_instances_then_at_powers_of_eight_and_twice_in_a_study() -> None:
    assert [n for n in range(1, 5000) if due(n, 1)] == [2, 8, 64, 512, 4096]
    assert [n for n in range(1, 5000) if due(5, n)] == [8, 64]
