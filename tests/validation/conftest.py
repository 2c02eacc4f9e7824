"""What the validation tests share: outputs of the real engine, and ways to damage them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.cases import Case, Memory, released, study_case


@pytest.fixture(scope="session")
def study() -> Case:
    """A clean study of three instances with references between them."""
    return study_case()


@pytest.fixture(scope="session")
def release() -> Callable[..., Case]:
    """`release(*sources)`: what the engine makes of them."""
    return released


@pytest.fixture(scope="session")
def memory() -> type[Memory]:
    return Memory
