"""Free ports of 127.0.0.1, and waiting until somebody listens."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable

__all__ = ["free_ports", "wait_until"]


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all held open until the last is known so that no two are the same.

    Below 32768, where Linux takes the ports of clients from: a connection of another test must not get one meanwhile.
    """
    found: list[int] = []
    with contextlib.ExitStack() as held:
        start = 20_000 + (time.monotonic_ns() // 1000) % 10_000
        for number in range(start, start + 10_000):
            port = 20_000 + (number - 20_000) % 12_000
            candidate = held.enter_context(socket.socket())
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise RuntimeError("no free ports")


def wait_until(ready: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Poll; RuntimeError when `ready` stays false."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not start within {seconds:.0f} s")
        time.sleep(0.05)
