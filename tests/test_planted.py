"""Identifiers hidden in real files wherever tools have missed them: none is left in any output, and no file is lost."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import pytest

from support.builders import IMAGE_FAMILIES, SYNTAXES, build
from support.corpus import dicom_files
from support.outputs import deidentifier, ending
from support.planter import GENTLE, PLACES, plant
from support.planter_table import table_rows
from support.planting import Outcome, corpus_outcome, kept_by_option, outcome

HOSTILE = tuple(name for name, place in PLACES.items() if place.refusable or place.checked_late)
#: One small file for each kind of object, transfer syntax and character set.
FEW = (
    "pydicom/CT_small.dcm",
    "pydicom/MR_small_bigendian.dcm",
    "pydicom/MR_small_implicit.dcm",
    "pydicom/SC_rgb_rle_2frame.dcm",
    "pydicom/SC_rgb_small_odd_jpeg.dcm",
    "pydicom/image_dfl.dcm",
    "pydicom/rtplan.dcm",
    "pydicom/test-SR.dcm",
)
CLEAN = Outcome("released")


@pytest.mark.parametrize("name", FEW)
def test_basic_releases_planted_files_without_any_identifier(name: str) -> None:
    assert corpus_outcome(name, GENTLE, "basic")[2] == CLEAN


@pytest.mark.parametrize("name", FEW[1::3])
def test_research_releases_planted_files_with_nothing_but_what_its_option_keeps(name: str) -> None:
    assert corpus_outcome(name, GENTLE, "research")[2] == CLEAN


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_transfer_syntax_comes_out_clean(syntax: str) -> None:
    assert outcome(build("ct", syntax), 5, GENTLE) == CLEAN


@pytest.mark.parametrize("family", ["enhanced-mr", "rt-struct", "seg", "pr-grayscale", "ecg"])
def test_kinds_of_objects_that_the_corpora_lack_come_out_clean(family: str) -> None:
    assert outcome(build(family), 7, GENTLE) == CLEAN


@pytest.mark.parametrize("place", HOSTILE)
def test_hostile_places_end_clean_or_refused(place: str, corpus_bytes: Callable[[str], bytes]) -> None:
    roomy = build("ct", Rows=16, Columns=16, PixelData=bytes(512))
    files = (roomy, *map(corpus_bytes, FEW), corpus_bytes("pydicom/JPEG2000.dcm"))
    holding = [data for data in files if plant(data, 3, [place]).places]
    assert holding
    for data in holding:
        found = outcome(data, 3, [place])
        assert found == CLEAN or found.ending != "released", found


@pytest.mark.parametrize("name", FEW[::3])
def test_all_places_together_end_clean_or_refused(name: str) -> None:
    found = corpus_outcome(name, None, "basic")[2]
    assert found == CLEAN or found.ending != "released", found


def test_what_research_keeps_are_the_rows_of_its_option_and_no_others() -> None:
    option = "retain_patient_characteristics"
    planted = plant(build("ct"), 1, ["table.top", "table.removed"])
    exempt = {i.place for i in planted.identifiers if kept_by_option(i, "research")}
    rows = {f"table.top/{row.tag:08X}" for row in table_rows() if option in row.options}
    assert {place.partition(">")[0] for place in exempt} <= rows
    assert len(exempt) >= 8
    assert not any(kept_by_option(i, "basic") for i in planted.identifiers)


def _all_files(places: Collection[str] | None, profile: str, step: int = 1) -> list[tuple[str, str, Outcome]]:
    """The outcome of every (or every third, ...) corpus file, in two processes."""
    names = [file.id for file in dicom_files()[::step]]
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(partial(corpus_outcome, places=places, profile=profile), names, chunksize=8))


@pytest.mark.slow
@pytest.mark.parametrize(("profile", "step"), [("basic", 1), ("research", 3)])
def test_every_file_of_the_corpora_is_released_clean_after_planting(profile: str, step: int) -> None:
    outcomes = _all_files(GENTLE, profile, step)
    assert [entry for entry in outcomes if entry[1] == "released" and entry[2] != CLEAN] == []
    assert Counter(before for _name, before, _after in outcomes)["released"] > 220 // step


@pytest.mark.slow
def test_every_file_of_the_corpora_ends_clean_or_refused_with_the_hostile_places() -> None:
    outcomes = _all_files(None, "basic")
    assert [entry for entry in outcomes if entry[2].ending == "released" and entry[2].leaks] == []
    refused = Counter(after.ending.partition(":")[0] for _name, before, after in outcomes if before == "released")
    assert set(refused) <= {"released", "known-identifier", "broken", "truncated", "pixel-stream"}


@pytest.mark.slow
@pytest.mark.parametrize("family", IMAGE_FAMILIES)
def test_every_kind_of_image_comes_out_clean(family: str) -> None:
    if ending(deidentifier(), build(family)) == "released":
        assert outcome(build(family), 11, GENTLE) == CLEAN
    else:
        assert family in ("private", "unknown")
