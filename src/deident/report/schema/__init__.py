"""JSON Schemas (draft 2020-12) of what deident writes for machines: audit log, report, ledger record, run record."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Final

__all__ = ["NAMES", "schema"]

NAMES: Final = ("audit", "ledger-record", "report", "run-record")


def schema(name: str) -> dict[str, Any]:
    """One of the schemas, by its name."""
    loaded: dict[str, Any] = json.loads(files(__name__).joinpath(f"{name}.json").read_text("utf-8"))
    return loaded
