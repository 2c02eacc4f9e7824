"""Validation under the options: untouched outputs pass, and what an option forbids is found."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from deident.errors import Reason, Refusal
from deident.profile import PRESETS, Override, preset
from deident.profile.model import Option
from deident.standard.sop_classes import SHORT_NAMES
from deident.study.check import claims_of
from deident.validation import Pair, validate_study
from support import builders
from support.corpus import dicom_files
from support.options import SETS
from support.outputs import deidentified, fresh

LEAK, OBJECT = Reason.LEAK, Reason.OBJECT_INVALID
STUDY, CLAIMS = Reason.STUDY_INCONSISTENT, Reason.CLAIMS_WRONG

MODIFIED = frozenset({"retain_longitudinal_modified_dates"})
FULL = frozenset({"retain_longitudinal_full_dates"})
PRIVATE = frozenset({"retain_safe_private"})


def _source(**changes):
    data = builders.dataset("ct", StudyDate="20040119", SeriesDate="20040121", AcquisitionDateTime="20040122101010.5")
    for keyword, value in changes.items():
        setattr(data, keyword, value)
    return builders.encode(data)


def _found(case):
    return {(finding.reason, finding.check) for finding in case.findings()}


def _set(keyword, value):
    return lambda content: setattr(content, keyword, value)


def _moved(keyword, days):
    def change(content):
        day = datetime.date.fromisoformat(str(content[keyword].value)[:8]) + datetime.timedelta(days)
        setattr(content, keyword, day.strftime("%Y%m%d"))

    return change


@pytest.mark.parametrize("name", [*SETS, "everything"])
def test_outputs_of_every_file_of_the_corpora_pass_under_every_option(name, release):
    options = SETS.get(name, frozenset(map(str, Option)) - MODIFIED)
    checked = 0
    for file in dicom_files()[:: 1 if name == "everything" else 3]:
        try:
            case = release(file.read(), options=options)
        except Refusal:
            continue
        checked += 1
        assert case.findings() == [], file.id
    assert checked > 70


@pytest.mark.parametrize(
    "damage",
    [
        _set("SeriesDate", "20040121"),
        _moved("SeriesDate", 1),
        _moved("SeriesDate", -7),
        _set("StudyTime", "235959"),
        _set("AcquisitionDateTime", "20010101101010.5"),
        _set("ContentDate", "20040119"),
    ],
    ids=["a true date", "a day later", "a week earlier", "another time", "another moment", "the date of another place"],
)
def test_one_date_that_is_not_earlier_by_the_offset_holds_the_study(damage, release):
    case = release(_source(), options=MODIFIED)
    assert case.findings() == []
    assert (STUDY, "dates") in _found(case.edited(damage))


def test_the_instances_of_a_study_have_one_offset(release):
    case = release(_source(), _source(SOPInstanceUID=builders.uid("another")), options=MODIFIED)
    assert case.findings() == []

    def every_date_a_day_later(content):
        for element in content:
            if element.VR == "DA" and element.value:
                _moved(element.keyword, 1)(content)

    assert (STUDY, "dates") in _found(case.edited(every_date_a_day_later, 1))


def test_a_true_date_in_text_is_a_leak_beside_modified_dates_alone(release):
    damage = _set("Manufacturer", "Acme 19.01.2004")
    assert (LEAK, "leak") in _found(release(_source(), options=MODIFIED).edited(damage))
    assert release(_source(), options=FULL).edited(damage).findings() == []


def test_full_dates_are_those_of_the_source(release):
    case = release(_source(), options=FULL)
    assert case.findings() == []
    assert (STUDY, "dates") in _found(case.edited(_moved("SeriesDate", 1)))


def test_without_an_option_no_date_stays(release):
    case = release(_source())
    assert (STUDY, "dates") in _found(case.edited(_set("SeriesDate", "20040121")))
    assert case.edited(_set("SeriesDate", "19000101")).findings() == []


@pytest.mark.parametrize("options", [MODIFIED, FULL, PRIVATE])
def test_the_marker_of_dates_says_what_was_done(options, release):
    case = release(_source(), options=options)
    for wrong in {"MODIFIED", "UNMODIFIED", "REMOVED"} - {_marker(case)}:
        assert (CLAIMS, "claims") in _found(case.edited(_set("LongitudinalTemporalInformationModified", wrong)))


def _marker(case):
    found = []
    case.edited(lambda content: found.append(content.LongitudinalTemporalInformationModified))
    return found[0]


def test_a_code_of_an_option_that_was_not_performed_holds_the_study(release):
    case = release(_source(), options=MODIFIED)
    claims = replace(case.claims, codes=tuple(code for code in case.claims.codes if code != "113107"))
    assert (CLAIMS, "claims") in _found(replace(case, claims=claims))


def _block(creator, group=0x0019, element=0x10, value=b"1 ", vr="DS"):
    def change(content):
        block = content.private_block(group, creator, create=True)
        block.add_new(element, vr, value.decode())

    return change


SAFE = _block("GEMS_ACQU_01", 0x0019, 0x24)


@pytest.mark.parametrize(
    "damage",
    [
        _block("GEMS_ACQU_01", 0x0019, 0x01, vr="LO"),
        _block("ACME UNKNOWN"),
        _block("GEMS_ACQU_01", 0x0019, 0x24, vr="LO"),
        lambda content: content.add_new(0x00190010, "LO", "GEMS_ACQU_01"),
        lambda content: content.add_new(0x00191024, "DS", "1"),
    ],
    ids=["unlisted element", "unknown creator", "another VR", "a creator alone", "no creator"],
)
def test_only_listed_private_elements_stay(damage, release):
    case = release(_source(), options=PRIVATE)
    assert case.edited(SAFE).findings() == []
    assert (OBJECT, "private") in _found(case.edited(damage))
    assert (OBJECT, "private") in _found(release(_source()).edited(SAFE))


def test_a_name_in_what_an_option_keeps_is_a_leak_all_the_same(release):
    options = frozenset({"retain_institution_identity"})
    case = release(_source(InstitutionName="Kilnsea Hospital"), options=options)
    assert case.findings() == []
    assert case.edited(_set("Manufacturer", "at Kilnsea Hospital")).findings() == []
    assert (LEAK, "leak") in _found(case.edited(_set("InstitutionName", "Hospital of Jane Doe")))


@pytest.mark.parametrize("options", [MODIFIED, FULL])
def test_a_birth_date_that_stays_holds_the_study_under_every_date_option(options, release):
    case = release(_source(PatientBirthDate="19650412"), options=options)
    assert (STUDY, "dates") in _found(case.edited(_set("PatientBirthDate", "19650412")))


def test_a_date_that_stays_by_option_may_be_the_birth_date_by_chance(release):
    case = release(_source(PatientBirthDate="20040121"), options=FULL)
    assert case.findings() == []


@pytest.mark.parametrize("name", PRESETS)
def test_outputs_of_the_corpora_pass_under_every_preset(name, memory):
    profile, engine = preset(name), fresh(name)
    checked = 0
    for file in dicom_files()[::2]:
        source = memory(file.read())
        try:
            done, data = deidentified(engine, source.data)
        except Refusal:
            continue
        checked += 1
        pixel_data = done.statistics.pixel_data
        pair = Pair("reference", source, memory(data), done.identity.output_name, pixel_data)
        assert validate_study([pair], claims_of(profile)) == [], file.id
    assert checked > 100


def _codes_of(case):
    found = []
    case.edited(lambda content: found.extend(i.CodeValue for i in content.DeidentificationMethodCodeSequence))
    return found


@pytest.mark.parametrize(("family", "code"), [("pr-grayscale", "113103"), ("sr-comprehensive", "113104")])
def test_graphics_and_content_are_declared_exactly_where_they_are(family, code, release):
    options = frozenset({"clean_graphics", "clean_structured_content"})
    with_it, without = release(builders.build(family), options=options), release(_source(), options=options)
    item = []
    with_it.edited(
        lambda content: item.extend(i for i in content.DeidentificationMethodCodeSequence if i.CodeValue == code)
    )
    assert with_it.findings() == without.findings() == []
    assert (code in _codes_of(with_it), code in _codes_of(without)) == (True, False)

    def drop(content):
        kept = [i for i in content.DeidentificationMethodCodeSequence if i.CodeValue != code]
        content.DeidentificationMethodCodeSequence = kept

    assert (CLAIMS, "claims") in _found(with_it.edited(drop))
    assert (CLAIMS, "claims") in _found(
        without.edited(lambda content: content.DeidentificationMethodCodeSequence.append(item[0]))
    )


def test_what_a_user_keeps_in_one_sop_class_is_claimed_in_the_others(memory):
    overrides = [Override("keep", tag="StudyDate", sop_class=SHORT_NAMES["MR"])]
    engine, profile = fresh("basic", overrides=overrides), preset("basic").changed(overrides=overrides)
    pairs = []
    for number, family in enumerate(("ct", "mr")):
        source = memory(builders.build(family, SOPInstanceUID=builders.uid(family), StudyDate="20040119"))
        done, data = deidentified(engine, source.data)
        pairs.append(Pair(str(number), source, memory(data), done.identity.output_name, done.statistics.pixel_data))
    claims = claims_of(profile)
    assert validate_study(pairs, claims) == []
    for wrong in (replace(claims, by_class=()), claims_of(preset("basic"))):
        assert validate_study(pairs, wrong) != []
