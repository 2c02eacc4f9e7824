"""What the engine releases passes validation: no false alarm over the corpus and over all IODs."""

from __future__ import annotations

from collections import defaultdict

import pytest

from deident.errors import Refusal
from support import builders
from support.corpus import corpus_file, unique_files
from support.planter import GENTLE, plant


def _released(release, data):
    """The case, or None when the engine holds the source."""
    try:
        return release(data)
    except Refusal:
        return None


@pytest.mark.parametrize("name", [file.id for file in unique_files()])
def test_every_corpus_file_that_is_released_passes(name, release):
    case = _released(release, corpus_file(name).read())
    assert case is None or case.findings() == []


def test_enough_of_the_corpus_is_released_for_that_to_mean_something(release):
    assert sum(_released(release, file.read()) is not None for file in unique_files()) >= 150


def test_whole_studies_of_the_corpus_pass(release):
    studies = defaultdict(dict)
    for file in unique_files():
        case = _released(release, file.read())
        if case is not None:
            patient, study, _, instance = case.pairs[0].output_name.split("/")
            studies[patient, study].setdefault(instance, case.source)
    studies = {key: sources for key, sources in studies.items() if len(sources) > 1}
    assert len(studies) >= 5
    assert {key: release(*sources.values()).findings() for key, sources in studies.items()} == {
        key: [] for key in studies
    }


@pytest.mark.parametrize("sop_class", builders.iod_classes())
def test_every_iod_passes(sop_class, release):
    case = _released(release, builders.build_iod(sop_class))
    assert case is None or case.findings() == []


@pytest.mark.parametrize("syntax", [*builders.SYNTAXES])
def test_every_transfer_syntax_passes(syntax, release):
    assert release(builders.build("ct" if syntax in builders.NATIVE else "sc", syntax)).findings() == []


@pytest.mark.parametrize("name", ["ct", "enhanced-mr", "rt-struct", "seg", "sr-basic", "pr-grayscale"])
def test_a_file_with_identifiers_everywhere_passes_once_it_is_clean(name, release):
    case = _released(release, plant(builders.build(name), 7, GENTLE).data)
    assert case is not None
    assert case.findings() == []


def test_a_study_with_references_between_its_instances_passes(study):
    assert study.findings() == []


def test_no_pairs_no_findings(study):
    assert type(study)((), study.claims).findings() == []
