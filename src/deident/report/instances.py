"""Read the audit logs of a run back, record by record, without parsing what thousands of instances have in common."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from deident.errors import NotFound
from deident.report.model import ActionLine
from deident.stores.protocol import Store, read_lines

__all__ = ["InstanceLine", "action_lines", "read_instances"]

_TAGS: Final = b', "tags_anonymized": '


@dataclass(frozen=True, slots=True)
class InstanceLine:
    """One record of an audit log: `head` is all of it but `tags_anonymized`, which is `tags`, as JSON text."""

    study: str
    head: dict[str, Any]
    tags: bytes = field(repr=False)


def read_instances(store: Store, run: str, studies: Iterable[str]) -> Iterator[InstanceLine]:
    """The records of the studies of a run, out of their audit logs; a study without one has none."""
    for study in studies:
        with contextlib.suppress(NotFound), store.open(f"{run}/{study}.json") as opened:
            # One line for each record, tags last: what AuditRecord.to_json makes.
            for line in read_lines(opened):
                head, found, tags = line.rstrip(b"\n,").partition(_TAGS)
                if found:
                    yield InstanceLine(study, json.loads(head + b"}"), tags.removesuffix(b"}"))


def action_lines(instances: Iterable[InstanceLine]) -> tuple[ActionLine, ...]:
    """What was done per attribute, most frequent first within an action. Files of one layout share their decisions."""
    layouts = Counter(instance.tags for instance in instances)
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for tags, times in layouts.items():
        for entry in json.loads(tags):
            group = int(entry["tag"][1:5], 16)
            # Private elements are as many as there are vendors: what was done to them is one fact.
            tag, attribute = ("", "") if group & 1 else (entry["tag"], entry["attribute"])
            counts[tag, attribute, entry["action"], entry["because"]] += times * entry.get("count", 1)
    return tuple(ActionLine(*key, count=count) for key, count in sorted(counts.items()))
