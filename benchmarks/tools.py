"""What is measured: each tool as a command over a folder, and in a few words what that command does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["YARDSTICK", "Place", "Tool", "engine_tools", "pipeline_tools", "step_tools"]

RUNNERS: Final = Path(__file__).with_name("runners")
YARDSTICK: Final = "pydicom read+write"
#: gdcmanon's plain mode takes a list and nothing more: the direct identifiers at the top level.
_EMPTY: Final = "8,50 8,80 8,90 10,10 10,20 10,30 10,32 10,40 20,10"
_REMOVE: Final = (
    "8,81 8,92 8,94 8,1010 8,1030 8,103e 8,1040 8,1048 8,1049 8,1050 8,1060 8,1062 8,1070 8,1072 8,1080 8,1111 8,1110 "
    "10,21 10,1000 10,1001 10,1005 10,1010 10,1040 10,1060 10,2150 10,2152 10,2154 10,2160 10,21b0 10,4000 18,1000 "
    "20,4000 32,1032 32,1033 32,1060 32,4000 38,10 38,300 40,6 40,244 40,253 40,254 40,275 40,280"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one run works: its input folder, the output folder it makes, and a folder of its own for all else."""

    source: Path
    output: Path
    own: Path


@dataclass(frozen=True, slots=True)
class Tool:
    """A name for the table, what the command does, and the command; `needs_output`: it makes no folder."""

    name: str
    does: str
    command: Callable[[Place], Sequence[str]]
    needs_output: bool = False
    ours: bool = False
    always: bool = False


def engine_tools(peers: Path | None) -> list[Tool]:
    """The first claim: `deident anonymize` beside copying, pydicom and the other tools."""
    return [
        Tool("cp -r", "copies the bytes", lambda at: ["cp", "-r", str(at.source), str(at.output)], always=True),
        Tool(YARDSTICK, "dcmread, save_as; changes nothing", lambda at: _runner("pydicom_copy", at), always=True),
        *_deident_tools(),
        *_gdcm_tools(),
        *(_python_peers(peers) if peers else []),
    ]


def _deident_tools() -> list[Tool]:
    does = "complete Basic Profile, known-identifier pass, audit"
    return [
        Tool("deident, 1 worker", does, lambda at: _anonymize(at, 1), ours=True),
        Tool("deident, 2 workers", does, lambda at: _anonymize(at, 2), ours=True),
    ]


def _gdcm_tools() -> list[Tool]:
    if not shutil.which("gdcmanon") or not shutil.which("openssl"):
        return []
    return [
        Tool(
            "gdcmanon --dumb",
            f"{len((_EMPTY + ' ' + _REMOVE).split())} listed attributes at the top level; no UIDs, nothing nested",
            _gdcm_dumb,
            needs_output=True,
        ),
        Tool(
            "gdcmanon -e",
            "its table of the Basic Profile, originals encrypted into the file",
            _gdcm_encrypting,
            needs_output=True,
        ),
    ]


def _python_peers(peers: Path) -> list[Tool]:
    python = str(peers)
    return [
        Tool(
            "dcmanon",
            "its default profile (Rust module, called file by file)",
            lambda at: [python, str(RUNNERS / "dcmanon_folder.py"), str(at.source), str(at.output)],
        ),
        Tool(
            "dicognito",
            "its defaults",
            lambda at: [python, "-m", "dicognito", "-q", "-o", str(at.output), "--seed", "bench", str(at.source)],
        ),
        Tool(
            "dicom-anonymizer",
            "its defaults (Basic Profile 2013-2023)",
            lambda at: [str(peers.with_name("dicom-anonymizer")), str(at.source), str(at.output)],
            needs_output=True,
        ),
    ]


def pipeline_tools() -> list[Tool]:
    """The second claim: studies through staging, independent validation and release, without and with Prefect."""
    path = "discovery, staging, digests, independent validation, release, audit, ledger, report"
    return [
        Tool(YARDSTICK, "dcmread, save_as; changes nothing", lambda at: _runner("pydicom_copy", at), always=True),
        Tool("study path, 1 process", path, lambda at: _runner("study_path", at, str(at.own / "home"), "1"), ours=True),
        Tool("study path, 2 workers", path, lambda at: _runner("study_path", at, str(at.own / "home"), "2"), ours=True),
        Tool("flow, 1 worker", f"{path}; under Prefect, its server not counted", lambda at: _flow(at, 1), ours=True),
        Tool("flow, 2 workers", "the same", lambda at: _flow(at, 2), ours=True),
    ]


def step_tools() -> list[Tool]:
    """The cost of each step of trust, see runners/steps.py."""
    steps = {
        "start": "imports and tables",
        "scan": "scan, decide, splice (in memory)",
        "known": "+ known-identifier pass",
        "audit": "+ audit log",
        "write": "+ atomic write",
        "rescan": "+ engine over its own output",
        "digest": "+ SHA-256 of the output",
        "validate": "+ independent validation",
    }
    return [Tool(step, does, _step(step), ours=True, always=True) for step, does in steps.items()]


def _step(step: str) -> Callable[[Place], Sequence[str]]:
    return lambda at: _runner("steps", at, step)


def _runner(name: str, at: Place, *more: str) -> list[str]:
    return [sys.executable, str(RUNNERS / f"{name}.py"), str(at.source), str(at.output), *more]


def _anonymize(at: Place, workers: int) -> list[str]:
    return [
        *(sys.executable, "-m", "deident", "anonymize", "--batch", "--preserve-studies"),
        *("-i", str(at.source), "-o", str(at.output), "--home", str(at.own / "home"), "--workers", str(workers)),
        *("--audit-log", str(at.own / "audit.json")),
    ]


def _flow(at: Place, workers: int) -> list[str]:
    """The home is kept from run to run, so that its server is; `--force` because the ledger knows the studies."""
    home = str(at.own.parent / "flow-home")
    places = ("--source", str(at.source), "--dest", str(at.output), "--home", home)
    return [sys.executable, "-m", "deident", "run", *places, "--workers", str(workers), "--force"]


def _gdcm_dumb(at: Place) -> list[str]:
    tags = [*(f"--empty={tag}" for tag in _EMPTY.split()), *(f"--remove={tag}" for tag in _REMOVE.split())]
    places = ["-i", str(at.source), "-o", str(at.output)]
    return ["gdcmanon", "--dumb", "--recursive", *(part for tag in tags for part in tag.split("=")), *places]


def _gdcm_encrypting(at: Place) -> list[str]:
    certificate = at.own.parent / "certificate.pem"
    if not certificate.exists():
        key = ("-newkey", "rsa:2048", "-nodes", "-keyout", os.devnull)
        subprocess.run(
            ["openssl", "req", "-x509", *key, "-out", str(certificate), "-subj", "/CN=benchmark", "-days", "2"],
            check=True,
            capture_output=True,
        )
    places = ["-i", str(at.source), "-o", str(at.output)]
    return ["gdcmanon", "--recursive", "-e", "-c", str(certificate), "--root-uid", "2.25.1234567890", *places]
