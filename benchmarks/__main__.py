"""Measure deident beside `cp`, pydicom and other tools:  python -m benchmarks [--slices 1000] [--rounds 5]"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from benchmarks.compare import Row, compare
from benchmarks.tables import memory_table, ratio_table, step_table
from benchmarks.tools import Tool, engine_tools, pipeline_tools, step_tools
from benchmarks.venvs import go_on_installed, peers_venv

PARTS: Final = ("ct", "mr", "memory", "steps", "pipeline", "s3")


def main(argv: list[str] | None = None) -> int:
    """Generate, measure, write the tables and the JSON; print the tables."""
    arguments = sys.argv[1:] if argv is None else argv
    options = _parser().parse_args(arguments)
    parts = options.parts.split(",")
    if not set(parts) <= set(PARTS):
        raise SystemExit(f"--parts: some of {','.join(PARTS)}")
    options.results.mkdir(parents=True, exist_ok=True)
    if not options.here:
        go_on_installed(options.results / "bench-deident", arguments)
    peers = peers_venv(options.results / "bench-peers") if options.peers else None
    with tempfile.TemporaryDirectory(prefix="deident-bench-", dir=options.work) as folder:
        work = Path(folder)
        _generate(work / "inputs", options.slices, options.frames if "memory" in parts else 0)
        try:
            sections, results = _measure(parts, work, options, peers)
        finally:
            _stop_server(work)
    text = "\n\n".join([_conditions(options), *(f"### {title}\n\n{table}" for title, table in sections)]) + "\n"
    (options.results / "benchmark.md").write_text(text)
    if options.docs is not None:
        _put_into(options.docs, text)
    document = {"machine": _machine(), "slices": options.slices, "rounds": options.rounds, "parts": results}
    (options.results / "benchmark.json").write_text(json.dumps(document, indent=1) + "\n")
    print(text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--slices", type=int, default=1000, help="CT slices, and as many MR images (default: 1000)")
    add("--frames", type=int, default=2040, help="frames of the multi-frame; 2040 make 1 GB (the default)")
    add("--rounds", type=int, default=5, help="interleaved repetitions (default: 5)")
    add("--parts", default=",".join(PARTS), help="which of %(default)s")
    add("--tools", metavar="A,B", help="only tools whose names hold one of these (default: all); cp and pydicom always")
    add("--peers", action=argparse.BooleanOptionalAction, default=True, help="install and measure other Python tools")
    add(
        "--here",
        action="store_true",
        help="measure deident as it is imported here, not as it is installed from its wheel",
    )
    add("--work", type=Path, help="folder for inputs and outputs, 4 GB (default: the one for temporary files)")
    add(
        "--results",
        type=Path,
        default=Path("build"),
        help="folder for benchmark.md and benchmark.json (default: build)",
    )
    add("--docs", type=Path, help="a page to put the tables into, between its two comments")
    return parser


def _put_into(page: Path, tables: str) -> None:
    before, begin, rest = page.read_text().partition("<!-- results: written by python -m benchmarks --docs -->\n")
    _, end, after = rest.partition("<!-- end of results -->")
    if not end:
        raise SystemExit(f"--docs: {page.name} has no place for the tables")
    page.write_text(f"{before}{begin}\n{tables}\n{end}{after}")


def _generate(folder: Path, slices: int, frames: int) -> None:
    """In a process of its own: the resident set of this one must stay small, see measure.py."""
    print("Generating the inputs ...", file=sys.stderr, flush=True)
    command = [
        sys.executable,
        "-m",
        "benchmarks.generate",
        str(folder),
        "--slices",
        str(slices),
        "--frames",
        str(frames),
    ]
    subprocess.run(command, check=True, cwd=Path(__file__).parent.parent)


def _measure(
    parts: list[str], work: Path, options: argparse.Namespace, peers: Path | None
) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    inputs, files = work / "inputs", options.slices
    sections: list[tuple[str, str]] = []
    results: dict[str, Any] = {}

    def run(name: str, tools: list[Tool], kind: str, rounds: int = options.rounds) -> list[Row]:
        rows = compare(_chosen(tools, options.tools), inputs / kind, work / "runs", rounds)
        results[name] = [row.plain() for row in rows]
        return rows

    for kind in ("ct", "mr"):
        title = f"{files:,} {kind.upper()} files"
        if kind in parts:
            rows = run(kind, engine_tools(peers), kind)
            sections.append((f"The engine: {title}", ratio_table(rows, files)))
        if "steps" in parts:
            rows = run(f"steps-{kind}", step_tools(), kind)
            sections.append((f"The steps of trust: {title}", step_table(rows, files)))
        if "pipeline" in parts:
            _start_server(inputs / "one", work)
            rows = run(f"pipeline-{kind}", pipeline_tools(), kind)
            sections.append((f"The pipeline: {title}", ratio_table(rows, files)))
    if "memory" in parts:
        tools = [tool for tool in engine_tools(peers) if tool.name != "deident, 2 workers"]
        one, large = run("one", tools, "one", 1), run("large", tools, "large", 1)
        size = sum(path.stat().st_size for path in (inputs / "large").iterdir())
        sections.append(("One large multi-frame", memory_table(large, one, size / 1e6)))
    if "s3" in parts:
        found = _measure_s3(inputs / "ct", files, options)
        sections.extend((title, table) for title, table in found["sections"])
        results["s3"] = found["results"]
    return sections, results


def _measure_s3(inputs: Path, files: int, options: argparse.Namespace) -> dict[str, Any]:
    """In a process of its own, as boto3 is large."""
    command = [sys.executable, "-m", "benchmarks.s3", str(inputs), "--objects", str(files)]
    command += ["--megabytes", str(max(options.frames // 2, 50)), "--rounds", str(options.rounds)]
    done = subprocess.run(command, check=True, cwd=Path(__file__).parent.parent, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _chosen(tools: list[Tool], names: str | None) -> list[Tool]:
    """The tools to run; the steps of trust make sense together only."""
    wanted = names.split(",") if names else [""]
    return [tool for tool in tools if tool.always or any(name in tool.name for name in wanted)]


def _start_server(source: Path, work: Path) -> None:
    """Run the flow over one file: the server of its home then stands for the runs that are measured."""
    warm = work / "warm"
    shutil.rmtree(warm, ignore_errors=True)
    places = ["--source", str(source), "--dest", str(warm), "--home", str(work / "runs" / "flow-home")]
    (work / "runs").mkdir(exist_ok=True)
    subprocess.run([sys.executable, "-m", "deident", "run", *places], check=True, stdout=subprocess.DEVNULL)


def _stop_server(work: Path) -> None:
    home = work / "runs" / "flow-home"
    if home.exists():
        stop = [sys.executable, "-m", "deident", "run", "--home", str(home), "--stop-server"]
        subprocess.run(stop, check=False, stdout=subprocess.DEVNULL)


def _machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{platform.system()} {platform.machine()}, {cores} cores, Python {platform.python_version()}"


def _conditions(options: argparse.Namespace) -> str:
    return (
        f"{_machine()}; medians of {options.rounds} interleaved rounds, warm page cache; CPU is user and system "
        "time of the process and its children."
    )


if __name__ == "__main__":
    sys.exit(main())
