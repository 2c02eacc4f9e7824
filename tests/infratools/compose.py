"""infra/compose.yaml as Docker Compose itself understands it, and its commands as they run without containers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

__all__ = ["COMPOSE", "ROOT", "command", "environment", "make_secrets", "project", "settings_of"]

ROOT: Final = Path(__file__).parents[2]
COMPOSE: Final = ROOT / "infra" / "compose.yaml"


@cache
def project() -> dict[str, Any]:
    """The whole, checked against the Compose specification and with files and anchors resolved. Needs no Docker."""
    program = str(Path(sysconfig.get_path("scripts")) / "docker-compose")
    arguments = ["--file", str(COMPOSE), "--profile", "deploy", "config", "--format", "json"]
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return dict(json.loads(done.stdout))


def make_secrets(folder: Path) -> Path:
    """New secrets, made as infra/README.md says."""
    tool = str(ROOT / "tools" / "make_secrets.py")
    subprocess.run([sys.executable, tool, str(folder)], check=True, capture_output=True)
    return folder


def command(service: str, places: Mapping[str, str]) -> list[str]:
    """Entrypoint and command of a service, with `places` (paths and hosts of containers) put in place."""
    described = project()["services"][service]
    return [
        _place(part.replace("$$", "$"), places)
        for part in [*(described.get("entrypoint") or []), *described["command"]]
    ]


def environment(service: str, places: Mapping[str, str]) -> dict[str, str]:
    """The environment of a service, and of this process what a program needs to start."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH") if name in os.environ}
    scripts = sysconfig.get_path("scripts")
    given = {name: _place(value or "", places) for name, value in project()["services"][service]["environment"].items()}
    return {**kept, "PATH": f"{scripts}{os.pathsep}{kept.get('PATH', '')}", **given}


def _place(text: str, places: Mapping[str, str]) -> str:
    for old, new in places.items():
        text = text.replace(old, new)
    return text


def settings_of(name: str) -> dict[str, str]:
    """The settings in a file of deployments/."""
    lines = (ROOT / "deployments" / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
