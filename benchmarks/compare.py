"""Interleaved rounds of several tools over one folder (A B C A B C ...), and the medians of what they took."""

from __future__ import annotations

import shutil
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.measure import CommandError, Usage, measure
from benchmarks.tools import Place, Tool

__all__ = ["Row", "compare"]


@dataclass(slots=True)
class Row:
    """A tool with its rounds. `outputs` counts the files that it wrote; `note` says why it has no rounds."""

    tool: Tool
    rounds: list[Usage] = field(default_factory=list)
    outputs: int = 0
    note: str = ""

    def median(self, what: str) -> float:
        return float(statistics.median(getattr(usage, what) for usage in self.rounds))

    def ratio(self, other: Row, what: str) -> float:
        """Median of the ratios round by round: what disturbs a whole round falls out."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return float(statistics.median(getattr(a, what) / getattr(b, what) for a, b in pairs))

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        medians = {what: self.median(what) for what in ("cpu", "wall", "rss")} if self.rounds else {}
        rounds = [asdict(usage) for usage in self.rounds]
        return {
            "tool": self.tool.name,
            "does": self.tool.does,
            **medians,
            "outputs": self.outputs,
            "rounds": rounds,
        } | ({"note": self.note} if self.note else {})


def compare(
    tools: Sequence[Tool], source: Path, work: Path, rounds: int, watch: Callable[[Tool], None] = lambda _tool: None
) -> list[Row]:
    """Measure every tool `rounds` times. A tool that fails is out, with a note; one of ours that fails raises.

    The input is read once before, so that it lies in the page cache; outputs are removed after each run, uncounted.
    """
    for path in source.iterdir():
        _touch(path)
    rows = [Row(tool) for tool in tools]
    for number in range(1, rounds + 1):
        for row in rows:
            if not row.note:
                watch(row.tool)
                print(f"  {source.name}, round {number} of {rounds}: {row.tool.name}", file=sys.stderr, flush=True)
                _once(row, source, work)
    return rows


def _touch(path: Path) -> None:
    with open(path, "rb") as file:
        while file.read(1 << 20):
            pass


def _once(row: Row, source: Path, work: Path) -> None:
    own = work / "own"
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir(parents=True)
    place = Place(source, own / "output", own)
    if row.tool.needs_output:
        place.output.mkdir()
    try:
        command = row.tool.command(place)
        row.rounds.append(measure(command))
        row.outputs = sum(path.is_file() and path.name != "manifest.json" for path in place.output.rglob("*"))
    except (CommandError, OSError) as problem:
        if row.tool.ours:
            raise
        row.rounds, row.note = [], f"did not run: {str(problem).splitlines()[0]}"
        print(f"    {problem}", file=sys.stderr)
    finally:
        shutil.rmtree(own, ignore_errors=True)
