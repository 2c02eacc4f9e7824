"""What comes out of every kind of object: committed dumps, and two judges that know nothing of deident."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from deident.errors import Refusal
from support.builders import FAMILIES, build
from support.golden import OPTIONED, golden, golden_of_each_option, golden_of_options
from support.outputs import deidentifier, output
from support.verdicts import complaints

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("family", FAMILIES)
def test_the_output_of_a_family_is_the_committed_one(family: str) -> None:
    assert golden(family) == (GOLDEN / f"{family}.txt").read_text("utf-8")


@pytest.mark.parametrize("family", FAMILIES)
def test_what_each_option_changes_in_a_family_is_what_is_committed(family: str) -> None:
    assert golden_of_each_option(family) == (GOLDEN / "options" / f"{family}.txt").read_text("utf-8")


@pytest.mark.parametrize(("name", "family"), [(name, family) for name in OPTIONED for family in OPTIONED[name][1]])
def test_the_output_of_a_family_under_an_option_is_the_committed_one(name: str, family: str) -> None:
    assert golden_of_options(name, family) == (GOLDEN / name / f"{family}.txt").read_text("utf-8")


def test_every_committed_dump_has_a_family() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(FAMILIES)
    found = {(path.parent.name, path.stem) for path in GOLDEN.glob("*/*.txt")}
    each = {("options", family) for family in FAMILIES}
    assert found == each | {(name, family) for name in OPTIONED for family in OPTIONED[name][1]}


def _outputs(family: str) -> list[tuple[bytes, bytes]]:
    found = []
    for profile in ("basic", "research"):
        try:
            found.append((build(family), output(deidentifier(profile), build(family))))
        except Refusal:
            continue
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_dciodvfy_finds_no_error_that_the_input_did_not_have(family: str, tmp_path: Path) -> None:
    tool = shutil.which("dciodvfy")
    if tool is None:  # .ci/run installs dicom3tools; without it the oracle and the dumps stand alone
        return
    for source, result in _outputs(family):
        assert complaints([tool], result, tmp_path) - complaints([tool], source, tmp_path) == Counter()


@pytest.mark.parametrize("family", [name for name in FAMILIES if name.startswith(("sr-", "ko"))])
def test_dsrdump_reads_every_report(family: str, tmp_path: Path) -> None:
    tool = shutil.which("dsrdump")
    if tool is None:  # as above: dcmtk
        return
    for source, result in _outputs(family):
        assert complaints([tool], result, tmp_path) - complaints([tool], source, tmp_path) == Counter()
