"""What checkers that know nothing of deident say of an object."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

__all__ = ["complaints"]

# What a de-identified object may newly say without being worse: nothing. Numbers and values differ, rules do not.
_VALUES = re.compile(r"<[^>]*>|= [^ ]+|\d[\d.]*")


def complaints(command: list[str], data: bytes, folder: Path) -> Counter[str]:
    """The errors that a checker prints, without values."""
    path = folder / "object.dcm"
    path.write_bytes(data)
    done = subprocess.run([*command, str(path)], capture_output=True, timeout=60, check=False)
    lines = (done.stdout + done.stderr).decode("latin-1").splitlines()
    return Counter(_VALUES.sub("", line).strip() for line in lines if line.startswith(("Error", "E:", "F:")))
