"""Structured reports built in code: content items of every value type, and what became of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pydicom
from pydicom import Dataset

from support.builders import dataset, encode
from support.iod_content import code, content_item

__all__ = ["CODE", "concept", "item", "measured", "read", "reference", "report", "walk_items"]

CODE = {"F": ("248152002", "SCT", "Female"), "UNLISTED": ("111028", "DCM", "Image Library")}
_CT = "1.2.840.10008.5.1.4.1.1.2"


def concept(value: str, scheme: str, meaning: str = "Meaning") -> tuple[str, str, str]:
    return value, scheme, meaning


def reference(uid: str) -> Dataset:
    """An item of Referenced SOP Sequence."""
    found = Dataset()
    found.ReferencedSOPClassUID, found.ReferencedSOPInstanceUID = _CT, uid
    return found


def measured(number: str, unit: str = "mm", scheme: str = "UCUM") -> Dataset:
    """An item of Measured Value Sequence."""
    found = Dataset()
    found.MeasurementUnitsCodeSequence, found.NumericValue = [code(unit, scheme, unit)], number
    return found


def item(
    value_type: str, name: tuple[str, str, str], value: Any = None, *children: Dataset, how: str = "CONTAINS"
) -> Dataset:
    """A content item; `value` is text, a code, a Measured Value item, a UID, or whatever the value type holds."""
    keyword = {
        "TEXT": "TextValue",
        "DATETIME": "DateTime",
        "DATE": "Date",
        "TIME": "Time",
        "PNAME": "PersonName",
        "UIDREF": "UID",
        "CODE": "ConceptCodeSequence",
        "NUM": "MeasuredValueSequence",
        "IMAGE": "ReferencedSOPSequence",
        "COMPOSITE": "ReferencedSOPSequence",
        "WAVEFORM": "ReferencedSOPSequence",
        "CONTAINER": "ContinuityOfContent",
    }[value_type]
    if value_type == "CODE":
        value = [code(*value)]
    elif value_type == "NUM":
        value = [value]
    elif value_type in ("IMAGE", "COMPOSITE", "WAVEFORM"):
        value = [reference(value)]
    elif value_type == "CONTAINER":
        value = "SEPARATE"
    found = content_item(how, value_type, name, **{keyword: value})
    if children:
        found.ContentSequence = list(children)
    return found


def report(*items: Dataset, family: str = "sr-comprehensive-3d", syntax: str = "explicit", **changes: Any) -> bytes:
    """A document with these items below its root."""
    document = dataset(family, **changes)
    for keyword in ("ConceptCodeSequence", "MeasuredValueSequence", "TabulatedValuesSequence", "TemporalRangeType"):
        if keyword in document:
            delattr(document, keyword)
    document.ContentSequence = list(items)
    return encode(document, syntax)


def read(data: bytes) -> Dataset:
    return pydicom.dcmread(io.BytesIO(data))


def walk_items(tree: Dataset) -> Iterator[Dataset]:
    """Every content item below, depth first."""
    for found in tree.get("ContentSequence", []):
        yield found
        yield from walk_items(found)
