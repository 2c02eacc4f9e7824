"""How a worker process begins."""

from __future__ import annotations

import importlib

from deident.orphans import end_with
from deident.settling import settled
from deident.standard.preload import preload

__all__ = ["begin"]


def begin(parent: int, module: str) -> None:
    """Let this process end with `parent`, and import the module of its work before that comes."""
    end_with(parent)
    with settled():
        importlib.import_module(module)
        preload()
