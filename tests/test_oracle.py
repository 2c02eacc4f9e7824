"""The engine against a second reading of the standard (support/oracle.py), element by element."""

from __future__ import annotations

import io
import warnings

import pytest
from pydicom import dcmread

from deident.errors import Refusal
from support.builders import FAMILIES, IMAGE_FAMILIES, SYNTAXES, build, build_iod, iod_classes
from support.corpus import CorpusFile, dicom_files
from support.oracle import CHARACTERISTICS, Oracle
from support.outputs import deidentified, deidentifier
from support.planter import GENTLE, plant

OPTIONS = {"basic": frozenset[str](), "research": frozenset({CHARACTERISTICS})}
ORACLES = {profile: Oracle(options) for profile, options in OPTIONS.items()}
"""One for each profile over all tests: UIDs must be remapped in one way throughout."""
REFUSED = {"pdf", "cda", "audio", "private", "unknown"}


def _differences(profile: str, data: bytes) -> list[str]:
    result, output = deidentified(deidentifier(profile), data)
    blanked = frozenset((*d.path, d.tag) for d in result.decisions if d.because == "known-identifier")
    return ORACLES[profile].differences(data, output, blanked)


@pytest.mark.parametrize("profile", OPTIONS)
def test_every_file_of_the_corpora_is_treated_as_the_oracle_says(profile: str) -> None:
    compared = 0
    for file in dicom_files():
        try:
            differences = _differences(profile, file.read())
        except Refusal:
            continue
        compared += 1
        assert differences == [], file.id
    assert compared > 225
    counts = ORACLES[profile].seen.counts
    assert min(counts[letter] for letter in "KXZDUP") > 50, counts


@pytest.mark.parametrize("profile", OPTIONS)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_treated_as_the_oracle_says(family: str, profile: str) -> None:
    if family in REFUSED:
        with pytest.raises(Refusal):
            _differences(profile, build(family))
    else:
        assert _differences(profile, build(family)) == []


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_transfer_syntax_is_treated_as_the_oracle_says(syntax: str) -> None:
    for family in set(IMAGE_FAMILIES) - REFUSED:
        if FAMILIES[family].pixels in ("grey", "grey16", "word"):
            assert _differences("basic", build(family, syntax)) == [], family
    for family in ("sr-comprehensive", "rt-plan", "pr-grayscale"):
        if syntax in ("implicit", "explicit", "big-endian", "deflated"):
            assert _differences("basic", build(family, syntax)) == [], family


def test_every_sop_class_is_treated_as_the_oracle_says() -> None:
    refused = {}
    for sop_class in iod_classes():
        try:
            differences = _differences("basic", build_iod(sop_class))
        except Refusal as refusal:
            refused[sop_class] = refusal.reason.value
            continue
        assert differences == [], sop_class
    assert set(refused.values()) <= {"encapsulated-document", "audio", "dicomdir"}
    assert len(iod_classes()) - len(refused) > 165


@pytest.mark.parametrize("profile", OPTIONS)
@pytest.mark.parametrize(
    "family", ["ct", "enhanced-mr", "rt-plan", "sr-comprehensive", "pr-grayscale", "seg", "us-multiframe"]
)
@pytest.mark.parametrize("syntax", ["explicit", "implicit", "big-endian"])
def test_every_row_of_every_table_at_every_level_is_treated_as_the_oracle_says(
    family: str, syntax: str, profile: str
) -> None:
    places = [place for place in GENTLE if place.partition(".")[0] in ("table", "gaps", "sequence", "dates", "uid")]
    assert _differences(profile, plant(build(family, syntax), 3, places).data) == []


@pytest.mark.parametrize("syntax", ["explicit", "implicit", "deflated"])
def test_planted_everywhere_is_treated_as_the_oracle_says(syntax: str) -> None:
    assert _differences("basic", plant(build("ct", syntax), 4, GENTLE).data) == []


def _readable(file: CorpusFile, output: bytes) -> bool:
    """Whether pydicom decodes every element of an output whose input it decodes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dcmread(io.BytesIO(file.read()), force=True).walk(lambda _data_set, _element: None)
        except Exception:  # noqa: BLE001 - whatever ails the input
            return True
        dcmread(io.BytesIO(output)).walk(lambda _data_set, _element: None)
    return True


def test_pydicom_decodes_every_output() -> None:
    for file in dicom_files():
        try:
            output = deidentified(deidentifier("research"), file.read())[1]
        except Refusal:
            continue
        assert _readable(file, output)


def test_the_oracle_notices_each_kind_of_deviation() -> None:
    data = build("ct")
    output = deidentified(deidentifier("basic"), data)[1]
    oracle = Oracle()
    assert oracle.differences(data, output) == []
    for old, new in (
        (b"Acme Imaging", b"Acme Imagine"),
        (b"CT\x10\x00\x10\x00", b"CT\x10\x00\x20\x00"),
        (b"2.25.", b"2.26."),
        (b"REMOVED ", b"MODIFIED"),
        (b"113100", b"113101"),
        (b"YES ", b"NO  "),
    ):
        if old in output:
            assert oracle.differences(data, output.replace(old, new)), old
    assert "00100010 is missing (P)" in oracle.differences(
        data, output.replace(b"\x10\x00\x10\x00PN", b"\x10\x00\x11\x00PN")
    )
    assert oracle.differences(data, data)
