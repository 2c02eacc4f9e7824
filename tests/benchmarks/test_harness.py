"""The harness of the benchmark measures real runs over a few files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", "--here", "--no-peers", *arguments]
    return subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.slow
def test_three_files_give_the_tables_of_engine_and_steps(tmp_path: Path) -> None:
    places = ("--work", str(tmp_path), "--results", str(tmp_path / "results"))
    done = run("--slices", "3", "--rounds", "1", "--frames", "2", "--parts", "ct,mr,memory,steps", *places)
    assert done.returncode == 0, done.stderr
    table = (tmp_path / "results" / "benchmark.md").read_text()
    assert done.stdout == table + "\n"
    for line in ("| cp -r | 1.00 |", "| pydicom read+write |", "| **deident, 1 worker** |", "+ independent validation"):
        assert line in table
    parts = json.loads((tmp_path / "results" / "benchmark.json").read_text())["parts"]
    assert set(parts) == {"ct", "mr", "one", "large", "steps-ct", "steps-mr"}
    for name in ("ct", "mr"):
        outputs = {row["tool"]: row["outputs"] for row in parts[name] if row["rounds"]}
        assert set(outputs.values()) == {3}, "a tool that leaves files out is not faster"
    assert not list(tmp_path.glob("deident-bench-*"))


@pytest.mark.slow
def test_three_objects_give_the_tables_of_s3(tmp_path: Path) -> None:
    places = ("--work", str(tmp_path), "--results", str(tmp_path / "results"))
    done = run("--slices", "3", "--rounds", "1", "--frames", "2", "--parts", "s3", *places)
    assert done.returncode == 0, done.stderr
    table = (tmp_path / "results" / "benchmark.md").read_text()
    for line in (
        "| boto3-whole-1 | 1.00 | 1.00 |",
        "| **store-16** |",
        "| **discover-again** |",
        "| **store-copy-16** |",
        "| **store-splice** |",
    ):
        assert line in table
    results = json.loads((tmp_path / "results" / "benchmark.json").read_text())["parts"]["s3"]
    moved = {way["way"]: way["moved"] for job in results.values() for way in job}
    assert moved["store-16"] < moved["boto3-whole-16"] / 4
    assert moved["discover"] < moved["boto3-whole-16"] / 4
    assert moved["discover-again"] < moved["discover"] / 4
    assert moved["store-splice"] < moved["store-stream"] / 4


def test_a_part_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    done = run("--parts", "xray", "--results", str(tmp_path))
    assert done.returncode == 1
    assert "--parts" in done.stderr


def test_what_child_processes_take_is_counted(tmp_path: Path) -> None:
    spin = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    script = tmp_path / "leave.py"
    # The child outlives its parent, as helpers of process pools do.
    script.write_text(f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {spin!r}])\n")
    code = f"from benchmarks.measure import measure; print(measure([{sys.executable!r}, {str(script)!r}]).cpu)"
    done = subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True, text=True)
    assert float(done.stdout) >= 0.3
