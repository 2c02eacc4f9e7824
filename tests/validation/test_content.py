"""What the engine makes of content items and graphics under the options is what validation expects, and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydicom import Dataset

from deident.standard import content_items
from support.builders import build
from support.corpus import corpus_file
from support.reports import CODE, concept, item, measured, report

BASE = frozenset({"clean_structured_content", "clean_graphics"})
RETAINING = frozenset(
    {
        *("retain_device_identity", "retain_institution_identity", "retain_patient_characteristics"),
        *("retain_uids", "retain_longitudinal_full_dates"),
    }
)
OPTIONS = {
    "alone": BASE,
    "cleaned and shifted": BASE | {"clean_descriptors", "retain_longitudinal_modified_dates"},
    "retained": BASE | RETAINING,
}
OBJECTS = ("sr-comprehensive", "ko", "pr-grayscale", "ecg", "wsi", "pydicom/reportsi.dcm", "pydicom/test-SR.dcm")
VALUES: dict[str, Any] = {
    "DATETIME": "20190717101112",
    "DATE": "20190717",
    "TIME": "101112",
    "PNAME": "Koschkarew^Ada",
    "CODE": CODE["F"],
    "NUM": measured("97", "a"),
    "CONTAINER": None,
}


def _row(row: content_items.Row, number: int) -> Dataset:
    value = VALUES.get(row.value_type, f"lobe QX{number:03}Z" if row.value_type == "TEXT" else f"1.2.826.0.1.{number}")
    return item(row.value_type, (row.code, row.scheme, row.meaning), value)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", OBJECTS)
def test_objects_under_the_options_are_released(name: str, options: str, release: Callable[..., Any]) -> None:
    source = corpus_file(name).read() if "/" in name else build(name)
    assert release(source, options=OPTIONS[options]).findings() == []


@pytest.mark.parametrize("options", OPTIONS)
def test_all_rows_of_the_table_in_one_report_are_released(options: str, release: Callable[..., Any]) -> None:
    rows = [item("CONTAINER", CODE["UNLISTED"], None, _row(row, n)) for n, row in enumerate(content_items.rows())]
    assert release(report(*rows), options=OPTIONS[options]).findings() == []


@pytest.mark.parametrize("keyword", ["TextValue", "PersonName"])
def test_a_name_that_comes_back_into_a_tree_is_a_finding(keyword: str, release: Callable[..., Any]) -> None:
    clean = release(report(item("NUM", concept("8302-2", "LN"), measured("5"))), options=OPTIONS["alone"])
    assert clean.findings() == []

    def put_back(content: Dataset) -> None:
        setattr(content.ContentSequence[0], keyword, "Doe^Jane")

    assert {finding.check for finding in clean.edited(put_back).findings()} == {"leak"}
