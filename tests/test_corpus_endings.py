"""The ending of every file of the corpora: committed, compared, and held against what must come out at all."""

from __future__ import annotations

import io
import json
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from pydicom import dcmread

from deident.errors import Ending, Reason
from support.corpus import corpus, corpus_file
from support.outputs import deidentifier, ending

EXPECTED: dict[str, dict[str, str]] = json.loads((Path(__file__).parent / "data" / "endings.json").read_text("utf-8"))

# Held whatever the pixel risk is: each file with what is wrong with it, found by looking.
HELD = {
    "pydicom/SC_rgb_jpeg.dcm": "broken",  # says JPEG, which is explicit VR, and is written in implicit VR
    "pydicom/JPEGLSNearLossless_08.dcm": "identity-missing",  # no study, no series
    "pydicom/JPEGLSNearLossless_16.dcm": "identity-missing",
    "pydicom/SC_rgb_jls_lossy_line.dcm": "identity-missing",
    "pydicom/SC_rgb_jls_lossy_sample.dcm": "identity-missing",
    "pydicom/UN_sequence.dcm": "identity-missing",  # snippets of a few elements, without SOP class
    "pydicom/charset_files/chrSQEncoding.dcm": "identity-missing",
    "pydicom/charset_files/chrSQEncoding1.dcm": "identity-missing",
    "pydicom/empty_charset_LEI.dcm": "identity-missing",
    "pydicom/nested_priv_SQ.dcm": "identity-missing",
    "pydicom/no_meta_group_length.dcm": "identity-missing",
    "pydicom/priv_SQ.dcm": "identity-missing",
    "pydicom/meta_missing_tsyntax.dcm": "transfer-syntax-unknown",
    "pydicom-data/emri_small_jpeg_2k_lossless_too_short.dcm": "truncated",
    "pydicom/MR_truncated.dcm": "truncated",
    "pydicom/rtplan_truncated.dcm": "truncated",
}
# Objects of no patient and no study: there is no place for them in a tree of studies.
PALETTES = "pydicom/palettes/"
# SOP classes whose images may show text unless they say NO; everything else that is whole comes out under `hold`, too.
TEXT_CLASSES = {"Secondary Capture Image Storage", "Ultrasound Image Storage", "Ultrasound Multi-frame Image Storage"}
# A CT made from a scanned film (Conversion Type WSD).
DIGITIZED = {"pydicom-data/explicit_VR-UN.dcm"}


@pytest.mark.parametrize("risk", ["hold", "accept"])
def test_every_file_ends_as_committed(risk: str) -> None:
    engine = deidentifier("research", risk)
    found = {file.id: ending(engine, file.read()) for file in corpus()}
    assert found == {name: entry[risk] for name, entry in EXPECTED.items()}


def test_basic_and_research_end_alike() -> None:
    engine = deidentifier("basic", "accept")
    for name, entry in EXPECTED.items():
        assert ending(engine, corpus_file(name).read()) == entry["accept"], name


def test_what_is_held_for_good_is_a_short_list_of_known_defects() -> None:
    held = {
        name: entry["accept"]
        for name, entry in EXPECTED.items()
        if entry["accept"] != "released" and Reason(entry["accept"]).ending is Ending.QUARANTINED
    }
    palettes = {name for name in held if name.startswith(PALETTES)}
    assert {held[name] for name in palettes} == {"identity-missing"}
    assert {name: reason for name, reason in held.items() if name not in palettes} == HELD


def test_accepting_pixel_risk_changes_nothing_else() -> None:
    changed = {(entry["hold"], entry["accept"]) for entry in EXPECTED.values() if entry["hold"] != entry["accept"]}
    assert changed == {("pixel-risk", "released")}


@cache
def _sop_classes() -> dict[str, str]:
    """Names of the SOP classes of the files that come out when pixel risk is accepted."""
    names = {}
    for name, entry in EXPECTED.items():
        if entry["accept"] == "released":
            read = dcmread(io.BytesIO(corpus_file(name).read()), force=True, stop_before_pixels=True)
            names[name] = read.SOPClassUID.name
    return names


def test_only_kinds_of_images_that_carry_text_wait_for_a_look() -> None:
    waiting = {name for name, entry in EXPECTED.items() if entry["hold"] == "pixel-risk"}
    assert {_sop_classes()[name] for name in waiting - DIGITIZED} == TEXT_CLASSES


def test_modalities_come_out() -> None:
    released = Counter(kind for name, kind in _sop_classes().items() if EXPECTED[name]["hold"] == "released")
    assert released == {
        "CT Image Storage": 68,
        "MR Image Storage": 31,
        "Computed Radiography Image Storage": 14,
        "RT Dose Storage": 7,
        "Enhanced MR Image Storage": 5,
        "Segmentation Storage": 4,
        "Basic Text SR Storage": 2,
        "Comprehensive SR Storage": 1,
        "Digital X-Ray Image Storage - For Presentation": 1,
        "Enhanced CT Image Storage": 1,
        "RT Ion Plan Storage": 1,
        "RT Plan Storage": 1,
        "RT Structure Set Storage": 1,
        "12-lead ECG Waveform Storage": 1,
        "Ultrasound Image Storage": 1,
    }


def test_what_is_skipped_is_no_dicom_image() -> None:
    skipped = {
        name: entry["accept"]
        for name, entry in EXPECTED.items()
        if entry["accept"] != "released" and Reason(entry["accept"]).ending is Ending.SKIPPED
    }
    assert {name for name, reason in skipped.items() if reason == "dicomdir"} == {
        name for name in EXPECTED if "/DICOMDIR" in name
    }
    others = {name.rpartition(".")[2] for name, reason in skipped.items() if reason != "dicomdir"}
    # `dcm`: ExplVR_BigEndNoMeta.dcm (big endian without a word on it) and no_meta.dcm (a stray byte before the data set).
    assert others == {"md", "zip", "txt", "icc", "json", "dump", "gz", "dcm", "pydicom/dicomdirtests/TINY_ALPHA/README"}
    assert {name for name in skipped if name.endswith(".dcm")} == {
        *("pydicom/ExplVR_BigEndNoMeta.dcm", "pydicom/no_meta.dcm"),
        "pydicom/dicomdirtests/DICOMDIR-empty.dcm",
    }
