"""Strict mode: only numbers, code strings and what the site allows stay of what no table lists, and objects stay valid."""

from __future__ import annotations

import io
import shutil
from collections import Counter
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from deident.errors import Refusal
from deident.profile import Action, preset
from deident.profile.decision import Method
from deident.profile.rules import Place, Rules
from deident.standard import confidentiality, dictionary, iods
from support.builders import FAMILIES, build
from support.corpus import dicom_files
from support.outputs import fresh, output
from support.verdicts import complaints

TEXT = frozenset("AE LO LT OB PN SH ST UC UN UR UT".split())
#: Enumerated text, character set, ICC profiles, waveforms: strict.py says why.
STAY = frozenset(
    {0x00080005, 0x00181064, 0x00281054, 0x00282000, 0x00283004, 0x54001010, 0x5400100A, 0x54000110, 0x54000112}
)


def _place(sop_class: str = "1.2.840.10008.5.1.4.1.1.2") -> Place:
    iod = iods.iod_of(sop_class)
    assert iod is not None
    return Place(iod, frozenset(range(len(iod.modules))), ())


def test_no_unlisted_text_of_the_dictionary_stays_and_every_unlisted_number_does() -> None:
    strict, table, place = (
        Rules(preset("basic").changed(mode="strict")),
        Rules(preset("basic")),
        _place(),
    )
    kept = 0
    for keyword in dictionary.keywords():
        tag = dictionary.tag_of(keyword) or 0
        known = dictionary.attribute(tag)
        if known is None or confidentiality.row(tag) or confidentiality.gap(tag):
            continue
        vr = known.vrs[0]
        decision, plain = strict.decide(place, tag, vr), table.decide(place, tag, vr)
        if plain.action is not Action.KEEP:
            assert decision == plain, keyword
        elif vr in TEXT and tag not in STAY and tag >> 16 != 0x7FE0:
            assert decision.action is not Action.KEEP, keyword
            assert decision.because.startswith("strict: "), keyword
        else:
            assert decision.action is Action.KEEP, keyword
            kept += 1
    assert kept > 1500


def test_what_the_site_allows_stays_and_listed_attributes_are_treated_as_ever() -> None:
    rules = Rules(preset("research").changed(mode="strict", allowed=["Manufacturer", "StudyDescription"]))
    place = _place()
    assert rules.decide(place, 0x00080070, "LO").action is Action.KEEP
    assert rules.decide(place, 0x00081030, "LO").action is Action.REMOVE
    assert rules.decide(place, 0x00100040, "CS").action is Action.KEEP
    assert rules.codes() == ("113100", "113108")


def test_parts_of_an_object_that_refer_to_each_other_by_text_still_do() -> None:
    decision = Rules(preset("basic").changed(mode="strict")).decide(_place(), 0x00209056, "SH")
    assert (decision.action, decision.method) == (Action.DUMMY, Method.HASH)
    source = dcmread(io.BytesIO(build("enhanced-mr")))
    frames = source.PerFrameFunctionalGroupsSequence
    frames[0].FrameContentSequence[0].StackID = "Doe A"
    frames[1].FrameContentSequence[0].StackID = "Doe B"
    stream = io.BytesIO()
    source.save_as(stream)
    found = _strict(stream.getvalue())
    stacks = [frame.FrameContentSequence[0].StackID for frame in found.PerFrameFunctionalGroupsSequence]
    assert len(set(stacks)) == 2
    assert not any("Doe" in stack for stack in stacks)


def test_text_that_is_no_identifier_stays_in_table_mode_and_goes_in_strict_mode() -> None:
    source = dcmread(io.BytesIO(build("ct")))
    source.ConvolutionKernel, source.RescaleType, source.FilterType = "B30f", "HU", "WEDGE"
    stream = io.BytesIO()
    source.save_as(stream)
    strict, table = _strict(stream.getvalue()), dcmread(io.BytesIO(output(fresh("basic"), stream.getvalue())))
    assert (table.ConvolutionKernel, table.FilterType) == ("B30f", "WEDGE")
    assert not strict.get("ConvolutionKernel")
    assert strict.RescaleType == "HU"
    assert (strict.KVP, strict.PixelData) == (table.KVP, table.PixelData)


def _strict(data: bytes) -> Dataset:
    return dcmread(io.BytesIO(output(fresh("basic", mode="strict"), data)))


def _new_errors(data: bytes, tmp_path: Path, *modes: str) -> Counter[str]:
    """The errors that dciodvfy finds in the strict output, and neither in the original nor in the outputs of other modes."""
    tool = shutil.which("dciodvfy")
    if tool is None:  # .ci/run installs dicom3tools
        return Counter()
    try:
        before = [data, *(output(fresh("basic", mode=mode), data) for mode in modes)]
        found = complaints([tool], output(fresh("basic", mode="strict"), data), tmp_path)
    except Refusal:
        return Counter()
    for other in before:
        found -= complaints([tool], other, tmp_path)
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_the_object_of_a_family_is_as_valid_as_before(family: str, tmp_path: Path) -> None:
    assert _new_errors(build(family), tmp_path) == Counter()


@pytest.mark.slow
def test_no_file_of_the_corpora_is_less_valid_than_in_table_mode(tmp_path: Path) -> None:
    found = {file.id: errors for file in dicom_files() if (errors := _new_errors(file.read(), tmp_path, "table"))}
    assert found == {}
