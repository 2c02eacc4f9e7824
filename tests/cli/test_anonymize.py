"""`deident anonymize`: names, endings, messages, exit codes and the audit log, on real files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pydicom
import pydicom.data
import pytest

from cli.instances import CANARY, deident, outputs, write_ct
from deident.cli import main


def _run(*arguments: str | Path) -> int:
    return main(["anonymize", *map(str, arguments)])


def test_one_file_becomes_one_file_of_the_name_that_was_asked_for(tmp_path: Path) -> None:
    source = write_ct(tmp_path / f"{CANARY}.dcm")
    assert _run("-i", source, "-o", tmp_path / "out.dcm") == 0
    data = pydicom.dcmread(tmp_path / "out.dcm")
    assert data.PatientIdentityRemoved == "YES"
    assert data.PixelData == bytes(range(128))
    assert CANARY.encode() not in (tmp_path / "out.dcm").read_bytes()


def test_one_file_into_a_folder_gets_a_name_of_pseudonyms(tmp_path: Path) -> None:
    source = write_ct(tmp_path / "in" / f"{CANARY}.dcm")
    (tmp_path / "out").mkdir()
    assert _run("-i", source, "-o", tmp_path / "out") == 0
    (name,) = outputs(tmp_path / "out")
    data = pydicom.dcmread(tmp_path / "out" / name)
    assert name == f"{data.PatientID}/{data.StudyInstanceUID}/{data.SeriesInstanceUID}/{data.SOPInstanceUID}.dcm"


def test_a_folder_is_taken_at_any_depth_and_nothing_of_the_original_names_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in "123":
        write_ct(tmp_path / "in" / CANARY / number / f"{CANARY}{number}", number=number)
    assert _run("-i", tmp_path / "in", "-o", tmp_path / "out", "--batch") == 0
    found = outputs(tmp_path / "out")
    assert len(found) == 3
    assert not any(CANARY in name or CANARY.encode() in data for name, data in found.items())
    captured = capsys.readouterr()
    assert captured.out == "3 files: 3 released, 0 skipped, 0 quarantined.\n"
    assert captured.err == ""


def test_an_empty_folder_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    assert _run("-i", tmp_path / "in", "-o", tmp_path / "out", "-b") == 0
    assert capsys.readouterr().out == "No file was found; nothing was done.\n"


def test_what_is_held_is_told_by_reference_with_the_way_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_ct(tmp_path / "in" / "good")
    write_ct(tmp_path / "in" / f"{CANARY}.dcm", number="2", BurnedInAnnotation="YES")
    (tmp_path / "in" / f"{CANARY}.txt").write_text("a letter")
    (tmp_path / "in" / "empty").touch()
    assert _run("-i", tmp_path / "in", "-o", tmp_path / "out", "-b", "--workers", "1") == 1
    captured = capsys.readouterr()
    assert captured.out == "4 files: 1 released, 2 skipped, 1 quarantined.\n"
    assert (
        "quarantined pixel-risk: 1. The image may show text; look at it, then go on with --pixel-risk accept"
        in captured.err
    )
    assert "skipped not-dicom: 1. " in captured.err
    assert "skipped empty: 1. " in captured.err
    assert captured.err.count("    hmac-sha256:") == 3
    assert CANARY not in captured.err
    assert len(outputs(tmp_path / "out")) == 1


def test_paths_are_shown_when_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for number in range(9):
        (tmp_path / "in" / "deep" / f"letter{number}").write_text("x")
    assert _run("-i", tmp_path / "in", "-o", tmp_path / "out", "-b") == 1
    assert "    and 4 more; --show-paths names all" in capsys.readouterr().err
    assert _run("-i", tmp_path / "in", "-o", tmp_path / "out", "-b", "--show-paths") == 1
    assert [line.strip() for line in capsys.readouterr().err.splitlines()[1:]] == [f"deep/letter{n}" for n in range(9)]


def test_pixel_risk_is_accepted_when_somebody_looked(tmp_path: Path) -> None:
    source = write_ct(tmp_path / "in.dcm", BurnedInAnnotation="YES")
    assert _run("-i", source, "-o", tmp_path / "out.dcm") == 1
    assert not (tmp_path / "out.dcm").exists()
    assert _run("-i", source, "-o", tmp_path / "out.dcm", "--pixel-risk", "accept") == 0


def test_quiet_tells_problems_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("-i", write_ct(tmp_path / "a"), "-o", tmp_path / "b", "-q") == 0
    assert capsys.readouterr() == ("", "")


def test_an_existing_output_is_kept_unless_overwriting_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_ct(tmp_path / "in.dcm")
    (tmp_path / "out.dcm").write_text("mine")
    assert _run("-i", source, "-o", tmp_path / "out.dcm") == 1
    assert "skipped output-exists: 1. An output of this name exists; use --overwrite" in capsys.readouterr().err
    assert (tmp_path / "out.dcm").read_text() == "mine"
    assert _run("-i", source, "-o", tmp_path / "out.dcm", "--overwrite") == 0
    assert (tmp_path / "out.dcm").read_bytes()[128:132] == b"DICM"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_second_call_finds_its_outputs_when_studies_are_preserved(tmp_path: Path, workers: str) -> None:
    for number in "12":
        write_ct(tmp_path / "in" / number, number=number)
    call = ("-i", tmp_path / "in", "-o", tmp_path / "out", "-b", "--preserve-studies", "--home", tmp_path / "home")
    assert _run(*call, "--workers", workers) == 0
    before = outputs(tmp_path / "out")
    assert _run(*call, "--workers", workers) == 1
    assert _run(*call, "--workers", workers, "--overwrite") == 0
    assert outputs(tmp_path / "out") == before
    assert len(before) == 2


def test_without_preserved_studies_nothing_links_two_calls(tmp_path: Path) -> None:
    source = write_ct(tmp_path / "in" / "a")
    for out in ("one", "two"):
        (tmp_path / out).mkdir()
        assert _run("-i", source, "-o", tmp_path / out) == 0
    (one,), (two,) = outputs(tmp_path / "one"), outputs(tmp_path / "two")
    assert not set(one.split("/")) & set(two.split("/"))


def test_keeping_what_no_option_covers_works_warns_and_withdraws_the_claim(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_ct(tmp_path / "in.dcm", InstitutionName="Somewhere")
    assert _run("-i", source, "-o", tmp_path / "out.dcm", "--keep-tags", "Modality,InstitutionName") == 0
    assert "claim no conformance" in capsys.readouterr().err
    data = pydicom.dcmread(tmp_path / "out.dcm")
    assert (data.InstitutionName, data.PatientIdentityRemoved) == ("Somewhere", "NO")
    assert "DeidentificationMethodCodeSequence" not in data


def test_keeping_what_stays_anyway_warns_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("-i", write_ct(tmp_path / "a"), "-o", tmp_path / "b", "--keep-tags", "Modality,0010,0040") == 0
    assert capsys.readouterr().err == ""
    assert pydicom.dcmread(tmp_path / "b").PatientSex == "F"


def test_strategies_decide_what_stands_for_direct_identifiers(tmp_path: Path) -> None:
    source = write_ct(tmp_path / "in.dcm")
    assert _run("-i", source, "-o", tmp_path / "o", "--strategy", "remove", "--strategy", "PatientID=hash") == 0
    data = pydicom.dcmread(tmp_path / "o")
    assert (data.PatientName, data.AccessionNumber, data.StudyID) == ("", "", "")
    assert len(data.PatientID) == 16


def test_the_audit_log_holds_every_file_and_no_identifier(tmp_path: Path) -> None:
    write_ct(tmp_path / CANARY / f"{CANARY}.dcm", InstitutionName=f"{CANARY} Hospital")
    (tmp_path / CANARY / f"{CANARY}.txt").write_text("a letter")
    audit = tmp_path / "audit.json"
    assert _run("-i", tmp_path / CANARY, "-o", tmp_path / "out", "-b", "--audit-log", audit) == 1
    text = audit.read_text()
    assert CANARY not in text
    document = json.loads(text)
    good, letter = document["files"]
    assert good["output"] in outputs(tmp_path / "out")
    assert (good["ending"], good["reason"], good["pseudonym"]) == ("released", None, good["output"].split("/")[0])
    assert good["original_patient_id_hash"].startswith("hmac-sha256:")
    assert good["input"].startswith("hmac-sha256:")
    assert good["timestamp"].endswith("Z")
    name = next(entry for entry in good["tags_anonymized"] if entry["tag"] == "(0010,0010)")
    assert (name["attribute"], name["action"]) == ("PatientName", "D")
    assert set(good["statistics"]) >= {
        *("total_tags_processed", "phi_tags_removed", "private_tags_removed", "image_data_preserved")
    }
    assert good["statistics"]["image_data_preserved"] is True
    assert (letter["ending"], letter["reason"], letter["output"]) == ("skipped", "not-dicom", None)
    assert document["summary"]["reasons"] == {"not-dicom": 1}
    assert document["summary"]["complete"] is True
    assert audit.stat().st_mode & 0o077 == 0


def test_a_name_that_the_user_chose_is_a_reference_in_the_audit_log(tmp_path: Path) -> None:
    source, audit = write_ct(tmp_path / "in.dcm"), tmp_path / "audit.json"
    assert _run("-i", source, "-o", tmp_path / f"{CANARY}.dcm", "--audit-log", audit) == 0
    assert CANARY not in audit.read_text()
    assert json.loads(audit.read_text())["files"][0]["output"].startswith("hmac-sha256:")


def test_outputs_get_the_modes_that_the_umask_allows(tmp_path: Path) -> None:
    for number in "12":
        write_ct(tmp_path / "in" / number, number=number)
    for workers in "12":
        out = tmp_path / f"out{workers}"
        result = deident(
            *("anonymize", "-i", tmp_path / "in", "-o", out, "-b", "--workers", workers), before=lambda: os.umask(0o027)
        )
        assert result.returncode == 0, result.stderr
        assert {p.stat().st_mode & 0o777 for p in out.rglob("*") if p.is_file()} == {0o640}
        assert {p.stat().st_mode & 0o777 for p in out.rglob("*") if p.is_dir()} == {0o750}


def test_a_profile_file_decides_and_what_it_keeps_on_its_own_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_ct(tmp_path / "in.dcm", StudyDescription="Head")
    profile = tmp_path / "trial.toml"
    profile.write_text(
        'patient_prefix = "T7-"\n[[override]]\ntag = "StudyDescription"\nstrategy = "replace"\nvalue = "X"\n'
    )
    assert _run("-i", source, "-o", tmp_path / "one.dcm", "--profile", profile) == 0
    assert capsys.readouterr().err == ""
    data = pydicom.dcmread(tmp_path / "one.dcm")
    assert (data.StudyDescription, data.PatientIdentityRemoved) == ("X", "YES")
    assert data.PatientID.startswith("T7-")
    profile.write_text('[[override]]\ntag = "StudyDescription"\nstrategy = "keep"\n')
    assert _run("-i", source, "-o", tmp_path / "two.dcm", "--profile", profile) == 0
    assert "the outputs claim no conformance to PS3.15, (0012,0062) is NO" in capsys.readouterr().err
    data = pydicom.dcmread(tmp_path / "two.dcm")
    assert (data.StudyDescription, data.PatientIdentityRemoved) == ("Head", "NO")


@pytest.mark.parametrize(
    ("options", "stays", "code"),
    [([], False, "113100"), (["--keep-private"], True, "113111"), (["--remove-private"], False, "113100")],
)
def test_private_elements_stay_when_they_are_asked_for_and_known_to_be_safe(
    options: list[str], stays: bool, code: str, tmp_path: Path
) -> None:
    source = pydicom.data.get_testdata_file("CT_small.dcm")
    assert main(["anonymize", "-i", str(source), "-o", str(tmp_path / "out.dcm"), "-q", *options]) == 0
    output = pydicom.dcmread(tmp_path / "out.dcm")
    private = [element.tag for element in output.iterall() if element.tag.is_private]
    assert bool(private) is stays
    assert len(private) < len([e for e in pydicom.dcmread(source).iterall() if e.tag.is_private]) / 4
    assert code in {item.CodeValue for item in output.DeidentificationMethodCodeSequence}
