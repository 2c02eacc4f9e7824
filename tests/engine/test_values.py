"""What deident writes itself: ages, dummies and markers."""

from __future__ import annotations

import io
import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.datadict import dictionary_has_tag

from deident.engine.ages import age_at_study
from deident.engine.dummies import dummy_items, dummy_value, graphic_annotation, pad
from deident.engine.syntax import ALL_VRS, EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, syntax_of
from deident.errors import Refusal
from deident.profile.rules import DUMMY_ITEMS
from deident.standard import confidentiality, dictionary
from support.builders import build, dataset, encode
from support.elements import Element, find, parse, put
from support.outputs import deidentified, deidentifier, fresh, output

LENGTHS = {"AE": 16, "AS": 4, "CS": 16, "DA": 8, "DS": 16, "DT": 26, "IS": 12, "LO": 64, "PN": 64, "SH": 16, "TM": 14}
BIRTH, STUDY = 0x00100030, 0x00080020


@pytest.mark.parametrize(
    ("birth", "study", "age"),
    [
        (b"19650412", b"20200214", b"054Y"),
        (b"19650214", b"20200214", b"055Y"),
        (b"19650215", b"20200214", b"054Y"),
        (b"1965.04.12", b"2020.02.14", b"054Y"),
        (b"20180214", b"20200214", b"002Y"),
        (b"20180215", b"20200214", b"023M"),
        (b"20200114", b"20200214", b"001M"),
        (b"20200115", b"20200214", b"030D"),
        (b"20200214", b"20200214", b"000D"),
        (b"20000229", b"20240228", b"023Y"),
        (b"18500101", b"20200214", b""),
        (b"20210101", b"20200214", b""),
        (b"", b"20200214", b""),
        (b"19650000", b"20200214", b""),
        (b"unknown ", b"20200214", b""),
    ],
)
def test_age_at_study(birth: bytes, study: bytes, age: bytes) -> None:
    assert age_at_study({BIRTH: birth, STUDY: study}) == age


@given(st.dates(), st.dates())
def test_ages_are_always_ages(birth: object, study: object) -> None:
    seen = {BIRTH: str(birth).replace("-", "").encode(), STUDY: str(study).replace("-", "").encode()}
    assert re.fullmatch(rb"(\d{3}[DWMY])?", age_at_study(seen))


@pytest.mark.parametrize(
    ("age", "birth", "written"),
    [
        ("054Y", "19650412", b"054Y"),
        ("089Y", "19300101", b"089Y"),
        ("090Y", "19300101", b"090Y"),
        ("101Y", "19190101", b"090Y"),
        ("999M", "19650412", b"999M"),
        ("", "19650412", b"054Y"),
        (None, "19650412", b"054Y"),
        (None, "19200101", b"090Y"),
        (None, "", None),
        ("", "", b""),
    ],
)
def test_research_keeps_caps_and_calculates_ages(age: str | None, birth: str, written: bytes | None) -> None:
    data = build("ct", PatientBirthDate=birth, **({} if age is None else {"PatientAge": age}))
    found = find(parse(output(deidentifier("research"), data)).elements, 0x00101010)
    assert (found.value if found is not None else None) == written
    assert find(parse(output(deidentifier("basic"), data)).elements, 0x00101010) is None


def test_malformed_ages_and_ages_without_cap() -> None:
    file = parse(build("ct"))
    put(file.elements, Element(0x00101010, "AS", b"old!"))
    assert find(parse(output(deidentifier("research"), file.encode())).elements, 0x00101010) is None
    put(file.elements, Element(0x00101010, "AS", b"101Y"))
    kept = find(parse(output(fresh("research", age_cap=None), file.encode())).elements, 0x00101010)
    assert kept is not None
    assert kept.value == b"101Y"


def _tags() -> list[int]:
    listed = {*confidentiality.rows(), *confidentiality.gaps()}
    return sorted(tag for tag in listed if dictionary_has_tag(tag))


def test_every_dummy_obeys_its_vr_its_length_and_its_multiplicity() -> None:
    for tag in _tags():
        known = dictionary.attribute(tag)
        assert known is not None
        for vr in known.vrs:
            if vr in ("SQ", "NONE"):
                continue
            value = dummy_value(tag, vr)
            assert value
            assert len(value) % 2 == 0, known.keyword
            if vr in LENGTHS:
                parts = [part.strip(b" ") for part in value.split(b"\\")]
                assert all(0 < len(part) <= LENGTHS[vr] for part in parts), known.keyword
                low = known.vm.partition("-")[0]
                assert len(parts) == (int(low) if low.isdigit() else 1), known.keyword


def test_there_is_a_dummy_for_every_vr() -> None:
    for vr in ALL_VRS - {"SQ"}:
        value = dummy_value(0x00080070, vr)
        assert len(value) % 2 == 0
        assert value


@pytest.mark.parametrize("syntax", [EXPLICIT_LITTLE, EXPLICIT_BIG, IMPLICIT_LITTLE])
def test_dummy_items_are_sequences_that_other_readers_read(syntax: object) -> None:
    assert syntax in (EXPLICIT_LITTLE, EXPLICIT_BIG, IMPLICIT_LITTLE)
    for tag in DUMMY_ITEMS:
        chosen = syntax_of(
            {EXPLICIT_BIG: "1.2.840.10008.1.2.2", IMPLICIT_LITTLE: "1.2.840.10008.1.2"}.get(
                syntax, "1.2.840.10008.1.2.1"
            )  # type: ignore[call-overload]
        )
        data = graphic_annotation(chosen, b"LAYER1") if tag == 0x00700001 else dummy_items(tag, chosen)
        read = (
            dcmread(io.BytesIO(data), force=True)
            if chosen is IMPLICIT_LITTLE
            else _explicit(data, little=chosen.little)
        )
        assert len(read[tag].value) == 1
        assert len(read[tag].value[0])


def _explicit(data: bytes, *, little: bool) -> Dataset:
    from pydicom.filereader import read_dataset

    return read_dataset(io.BytesIO(data), is_implicit_VR=False, is_little_endian=little)


def test_values_are_padded_as_their_vr_wants() -> None:
    assert [pad(b"1", vr) for vr in ("UI", "OB", "UN", "LO", "CS")] == [b"1\0", b"1\0", b"1\0", b"1 ", b"1 "]
    assert pad(b"12", "LO") == b"12"


def test_a_replacement_that_its_vr_cannot_hold_is_refused() -> None:
    with pytest.raises(Refusal):
        EXPLICIT_LITTLE.element(0x00080070, "LO", bytes(70_000))
    assert len(IMPLICIT_LITTLE.element(0x00080070, "LO", bytes(70_000))) == 70_008


# --- markers --------------------------------------------------------------------------------------------------


def _code(value: str, scheme: str = "DCM") -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, "Dr. Doe's own way"
    return item


def _marked(**changes: object) -> tuple[Dataset, tuple[str, ...]]:
    result, out = deidentified(deidentifier("research"), encode(dataset("ct", **changes)))
    return dcmread(io.BytesIO(out)), result.codes


@pytest.mark.parametrize("syntax", ["explicit", "implicit", "big-endian", "deflated"])
def test_markers_say_what_was_done(syntax: str) -> None:
    read = dcmread(io.BytesIO(output(deidentifier("basic"), build("ct", syntax))))
    assert read.PatientIdentityRemoved == "YES"
    assert read.LongitudinalTemporalInformationModified == "REMOVED"
    assert re.fullmatch(r"deident \S+ PS3\.15-2026d", read.DeidentificationMethod)
    assert [item.CodeValue for item in read.DeidentificationMethodCodeSequence] == ["113100"]
    tags = [element.tag for element in read]
    assert tags == sorted(tags)


def test_earlier_codes_stay_once_and_earlier_free_text_goes() -> None:
    read, declared = _marked(
        PatientIdentityRemoved="YES",
        DeidentificationMethod="removed by Dr. Doe",
        DeidentificationMethodCodeSequence=[_code("113105"), _code("113100"), _code("LOCAL1", "99X"), _code("113105")],
        LongitudinalTemporalInformationModified="UNMODIFIED",
    )
    items = read.DeidentificationMethodCodeSequence
    assert [item.CodeValue for item in items] == ["113100", "113105", "113108"] == list(declared)
    assert not any("Doe" in item.CodeMeaning for item in items)
    assert all(len(item.CodeMeaning) <= 64 for item in items)
    assert "Doe" not in str(read.DeidentificationMethod)
    assert read.LongitudinalTemporalInformationModified == "REMOVED"


def test_a_second_pass_adds_nothing() -> None:
    once = output(deidentifier("research"), build("ct"))
    twice = output(deidentifier("research"), once)
    first, second = (dcmread(io.BytesIO(data)) for data in (once, twice))
    for keyword in ("DeidentificationMethod", "DeidentificationMethodCodeSequence", "PatientAge"):
        assert first.get(keyword) == second.get(keyword)


def test_a_profile_that_keeps_a_name_claims_nothing() -> None:
    engine = fresh("basic", keep_tags=["StudyDescription"])
    result, out = deidentified(engine, build("ct", StudyDescription="Head"))
    read = dcmread(io.BytesIO(out))
    assert read.PatientIdentityRemoved == "NO"
    assert "DeidentificationMethodCodeSequence" not in read
    assert read.StudyDescription == "Head"
    assert result.codes == ()
    assert result.warnings == engine.warnings == ("no-conformance-claim",)


def test_a_data_set_that_ends_early_gets_its_markers_at_the_end() -> None:
    file = parse(build("rt-plan"))
    file.elements = [element for element in file.elements if element.tag <= 0x0020000E]
    tags = [element.tag for element in parse(output(deidentifier(), file.encode())).elements]
    assert tags[-1] == 0x00280303
    assert tags == sorted(tags)
    assert struct.unpack("<I", output(deidentifier(), file.encode())[140:144])[0] > 100
