"""How a worker process begins."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from deident.orphans import end_with
from deident.settling import settled
from deident.standard.preload import preload

__all__ = ["begin"]


def begin(parent: int, modules: Sequence[str]) -> None:
    """Let this process end with `parent`, and import the modules of its work before that comes."""
    end_with(parent)
    with settled():
        for module in modules:
            importlib.import_module(module)
        preload()
