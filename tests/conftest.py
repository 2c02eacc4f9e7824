"""Fixtures that every part of the tests may use."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import settings

from support.corpus import corpus_file

# No test is a matter of time. CI looks at the same examples each time, so that a red run is due to the change; at the
# desk every run looks at new ones.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


@cache
def _read(identifier: str) -> bytes:
    return corpus_file(identifier).read()


@pytest.fixture(scope="session")
def corpus_bytes() -> Callable[[str], bytes]:
    """The bytes of a corpus file by its id, e.g. `corpus_bytes("pydicom/CT_small.dcm")`."""
    return _read
