"""`deident anonymize` with places in S3, on either side and on both."""

from __future__ import annotations

from io import BytesIO

import pydicom
import pytest

from deident.cli.main import main
from s3flowtools import Site
from support.studies import PATIENT_ID, tree

UID = "1.2.826.0.1.3680043.92"


def values(site: Site) -> set[str]:
    return {pydicom.dcmread(BytesIO(data)).PatientID for data in site.released().values()}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_prefix_is_anonymized_into_another(site: Site, workers: str) -> None:
    site.plant(UID, 3)
    places = ["-i", site.place("source"), "-o", site.place("released"), "--workers", workers]
    assert main(["anonymize", "--batch", *places]) == 0
    assert len(site.released()) == 3
    assert PATIENT_ID not in values(site)
    assert main(["anonymize", "--batch", *places, "--overwrite"]) == 0


def test_between_a_bucket_and_a_folder_both_ways(site: Site) -> None:
    site.plant(UID, 2)
    local = site.folder / "out"
    assert main(["anonymize", "--batch", "-i", site.place("source"), "-o", str(local)]) == 0
    assert len(tree(local)) == 2
    assert main(["anonymize", "--batch", "-i", str(local), "-o", site.place("released")]) == 0
    assert len(site.released()) == 2


def test_a_single_object_by_name_and_by_pseudonym(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.plant(UID, 1)
    source = site.place("source", f"/{UID}-1")
    assert main(["anonymize", "-i", source, "-o", site.place("released", "/chosen.dcm")]) == 0
    assert list(site.released()) == ["chosen.dcm"]
    assert main(["anonymize", "-i", source, "-o", site.place("released")]) == 0
    assert len(site.released()) == 2
    assert main(["anonymize", "-i", source, "-o", site.place("released", "/chosen.dcm")]) == 1
    assert main(["anonymize", "--batch", "-i", site.place("source"), "-o", site.place("source", "/x")]) == 2
    assert "inside" in capsys.readouterr().err
    assert main(["anonymize", "-i", "s3://user:secret@bucket/x", "-o", str(site.folder)]) == 2
    assert "secret" not in capsys.readouterr().err
