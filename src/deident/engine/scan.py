"""Walk the encoded elements of a data set and note what to change: one loop, no object per element.

The loop is the hot path of deident: it looks the first bytes of each element up in the memo of its level (level.py) and, for
most elements, only moves on. Lengths of enclosing items and sequences are mended when something inside them changed size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from deident.engine import entries as p
from deident.engine.dummies import graphic_annotation
from deident.engine.items import ItemTooLong
from deident.engine.level import Level
from deident.engine.moments import Moments
from deident.engine.notes import Notes
from deident.engine.private import resolve_private
from deident.engine.repeat import BEGINNING
from deident.engine.shared import Shared
from deident.engine.syntax import UNDEFINED
from deident.engine.values import HANDLERS
from deident.errors import Reason, Refusal

__all__ = ["Edit", "NeedMore", "scan"]

#: (start, end, replacement) in one buffer.
Edit = tuple[int, int, bytes]
#: Where a data set ends of which only the beginning is at hand.
_NO_END: Final = 1 << 62


class NeedMore(Exception):
    """The buffer ends inside an element; the scan starts again with a longer one."""


def _memo(level: Level) -> Callable[[bytes], Any]:
    return level.memo.get


class Recorder(Protocol):
    """Watches a scan, to see what instances repeat (runs.py)."""

    def lookup(self, level: Level) -> Callable[[bytes], Any]:
        """A stand-in for the memo of a level."""

    def sequence(self, level: Level, encoded: bytes, charset: bytes) -> None:
        """Take a whole sequence that was scanned at `level`."""


def scan(
    shared: Shared,
    level: Level,
    buf: bytes,
    pos: int,
    complete: bool,
    notes: Notes,
    recorder: Recorder | None = None,
) -> tuple[list[Edit], int, Level, bool]:
    """Scan top-level elements of `buf` from `pos` until it ends or Pixel Data begins.

    Returns (edits, position, level, pixels): the position is that of the pixel data element when `pixels` is true, else the
    end of what was decided, which lies beyond the buffer where a kept value does. `complete` says that the buffer ends
    where the object does. Raises NeedMore or Refusal.
    """
    lookup = recorder.lookup if recorder is not None else _memo
    syntax = level.syntax
    u32 = syntax.long.unpack_from
    pack32 = syntax.long.pack
    item_tag, sequence_end = syntax.item, syntax.sequence_end
    edits: list[Edit] = []
    add = edits.append
    stands = buf.startswith
    text = notes.texts.append
    done = notes.done.append
    hits = notes.hits
    seen = notes.seen
    charset = notes.charset
    blocks = notes.blocks.open
    depth_limit, element_limit = shared.limits.depth, shared.limits.elements
    avail = end = len(buf)
    first = pos
    moments: dict[int, Moments] = {}
    get = lookup(level)
    stack: list[Any] = []
    delta = 0
    count = 0
    opening = delimited = False
    item_at = item_length = item_delta = item_edits = 0
    seq_at = seq_length = seq_end = seq_delta = seq_edits = seq_items = 0
    seq: Any = None
    while True:
        while pos < end:
            entry = get(buf[pos : pos + 8])
            if entry.__class__ is int:
                pos += entry
                count += 1
                continue
            if entry is None:
                if complete and not stack and not buf[pos : pos + 4].strip(b"\0") and not buf[pos:].strip(b"\0"):
                    add((pos, avail, b""))  # trailing zeros are no elements
                    pos = avail
                    break
                if pos + 8 > avail:
                    raise _short(complete)
                level.resolve(buf[pos : pos + 8])
                continue
            kind = entry[0]
            if kind == p.REPEAT:
                for repeat in entry[1].get(buf[pos + 8 : pos + BEGINNING], ()):
                    if stands(repeat.encoded, pos) and repeat.counts(pos, end, charset, notes):
                        break
                else:
                    repeat = None
                if repeat is not None:
                    if not repeat.silent:
                        repeat.apply(notes, edits, pos)
                        delta += repeat.delta
                    count += repeat.elements
                    pos += repeat.length
                    continue
                entry = entry[2]
                kind = p.PLAIN if entry.__class__ is int else entry[0]
            if kind == p.RUN:
                stretch = entry[1]
                if pos + stretch.length <= end and stretch.apply(buf, pos, notes, edits, charset):
                    delta += stretch.delta
                    count += stretch.elements
                    pos += stretch.length
                    continue
                entry = entry[2]
                kind = p.PLAIN if entry.__class__ is int else entry[0]
            if kind == p.LONG:
                if pos + 12 > avail:
                    raise _short(complete)
                entry = level.long.get(buf[pos : pos + 12])
                if entry is None:
                    entry = level.resolve_long(buf[pos : pos + 12])
                if entry.__class__ is int:
                    pos += entry
                    count += 1
                    continue
                kind = entry[0]
            while kind >= p.WRAPPED:
                if kind == p.CAPTURE:
                    tag, entry, advance, offset = entry[1], entry[2], entry[3], entry[4]
                    if pos + advance > avail:
                        raise _short(complete)
                    seen[tag] = buf[pos + offset : pos + advance]
                    if tag >> 16 == 0x7FE0:
                        notes.places[tag] = (pos, pos + advance)
                elif kind == p.MARK:
                    notes.marks.add(entry[1])
                    entry = entry[2]
                elif kind == p.KIND:
                    notes.met.add(entry[1])
                    entry = entry[2]
                else:
                    if kind == p.CREATOR and pos + entry[1] > avail:
                        raise _short(complete)
                    entry = resolve_private(entry, notes, edits, buf, pos, item_at)
                kind = p.PLAIN if entry.__class__ is int else entry[0]
            if kind == p.EDIT:
                out = entry[2]
                add((pos, pos + entry[1], out))
                delta += len(out) - entry[1]
                done(entry[3])
                pos += entry[1]
                count += 1
            elif kind == p.SEQUENCE:
                body = pos + entry[1] + 4
                if body > avail:
                    raise _short(complete)
                if len(stack) >= depth_limit:
                    raise Refusal(Reason.LIMIT, "nesting")
                stack.append(
                    (
                        (level, get, end, charset, item_at, item_length, item_delta, item_edits),
                        (seq, seq_at, seq_length, seq_end, seq_delta, seq_edits, seq_items, syntax),
                    )
                )
                seq, seq_at, seq_delta, seq_edits, seq_items = entry, pos, delta, len(edits), 0
                seq_length = u32(buf, pos + entry[1])[0]
                seq_end = end if seq_length == UNDEFINED else body + seq_length
                if seq_end > end:
                    raise _beyond(seq_end, avail, complete)
                level = entry[2]
                get = lookup(level)
                if level.syntax is not syntax:
                    notes.un_sequence = True
                    syntax = level.syntax
                    u32, pack32 = syntax.long.unpack_from, syntax.long.pack
                    item_tag, sequence_end = syntax.item, syntax.sequence_end
                pos = body
                count += 1
                opening = True
                break
            elif kind == p.ITEM_END:
                if item_length != UNDEFINED:
                    raise Refusal(Reason.BROKEN, "item delimiter in an item of defined length")
                delimited = True
                break
            elif kind == p.PHASE:
                out = shared.insertions(level, notes)
                if out:
                    add((pos, pos, out))
                level = level.after or level
                get = lookup(level)
            elif kind == p.PIXELS:
                notes.elements += count
                return edits, pos, level, True
            elif kind == p.PLAIN:
                pos += entry
                count += 1
            else:
                after = pos + entry[1]
                if after > avail:
                    raise _short(complete)
                value = buf[pos + entry[2] : after]
                if kind == p.TEXT and not hits:
                    text(value)
                elif kind == p.CHARSET:
                    charset = value.strip(b"\0 ")
                    notes.take_charset(value, charset, top=not stack)
                else:
                    if kind == p.PAIRED:
                        start = pos if not entry[-1].before else item_at if stack else first
                        sequence = (seq_at + seq[1] + 4, seq_end) if stack else (0, 0)
                        try:
                            notes.beside = entry[-1].value(
                                buf, start, end if stack or complete else _NO_END, sequence, syntax, moments
                            )
                        except ItemTooLong:
                            raise _short(complete) from None
                    out = HANDLERS[kind](shared, notes, entry, value, charset, syntax)
                    if out is not None:
                        add((pos, after, out))
                        delta += len(out) - entry[1]
                    elif kind == p.DEFERRED:
                        notes.deferred_at.append((pos, after))
                pos = after
                count += 1
        # An item has just been entered, has ended, or the data set has.
        if opening:
            opening = False
        elif not stack:
            notes.elements += count
            return edits, pos, level, False
        else:
            content_end = pos
            if delimited:
                delimited = False
                pos += 8
            elif item_length == UNDEFINED:
                raise _beyond(pos, avail, complete) if pos >= avail else Refusal(Reason.BROKEN, "item not delimited")
            elif pos != end:
                raise (
                    _beyond(pos, avail, complete) if pos > avail else Refusal(Reason.BROKEN, "element exceeds its item")
                )
            if blocks:
                delta -= notes.blocks.close(item_at, notes.done)
            if level.removed >= 0 or (delta != item_delta and content_end - item_at + delta - item_delta == 0):
                if level.removed >= 0:
                    done(level.removed)
                del edits[item_edits:]
                add((item_at - 8, pos, b""))
                delta = item_delta - (pos - item_at + 8)
            else:
                if delta != item_delta and item_length != UNDEFINED:
                    add((item_at - 4, item_at, pack32(item_length + delta - item_delta)))
                seq_items += 1
            if count > element_limit:
                raise Refusal(Reason.LIMIT, "elements")
        ended = pos == seq_end and seq_length != UNDEFINED
        if not ended:
            if pos + 8 > avail:
                raise _short(complete)
            head = buf[pos : pos + 4]
            if head == item_tag:
                item_length = u32(buf, pos + 4)[0]
                pos += 8
                item_at, item_delta, item_edits = pos, delta, len(edits)
                if item_length == UNDEFINED:
                    end = seq_end
                else:
                    end = pos + item_length
                    if end > seq_end:
                        raise _beyond(end, avail, complete)
                if stack:
                    charset = stack[-1][0][3]
                if seq[2].selects:
                    level = _selected(seq[2], buf, pos, end, complete, notes)
                    get = lookup(level)
                continue
            if head != sequence_end or seq_length != UNDEFINED:
                raise Refusal(Reason.BROKEN, "neither item nor delimiter in a sequence")
            pos += 8
        # The sequence has ended.
        mode = seq[3]
        out = None
        if mode == p.REPLACE:
            out = seq[4]
            if out is None:
                layers = notes.inside.get(p.GRAPHIC_LAYER)
                out = graphic_annotation(syntax, layers[0] if layers else b"ANONYMIZED")
            done(seq[5])
        elif delta != seq_delta:
            if not seq_items:
                out = seq[6]
            elif seq_length != UNDEFINED:
                length_at = seq_at + seq[1]
                add((length_at, length_at + 4, pack32(seq_length + delta - seq_delta)))
        if mode == p.HELD and out is None:
            notes.blocks.hold(stack[-1][0][4], seq[7])
        if out is not None:
            del edits[seq_edits:]
            add((seq_at, pos, out))
            delta = seq_delta + len(out) - (pos - seq_at)
        outer, around = stack.pop()
        if recorder is not None:
            recorder.sequence(outer[0], buf[seq_at:pos], outer[3])
        level, get, end, charset, item_at, item_length, item_delta, item_edits = outer
        seq, seq_at, seq_length, seq_end, seq_delta, seq_edits, seq_items, restored = around
        if restored is not syntax:
            syntax = restored
            u32, pack32 = syntax.long.unpack_from, syntax.long.pack
            item_tag, sequence_end = syntax.item, syntax.sequence_end


def _selected(level: Level, buf: bytes, pos: int, end: int, complete: bool, notes: Notes) -> Level:
    """The level of one item of a sequence whose items are treated by what they say of themselves."""
    try:
        found = level.for_item(buf, pos, end)
    except ItemTooLong:
        raise _short(complete) from None
    item = found.place.item
    if item is not None and item.content and not item.value_type:
        notes.by_reference = True  # only an item that refers to another one has no value type (PS3.3 Table C.17-6)
    return found


def _short(complete: bool) -> Exception:
    """What to raise when the buffer ends inside an element."""
    return Refusal(Reason.TRUNCATED) if complete else NeedMore()


def _beyond(position: int, avail: int, complete: bool) -> Exception:
    """What to raise when a length reaches beyond what encloses it."""
    if position >= avail:
        return _short(complete)
    return Refusal(Reason.BROKEN, "a length exceeds what encloses it")
