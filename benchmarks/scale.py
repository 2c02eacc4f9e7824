"""Many small studies through the flow: does the server keep up, does memory stay flat, is the ledger right?

python -m benchmarks.scale --studies 20000 [--workers 2] [--results build]
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from benchmarks.many import write_studies

_EVERY: Final = 5.0
#: The server writes task states some time after the fact.
_SETTLE_SECONDS: Final = 60.0


def main() -> int:
    options = _parser().parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="deident-scale-", dir=options.work) as folder:
        work = Path(folder)
        started = time.monotonic()
        write_studies(work / "in", options.studies, options.instances)
        print(f"generated in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        result = simulate(work, options.workers)
        result["again"] = simulate(work, options.workers)
        _run(work, "--stop-server")
    (options.results / "scale.json").write_text(json.dumps(result, indent=1) + "\n")
    result["again"].pop("samples")
    print(json.dumps({name: value for name, value in result.items() if name != "samples"}, indent=1))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=20_000)
    parser.add_argument("--instances", type=int, default=1)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--work", type=Path, help="folder for all it makes")
    parser.add_argument("--results", type=Path, default=Path("build"))
    return parser


def simulate(work: Path, workers: int) -> dict[str, Any]:
    """One run over `work/in`, watched from outside, and what it left in Prefect's database, ledger and destination."""
    started = time.monotonic()
    flow = _run(work, "--source", f"{work / 'in'}", "--dest", f"{work / 'out'}", "--workers", f"{workers}", wait=False)
    samples = []
    while flow.poll() is None:
        time.sleep(_EVERY)
        samples.append({"seconds": round(time.monotonic() - started), **_sample(work, flow.pid)})
    seconds = time.monotonic() - started
    if flow.returncode not in {0, 1}:
        raise SystemExit((work / "run.log").read_text()[-2000:])
    return {
        "exit": flow.returncode,
        "seconds": round(seconds, 1),
        "task runs": _settled(work),
        "ledger": sum(1 for _ in (work / "home" / "ledger" / "studies").rglob("*.json")),
        "released": sum(1 for _ in (work / "out").rglob("*.dcm")),
        "manifests": sum(1 for _ in (work / "out").rglob("manifest.json")),
        "database MB": round((work / "home" / "prefect" / "prefect.db").stat().st_size / 1e6, 1),
        "samples": samples,
    }


def _run(work: Path, *arguments: str, wait: bool = True) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "deident.flows.run", "--home", f"{work / 'home'}", *arguments]
    with open(work / "run.log", "ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    if wait:
        process.wait()
    return process


def _sample(work: Path, flow: int) -> dict[str, Any]:
    """Resident megabytes of the flow, of its workers together, and of the server; how many studies are on record."""
    server = 0
    with suppress(OSError, ValueError):
        server = _tree_rss(json.loads((work / "home" / "prefect" / "server.json").read_text())["pid"])
    children = sum(_tree_rss(child) for child in _children(flow))
    studies = work / "home" / "ledger" / "studies"
    done = sum(1 for _ in os.scandir(studies)) if studies.is_dir() else 0
    return {"flow": _rss(flow), "workers": children, "server": server, "done": done}


def _tree_rss(pid: int) -> int:
    return _rss(pid) + sum(_tree_rss(child) for child in _children(pid))


def _children(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                yield from map(int, (task / "children").read_text().split())


def _rss(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) // 1024
    return 0


def _settled(work: Path) -> dict[str, int]:
    """Task runs of the last flow run by state, when they have stopped to change."""
    deadline, last, since = time.monotonic() + _SETTLE_SECONDS, {"": -1}, time.monotonic()
    while time.monotonic() < deadline and time.monotonic() - since < _EVERY:
        time.sleep(1)
        now = _task_runs(work)
        if now != last:
            last, since = now, time.monotonic()
    return last


def _task_runs(work: Path) -> dict[str, int]:
    query = """select name_of || ' ' || state, count(*) from (
        select substr(name, 1, instr(name || '-', '-') - 1) as name_of, coalesce(state_type, 'NONE') as state from task_run
        where flow_run_id = (select id from flow_run order by expected_start_time desc limit 1)) group by 1"""
    with closing(sqlite3.connect(f"file:{work / 'home' / 'prefect' / 'prefect.db'}?mode=ro", uri=True)) as database:
        return dict(database.execute(query).fetchall())


if __name__ == "__main__":
    sys.exit(main())
