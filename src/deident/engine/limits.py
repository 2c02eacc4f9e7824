"""Bounds against hostile input: whatever exceeds one is refused, never guessed at."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """`depth` of nested sequences; `elements` at all levels of one instance; `header` bytes outside bulk values that are
    held in memory; `inflated` bytes of a deflated data set; `frame` bytes of one compressed frame or video stream;
    `fragments` of encapsulated pixel data.
    """

    depth: int = 64
    elements: int = 5_000_000
    header: int = 512 << 20
    inflated: int = 1 << 30
    frame: int = 1 << 30
    fragments: int = 2_000_000
