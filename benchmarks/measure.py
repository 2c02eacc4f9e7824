"""Run one command and tell what it took, child processes included, in the kernel's own counts."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["CommandError", "Usage", "measure"]

_PR_SET_CHILD_SUBREAPER: Final = 36
#: Processes that a tool leaves behind (loky's helper) end by themselves; one that does not would never be counted.
_STRAGGLERS_SECONDS: Final = 10.0


class CommandError(Exception):
    """A command ended with an exit code that it should not have; the message holds the end of what it printed."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds of CPU (user and system) and of wall clock, and the largest resident set of any one process in MB."""

    cpu: float
    wall: float
    rss: float


def _environment(changes: Mapping[str, str]) -> dict[str, str]:
    """What the tools run in: the environment as it is, but with the byte code cache that an installed tool has."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **changes}


def measure(command: Sequence[str], environment: Mapping[str, str] | None = None, codes: Sequence[int] = (0,)) -> Usage:
    """Run `command` to its end. Raises CommandError.

    The largest resident set cannot come out below that of this process, about 15 MB: the kernel hands it on at fork.
    """
    with _adopting(), tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(environment or {}),
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu, rss = used.ru_utime + used.ru_stime, used.ru_maxrss
        for more in _stragglers():
            cpu, rss = cpu + more.ru_utime + more.ru_stime, max(rss, more.ru_maxrss)
        if process.returncode not in codes:
            output.seek(max(0, output.tell() - 2000))
            printed = output.read().decode(errors="replace")
            raise CommandError(f"{Path(command[0]).name} ended with {process.returncode}:\n{printed}")
    return Usage(cpu, wall, rss / 1024)


@contextlib.contextmanager
def _adopting() -> Iterator[None]:
    """Orphaned descendants become children of this process, so that they are counted; Linux alone can do so."""
    prctl = getattr(ctypes.CDLL(None), "prctl", lambda *_: None)
    prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _stragglers() -> list[resource.struct_rusage]:
    """What orphaned descendants took, which are handed to this process."""
    found: list[resource.struct_rusage] = []
    deadline = time.monotonic() + _STRAGGLERS_SECONDS
    while time.monotonic() < deadline:
        try:
            pid, _, used = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid:
            found.append(used)
        else:
            time.sleep(0.02)
    return found
