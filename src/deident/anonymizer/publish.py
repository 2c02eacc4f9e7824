"""Under which names outputs appear, and what happens when two inputs make the same name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from deident.errors import AlreadyExists, Reason
from deident.stores.protocol import BLOCK, Store

__all__ = ["Publisher", "Verdict", "read_blocks"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is None for an output that now stands under its name.

    `withdraw` are the indexes of earlier inputs whose ending becomes DUPLICATE_CONFLICT: the first of them had been
    released, the others were its duplicates.
    """

    reason: Reason | None = None
    withdraw: tuple[int, ...] = ()


_RELEASED: Final = Verdict()


class Publisher:
    """Releases outputs one after the other, in the order of their inputs; it alone writes final names.

    The first instance of a name is released. Another of the same bytes is a duplicate. One of other bytes makes a
    conflict that no tool can decide: then none of them is released, and the first is withdrawn.
    """

    def __init__(self, destination: Store, *, overwrite: bool) -> None:
        self._destination = destination
        self._overwrite = overwrite
        self._takers: dict[str, list[int]] = {}
        self._conflicts: set[str] = set()

    def place(
        self, index: int, name: str, write: Callable[[bool], object], content: Callable[[], Iterable[bytes]]
    ) -> Verdict:
        """Let the output of input `index` appear as `name`.

        `write(overwrite)` makes it appear in the destination, `content()` yields its bytes for a comparison.
        """
        takers = self._takers.get(name)
        if takers is None:
            try:
                write(self._overwrite)
            except AlreadyExists:
                return Verdict(Reason.OUTPUT_EXISTS)
            self._takers[name] = [index]
            return _RELEASED
        if name in self._conflicts:
            return Verdict(Reason.DUPLICATE_CONFLICT)
        if _same(content(), read_blocks(self._destination, name)):
            takers.append(index)
            return Verdict(Reason.DUPLICATE)
        self._conflicts.add(name)
        self._destination.delete(name)
        return Verdict(Reason.DUPLICATE_CONFLICT, tuple(takers))


def read_blocks(store: Store, key: str) -> Iterator[bytes]:
    """The bytes of an object, block by block."""
    with store.open(key) as source:
        offset, size = 0, source.size
        while offset < size:
            block = source.read_at(offset, min(BLOCK, size - offset))
            if not block:
                return
            offset += len(block)
            yield block


def _same(left: Iterable[bytes], right: Iterable[bytes]) -> bool:
    """Whether two streams hold the same bytes, however they are cut into blocks."""
    return all(a == b for a, b in zip_longest(_recut(left), _recut(right)))


def _recut(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of one size."""
    waiting = bytearray()
    for block in blocks:
        waiting += block
        while len(waiting) >= BLOCK:
            yield bytes(waiting[:BLOCK])
            del waiting[:BLOCK]
    if waiting:
        yield bytes(waiting)
