"""Every data file of the PyPI packages pydicom, pydicom-data and deid-data as installed: no download, no copy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

__all__ = ["CorpusFile", "by_digest", "corpus", "corpus_file", "dicom_files", "unique_files"]

_PACKAGES = {"pydicom": "pydicom", "pydicom-data": "data_store", "deid-data": "deid_data"}
_CODE = frozenset({".py", ".pyc", ".pyi", ".typed"})
# What is left of these folder prefixes makes the stable id.
_PREFIXES = ("data/test_files/", "data/")


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """One file; `id` is stable over machines and versions of Python, e.g. `pydicom/CT_small.dcm`."""

    id: str
    path: Path

    def read(self) -> bytes:
        return self.path.read_bytes()


def _package_files(package: str, module: str) -> Iterator[CorpusFile]:
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"the package {package} is not installed: the tests need its files")
    root = Path(spec.submodule_search_locations[0])
    for path in sorted((root / "data").rglob("*")):
        if path.is_file() and path.suffix not in _CODE and "__pycache__" not in path.parts:
            name = path.relative_to(root).as_posix()
            prefix = next((p for p in _PREFIXES if name.startswith(p)), "")
            yield CorpusFile(f"{package}/{name.removeprefix(prefix)}", path)


@cache
def corpus() -> tuple[CorpusFile, ...]:
    """All files, DICOM or not, sorted by id."""
    return tuple(
        sorted(
            (f for package, module in _PACKAGES.items() for f in _package_files(package, module)), key=lambda f: f.id
        )
    )


@cache
def corpus_file(identifier: str) -> CorpusFile:
    """The file of that id. Raises KeyError when there is none."""
    for found in corpus():
        if found.id == identifier:
            return found
    raise KeyError(identifier)


@cache
def by_digest() -> dict[str, tuple[str, ...]]:
    """SHA-256 of the bytes -> ids of the files that have them, the first is the one to prefer."""
    groups: dict[str, list[str]] = {}
    for found in corpus():
        with found.path.open("rb") as stream:
            groups.setdefault(hashlib.file_digest(stream, "sha256").hexdigest(), []).append(found.id)
    return {digest: tuple(ids) for digest, ids in groups.items()}


@cache
def unique_files() -> tuple[CorpusFile, ...]:
    """The corpus without byte-for-byte duplicates."""
    return tuple(corpus_file(ids[0]) for ids in by_digest().values())


@cache
def dicom_files() -> tuple[CorpusFile, ...]:
    """Those of `unique_files` that have a preamble and the prefix DICM: a promise about 132 bytes and nothing more."""
    return tuple(f for f in unique_files() if _has_prefix(f.path))


def _has_prefix(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM"
