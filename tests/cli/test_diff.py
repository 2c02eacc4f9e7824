"""`deident diff`: every difference with the rule that decides, values on request alone, colour on terminals alone."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pydicom
import pytest

from deident import DICOMAnonymizer
from deident.cli import main
from deident.cli.comparison import compare, read
from deident.cli.diff import NO_RULE, Explanation
from deident.engine import Deidentifier
from deident.engine.segments import materialise
from deident.errors import Refusal
from deident.profile import PixelRisk, preset
from deident.pseudonyms import ProjectKey, Pseudonyms
from deident.stores.files import open_file
from support.corpus import unique_files
from support.studies import NAME, PATIENT_ID, write_instance


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    """An original with planted values, at two levels, and its output."""
    item = pydicom.Dataset()
    item.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    item.ReferencedSOPInstanceUID = "1.2.3.4"
    original = write_instance(
        tmp_path / "in.dcm", "1.2.3", 1, PatientComments="secret words", ReferencedStructureSetSequence=[item]
    )
    DICOMAnonymizer(home=tmp_path / "home").anonymize_file(original, tmp_path / "out.dcm")
    return str(original), str(tmp_path / "out.dcm")


def lines(text: str) -> dict[str, str]:
    """Lines by keyword."""
    return {match[1]: match[0] for match in re.finditer(r"^\w+ +\S+ (\w+) .*$", text, re.MULTILINE)}


def test_every_difference_is_told_with_its_rule_and_no_value(
    pair: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", *pair]) == 1
    text = capsys.readouterr().out
    found = lines(text)
    assert found["PatientName"].startswith("changed")
    assert found["PatientName"].endswith("D E.1-1 Z, strategy hash")
    assert found["PatientComments"].startswith("removed")
    assert found["PatientComments"].endswith("[12 bytes]  X E.1-1 X")
    assert "(300C,0060)[1]>(0008,1155) ReferencedSOPInstanceUID" in found["ReferencedSOPInstanceUID"]
    assert found["ReferencedSOPInstanceUID"].endswith("U E.1-1 U")
    assert found["PatientIdentityRemoved"].endswith("marker: says what was done (PS3.15 E.1.1)")
    assert found["MediaStorageSOPInstanceUID"].endswith("rebuilt: file meta information")
    assert "Rows" not in found
    assert "no rule of this profile" not in text
    for secret in (*NAME.split("^"), PATIENT_ID, "secret words", "1.2.3"):
        assert secret not in text
    assert "\x1b" not in text


def test_values_are_shown_to_who_asks(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", *pair, "--show-values"]) == 1
    text = capsys.readouterr().out
    assert f"- {NAME}" in text
    assert "- secret words" in text


def test_equal_files_end_with_0(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", pair[0], pair[0]]) == 0
    assert capsys.readouterr().out == "No element differs.\n"
    assert main(["diff", pair[0], pair[0], "--all"]) == 0
    assert "same" in capsys.readouterr().out


def test_a_difference_that_no_rule_of_the_profile_explains_is_named_so(
    pair: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = pydicom.dcmread(pair[1])
    dataset.Rows = 7
    dataset.save_as(pair[1])
    assert main(["diff", *pair]) == 1
    assert lines(capsys.readouterr().out)["Rows"].endswith("another profile, or not made by deident")


def test_the_profile_that_explains_can_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    original = write_instance(tmp_path / "in.dcm", "1.2.3", 1, PatientSize=1.83)
    DICOMAnonymizer(home=tmp_path / "home", profile="basic").anonymize_file(original, tmp_path / "out.dcm")
    files = [str(original), str(tmp_path / "out.dcm")]
    assert main(["diff", *files]) == 1
    assert lines(capsys.readouterr().out)["PatientSize"].endswith("not made by deident")
    assert main(["diff", *files, "--profile", "basic"]) == 1
    assert lines(capsys.readouterr().out)["PatientSize"].endswith("X E.1-1 X")
    assert main(["diff", *files, "--profile", "nobody"]) == 2


def test_an_original_that_is_held_can_be_compared_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    original = write_instance(tmp_path / "in.dcm", "1.2.3", 1)
    unknown = write_instance(tmp_path / "unknown.dcm", "1.2.3", 1, SOPClassUID="1.2.3.4.5")
    assert main(["diff", str(unknown), str(original)]) == 1
    assert "with this profile the original is held (sop-class-" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", ["missing", "text", "folder", "empty"])
def test_what_cannot_be_compared_is_wrong_use_and_named_by_its_part(
    pair: tuple[str, str], wrong: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"{wrong} {NAME}"
    if wrong == "folder":
        path.mkdir()
    elif wrong != "missing":
        path.write_text("A text that is long enough. " * 20 if wrong == "text" else "")
    for files, part in (([str(path), pair[1]], "the original"), ([pair[0], str(path)], "the output")):
        assert main(["diff", *files]) == 2
        error = capsys.readouterr().err
        assert f"{part} cannot be compared" in error
        assert NAME not in error


def test_colour_is_for_terminals(pair: tuple[str, str]) -> None:
    main_end, other_end = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "deident", "diff", *pair]
    with os.fdopen(main_end, "rb") as screen:
        process = subprocess.Popen(command, stdout=other_end, stderr=other_end, env=environment)
        os.close(other_end)
        shown = b""
        try:
            while part := screen.read1():
                shown += part
        except OSError:
            pass  # the other end was closed: how a terminal ends
    assert process.wait() == 1
    assert b"\x1b[31mremoved" in shown


def test_a_comparison_shows_nothing_of_an_original_when_printed(pair: tuple[str, str]) -> None:
    changes = list(compare(read(Path(pair[0]).read_bytes()), read(Path(pair[1]).read_bytes())))
    shown = repr(changes)
    for secret in (*NAME.split("^"), PATIENT_ID, "secret words"):
        assert secret not in shown


@pytest.mark.slow
def test_no_difference_in_the_corpora_is_without_a_rule() -> None:
    """Two readers and one truth: what pydicom finds different is what the engine decided, file by file."""
    profile = preset("research").changed(pixel_risk=PixelRisk.ACCEPT)
    engine = Deidentifier(profile, Pseudonyms(ProjectKey(bytes(32))))
    compared = 0
    unexplained: list[str] = []
    for file in unique_files():
        try:
            with open_file(str(file.path)) as source:
                output = b"".join(materialise(engine.deidentify(source).segments, source))
            original = read(file.read())
        except Refusal:
            continue
        compared += 1
        explanation = Explanation(file.path, profile)
        changes = compare(original, read(output))
        unexplained += [f"{file.id} {c.kind.value} {c.place}" for c in changes if explanation.of(c) == NO_RULE]
    assert compared > 150
    assert unexplained == []
