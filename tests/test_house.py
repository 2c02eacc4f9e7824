"""The house keeps its own rules: what ships, what is locked, what the documents say, who may print."""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydicom.data import get_testdata_file

import deident
from deident import DICOMAnonymizer
from deident.cli.parser import build_parser
from deident.errors import Reason

ROOT = Path(__file__).resolve().parent.parent
HOUSE = ("src/deident", "flows", "tasks")
#: Command lines: they alone may print, exit and read argv.
DOORS = ("src/deident/cli/", "src/deident/__main__.py", "flows/run.py", "flows/serve.py")
LINES = 320
#: The engine's one loop over elements: a call per element would cost more than what it does.
LONGER = {"src/deident/engine/scan.py": 480}


@cache
def listed_files() -> tuple[str, ...]:
    """Every file of the project that git does not ignore, committed or not."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return tuple(sorted(n for n in set(names) if n and (ROOT / n).is_file() and not (ROOT / n).is_symlink()))


def house_modules() -> list[str]:
    return [n for n in listed_files() if n.endswith(".py") and n.startswith(tuple(f"{h}/" for h in HOUSE))]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def project() -> dict[str, object]:
    return tomllib.loads(text_of("pyproject.toml"))


def requirements(*extras: str) -> list[Requirement]:
    table = project()["project"]
    assert isinstance(table, dict)
    lines = list(table["dependencies"])
    for extra in extras:
        lines += table["optional-dependencies"][extra]
    return [Requirement(line) for line in lines if not line.startswith("deident")]


def locked(name: str) -> dict[str, list[tuple[str, str]]]:
    """Package name -> (version, its block of text) for every entry of a lock."""
    found: dict[str, list[tuple[str, str]]] = {}
    for block in re.split(r"^(?=[a-z0-9])", text_of(name), flags=re.MULTILINE)[1:]:
        package, _, rest = block.partition("==")
        found.setdefault(canonicalize_name(package), []).append((rest.split()[0], block))
    return found


# What ships


def test_every_package_of_the_tree_is_listed_for_the_wheel() -> None:
    found = set()
    for name in listed_files():
        folder, _, base = name.rpartition("/")
        if base == "__init__.py" and folder.startswith(HOUSE):
            found.add(folder.removeprefix("src/").replace("/", "."))
    found = {p if p.startswith("deident") else f"deident.{p}" for p in found}
    tool = project()["tool"]
    assert isinstance(tool, dict)
    assert set(tool["setuptools"]["packages"]) == found | {"deident.standard.data", "deident.deployments"}


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {str(Path(name).parent) for name in house_modules()}
    assert [f for f in sorted(folders) if not (ROOT / f / "__init__.py").exists()] == []


def test_the_links_lead_static_tools_to_flows_and_tasks() -> None:
    for name in ("flows", "tasks"):
        link = ROOT / "src" / "deident" / name
        assert link.is_symlink()
        assert link.resolve() == ROOT / name


def test_the_public_interface_is_what_all_names() -> None:
    assert len(set(deident.__all__)) == len(deident.__all__)
    for name in deident.__all__:
        assert getattr(deident, name) is not None
    assert set(deident.__all__) <= set(dir(deident))


@pytest.mark.parametrize("name", [n for n in house_modules() if n.endswith("__init__.py")])
def test_what_a_package_exports_exists(name: str) -> None:
    parts = Path(name).parent.parts
    module = importlib.import_module(".".join(parts[1:] if parts[0] == "src" else ("deident", *parts)))
    assert [n for n in getattr(module, "__all__", []) if not hasattr(module, n)] == []


@pytest.mark.slow
def test_the_wheel_made_from_the_sdist_holds_every_module_and_table_and_imports(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name in listed_files():
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(tree)]
    subprocess.run(build, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "installed")
    shipped = (".py", ".json", ".toml", ".yaml", ".html", ".css", ".js", "py.typed")
    expected = {n for n in listed_files() if n.startswith(tuple(f"{h}/" for h in HOUSE)) and n.endswith(shipped)}
    expected |= {n for n in listed_files() if n.startswith("deployments/") and n.endswith(".yaml")}
    expected = {n.removeprefix("src/") if n.startswith("src/") else f"deident/{n}" for n in expected}
    assert {n for n in names if n.startswith("deident/")} == expected
    code = "import deident.flows, deident.tasks, deident.standard as s; print(s.__file__, deident.flows.__file__)"
    command = [sys.executable, "-c", code]
    environment = {"PYTHONPATH": str(tmp_path / "installed"), "PATH": "", "HOME": str(tmp_path)}
    answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert all(path.startswith(str(tmp_path)) for path in answer.stdout.split())


# What is locked


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock", "infra/requirements.lock"])
def test_locks_pin_every_package_with_hashes_and_name_no_address(lock: str) -> None:
    entries = locked(lock)
    assert len(entries) > 50
    for package, versions in entries.items():
        for _, block in versions:
            assert "--hash=sha256:" in block, package
    assert not re.search(r"://|^-|@ ", text_of(lock), flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("requirements.lock", ()),
        ("requirements-dev.lock", ("codecs", "server", "dev")),
        ("infra/requirements.lock", ("codecs", "server")),
    ],
)
def test_locks_satisfy_what_the_project_asks_for(lock: str, extras: tuple[str, ...]) -> None:
    entries = locked(lock)
    for requirement in requirements(*extras):
        versions = [version for version, _ in entries[canonicalize_name(requirement.name)]]
        assert versions
        assert all(requirement.specifier.contains(v) for v in versions), requirement.name


def test_the_development_lock_holds_the_runtime_lock_unchanged() -> None:
    development = locked("requirements-dev.lock")
    for package, versions in locked("requirements.lock").items():
        assert development[package] == versions, package


def test_the_bill_of_materials_names_what_the_lock_names() -> None:
    command = [sys.executable, "tools/sbom.py", "cyclonedx"]
    first, second = (subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout for _ in range(2))
    assert first == second
    purls = set(re.findall(rb'"purl": "pkg:pypi/([^"]+)"', first))
    assert {p.decode() for p in purls} == {f"{n}@{v}" for n, e in locked("requirements.lock").items() for v, _ in e}


# What the documents say


def test_every_dependency_is_explained() -> None:
    document = text_of("docs/dependencies.md")
    table = document.split("## What deident itself imports")[1].split("\nOptional")[0]
    rows = set(re.findall(r"^\| ([a-z0-9-]+) \|", table, flags=re.MULTILINE)) - {"package"}
    assert rows == {r.name for r in requirements()}
    assert [r.name for r in requirements("codecs", "server", "dev") if r.name not in document] == []


def options_of(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    """(command, long option) for every option of the command line; a command in a command is named after it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command, inner in action.choices.items():
                yield from ((f"{command} {below}".strip(), option) for below, option in options_of(inner))
        else:
            yield from (("", option) for option in action.option_strings if option.startswith("--"))


def test_every_command_and_option_is_documented() -> None:
    names = ("Command line", "Vault", "Audit, quarantine and comparison")
    sections = {name: text_of("README.md").split(f"## {name}\n")[1].split("\n## ")[0] for name in names}
    own = {"vault": "Vault", "reidentify": "Vault", **dict.fromkeys(("audit", "quarantine", "diff"), names[2])}
    for command, option in options_of(build_parser("0")):
        section = sections[own.get(command.split(" ")[0], "Command line")]
        assert option == "--help" or option in set(re.findall(r"--[a-z][a-z-]+", section)), option
        assert not command or f"deident {command}" in section, command


def test_every_reason_is_documented_with_its_ending_and_advice() -> None:
    readme = text_of("README.md")
    for reason in Reason:
        assert f"| `{reason.value}` | {reason.ending.value} | {reason.advice} |" in readme


def test_the_audit_record_in_the_readme_has_the_keys_of_a_real_one(tmp_path: Path) -> None:
    shown = text_of("README.md").split("```json")[1].split("```")[0]
    audit = tmp_path / "audit.json"
    DICOMAnonymizer().anonymize_file(get_testdata_file("CT_small.dcm"), tmp_path / "out.dcm", audit_log=audit)
    record = json.loads(audit.read_text())["files"][0]
    assert set(re.findall(r'"(\w+)":', shown)) == {
        *record,
        *record["statistics"],
        *record["tags_anonymized"][0],
    }


def test_no_option_of_anonymize_is_documented_that_does_not_exist() -> None:
    section = text_of("README.md").split("| option of `deident anonymize` | meaning |")[1].split("\n\n")[0]
    documented = {
        o for row in section.splitlines() for o in re.findall(r"`[^`]*?(--[a-z][a-z-]+)", row.split(" | ")[0])
    }
    existing = {o for command, o in options_of(build_parser("0")) if command == "anonymize" and o != "--help"}
    assert documented == existing


def test_every_make_target_is_explained_and_every_mentioned_one_exists() -> None:
    makefile = text_of("Makefile")
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile, flags=re.MULTILINE)
    targets = set(phony.split())
    explained = set(re.findall(r"^([a-z-]+):.*## ", makefile, flags=re.MULTILINE)) | {"run"}
    assert explained == targets
    for name in ("README.md", "CONTRIBUTING.md", "docs/dependencies.md", ".ci/run"):
        assert set(re.findall(r"(?:`| {4}|\n)make ([a-z-]+)", text_of(name))) <= targets, name


def test_every_decision_record_is_listed_and_has_its_four_parts() -> None:
    index = text_of("docs/adr/README.md")
    records = [n for n in listed_files() if re.fullmatch(r"docs/adr/\d{4}-[a-z0-9-]+\.md", n)]
    assert len(records) >= 10
    assert set(re.findall(r"\((\d{4}-[a-z0-9-]+\.md)\)", index)) == {Path(n).name for n in records}
    for name in records:
        headings = re.findall(r"^## (.+)$", text_of(name), flags=re.MULTILINE)
        assert headings == ["Context", "Decision", "Rejected", "Consequences"], name


def test_links_between_documents_lead_somewhere() -> None:
    for name in (n for n in listed_files() if n.endswith(".md")):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(name)):
            assert (ROOT / name).parent.joinpath(target).exists(), f"{name}: {target}"


def test_the_changelog_knows_the_version() -> None:
    assert deident.__version__ in text_of("CHANGELOG.md")


# How it is written


@pytest.mark.parametrize("name", house_modules())
def test_a_module_says_what_it_is_for_and_is_short(name: str) -> None:
    text = text_of(name)
    if text.strip():
        docstring = ast.get_docstring(ast.parse(text)) or ""
        assert docstring.split("\n\n")[0].rstrip().endswith((".", ":")), "one sentence first"
    assert text.count("\n") <= LONGER.get(name, LINES)


def forbidden_acts(tree: ast.AST) -> Iterator[str]:
    """Where a module prints, exits or reads argv."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="print" | "exit" | "quit" | "input" as name)):
                yield f"{name} in line {node.lineno}"
            case ast.Attribute(value=ast.Name(id="sys"), attr="exit" | "argv" as name):
                yield f"sys.{name} in line {node.lineno}"
            case ast.Attribute(value=ast.Name(id="os"), attr="_exit" | "abort" as name):
                yield f"os.{name} in line {node.lineno}"
            case ast.Raise(exc=ast.Name(id="SystemExit") | ast.Call(func=ast.Name(id="SystemExit"))):
                yield f"SystemExit in line {node.lineno}"
            case _:
                pass


@pytest.mark.parametrize("name", [n for n in house_modules() if not n.startswith(DOORS)])
def test_only_the_command_line_prints_exits_or_reads_argv(name: str) -> None:
    assert list(forbidden_acts(ast.parse(text_of(name)))) == []


def test_no_file_names_a_place_of_one_machine_or_a_registry() -> None:
    pattern = re.compile(
        rb"(?<![\w.])/(?:work|root|opt)/[\w.]|pypi\.org|python[h]osted|(?<![\w.])/home/(?!user\b)[a-z]"
    )
    found = [n for n in listed_files() if pattern.search((ROOT / n).read_bytes())]
    assert found == []


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    pattern = re.compile(r"mark\.(?:skip|skipif|xfail)\b|pytest\.(?:skip|xfail|importorskip)\(|unittest\.skip")
    assert [
        n for n in listed_files() if n.startswith("tests/") and n.endswith(".py") and pattern.search(text_of(n))
    ] == []
