"""Read the JSON tables that ship with the package."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

__all__ = ["load_table"]


def load_table(name: str) -> Any:
    """The parsed document `standard/data/<name>`."""
    return json.loads((resources.files("deident.standard") / "data" / name).read_bytes())
