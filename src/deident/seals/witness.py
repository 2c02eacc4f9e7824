"""What stands in a project home beside the ledger and bears witness to it: reports and audit logs."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from typing import Final

from deident.errors import NotFound, Refusal
from deident.seals.verify import Witness
from deident.stores.protocol import Store, read_lines

__all__ = ["witness_of"]

_RUN: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_INSTANCES: Final = b' "instances": ['


def witness_of(audits: Store, reports: Store) -> Witness:
    """The run records that reports name, and the digests of audit logs."""

    def audit(run: str, study: str) -> str | None:
        if _RUN.fullmatch(run) is None or _RUN.fullmatch(study) is None:
            return None
        digest = hashlib.sha256()
        try:
            with audits.open(f"{run}/{study}.json") as opened:
                for line in read_lines(opened):
                    digest.update(line)
        except (NotFound, Refusal):
            return None
        return "sha256:" + digest.hexdigest()

    marks = {}
    for entry in list(reports.list()):
        run, _, name = entry.key.partition("/")
        mark = _mark(reports, entry.key) if name == "report.json" and _RUN.fullmatch(run) else None
        if mark is not None:
            marks[run] = mark
    return Witness(marks, audit)


def _mark(reports: Store, key: str) -> tuple[int, str] | None:
    """(number, digest) of the run record that a report names; a report says it before its many instances."""
    try:
        with reports.open(key) as opened:
            lines: list[bytes] = list(itertools.takewhile(_before_instances, read_lines(opened)))
        summary = json.loads(b"".join(lines).rstrip(b"\n").removesuffix(b",") + b"\n}")
        return int(summary["ledger"]["number"]), str(summary["ledger"]["digest"])
    except (NotFound, Refusal, ValueError, TypeError, KeyError):
        return None


def _before_instances(line: bytes) -> bool:
    return not line.startswith(_INSTANCES)
