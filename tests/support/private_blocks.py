"""Private blocks for tests: elements of Table E.3.10-1 with their creators, and what an engine makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby

from deident.engine import Deidentifier
from support.builders import build
from support.elements import Element, parse
from support.outputs import fresh, output
from support.private_sets import Row, element_of, rows, stays

__all__ = ["ACQU", "ENGINE", "HOLOGIC", "KEPT", "PHILIPS", "SAFE", "SERS", "SYNTAXES", "blocks_of", "creator_of"]
__all__ += ["elements_of", "kept_of", "private_of", "with_elements"]

SYNTAXES = ("explicit", "implicit", "big-endian", "deflated")
SAFE = {"retain_safe_private"}
ENGINE = fresh("basic", options=SAFE)
KEPT = [row for row in rows() if stays(row)]
ACQU, SERS, PHILIPS, HOLOGIC = "GEMS_ACQU_01", "GEMS_SERS_01", "Philips Imaging DD 001", "HOLOGIC, Inc."


def with_elements(elements: Iterable[Element], syntax: str = "explicit") -> bytes:
    """An encoded CT slice with these elements besides its own."""
    file = parse(build("ct", syntax))
    file.elements = sorted([*file.elements, *elements], key=lambda e: e.tag)
    return file.encode()


def private_of(data: bytes) -> dict[int, Element]:
    """The private elements of an encoded instance, by tag."""
    return {e.tag: e for e in parse(data).elements if e.tag >> 16 & 1}


def creator_of(name: str, group: int, block: int = 0x10, vr: str = "LO") -> Element:
    """A private creator that reserves a block."""
    value = name.encode()
    return Element(group << 16 | block, vr, value + b" " * (len(value) % 2))


def blocks_of(wanted: Iterable[Row], first: int = 0x10) -> dict[tuple[str, int], int]:
    """A block number for each creator in each group."""
    taken: dict[tuple[str, int], int] = {}
    for group, of_group in groupby(sorted(wanted, key=lambda r: r.group), key=lambda r: r.group):
        for block, creator in enumerate(sorted({r.creator for r in of_group}), first):
            taken[creator, group] = block
    return taken


def elements_of(wanted: list[Row], vr: Callable[[Row], str] = lambda _row: "", first: int = 0x10) -> list[Element]:
    """The elements of rows with their creators."""
    blocks = blocks_of(wanted, first)
    found = [creator_of(creator, group, block) for (creator, group), block in blocks.items()]
    return found + [element_of(row, blocks[row.creator, row.group], vr(row)) for row in wanted]


def kept_of(elements: Iterable[Element], syntax: str = "explicit", engine: Deidentifier = ENGINE) -> dict[int, Element]:
    """The private elements that an engine leaves of these."""
    return private_of(output(engine, with_elements(elements, syntax)))
