"""Encapsulated pixel data (PS3.5 A.4): walk the fragments, clean each frame, and rebuild the offset table if one changed."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from deident.engine.frames import VIDEO_SYNTAXES, clean_frame, is_encapsulated
from deident.engine.limits import Limits
from deident.engine.segments import Segment, Source, SourceRange
from deident.errors import Reason, Refusal

__all__ = ["Cleaned", "clean_encapsulated", "is_encapsulated", "walk_fragments"]

_ITEM: Final = b"\xfe\xff\x00\xe0"
_END: Final = b"\xfe\xff\xdd\xe0"
_HEADS: Final = 1 << 16
#: How JPEG and JPEG 2000 streams begin.
_IMAGE_STARTS: Final = frozenset({b"\xff\xd8", b"\xff\x4f"})


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The segments of the pixel data value with all its items, where it ended in the source, and what was stripped.

    `stripped` is empty when the value is copied as it is; then an extended offset table stays right, too.
    """

    segments: list[Segment]
    end: int
    stripped: tuple[str, ...]


def clean_encapsulated(
    source: Source,
    start: int,
    transfer_syntax: str,
    frames: int,
    extended: bytes,
    limits: Limits,
    suspicious: Callable[[bytes], bool],
    frame_length: int | None = None,
) -> Cleaned:
    """Clean the frames of the encapsulated value that starts (with its first item) at `start`.

    `frames` is Number of Frames; `extended` the value of the Extended Offset Table or empty. `suspicious` says whether
    bytes hold a known identifier; a frame that still does is refused. `frame_length` is the size of a decoded frame in
    bytes. Raises Refusal: BROKEN, TRUNCATED, LIMIT, PIXEL_STREAM, KNOWN_IDENTIFIER.
    """
    fragments, end = walk_fragments(source, start, limits)
    table, fragments = fragments[0], fragments[1:]
    offsets = source.read_at(table[0], table[1])
    groups = _frames(source, fragments, offsets, extended, frames, transfer_syntax)
    stripped = dict[str, None]()
    rebuilt: list[bytes | list[tuple[int, int]]] = []
    for group in groups:
        if sum(length for _offset, length in group) > limits.frame:
            raise Refusal(Reason.LIMIT, "size of a frame")
        data = b"".join(source.read_at(offset, length) for offset, length in group)
        cleaned = clean_frame(data, transfer_syntax, frame_length)
        if suspicious(cleaned.data):
            raise Refusal(Reason.KNOWN_IDENTIFIER, "in a compressed frame")
        stripped.update(dict.fromkeys(cleaned.stripped))
        rebuilt.append(group if cleaned.data is data else cleaned.data)
    if offsets and any(isinstance(frame, bytes) for frame in rebuilt) and suspicious(offsets):
        raise Refusal(Reason.KNOWN_IDENTIFIER, "in an offset table")
    if not any(isinstance(frame, bytes) for frame in rebuilt):
        return Cleaned([SourceRange(start, end - start)], end, ())
    return Cleaned(_rebuild(rebuilt, with_table=bool(offsets or extended)), end, tuple(stripped))


def walk_fragments(source: Source, start: int, limits: Limits) -> tuple[list[tuple[int, int]], int]:
    """(offset, length) of the value of each item, the offset table first, and the position after the delimiter."""
    items = list[tuple[int, int]]()
    pos, base, buffer = start, start, b""
    while True:
        if pos + 8 > base + len(buffer) or pos < base:
            base, buffer = pos, source.read_at(pos, _HEADS if pos == start else 4096)
        head = buffer[pos - base : pos - base + 8]
        if len(head) < 8:
            raise Refusal(Reason.TRUNCATED, "encapsulated pixel data")
        length = int.from_bytes(head[4:], "little")
        pos += 8
        if head[:4] == _END:
            break
        if head[:4] != _ITEM or length == 0xFFFFFFFF:
            raise Refusal(Reason.BROKEN, "encapsulated pixel data")
        if pos + length > source.size:
            raise Refusal(Reason.TRUNCATED, "encapsulated pixel data")
        items.append((pos, length))
        if len(items) > limits.fragments:
            raise Refusal(Reason.LIMIT, "fragments")
        pos += length
    if not items:
        raise Refusal(Reason.BROKEN, "encapsulated pixel data without offset table")
    return items, pos


def _frames(
    source: Source,
    fragments: list[tuple[int, int]],
    offsets: bytes,
    extended: bytes,
    frames: int,
    transfer_syntax: str,
) -> list[list[tuple[int, int]]]:
    """The fragments of each frame. Raises Refusal when they cannot be told apart."""
    if transfer_syntax in VIDEO_SYNTAXES:
        return [fragments] if fragments else []
    if frames <= 1:
        starts_of_images = sum(source.read_at(offset, 2) in _IMAGE_STARTS for offset, _length in fragments)
        if starts_of_images > 1 or len(offsets) > 4 or len(extended) > 8:
            raise Refusal(Reason.PIXEL_STREAM, "more frames than Number of Frames says")
        return [fragments] if fragments else []
    if len(fragments) == frames:
        return [[fragment] for fragment in fragments]
    if extended and len(extended) % 8 == 0:
        starts = list(struct.unpack(f"<{len(extended) // 8}Q", extended))
    elif offsets and len(offsets) % 4 == 0:
        starts = list(struct.unpack(f"<{len(offsets) // 4}I", offsets))
    else:
        return list(_by_end_marker(source, fragments, frames))
    first = fragments[0][0] - 8 if fragments else 0
    groups = dict[int, list[tuple[int, int]]]()
    wanted = iter([*starts[1:], -1])
    following, current = next(wanted), starts[0]
    for offset, length in fragments:
        if offset - 8 - first == following:
            current, following = following, next(wanted)
        groups.setdefault(current, []).append((offset, length))
    if len(groups) != frames or len(starts) != frames:
        raise Refusal(Reason.PIXEL_STREAM, "offset table and Number of Frames disagree")
    return list(groups.values())


def _by_end_marker(source: Source, fragments: list[tuple[int, int]], frames: int) -> Iterator[list[tuple[int, int]]]:
    """Frames without any offset table: a JPEG family frame ends with its end marker (FFD9)."""
    group, found = list[tuple[int, int]](), 0
    for offset, length in fragments:
        group.append((offset, length))
        if b"\xff\xd9" in source.read_at(offset + max(0, length - 16), min(16, length)):
            found += 1
            yield group
            group = []
    if group or found != frames:
        raise Refusal(Reason.PIXEL_STREAM, "frames cannot be told apart")


def _rebuild(frames: list[bytes | list[tuple[int, int]]], *, with_table: bool) -> list[Segment]:
    """One fragment per changed frame, unchanged frames as they were, and a new basic offset table."""
    segments, offsets, position = list[Segment](), list[int](), 0
    for frame in frames:
        offsets.append(position)
        if isinstance(frame, bytes):
            data = frame + b"\0" * (len(frame) % 2)
            segments += [_ITEM + len(data).to_bytes(4, "little"), data]
            position += 8 + len(data)
            continue
        for offset, length in frame:
            segments += [_ITEM + length.to_bytes(4, "little"), SourceRange(offset, length)]
            position += 8 + length
    table = b""
    if with_table and position <= 0xFFFFFFFF:
        table = struct.pack(f"<{len(offsets)}I", *offsets)
    return [_ITEM + len(table).to_bytes(4, "little") + table, *segments, _END + bytes(4)]
