"""Tests of the list of corpus files."""

from __future__ import annotations

import pytest

from support.corpus import by_digest, corpus, corpus_file, dicom_files, unique_files


def test_ids_are_unique_sorted_and_free_of_machine_paths() -> None:
    ids = [f.id for f in corpus()]
    assert ids == sorted(set(ids))
    assert all(i.split("/")[0] in ("pydicom", "pydicom-data", "deid-data") for i in ids)


def test_every_package_brings_its_files() -> None:
    packages = [f.id.split("/")[0] for f in corpus()]
    assert packages.count("pydicom") > 180
    assert packages.count("pydicom-data") >= 60
    assert packages.count("deid-data") >= 10


def test_files_of_all_kinds_are_there() -> None:
    ids = {f.id for f in corpus()}
    assert {
        "pydicom/CT_small.dcm",
        "pydicom/dicomdirtests/DICOMDIR",
        "pydicom/README.txt",
        "pydicom/charset_files/chrX1.dcm",
        "pydicom/palettes/hotiron.dcm",
        "pydicom-data/liver.dcm",
        "deid-data/dicom-cookies/image1.dcm",
    } <= ids


def test_duplicates_are_grouped_and_counted_once() -> None:
    groups = by_digest()
    assert sum(len(ids) for ids in groups.values()) == len(corpus())
    assert len(unique_files()) == len(groups)
    assert ("pydicom-data/US1_J2KR.dcm", "pydicom/examples_jpeg2k.dcm") in groups.values()


def test_dicom_files_are_those_with_the_prefix() -> None:
    ids = {f.id for f in dicom_files()}
    assert "pydicom/CT_small.dcm" in ids
    assert "pydicom/no_meta.dcm" not in ids
    assert "pydicom/README.txt" not in ids


def test_an_unknown_id_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        corpus_file("pydicom/none.dcm")
