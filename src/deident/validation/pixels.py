"""Compare the stored pixel data of an output with that of its source, block by block (RULES 10)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from deident.validation.model import Kept, Source
from deident.validation.reading import Instance, PixelPlace
from deident.validation.streams import streams_alike

__all__ = ["embedded_overlay_bits", "pixel_problems", "vouched_for"]

_BLOCK: Final = 1 << 20
_PIXEL_DATA: Final = 0x7FE00010
#: Bits Allocated, Bits Stored, High Bit.
_BITS: Final = (0x00280100, 0x00280101, 0x00280102)


@dataclass(frozen=True, slots=True)
class _Both:
    """The pixel data of source and output, and the bodies that they lie in."""

    source: Source
    output: Source
    before: PixelPlace
    after: PixelPlace
    kept: Sequence[Kept] = ()


def embedded_overlay_bits(instance: Instance) -> tuple[int, int]:
    """(bits allocated, mask of the bits outside the stored ones that hold overlay planes), (0, 0) when there are none.

    A plane is embedded when (60xx,0102) names its bit and its group has no Overlay Data (PS3.5 8.1.2, retired).
    """
    order: Literal["little", "big"] = "little" if instance.little else "big"
    tops = instance.tops
    positions = [tag for tag in tops if tag & 0xFF00FFFF == 0x60000102]
    if not positions:
        return 0, 0
    allocated, stored, high = (int.from_bytes(tops.get(tag, b"")[:2], order) for tag in _BITS)
    native = any(place.tag == _PIXEL_DATA and place.fragments is None for place in instance.pixels)
    if not native or allocated not in (8, 16, 32):
        return 0, 0
    planes = 0
    for tag in positions:
        position = int.from_bytes(tops[tag][:2], order)
        if 0 < position < allocated and not tops.get(tag & 0xFFFF0000 | 0x3000):
            planes |= 1 << position
    in_use = ((1 << stored) - 1) << max(high - stored + 1, 0)
    planes &= ~in_use
    return (allocated, planes) if planes else (0, 0)


def pixel_problems(
    source: Instance,
    output: Instance,
    claimed: str,
    planes: tuple[int, int],
    look: Callable[[bytes], None],
    kept: Sequence[Kept] = (),
) -> list[str]:
    """What is wrong with the pixel data of an output, as codes. `look` is called with every block of it that is read.

    Native pixel data in a range that is `kept` without a digest is not read: the store's word is the proof of equality.
    `planes` is what `embedded_overlay_bits` gives for the source.
    """
    if [p.tag for p in source.pixels] != [p.tag for p in output.pixels]:
        return ["pixel-data-missing" if len(output.pixels) < len(source.pixels) else "pixel-data-extra"]
    if not source.pixels:
        return [] if claimed == "absent" else ["pixel-data-claimed"]
    if claimed not in ("copied", "comments-stripped", "planes-cleared"):
        return ["pixel-data-claimed"]
    found = []
    for before, after in zip(source.pixels, output.pixels, strict=True):
        both = _Both(source.body, output.body, before, after, kept)
        if (before.fragments is None) != (after.fragments is None):
            found.append("encapsulation-changed")
        elif before.fragments is None:
            found += _native(both, claimed, planes if before.tag == _PIXEL_DATA else (0, 0), output.little, look)
        else:
            found += _encapsulated(both, claimed, source.syntax, look)
    return found


def vouched_for(output: Instance, claimed: str, kept: Sequence[Kept]) -> bool:
    """Whether `pixel_problems` takes the store's word for native pixel data of an output: for ranges that nobody reads."""
    copied = [part for part in kept if not part.digest]
    return claimed == "copied" and any(
        place.fragments is None
        and part.offset < place.offset + place.length
        and place.offset < part.offset + part.length
        for place in output.pixels
        for part in copied
    )


def _native(
    both: _Both, claimed: str, planes: tuple[int, int], little: bool, look: Callable[[bytes], None]
) -> list[str]:
    if both.before.length != both.after.length:
        return ["pixel-data-length"]
    if claimed == "comments-stripped":
        return ["pixel-data-claimed"]
    if planes[1] and claimed != "planes-cleared":
        return ["overlay-planes-kept"]
    if claimed == "planes-cleared" and not planes[1]:
        return ["pixel-data-claimed"]
    spans = _unproven(both, look) if claimed == "copied" else [(0, both.before.length)]
    if spans is None:
        return ["pixel-data-changed"]
    for start, end in spans:
        if problems := _compared(both, start, end, planes, little, look):
            return problems
    return []


def _unproven(both: _Both, look: Callable[[bytes], None]) -> list[tuple[int, int]] | None:
    """The stretches of the value for which nobody but the bytes can speak; None when the store's word contradicts equality."""
    spans, done = [], 0
    for part in sorted(both.kept, key=lambda part: part.offset):
        start, end = part.offset - both.after.offset, part.offset + part.length - both.after.offset
        if end <= done or start >= both.after.length:
            continue
        if part.source_offset - both.before.offset != start or (part.digest and not _sent(both.output, part, look)):
            return None
        spans.append((done, max(start, done)))
        done = min(end, both.after.length)
    return [*spans, (done, both.after.length)]


def _sent(output: Source, part: Kept, look: Callable[[bytes], None]) -> bool:
    """Whether what was sent of the source stands in the output."""
    digest = hashlib.sha256()
    for done in range(0, part.length, _BLOCK):
        block = output.read_at(part.offset + done, min(_BLOCK, part.length - done))
        look(block)
        digest.update(block)
    return digest.hexdigest() == part.digest


def _compared(
    both: _Both, start: int, end: int, planes: tuple[int, int], little: bool, look: Callable[[bytes], None]
) -> list[str]:
    """What differs in the bytes `start` to `end` of the value."""
    for done in range(start, end, _BLOCK):
        length = min(_BLOCK, end - done)
        before = both.source.read_at(both.before.offset + done, length)
        after = both.output.read_at(both.after.offset + done, length)
        look(after)
        if before != after and not (planes[1] and _cleared(before, after, planes, little)):
            return ["pixel-data-changed"]
        if planes[1] and before == after and not _cleared(before, after, planes, little):
            return ["overlay-planes-kept"]
    return []


def _cleared(before: bytes, after: bytes, planes: tuple[int, int], little: bool) -> bool:
    """Whether `after` is `before` with the bits of the planes cleared, all other bits alike."""
    allocated, bits = planes
    kind = f"{'<' if little else '>'}u{allocated // 8}"
    if len(before) % (allocated // 8):
        return False
    stored = np.frombuffer(before, kind) & np.array(~bits & ((1 << allocated) - 1), kind)
    return bool(np.array_equal(stored, np.frombuffer(after, kind)))


def _encapsulated(both: _Both, claimed: str, syntax: str, look: Callable[[bytes], None]) -> list[str]:
    for offset, length in both.after.fragments or ():
        for done in range(0, length, _BLOCK):
            look(both.output.read_at(offset + done, min(_BLOCK, length - done)))
    if claimed == "planes-cleared":
        return ["pixel-data-claimed"]
    if _same_fragments(both):
        return []
    before, after = _pieces(both.source, both.before), _pieces(both.output, both.after)
    if claimed == "copied" and not _same_but_for_padding(before, after):
        return ["pixel-data-changed"]
    return [] if streams_alike(before, after, syntax) else ["pixel-data-changed"]


def _same_but_for_padding(before: list[bytes], after: list[bytes]) -> bool:
    """Whether at most the cuts into fragments differ, and the byte that pads the last one to an even length."""
    first, second = b"".join(before), b"".join(after)
    return len(first) == len(second) and first[:-1] == second[:-1]


def _same_fragments(both: _Both) -> bool:
    before, after = both.before.fragments or (), both.after.fragments or ()
    if [length for _, length in before[1:]] != [length for _, length in after[1:]]:
        return False
    for (a, length), (b, _) in zip(before[1:], after[1:], strict=True):
        for done in range(0, length, _BLOCK):
            step = min(_BLOCK, length - done)
            if both.source.read_at(a + done, step) != both.output.read_at(b + done, step):
                return False
    return True


def _pieces(body: Source, place: PixelPlace) -> list[bytes]:
    """The fragments of encapsulated pixel data without the offset table (PS3.5 A.4)."""
    return [body.read_at(offset, length) for offset, length in (place.fragments or ())[1:]]
