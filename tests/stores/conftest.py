"""Every store that there is, for the one behaviour suite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deident.stores import FolderStore, MemoryStore, Store

#: A new kind of store adds itself here and runs the whole suite.
MAKERS: dict[str, Callable[[Path], Store]] = {
    "memory": lambda _: MemoryStore(),
    "folder": FolderStore,
    "private-folder": lambda path: FolderStore(path, private=True),
}


@pytest.fixture(params=sorted(MAKERS))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return MAKERS[request.param](tmp_path / "store")


@pytest.fixture(params=sorted(MAKERS))
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return MAKERS[request.param](tmp_path / "other")


@pytest.fixture
def folder(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")
