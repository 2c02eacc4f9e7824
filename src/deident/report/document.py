"""The report as a JSON document, written piece by piece: summary first, then one record per instance."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from typing import Any, Final

from deident.report.instances import InstanceLine
from deident.report.model import SCHEMA, RunReport

__all__ = ["document", "expand", "for_recipients"]

#: Keyed references to what came in: of use to whoever holds the key, and nobody else's business.
_REFERENCES: Final = ("input", "original_patient_id_hash")


def document(report: RunReport, instances: Iterable[InstanceLine], *, references: bool = True) -> Iterator[bytes]:
    """The bytes of the document. Without `references` the keyed references of inputs and patients are null.

    `instances` are records of the audit log, except that instead of `tags_anonymized` they have `layout`: the index of
    a list of [index of a decision, count]. Instances of one layout share it, or the document would be a hundred times
    as large; `expand` undoes it.
    """
    content = {"schema": SCHEMA, **asdict(report)}
    yield json.dumps(content, indent=1).removesuffix("\n}").encode() + b',\n "instances": ['
    decisions: dict[str, int] = {}
    layouts: dict[bytes, int] = {}
    listed: list[list[list[int]]] = []
    separator = b"\n"
    for instance in instances:
        layout = layouts.setdefault(instance.tags, len(layouts))
        if layout == len(listed):
            listed.append(_layout(json.loads(instance.tags), decisions))
        record = {"study": instance.study, **instance.head, "layout": layout}
        if not references:
            record.update(dict.fromkeys(_REFERENCES))
        yield separator + json.dumps(record).encode()
        separator = b",\n"
    yield b'\n ],\n "decisions": [\n' + b",\n".join(text.encode() for text in decisions)
    yield b'\n ],\n "layouts": [\n' + b",\n".join(json.dumps(layout).encode() for layout in listed) + b"\n ]\n}\n"


def _layout(tags: list[dict[str, Any]], decisions: dict[str, int]) -> list[list[int]]:
    layout = []
    for entry in tags:
        count = entry.pop("count", 1)
        layout.append([decisions.setdefault(json.dumps(entry), len(decisions)), count])
    return layout


def expand(report: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The records of the audit log from a report that was read back: with `tags_anonymized` instead of `layout`."""
    for instance in report["instances"]:
        record = dict(instance)
        layout = report["layouts"][record.pop("layout")]
        record["tags_anonymized"] = [
            {**report["decisions"][number], **({"count": count} if count > 1 else {})} for number, count in layout
        ]
        yield record


def for_recipients(report: RunReport) -> RunReport:
    """The report as it may lie beside the outputs: no reference to an input, no word of the project home."""
    return replace(
        report,
        others=tuple(replace(other, reference="") for other in report.others),
        places={name: place for name, place in report.places.items() if name == "outputs"},
    )
