"""Kills that fall where a run has got to, and not when a clock says so: it is held still at its nth request."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from s3flowtools.twins import Twins
from s3tools.proxy import Fault, FaultProxy, Request

__all__ = ["FAULTS", "Gate", "RunLength", "kill_often"]

#: Those that a client can meet; a stalled body only costs time here.
FAULTS = tuple(fault for fault in Fault if fault is not Fault.STALLED_BODY)
#: For how long a run is held still at most: its client waits a minute for an answer.
HELD_SECONDS = 50


def is_work(request: Request) -> bool:
    """Whether a request gets a run on. Leases are renewed by the clock, and those of a killed run are waited for."""
    return request.key != "" and "/leases/" not in request.key


def disturb(proxy: FaultProxy, chance: random.Random, length: int, faults: int = 6) -> None:
    """Let some requests of a run fail, anywhere in it."""
    for _ in range(faults):
        proxy.fault(chance.choice(FAULTS), nth=chance.randint(1, length))


def depths(chance: random.Random, count: int) -> list[float]:
    """How deep each kill is to fall, from 0 to 1: one in each of `count` equal parts of a run, in random order."""
    found = [(part + chance.random()) / count for part in range(count)]
    chance.shuffle(found)
    return found


@dataclass(frozen=True)
class RunLength:
    """How many requests a run makes: `base` with nothing to do, more for each study done before and each to be done."""

    base: float
    before: float
    each: float

    @classmethod
    def measure(cls, proxy: FaultProxy, plant: Callable[[int], None], run: Callable[[], object]) -> RunLength:
        """From three quiet runs, after one that makes what is made once."""

        def counted(new: int) -> int:
            plant(new)
            proxy.reset()
            run()
            return sum(map(is_work, proxy.journal))

        _, first, second, third = counted(1), counted(1), counted(2), counted(1)
        proxy.reset()
        # first: 1 new beside 1; second: 2 new beside 2; third: 1 new beside 4
        before = (third - first) / 3
        each = second - first - before
        return cls(first - before - each, before, each)

    def of(self, done: int, to_do: int) -> int:
        return round(self.base + done * self.before + to_do * self.each)


@dataclass
class Gate:
    """Lets what comes before the `nth` request of work through, and holds that one and all that come after it.

    A run that is killed meanwhile is killed exactly there. With `lost` its last requests die with it, else they are
    carried out when it is dead.
    """

    nth: int
    lost: bool
    reached: threading.Event = field(default_factory=threading.Event)
    _seen: int = 0
    _opened: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Request) -> Fault | None:
        with self._lock:
            self._seen += is_work(request)
            if self._seen < self.nth:
                return None
            self.reached.set()
        self._opened.wait(HELD_SECONDS)
        return Fault.CUT_REQUEST if self.lost else None

    def reached_by(self, alive: Callable[[], bool]) -> bool:
        """Wait until the run is held here. False when it ended before."""
        while not self.reached.wait(0.05):
            if not alive():
                return False
        return True

    def open(self) -> None:
        """Let what is held go on, or be lost: the run is dead."""
        self._opened.set()


def kill_often(
    proxy: FaultProxy,
    chance: random.Random,
    twins: Twins,
    length: RunLength,
    *,
    kills: int,
    to_do: int,
    attempt: Callable[[Gate], tuple[bool, int | None]],
) -> Counter[int | None]:
    """Kill so many runs, each of which finds `to_do` studies to do, all over their length; how they ended.

    `attempt` starts a run, kills it when the gate is reached, opens the gate, and tells whether it was killed and its exit code.
    """
    left, codes = depths(chance, kills), Counter[int | None]()
    while left:
        done = twins.done()
        twins.plant(done + to_do - twins.planted)
        requests = length.of(done, to_do)
        disturb(proxy, chance, requests)
        gate = proxy.gate = Gate(1 + int(left[-1] * requests), lost=chance.random() < 0.5)
        killed, code = attempt(gate)
        if killed:
            left.pop()
        else:
            left[-1] *= 0.9  # it was through before it came there: a little earlier, then
        codes[code] += 1
        proxy.reset()
    return codes
