"""Results as Markdown tables: ratios first, since absolute times belong to one machine."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.compare import Row
from benchmarks.tools import YARDSTICK

__all__ = ["memory_table", "ratio_table", "step_table"]


def ratio_table(rows: Sequence[Row], files: int) -> str:
    """CPU and wall clock as multiples of cp and of pydicom read+write."""
    copy = next((row for row in rows if row.tool.name == "cp -r"), None)
    yardstick = next(row for row in rows if row.tool.name == YARDSTICK)
    bases = [base for base in (copy, yardstick) if base is not None]
    head = ["tool", *(f"{what} / {_short(b)}" for what in ("CPU", "wall") for b in bases)]
    lines = [_line([*head, "CPU ms a file", "RSS MB", "files out", "what it did"]), _line(["---"] * (len(head) + 4))]
    for row in sorted((row for row in rows if row.rounds), key=lambda row: row.median("cpu")):
        ratios = [f"{row.ratio(base, what):.2f}" for what in ("cpu", "wall") for base in bases]
        cost = f"{row.median('cpu') / files * 1000:.2f}"
        name = f"**{row.tool.name}**" if row.tool.ours else row.tool.name
        lines.append(_line([name, *ratios, cost, f"{row.median('rss'):.0f}", str(row.outputs), row.tool.does]))
    lines += [_line([row.tool.name, *[""] * (len(head) + 2), row.note]) for row in rows if not row.rounds]
    return "\n".join(lines)


def step_table(rows: Sequence[Row], files: int) -> str:
    """CPU of each step as a multiple of the bare scan, start-up taken off."""
    start, scan = rows[0].median("cpu"), rows[1].median("cpu")
    lines = [_line(["up to and with", "CPU / scan", "CPU ms a file", "this step alone"]), _line(["---"] * 4)]
    before = start
    for row in rows[1:]:
        cpu = row.median("cpu")
        cells = [f"{(cpu - start) / (scan - start):.2f}", f"{(cpu - start) / files * 1000:.3f}"]
        lines.append(_line([row.tool.does, *cells, f"{(cpu - before) / files * 1000:+.3f} ms"]))
        before = cpu
    lines.append(f"\nStart-up, once per process and taken off above: {start:.2f} s of CPU.")
    return "\n".join(lines)


def memory_table(large: Sequence[Row], one: Sequence[Row], megabytes: float) -> str:
    """Resident memory for one large multi-frame over that for one slice."""
    lines = [
        _line(["tool", "RSS MB, one slice", f"RSS MB, {megabytes:.0f} MB", "extra MB", "CPU s"]),
        _line(["---"] * 5),
    ]
    for row, small in zip(large, one, strict=True):
        if row.rounds and small.rounds:
            base, peak = small.median("rss"), row.median("rss")
            cells = [f"{base:.0f}", f"{peak:.0f}", f"{peak - base:.0f}", f"{row.median('cpu'):.2f}"]
            lines.append(_line([f"**{row.tool.name}**" if row.tool.ours else row.tool.name, *cells]))
        else:
            lines.append(_line([row.tool.name, "", "", "", row.note or small.note]))
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _short(row: Row) -> str:
    return "pydicom" if row.tool.name == YARDSTICK else "cp"
