"""The way of one instance through the scanner: windows of the source, pixel data between them, segments at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from deident.engine.level import Level
from deident.engine.limits import Limits
from deident.engine.markers import Insertions
from deident.engine.native import expected_length, native_segment
from deident.engine.notes import Deferred, Notes
from deident.engine.part10 import FileHead
from deident.engine.plan import Plan
from deident.engine.repeat import CARRIED_ON
from deident.engine.runs import Learner, due
from deident.engine.scan import Edit, NeedMore, scan
from deident.engine.segments import MaskedRange, Segment, Source, SourceRange
from deident.engine.shared import Shared
from deident.engine.syntax import UNDEFINED
from deident.errors import Reason, Refusal

__all__ = ["Run"]

_WINDOW: Final = 32 << 10
_TAIL_WINDOW: Final = 4 << 10
_GROWTH: Final = 4
_EXCESS_LIMIT: Final = 1 << 20
STUDY_INSTANCE_UID: Final = 0x0020000D
_EXTENDED_TABLES: Final = (0x7FE00001, 0x7FE00002)


@dataclass(slots=True)
class _Window:
    """A part of the data set that was scanned: `buffer` from offset `base` of the source; decided from `start` to `end`."""

    base: int
    buffer: bytes
    start: int
    edits: list[Edit]
    end: int
    deferred: list[tuple[tuple[int, int], Deferred]]


@dataclass(slots=True)
class _Pixels:
    """Pixel data between two windows: where its value lies and, once cleaned, the segments that stand for it."""

    start: int
    length: int
    segments: list[Segment]


class Run:
    """Scans one instance under one plan. `scan` first, then `replace_deferred`, `clean_pixels`, `segments`."""

    def __init__(self, shared: Shared, source: Source, head: FileHead, plan: Plan, notes: Notes) -> None:
        self.notes = notes
        self.head = head
        self.has_pixels = False
        self.pixel_data = "absent"
        self.warnings: list[str] = []
        self._shared = shared
        self._source = source
        self._plan = plan
        self._level: Level = plan.root
        self._parts: list[_Window | _Pixels] = []
        self._learning = False

    # -- scanning

    def scan(self, start: int, buffer: bytes) -> None:
        """Scan the whole data set, which starts at `start`; `buffer` holds the first bytes of the source, or nothing."""
        size = self._source.size
        base = 0
        position = start
        while position < size or not self._parts:
            pixels, position, base, buffer = self._window(base, buffer, position)
            if pixels:
                position = self._pixels(base, buffer, position)
                base, buffer = position, b""
                continue
            if position >= base + len(buffer):
                if position > size:
                    raise Refusal(Reason.TRUNCATED)
                base, buffer = position, b""
            if position >= size:
                break
        if self.notes.blocks.close(0, self.notes.done):
            for part in self._parts:
                if isinstance(part, _Window):
                    part.edits.sort()

    def _window(self, base: int, buffer: bytes, position: int) -> tuple[bool, int, int, bytes]:
        """Scan one window from `position` on, with as many bytes as it takes."""
        size, notes = self._source.size, self.notes
        if not buffer:
            base = position
            buffer = self._source.read_at(base, _TAIL_WINDOW if self.has_pixels else _WINDOW)
        lists: tuple[list[Any], ...] = (notes.deferred, notes.deferred_at, notes.originals, notes.done)
        lists += (notes.texts, notes.numbers, notes.blobs, notes.gathered)
        before = tuple(map(len, lists))
        count, level, blocks, charset = notes.elements, self._level, notes.blocks.top(), notes.charset
        while True:
            complete = base + len(buffer) >= size
            try:
                edits, end, self._level, pixels = scan(self._shared, level, buffer, position - base, complete, notes)
                break
            except NeedMore:
                if len(buffer) >= self._shared.limits.header:
                    raise Refusal(Reason.LIMIT, "size of the header") from None
                wanted = min(max(len(buffer) * _GROWTH, _WINDOW), self._shared.limits.header)
                buffer = self._source.read_at(base, wanted)
                if base + len(buffer) < min(base + wanted, size):
                    raise Refusal(Reason.CHANGED) from None
                for values, length in zip(lists, before, strict=True):
                    del values[length:]
                notes.elements = count
                notes.blocks.restore(blocks)
            except Refusal as refusal:
                if self.has_pixels and refusal.reason in (Reason.BROKEN, Reason.TRUNCATED):
                    self.warnings.append("trailing-bytes-dropped")
                    edits, end, pixels = [(position - base, len(buffer), b"")], size - base, False
                    self._parts.append(_Window(base, buffer, position - base, edits, len(buffer), []))
                    return False, size, base, buffer
                raise
        if edits:
            edits.sort()
        if not self._parts:
            self._learning = self._due()
        if self._learning and not self.has_pixels:
            self._learn(level, buffer, position - base, complete, charset)
        deferred = list(zip(notes.deferred_at[before[1] :], notes.deferred[before[0] :], strict=True))
        self._parts.append(_Window(base, buffer, position - base, edits, end, deferred))
        return pixels, base + end, base, buffer

    def _due(self) -> bool:
        """Whether it is time to see what the instances of this plan, or of this study, repeat."""
        plan, study = self._plan, self.notes.seen.get(STUDY_INSTANCE_UID, b"")
        plan.instances_of_study = plan.instances_of_study + 1 if study == plan.study else 1
        plan.instances += 1
        plan.study = study
        return due(plan.instances, plan.instances_of_study)

    def _learn(self, level: Level, buffer: bytes, start: int, complete: bool, charset: bytes) -> None:
        """Scan a window once more, under watch."""
        learner = Learner(self._shared.neighbour(self._plan))
        notes = Notes(subject=self.notes.subject)
        notes.charset = charset  # one in this window is met again
        scan(self._shared, level, buffer, start, complete, notes, learner)
        learner.learn(buffer, start, charset, self._rescan)

    def _rescan(self, level: Level, encoded: bytes, charset: bytes) -> tuple[list[Edit], Notes] | None:
        """Scan elements by themselves; None where they are no whole ones of this level."""
        notes = Notes(subject=self.notes.subject)
        notes.charset = charset
        notes.concept = {CARRIED_ON: b""}
        try:
            edits, end, after, pixels = scan(self._shared, level, encoded, 0, True, notes)
        except Refusal:
            return None
        return (sorted(edits), notes) if end == len(encoded) and after is level and not pixels else None

    def _pixels(self, base: int, buffer: bytes, position: int) -> int:
        """Note the pixel data element at `position`; return where the next element starts."""
        syntax = self.head.syntax
        at = position - base
        head = buffer[at : at + 12] if at + 12 <= len(buffer) else self._source.read_at(position, 12)
        long_form = syntax.explicit and head[4:6] in (b"OB", b"OW", b"OF", b"OD", b"UN", b"OV", b"OL")
        offset = 12 if long_form else 8
        if len(head) < offset:
            raise Refusal(Reason.TRUNCATED)
        if syntax.explicit and not long_form:
            raise Refusal(Reason.BROKEN, "VR of Pixel Data")
        length = int(syntax.long.unpack_from(head, offset - 4)[0])
        value = position + offset
        if length == UNDEFINED:
            end = self._end_of_fragments(value)
        else:
            end = value + length
            if end > self._source.size:
                raise Refusal(Reason.TRUNCATED, "Pixel Data")
        self._parts.append(_Pixels(value, length, [head[:offset]]))
        self.has_pixels = True
        self.notes.elements += 1
        return end

    def _end_of_fragments(self, value: int) -> int:
        from deident.engine import encapsulated  # noqa: PLC0415 - native pixel data need nothing of it

        if not encapsulated.is_encapsulated(self.head.transfer_syntax):
            raise Refusal(Reason.BROKEN, "encapsulated Pixel Data in a native transfer syntax")
        return encapsulated.walk_fragments(self._source, value, self._shared.limits)[1]

    # -- replacing

    def remember(self) -> None:
        """Let the next instance of the plan be compared with this one, to learn what neighbours have in common."""
        self._shared.remember(self._plan, [part.buffer for part in self._parts if isinstance(part, _Window)])

    def replace_deferred(self, patient: str, study_uid: str) -> list[tuple[str, str, str]]:
        """Write the pseudonyms that depend on more than one element; return (domain, original, pseudonym) of each."""
        originals = list(self.notes.originals)
        for window in self._parts:
            if not isinstance(window, _Window) or not window.deferred:
                continue
            for (start, end), value in window.deferred:
                element, entry = self._shared.deferred(value, self.head.syntax, patient, study_uid)
                window.edits.append((start, end, element))
                if entry is not None:
                    originals.append(entry)
            window.edits.sort()
        return [entry for entry in originals if entry[1]]

    # -- pixel data

    def clean_pixels(self, limits: Limits, suspicious: Callable[[bytes], bool]) -> None:
        """Decide the segments of the pixel data: copied, planes cleared, or comments stripped."""
        for part in self._parts:
            if not isinstance(part, _Pixels):
                continue
            if part.length == UNDEFINED:
                self._clean_encapsulated(part, limits, suspicious)
                continue
            segment = native_segment(part.start, part.length, self.notes.seen, self.head.syntax)
            part.segments.append(segment)
            self.pixel_data = "planes-cleared" if isinstance(segment, MaskedRange) else "copied"
            self._search_excess(part, suspicious)

    def _search_excess(self, part: _Pixels, suspicious: Callable[[bytes], bool]) -> None:
        """Bytes of the value beyond what the image needs are searched: they are not pixels."""
        wanted = expected_length(self.notes.seen, self.head.syntax)
        if wanted is None or part.length <= wanted + 1:
            return
        excess = self._source.read_at(part.start + wanted, min(part.length - wanted, _EXCESS_LIMIT))
        if suspicious(excess):
            raise Refusal(Reason.KNOWN_IDENTIFIER, "in (7FE0,0010) beyond the image")

    def _clean_encapsulated(self, part: _Pixels, limits: Limits, suspicious: Callable[[bytes], bool]) -> None:
        from deident.engine import encapsulated  # noqa: PLC0415 - native pixel data need nothing of it

        seen = self.notes.seen
        number = seen.get(0x00280008, b"").strip(b"\0 ")
        extended = seen.get(_EXTENDED_TABLES[0], b"")
        cleaned = encapsulated.clean_encapsulated(
            self._source,
            part.start,
            self.head.transfer_syntax,
            int(number) if number.isdigit() else 1,
            extended,
            limits,
            suspicious,
            expected_length(seen, self.head.syntax, frames=1),
        )
        part.segments += cleaned.segments
        self.pixel_data = "comments-stripped" if cleaned.stripped else "copied"
        if cleaned.stripped and extended:
            self._drop_extended_tables(part)

    def _drop_extended_tables(self, pixels: _Pixels) -> None:
        """The extended offset table of a value that was rebuilt is wrong; the new value has a basic one."""
        window = self._parts[self._parts.index(pixels) - 1]
        if not isinstance(window, _Window):
            raise AssertionError("pixel data follows a window")
        for tag in _EXTENDED_TABLES:
            if tag in self.notes.places:
                start, end = self.notes.places[tag]
                window.edits.append((start, end, b""))
        window.edits.sort()

    # -- the output

    def segments(self, insertions: Insertions) -> list[Segment]:
        """The data set as segments: literal bytes around ranges of the source."""
        result: list[Segment] = []
        for part in self._parts:
            if isinstance(part, _Pixels):
                result += part.segments
                continue
            literal = _splice(part)
            if literal:
                result.append(literal)
            done = max(len(part.buffer), part.edits[-1][1] if part.edits else 0)  # a removed value may reach beyond
            if part.end > done:
                result.append(SourceRange(part.base + done, part.end - done))
        rest = insertions.rest(self._level, self.notes)
        if rest:
            result.append(rest)
        return _merged(result)


def _splice(window: _Window) -> bytes:
    """The bytes of a window with its edits carried out; each untouched stretch is copied once."""
    buffer, position = window.buffer, window.start
    end = min(window.end, len(buffer))
    pieces = []
    for start, after, replacement in window.edits:
        if start > position:
            pieces.append(buffer[position:start])
        if replacement:
            pieces.append(replacement)
        position = after
    if position < end:
        pieces.append(buffer[position:end])
    return b"".join(pieces)


def _merged(segments: list[Segment]) -> list[Segment]:
    """Adjacent literals joined when small, so that a store writes few pieces."""
    result: list[Segment] = []
    for segment in segments:
        if isinstance(segment, bytes) and result and isinstance(result[-1], bytes) and len(segment) < 4096:
            result[-1] += segment
        else:
            result.append(segment)
    return result
