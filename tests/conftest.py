"""Fixtures that every part of the tests may use."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from support.corpus import corpus_file


@cache
def _read(identifier: str) -> bytes:
    return corpus_file(identifier).read()


@pytest.fixture(scope="session")
def corpus_bytes() -> Callable[[str], bytes]:
    """The bytes of a corpus file by its id, e.g. `corpus_bytes("pydicom/CT_small.dcm")`."""
    return _read
