"""Read the JSON tables, and other files that ship with the package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

__all__ = ["load_table", "shipped"]

#: By path: `importlib.resources` takes as long to import as the largest table to read.
_PACKAGE: Final = Path(__file__).parent.parent


def shipped(*parts: str) -> bytes:
    """The content of a file of the package, by the names of the folders that lead to it."""
    return _PACKAGE.joinpath(*parts).read_bytes()


def load_table(name: str) -> Any:
    """The parsed document `standard/data/<name>`."""
    return json.loads(shipped("standard", "data", name))
