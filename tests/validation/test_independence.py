"""A checker that shares the code shares its bugs: validation imports nothing of the engine nor of the profile."""

from __future__ import annotations

import ast
from pathlib import Path

import deident.validation

#: Facts, names of errors, and how a package hands out its names.
ALLOWED = ("deident.errors", "deident.standard", "deident.validation", "deident.lazily")


def test_validation_imports_tables_and_errors_alone():
    folder = Path(deident.validation.__file__).parent
    modules = list(folder.glob("*.py"))
    assert len(modules) > 10
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith("deident") or name.startswith(ALLOWED), (module.name, name)


def test_the_public_names_are_these():
    assert deident.validation.__all__ == ["Claims", "DatePolicy", "Finding", "Pair", "Source", "validate_study"]


def test_what_is_printed_of_a_pair_shows_no_bytes(study):
    assert "source" not in repr(study.pairs[0])
