"""What stands in a project home beside the ledger and bears witness to it: reports and audit logs."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Final

from deident.home import ProjectHome
from deident.seals.verify import Witness

__all__ = ["witness_of"]

_RUN: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_INSTANCES: Final = b',\n "instances": ['


def witness_of(home: ProjectHome) -> Witness:
    """The run records that reports name, and the digests of audit logs."""

    def audit(run: str, study: str) -> str | None:
        if _RUN.fullmatch(run) is None or _RUN.fullmatch(study) is None:
            return None
        try:
            with open(home.audit / run / f"{study}.json", "rb") as file:
                return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return None

    reports = {}
    for path in sorted(home.reports.glob("*/report.json")):
        mark = _mark(path)
        if mark is not None and _RUN.fullmatch(path.parent.name):
            reports[path.parent.name] = mark
    return Witness(reports, audit)


def _mark(path: Path) -> tuple[int, str] | None:
    """(number, digest) of the run record that a report names; a report says it before its many instances."""
    try:
        summary = json.loads(path.read_bytes().partition(_INSTANCES)[0] + b"\n}")
        return int(summary["ledger"]["number"]), str(summary["ledger"]["digest"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
