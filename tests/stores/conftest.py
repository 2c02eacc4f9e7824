"""Every store that there is, for the one behaviour suite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deident.stores import FolderStore, MemoryStore, Store
from s3tools.fixtures import VERSIONED, S3Maker, kms, make_moto_s3, make_s3, proxy, s3_server

__all__ = ["kms", "make_moto_s3", "make_s3", "proxy", "s3_server"]  # fixtures are found by their names here


def _s3(request: pytest.FixtureRequest) -> S3Maker:
    maker: S3Maker = request.getfixturevalue("make_s3")
    return maker


#: A new kind of store adds itself here and runs the whole suite.
MAKERS: dict[str, Callable[[pytest.FixtureRequest, Path], Store]] = {
    "memory": lambda _request, _path: MemoryStore(),
    "folder": lambda _request, path: FolderStore(path),
    "private-folder": lambda _request, path: FolderStore(path, private=True),
    "s3": lambda request, _path: _s3(request)(),
    "s3-versioned": lambda request, _path: _s3(request)(bucket=VERSIONED),
}


@pytest.fixture(params=sorted(MAKERS))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return MAKERS[request.param](request, tmp_path / "store")


@pytest.fixture(params=sorted(MAKERS))
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return MAKERS[request.param](request, tmp_path / "other")


@pytest.fixture(params=["memory", "folder", "s3-moto"])
def exact(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Stores that keep a key as it is; SeaweedFS makes a slash of a backslash, and one of two."""
    if request.param == "s3-moto":
        maker: S3Maker = request.getfixturevalue("make_moto_s3")
        return maker()
    return MAKERS[request.param](request, tmp_path / "exact")


@pytest.fixture
def folder(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")
