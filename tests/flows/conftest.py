import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deident.flows.server import Server, ensure_server, stop_server
from deident.home import ProjectHome


@pytest.fixture(scope="session")
def home() -> Iterator[ProjectHome]:
    """A project home with its own server, shared by the tests that need one."""
    with tempfile.TemporaryDirectory(prefix="deident-test-") as folder:
        made = ProjectHome.open(Path(folder) / "home")
        yield made
        stop_server(made)


@pytest.fixture(scope="session")
def server(home: ProjectHome) -> Server:
    return ensure_server(home)


@pytest.fixture
def new_home(tmp_path: Path) -> Iterator[ProjectHome]:
    """A home of one test alone; its server, if it gets one, ends with the test."""
    made = ProjectHome.open(tmp_path / "new-home")
    yield made
    stop_server(made)
