"""The inputs of the benchmark are valid, as rich as said, and the same everywhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pydicom
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    generate(folder)
    return folder


def generate(folder: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.generate", str(folder), "--slices", "3", "--frames", "2"]
    subprocess.run(command, check=True, cwd=ROOT)


@pytest.mark.parametrize("kind", ["ct", "mr"])
def test_the_images_have_no_error_in_the_eyes_of_dciodvfy(inputs: Path, kind: str) -> None:
    for path in sorted((inputs / kind).iterdir()):
        found = subprocess.run(["dciodvfy", str(path)], check=False, capture_output=True, text=True)
        assert [line for line in found.stderr.splitlines() if line.startswith("Error")] == []


@pytest.mark.parametrize(("kind", "elements", "private", "size"), [("ct", 250, 60, 530_000), ("mr", 500, 45, 180_000)])
def test_the_images_are_as_rich_as_the_tables_say(
    inputs: Path, kind: str, elements: int, private: int, size: int
) -> None:
    path = inputs / kind / "00001.dcm"
    found = list(pydicom.dcmread(path).iterall())
    assert len(found) == pytest.approx(elements, abs=10)
    assert sum(element.tag.is_private for element in found) == pytest.approx(private, abs=5)
    assert path.stat().st_size == pytest.approx(size, rel=0.02)


def test_the_multi_frame_is_sparse_and_whole(inputs: Path) -> None:
    path = inputs / "large" / "large.dcm"
    data_set = pydicom.dcmread(path)
    assert data_set.NumberOfFrames == 2
    assert len(data_set.PixelData) == 2 * 512 * 512 * 2
    assert path.stat().st_blocks * 512 < len(data_set.PixelData)


def test_two_runs_write_the_same_bytes(inputs: Path, tmp_path: Path) -> None:
    generate(tmp_path)
    paths = [path.relative_to(tmp_path) for path in sorted(tmp_path.rglob("*.dcm"))]
    assert len(paths) == 8
    assert [path for path in paths if (tmp_path / path).read_bytes() != (inputs / path).read_bytes()] == []
