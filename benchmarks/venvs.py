"""The virtual environments of a measurement: deident as its users install it, and the other tools."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Final

__all__ = ["go_on_installed", "peers_venv"]

REQUIREMENTS: Final = Path(__file__).with_name("requirements-peers.txt")
_ROOT: Final = Path(__file__).parent.parent
_PIP: Final = ("-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check")


def go_on_installed(folder: Path, arguments: Sequence[str]) -> None:
    """Run this module again in a venv that has deident from its wheel; an editable installation starts 15 ms later.

    The venv borrows the dependencies of this one. Returns only where that is the venv of this process.
    """
    python = (folder / "bin" / "python").absolute()
    if Path(sys.executable).absolute() == python:
        return
    print(f"Installing deident into {folder.name} ...", file=sys.stderr, flush=True)
    wheels = folder.with_name(f"{folder.name}-wheel")
    build = (
        sys.executable,
        *_PIP,
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(wheels),
        str(_ROOT),
    )
    shutil.rmtree(wheels, ignore_errors=True)
    for command in ([sys.executable, "-m", "venv", "--clear", str(folder)], build):
        _run(command)
    _run([str(python), *_PIP, "install", "--no-deps", "--no-index", *map(str, wheels.glob("deident-*.whl"))])
    own = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    (Path(own.stdout.strip()) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    os.execv(python, [str(python), "-m", "benchmarks", *arguments])


def peers_venv(folder: Path) -> Path | None:
    """The interpreter of a venv with the other tools, made when it is not there; None when that does not work."""
    python = folder / "bin" / "python"
    stamp = folder / ".installed"
    if stamp.exists() and stamp.read_text() == REQUIREMENTS.read_text():
        return python
    print(f"Installing the tools to compare with into {folder.name} ...", file=sys.stderr, flush=True)
    make = [sys.executable, "-m", "venv", "--clear", str(folder)]
    for command in (make, [str(python), *_PIP, "install", "-r", str(REQUIREMENTS)]):
        if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode:
            print("They cannot be installed: the table goes without them.", file=sys.stderr)
            return None
    stamp.write_text(REQUIREMENTS.read_text())
    return python


def _run(command: Sequence[str]) -> None:
    if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode:
        raise SystemExit("deident cannot be installed for the measurement; --here measures it as it is imported here")
