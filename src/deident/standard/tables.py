"""Read the JSON tables that ship with the package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

__all__ = ["load_table"]

#: By path, as the presets: `importlib.resources` takes as long to import as the largest table to read.
_DATA: Final = Path(__file__).with_name("data")


def load_table(name: str) -> Any:
    """The parsed document `standard/data/<name>`."""
    return json.loads((_DATA / name).read_bytes())
