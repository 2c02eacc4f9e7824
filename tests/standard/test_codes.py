"""Public coding schemes and the meanings of their codes are those of PS3.16, and the command makes them."""

import json
import subprocess
import sys
import time
from importlib import resources
from pathlib import Path

import pytest
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts

from deident.standard import codes as module
from deident.standard.codes import is_public, meaning

DATA = resources.files("deident.standard") / "data" / "codes.json"


@pytest.mark.parametrize(
    "scheme", ["DCM", "SCT", "SRT", "SNM3", "99SDM", "LN", "UCUM", "RADLEX", "FMA", "MDC", "I10", "NCIt", " DCM "]
)
def test_schemes_of_the_standard_are_public(scheme):
    assert is_public(scheme)


@pytest.mark.parametrize(
    "scheme", ["", "99", "99GEMS", "99SIEMENS", "99PMP", "L", "LOCAL", "L-RIS", "dcm", "SCT2", "HOSP", "NPI"]
)
def test_private_and_unknown_schemes_and_codes_of_people_are_not(scheme):
    assert not is_public(scheme)


@pytest.mark.parametrize(
    ("scheme", "code", "expected"),
    [
        ("DCM", "113105", "Clean Descriptors Option"),
        ("DCM", "121071", "Finding"),
        ("SCT", "818981001", "Abdomen"),
        ("SRT", "T-A0100", "Brain"),
        ("SNM3", "T-A0100", "Brain"),
        ("99SDM", "T-A0100", "Brain"),
        ("SRT", "T-D4000", "Abdominal structure"),
        ("UCUM", "mm", "mm"),
        (" DCM", "113105 ", "Clean Descriptors Option"),
        ("DCM", "999999", None),
        ("SRT", "T-NONE", None),
        ("99GEMS", "113105", None),
        ("HOSP", "1", None),
    ],
)
def test_a_code_means_what_the_dictionary_says(scheme, code, expected):
    assert meaning(scheme, code) == expected


def test_a_meaning_fits_its_attribute_and_has_one_value():
    for codes in json.loads(DATA.read_bytes())["meanings"].values():
        for text in codes.values():
            assert 0 < len(text) <= 64
            assert "\\" not in text
            assert text == text.strip()
            assert text.isprintable()


def test_nearly_every_concept_of_the_context_groups_has_a_meaning():
    used = {(s, k) for group in cid_concepts.values() for s, keywords in group.items() for k in keywords}
    codes = [(scheme, code) for scheme, keyword in used for code in concepts[scheme][keyword]]
    missing = [pair for pair in codes if meaning(*pair) is None]
    assert len(codes) > 5000
    assert len(missing) / len(codes) < 0.01


def test_every_scheme_with_meanings_is_public():
    assert [scheme for scheme in json.loads(DATA.read_bytes())["meanings"] if not is_public(scheme)] == []


def test_it_loads_in_a_moment_and_answers_in_no_time():
    module._table.cache_clear()
    module._public.cache_clear()
    start = time.perf_counter()
    meaning("DCM", "113105")
    assert time.perf_counter() - start < 0.15
    start = time.perf_counter()
    for _ in range(1000):
        meaning("SRT", "T-A0100")
    assert time.perf_counter() - start < 0.05


def test_the_command_makes_the_table_that_is_shipped(tmp_path):
    tool = Path(__file__).resolve().parents[2] / "tools" / "make_codes.py"
    program = (
        "import pathlib, runpy, sys; main = runpy.run_path(sys.argv[1])['main']; "
        "main.__globals__['DATA'] = pathlib.Path(sys.argv[2]); main()"
    )
    subprocess.run([sys.executable, "-c", program, str(tool), str(tmp_path)], check=True)
    made, shipped = json.loads((tmp_path / "codes.json").read_bytes()), json.loads(DATA.read_bytes())
    assert {k: v for k, v in made.items() if k != "edition"} == {k: v for k, v in shipped.items() if k != "edition"}
