import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [path for folder in ("flows", "tasks") for path in sorted((ROOT / folder).rglob("*.py"))]
FORBIDDEN = {"flow", "task", "Flow", "Task", "materialize", "get_run_logger"}
ALLOWED_IN = {"safety.py": {"Flow", "Task"}, "events.py": {"get_run_logger"}}


def bare_uses(tree: ast.AST, allowed: set[str]) -> list[int]:
    """Lines that take one of the forbidden names out of Prefect, by import or as an attribute of the module."""
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "prefect":
            lines += [node.lineno for alias in node.names if alias.name in FORBIDDEN - allowed]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "prefect":
            lines += [node.lineno] if node.attr in FORBIDDEN - allowed else []
    return lines


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_flows_and_tasks_are_made_by_our_own_wrappers_alone(path):
    assert bare_uses(ast.parse(path.read_text(encoding="utf-8")), ALLOWED_IN.get(path.name, set())) == []


@pytest.mark.parametrize(
    "source",
    [
        "from prefect import flow",
        "from prefect import task as t",
        "from prefect.tasks import task",
        "import prefect\n@prefect.flow\ndef f(): ...",
    ],
)
def test_the_check_finds_a_bare_decorator(source):
    assert bare_uses(ast.parse(source), set())


def test_there_is_something_to_check():
    assert len(FILES) > 5
