"""The Python API: results that tell everything, endings for bad input, exceptions for wrong use alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import traceback
from importlib.util import find_spec
from pathlib import Path

import pydicom
import pytest

import deident
from cli.instances import CANARY, outputs, write_ct
from deident import DICOMAnonymizer, Ending, PixelRisk, Profile, Reason, Strategy, UsageProblem


def test_the_public_names_are_those_of_all_and_come_without_heavy_imports() -> None:
    code = (
        "import sys, deident\n"
        "assert 'pydantic' not in sys.modules and 'pydicom' not in sys.modules\n"
        "assert set(deident.__all__) <= set(dir(deident))\n"
        "for name in deident.__all__: getattr(deident, name)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    with pytest.raises(AttributeError):
        _ = deident.nothing  # type: ignore[attr-defined]


def test_a_result_tells_what_was_done_and_shows_no_original(tmp_path: Path) -> None:
    source = write_ct(tmp_path / f"{CANARY}.dcm", InstitutionAddress=f"{CANARY} street", PatientAge="099Y")
    result = DICOMAnonymizer(home=tmp_path / "home", preserve_studies=True).anonymize_file(source, tmp_path / "out.dcm")
    assert (result.ending, result.released, result.reason, result.detail) == (Ending.RELEASED, True, None, "")
    assert result.output == str(tmp_path / "out.dcm")
    data = pydicom.dcmread(tmp_path / "out.dcm")
    assert (data.PatientID, data.PatientAge) == (result.pseudonym, "090Y")
    done = {(tag.tag, tag.path): tag for tag in result.anonymized_tags}
    assert (done["(0008,0081)", ""].attribute, done["(0008,0081)", ""].action) == ("InstitutionAddress", "X")
    assert done["(0010,0030)", ""].because.startswith("E.1-1")
    assert result.statistics is not None
    assert result.statistics.pixel_data == "copied"
    assert "113100" in result.codes
    assert result.reference.startswith("hmac-sha256:")
    assert result.original_patient_id_hash.startswith("hmac-sha256:")
    assert CANARY not in repr(result)


def test_bad_input_is_a_result_and_no_exception(tmp_path: Path) -> None:
    anonymizer = DICOMAnonymizer()
    (tmp_path / "letter").write_text("Dear")
    good = write_ct(tmp_path / "good").read_bytes()
    (tmp_path / "cut").write_bytes(good[:-50])
    (tmp_path / "nothing").touch()
    (tmp_path / "link").symlink_to(tmp_path / "good")
    found = {
        name: anonymizer.anonymize_file(tmp_path / name, tmp_path / "o")
        for name in ("letter", "cut", "nothing", "link")
    }
    assert {name: result.reason for name, result in found.items()} == {
        "letter": Reason.NOT_DICOM,
        "cut": Reason.TRUNCATED,
        "nothing": Reason.EMPTY,
        "link": Reason.NOT_A_FILE,
    }
    assert not any(r.released or r.output or r.anonymized_tags or r.pseudonym for r in found.values())
    assert not (tmp_path / "o").exists()


def test_wrong_use_raises_before_anything_is_written(tmp_path: Path) -> None:
    source = write_ct(tmp_path / "in" / "a")
    anonymizer = DICOMAnonymizer()
    for call, output in (
        (anonymizer.anonymize_file, source),
        (anonymizer.anonymize_file, tmp_path / "in"),
        (anonymizer.anonymize_file, "no\0name"),
        (anonymizer.anonymize_file, ""),
        (anonymizer.anonymize_directory, tmp_path / "out"),
    ):
        with pytest.raises(UsageProblem):
            call(source, output)
    with pytest.raises(UsageProblem):
        anonymizer.anonymize_file(tmp_path / "in", tmp_path / "out")
    assert list(outputs(tmp_path)) == ["in/a"]


@pytest.mark.parametrize(
    "choices",
    [
        {"workers": 0},
        {"profile": "nobody"},
        {"strategy": f"{CANARY}"},
        {"strategies": {"PatientID": f"{CANARY}"}},
        {"strategies": {"Modality": "hash"}},
        {"keep_tags": [f"{CANARY}"]},
        {"pixel_risk": f"{CANARY}"},
    ],
)
def test_choices_that_do_not_exist_raise_without_their_value(choices: dict[str, object]) -> None:
    with pytest.raises(UsageProblem) as raised:
        DICOMAnonymizer(**choices)  # type: ignore[arg-type]
    assert CANARY not in "".join(traceback.format_exception(raised.value)[-1:])
    assert raised.value.__cause__ is None


def test_choices_stand_on_top_of_the_profile(tmp_path: Path) -> None:
    anonymizer = DICOMAnonymizer(
        profile=Profile(name="mine", patient_prefix="P-"),
        strategy=Strategy.REMOVE,
        strategies={"PatientID": "hash"},
        keep_tags=["ReferringPhysicianName"],
        pixel_risk="accept",
    )
    assert (anonymizer.profile.pixel_risk, anonymizer.conforms) == (PixelRisk.ACCEPT, False)
    source = write_ct(tmp_path / "in", BurnedInAnnotation="YES", ReferringPhysicianName="Gray^Dr")
    assert anonymizer.anonymize_file(source, tmp_path / "out").released
    data = pydicom.dcmread(tmp_path / "out")
    assert data.PatientID.startswith("P-")
    assert (data.PatientName, data.PatientIdentityRemoved) == ("", "NO")
    assert data.ReferringPhysicianName == "Gray^Dr"


def test_a_directory_gives_one_result_for_each_thing_in_the_order_of_paths(tmp_path: Path) -> None:
    write_ct(tmp_path / "in" / "b", number="1")
    shutil.copy(tmp_path / "in" / "b", tmp_path / "in" / "c")
    write_ct(tmp_path / "in" / "sub" / "a", number="2")
    (tmp_path / "in" / "a").write_text("x")
    results = DICOMAnonymizer(workers=2).anonymize_directory(tmp_path / "in", tmp_path / "out")
    assert [r.input for r in results] == ["a", "b", "c", "sub/a"]
    assert [r.reason for r in results] == [Reason.NOT_DICOM, None, Reason.DUPLICATE, None]
    assert results.counts == {Ending.RELEASED: 2, Ending.SKIPPED: 2, Ending.QUARANTINED: 0}
    assert results.reasons == {Reason.NOT_DICOM: 1, Reason.DUPLICATE: 1}
    assert not results.all_released
    assert {r.output for r in results if r.output} == {
        str(tmp_path / "out" / name) for name in outputs(tmp_path / "out")
    }
    assert (len(results), results[1], results[1:]) == (4, list(results)[1], tuple(results)[1:])


def test_a_withdrawn_output_is_no_output_of_its_result_either(tmp_path: Path) -> None:
    write_ct(tmp_path / "in" / "a")
    write_ct(tmp_path / "in" / "b", KVP=80)
    results = DICOMAnonymizer().anonymize_directory(tmp_path / "in", tmp_path / "out")
    assert [(r.reason, r.output) for r in results] == [(Reason.DUPLICATE_CONFLICT, None)] * 2
    assert outputs(tmp_path / "out") == {}


def test_pseudonyms_hold_over_objects_when_studies_are_preserved_and_else_do_not(tmp_path: Path) -> None:
    source = write_ct(tmp_path / "in")

    def pseudonym(**choices: bool) -> str:
        anonymizer = DICOMAnonymizer(overwrite=True, home=tmp_path / "home", **choices)
        return anonymizer.anonymize_file(source, tmp_path / "out").pseudonym

    assert pseudonym(preserve_studies=True) == pseudonym(preserve_studies=True)
    assert len({pseudonym(), pseudonym(), pseudonym(preserve_studies=True)}) == 3


def test_an_audit_log_can_be_asked_for(tmp_path: Path) -> None:
    source = write_ct(tmp_path / "in")
    result = DICOMAnonymizer().anonymize_file(source, tmp_path / "out", audit_log=tmp_path / "audit")
    (record,) = json.loads((tmp_path / "audit").read_text())["files"]
    assert record["input"] == result.reference
    assert len(record["tags_anonymized"]) == len(result.anonymized_tags)
    with pytest.raises(UsageProblem):
        DICOMAnonymizer().anonymize_file(source, tmp_path / "other", audit_log=tmp_path / "audit")


@pytest.mark.parametrize("package", ["pydicom", "data_store", "deid_data"])
def test_every_file_of_the_corpora_ends_with_an_ending_and_never_with_an_internal_error(
    package: str, tmp_path: Path
) -> None:
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    root = Path(spec.submodule_search_locations[0]) / "data"
    results = DICOMAnonymizer(workers=2).anonymize_directory(root, tmp_path / "out")
    assert len(results) == sum(not p.is_dir() for p in root.rglob("*"))
    assert [r.input for r in results if r.reason is Reason.INTERNAL] == []
    assert len(outputs(tmp_path / "out")) == results.counts[Ending.RELEASED] > 0
