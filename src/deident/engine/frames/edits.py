"""The cleaned frame, built from edits: which byte ranges of a compressed frame are replaced by what."""

from __future__ import annotations

from dataclasses import dataclass, field

from deident.errors import Reason, Refusal

__all__ = ["CleanedFrame", "Edits", "broken"]


@dataclass(frozen=True, slots=True)
class CleanedFrame:
    """One frame (or video stream) without the metadata that decoders ignore.

    `data` is the very object that was given when nothing had to change, else new bytes of even length. `stripped` names
    what went, each kind once, in the order met: markers and boxes of the format ("COM", "APP1", "xml"), never content.
    """

    data: bytes = field(repr=False)
    stripped: tuple[str, ...] = ()


def broken(detail: str) -> Refusal:
    """The refusal of a stream that cannot be parsed to its end; `detail` is a constant text or a marker code."""
    return Refusal(Reason.PIXEL_STREAM, detail)


class Edits:
    """Collects replacements over one frame, which is copied once, at the end, and only if something changes."""

    __slots__ = ("_changes", "_names", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._changes: list[tuple[int, int, bytes]] = []
        self._names: dict[str, None] = {}

    def replace(self, start: int, end: int, replacement: bytes, name: str) -> None:
        """Put `replacement` in the place of [start, end); nothing happens when it stands there already."""
        if self.data[start:end] != replacement:
            self._changes.append((start, end, replacement))
            if name:
                self._names[name] = None

    def remove(self, start: int, end: int, name: str) -> None:
        """Take [start, end) out of the frame."""
        self.replace(start, end, b"", name)

    @property
    def growth(self) -> int:
        """By how many bytes the frame grows (negative: shrinks) through the edits so far."""
        return sum(len(replacement) - (end - start) for start, end, replacement in self._changes)

    def finish(self, end: int | None = None, image_start: bytes | None = None) -> CleanedFrame:
        """Carry the edits out; what the format needs ends at `end`, and beyond it only a pad byte of 00 may stay.

        Raises Refusal when `image_start` follows: it may be a frame that Number of Frames forgot, and pixels never go.
        """
        data = self.data
        size = len(data)
        if end is not None and image_start and data[end : end + 16].lstrip(b"\x00").startswith(image_start):
            raise broken("a second image follows the first")
        end = size if end is None else end
        odd = (end + self.growth) & 1
        if data[end:] != b"\x00" * odd:
            # a lone pad byte, of whatever value, is no finding
            self.replace(end, size, b"\x00" * odd, "TRAILING" if size - end > 1 else "")
        if not self._changes:
            return CleanedFrame(data)
        view = memoryview(data)
        pieces: list[bytes | memoryview] = []
        position = 0
        for start, stop, replacement in sorted(self._changes):
            pieces += (view[position:start], replacement)
            position = stop
        pieces.append(view[position:])
        return CleanedFrame(b"".join(pieces), tuple(self._names))
