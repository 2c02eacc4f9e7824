"""The engine under each option against the second reading of the standard (support/oracle.py), element by element."""

from __future__ import annotations

from functools import cache

import pytest

from deident.engine import Deidentifier
from deident.errors import Refusal
from deident.pseudonyms import Pseudonyms
from support.builders import build, build_iod, iod_classes
from support.corpus import dicom_files
from support.elements import find, parse
from support.options import SETS
from support.oracle import Oracle
from support.outputs import KEY, deidentified, fresh
from support.planter import GENTLE, plant

#: Sets of which times of day are shifted, too.
TIMES = {"modified-times", "longitudinal-times"}
NAMES = {**SETS, "modified-times": SETS["modified-dates"], "longitudinal-times": SETS["longitudinal"]}


@cache
def _engine(name: str) -> Deidentifier:
    return fresh("basic", options=NAMES[name], times="shift" if name in TIMES else "keep")


@cache
def _oracle(name: str) -> Oracle:
    return Oracle(NAMES[name])


def _differences(name: str, data: bytes) -> list[str]:
    result, output = deidentified(_engine(name), data)
    oracle = _oracle(name)
    issuer = find(parse(data).elements, 0x00100021)
    named = issuer.value.decode("latin-1") if issuer is not None else ""
    subject = Pseudonyms(KEY, shift_times=True).subject(result.patient_id, named, result.study_uid)
    oracle.days, oracle.seconds = subject.offset_days, subject.offset_seconds if name in TIMES else 0
    blanked = frozenset((*d.path, d.tag) for d in result.decisions if d.because == "known-identifier")
    return oracle.differences(data, output, blanked)


@pytest.mark.parametrize("name", NAMES)
def test_every_file_of_the_corpora_is_treated_as_the_oracle_says(name: str) -> None:
    compared = 0
    for file in dicom_files():
        try:
            differences = _differences(name, file.read())
        except Refusal:
            continue
        compared += 1
        assert differences == [], file.id
    assert compared > 225


@pytest.mark.parametrize("name", NAMES)
def test_every_sop_class_is_treated_as_the_oracle_says(name: str) -> None:
    compared = 0
    for sop_class in iod_classes()[:: 3 if len(NAMES[name]) == 1 else 1]:
        try:
            differences = _differences(name, build_iod(sop_class))
        except Refusal:
            continue
        compared += 1
        assert differences == [], sop_class
    assert compared > 50


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("family", ["ct", "rt-plan", "pr-grayscale"])
def test_every_row_of_every_table_is_treated_as_the_oracle_says(family: str, name: str) -> None:
    places = [place for place in GENTLE if place.partition(".")[0] in ("table", "gaps", "sequence", "dates")]
    assert _differences(name, plant(build(family, "explicit"), 3, places).data) == []
