"""What comes out of every kind of object: committed dumps, and two judges that know nothing of deident."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from deident.errors import Refusal
from support.builders import FAMILIES, build
from support.golden import golden
from support.outputs import deidentifier, output

GOLDEN = Path(__file__).parent / "golden"
# What a de-identified object may newly say without being worse: nothing. Numbers and values differ, rules do not.
_VALUES = re.compile(r"<[^>]*>|= [^ ]+|\d[\d.]*")


@pytest.mark.parametrize("family", FAMILIES)
def test_the_output_of_a_family_is_the_committed_one(family: str) -> None:
    assert golden(family) == (GOLDEN / f"{family}.txt").read_text("utf-8")


def test_every_committed_dump_has_a_family() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(FAMILIES)


def _complaints(command: list[str], data: bytes, folder: Path) -> Counter[str]:
    """The errors that a checker prints, without values."""
    path = folder / "object.dcm"
    path.write_bytes(data)
    done = subprocess.run([*command, str(path)], capture_output=True, timeout=60, check=False)
    lines = (done.stdout + done.stderr).decode("latin-1").splitlines()
    return Counter(_VALUES.sub("", line).strip() for line in lines if line.startswith(("Error", "E:", "F:")))


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
        assert _complaints([tool], result, tmp_path) - _complaints([tool], source, tmp_path) == Counter()


@pytest.mark.parametrize("family", [name for name in FAMILIES if name.startswith(("sr-", "ko"))])
def test_dsrdump_reads_every_report(family: str, tmp_path: Path) -> None:
    tool = shutil.which("dsrdump")
    if tool is None:  # as above: dcmtk
        return
    for source, result in _outputs(family):
        assert _complaints([tool], result, tmp_path) - _complaints([tool], source, tmp_path) == Counter()
