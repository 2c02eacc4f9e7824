"""The vocabulary holds terms and no names, and the command that makes it still makes the same."""

import json
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from deident.standard.vocabulary import generic_words, is_term, is_vocabulary, name_particles, placeholders

TABLE = json.loads((resources.files("deident.standard") / "data" / "vocabulary.json").read_bytes())

EPONYMS_AND_NAMES = """
simpson allen young stanford fick teichholz smith jones brown green white black gray grey rose king long short hall
wood stone cross field fields temple palm palmer chin shin park tan lin min max pan kim lee may mark page bell cook
cooper hunter fisher miller taylor mason ward wall walker young wolf fox bush rivers waters towne caldwell stenvers
law judet grashey merchant hughston settegast ferguson valsalva couinaud towns eustachian douglas
""".split()


@pytest.mark.parametrize("name", EPONYMS_AND_NAMES)
def test_no_surname_eponym_or_colour_slipped_in(name):
    assert not is_term(name)


@pytest.mark.parametrize(
    "term",
    [
        "head",
        "hand",
        "lung",
        "ct",
        "mr",
        "l",
        "r",
        "ap",
        "hfs",
        "axial",
        "original",
        "primary",
        "sagittal",
        "flair",
        "cspine",
        "text",
        "container",
        "pname",
    ],
)
def test_terms_of_anatomy_modality_and_view_are_in(term):
    assert is_term(term)


def test_the_size_is_that_of_a_vocabulary_and_every_word_is_casefolded():
    assert 500 <= len(TABLE["terms"]) <= 3000
    for name in ("terms", "placeholders", "name_particles", "generic"):
        assert TABLE[name] == sorted({word.casefold() for word in TABLE[name]})


@pytest.mark.parametrize(
    "text", ["CT", "Head", "CT 1", "MR BRAIN", "ORIGINAL\\PRIMARY\\AXIAL", "ANONYMOUS", "head^phantom", "UNKNOWN"]
)
def test_a_value_made_of_terms_and_placeholders_names_nobody(text):
    assert is_vocabulary(text)


@pytest.mark.parametrize("text", ["", "12", "Smith", "Head Smith", "CT01", "CT 123", "head^anna", "脳"])
def test_a_value_with_anything_else_in_it_may_name_somebody(text):
    assert not is_vocabulary(text)


def test_the_words_that_stand_in_for_values_are_known():
    assert "anonymized" in placeholders()
    assert {"dr", "van"} <= name_particles()
    assert {"hospital", "street"} <= generic_words()


def test_the_command_makes_the_table_that_is_shipped(tmp_path):
    tool = Path(__file__).resolve().parents[2] / "tools" / "make_vocabulary.py"
    program = (
        "import pathlib, runpy, sys; main = runpy.run_path(sys.argv[1])['main']; "
        "main.__globals__['DATA'] = pathlib.Path(sys.argv[2]); main()"
    )
    subprocess.run([sys.executable, "-c", program, str(tool), str(tmp_path)], check=True)
    made = json.loads((tmp_path / "vocabulary.json").read_bytes())
    assert {k: v for k, v in made.items() if k != "edition"} == {k: v for k, v in TABLE.items() if k != "edition"}
