"""Identifiers hidden in real files, under each option: what it must remove is gone. What it must keep: test_oracle_options."""

from __future__ import annotations

import pytest

from support.builders import build
from support.options import SETS
from support.planter import GENTLE
from support.planting import Outcome, corpus_outcome, outcome

CLEAN = Outcome("released")
FEW = ("pydicom/MR_small_implicit.dcm", "pydicom/SC_rgb_rle_2frame.dcm", "pydicom/rtplan.dcm", "pydicom/test-SR.dcm")


def _profile(name: str) -> str:
    return "+".join(("basic", *sorted(SETS[name])))


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("file", FEW)
def test_planted_files_come_out_with_nothing_but_what_the_options_keep(file: str, name: str) -> None:
    assert corpus_outcome(file, GENTLE, _profile(name))[2] == CLEAN


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("family", ["ct", "enhanced-mr", "pr-grayscale"])
def test_built_objects_come_out_with_nothing_but_what_the_options_keep(family: str, name: str) -> None:
    assert outcome(build(family), 11, GENTLE, _profile(name)) == CLEAN
