"""Private elements that may stay: who reserved their block in the same data set or item decides (PS3.5 7.8.1; RULES section 9).

A creator stays where an element of its block does; that is known when the item ends, and so a creator is removed then.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from deident.engine import entries as p
from deident.engine.syntax import IMPLICIT_LITTLE, UNDEFINED
from deident.errors import Reason, Refusal
from deident.profile.decision import Action, Decision, Method

if TYPE_CHECKING:
    from deident.engine.level import Level
    from deident.engine.notes import Notes

__all__ = ["Blocks", "looks_like_text", "private_entry", "resolve_private"]

_ILLEGAL_GROUP: Final = 0xFFFF
_FIRST_GROUP: Final = 0x0009
_CREATORS: Final = range(0x0010, 0x0100)
_FIRST_ELEMENT: Final = 0x1000
_SEARCHED_BYTES: Final = range(8, 64 << 20)

_SIZES: Final = {"AT": 4, "FD": 8, "FL": 4, "OD": 8, "OF": 4, "OL": 4, "OV": 8, "OW": 2, "SL": 4, "SS": 2, "SV": 8} | {
    "UL": 4,
    "US": 2,
    "UV": 8,
}
_OTHER: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW"})
#: What values of these VRs are made of (PS3.5 Table 6.2-1, with what old devices write); a text is none of them.
_FORMS: Final = {
    vr: re.compile(rb"[" + characters + rb" \\\0]*")
    for vr, characters in {
        "AS": rb"0-9DWMY",
        "DA": rb"0-9.",
        "DS": rb"0-9+\-.eE",
        "DT": rb"0-9.+\-",
        "IS": rb"0-9+\-",
        "TM": rb"0-9.:",
        "UI": rb"0-9.",
    }.items()
}
_TEXTUAL: Final = frozenset({"CS", "DA", "DT", "TM"})
_LETTERS: Final = re.compile(rb"[ -~\x80-\xff]{8}|(?:[ -~]\0){4}|(?:\0[ -~]){4}")


class Block:
    """A private block of the data set, or of an item: its creator ("" = of which nothing stays) and where that stands."""

    __slots__ = ("edits", "end", "name", "number", "raw", "start", "used")

    def __init__(self, name: str, raw: bytes, span: tuple[int, int], edits: list[Any], number: int) -> None:
        self.name = name
        self.raw = raw
        self.start, self.end = span
        self.edits = edits
        self.number = number
        self.used = not name  # the creator of an unknown block has gone at once

    def close(self, done: list[int]) -> int:
        """Remove the creator of which nothing stayed; return how many bytes went."""
        if self.used:
            return 0
        self.edits.append((self.start, self.end, b""))
        done.append(self.number)
        return self.end - self.start


class Blocks:
    """The private blocks of the data set and of the items under way. An item is told by where it starts; the data set by 0."""

    __slots__ = ("_current", "open")

    def __init__(self) -> None:
        self.open: dict[int, dict[int, Block]] = {}
        self._current: Block | None = None

    def top(self) -> dict[int, Block]:
        """The blocks of the data set so far."""
        return dict(self.open.get(0, {}))

    def restore(self, top: dict[int, Block]) -> None:
        """Forget what a scan that has to start again has met."""
        self.open.clear()
        if top:
            self.open[0] = dict(top)

    def enter(self, item: int, block: int) -> str:
        """The creator of the block that the element under way lies in."""
        self._current = self.open.get(item, {}).get(block)
        return self._current.name if self._current is not None else ""

    def stays(self) -> None:
        """Note that the element under way stays."""
        if self._current is not None:
            self._current.used = True

    def hold(self, item: int, block: int) -> None:
        """Note that a sequence stays, now that it has ended."""
        self.open[item][block].used = True

    def close(self, item: int, done: list[int]) -> int:
        """End an item, or the data set; return how many bytes of creators went."""
        return sum(block.close(done) for block in self.open.pop(item, {}).values())


def looks_like_text(value: bytes) -> bool:
    """Whether bytes that should be numbers have a stretch of characters in them."""
    return _LETTERS.search(value) is not None


def private_entry(level: Level, tag: int, wire_vr: str, offset: int, length: int) -> Any:
    """The entry for an element that its creator decides upon, and for a creator; None for those that never stay."""
    group, element = tag >> 16, tag & 0xFFFF
    if not _FIRST_GROUP <= group < _ILLEGAL_GROUP:
        return None
    if element in _CREATORS and wire_vr in ("LO", "UN") and length != UNDEFINED:
        number = level.plan.decisions.number(level.plan.rules.private.gone(level.path, tag))
        return (p.CREATOR, offset + length, offset, tag, level, number)
    if element < _FIRST_ELEMENT:
        return None
    return (p.PRIVATE, tag >> 8, {}, level, tag, wire_vr, offset, length)


def resolve_private(
    entry: Any, notes: Notes, edits: list[tuple[int, int, bytes]], buf: bytes, pos: int, item: int
) -> Any:
    """The ordinary entry for a creator, or for a private element, in the item that starts at `item`."""
    if entry[0] == p.CREATOR:
        return _declare(entry, notes, edits, buf, pos, item)
    known = entry[2]
    creator = notes.blocks.enter(item, entry[1])
    found = known.get(creator)
    if found is None:
        found = known[creator] = _element(creator, *entry[3:])
    if found.__class__ is int:
        notes.blocks.stays()
    elif found[0] == p.SEQUENCE and found[3] == p.HELD and found[8]:
        notes.un_sequence = True
    return found


def _declare(entry: Any, notes: Notes, edits: list[tuple[int, int, bytes]], buf: bytes, pos: int, item: int) -> Any:
    _kind, advance, offset, tag, level, number = entry
    value = buf[pos + offset : pos + advance]
    raw = value.strip(b"\0 ")
    gone = (p.EDIT, advance, b"", number)
    block = tag >> 16 << 8 | tag & 0xFF
    blocks = notes.blocks.open.setdefault(item, {})
    earlier = blocks.get(block)
    if earlier is not None:
        if earlier.raw != raw:  # nobody knows whose elements these are
            if earlier.used and earlier.name:
                raise Refusal(Reason.BROKEN, "a private block is reserved twice")
            earlier.name = ""
        return gone
    rules, sop_class = level.plan.rules.private, level.plan.sop_class
    name = raw.decode("ascii", "replace")
    if not rules.knows(name, sop_class):
        name = ""
    elif not rules.exempt(name, sop_class):
        if value in notes.hits:
            notes.blanked.add(value)
            name = ""
        else:
            notes.texts.append(value)
    blocks[block] = Block(name, raw, (pos, pos + advance), edits, number)
    return advance if name else gone


def _element(creator: str, level: Level, tag: int, wire_vr: str, offset: int, length: int) -> Any:
    """The entry for an element of a creator; what is not listed, or not as listed, goes as every private element does."""
    rules, numbered = level.plan.rules.private, level.plan.decisions.number
    is_sequence = wire_vr == "SQ" or (wire_vr == "UN" and length == UNDEFINED)
    if creator and rules.exempt(creator, level.plan.sop_class) and (is_sequence or length != UNDEFINED):
        if is_sequence:
            return _sequence(level, rules.kept(level.path, tag), wire_vr, offset)
        return offset + length
    listed = rules.listed_vr(creator, tag) if creator else ""
    if not listed or wire_vr not in (listed, "UN"):
        return level.ordinary(tag, wire_vr, offset, length)
    decision = rules.decide(level.path, tag, listed, level.plan.sop_class)
    trusted = is_sequence or (level.plan.trust_un and level.syntax.little)
    if decision is None or (listed == "SQ" and not trusted) or (listed != "SQ" and is_sequence):
        return level.ordinary(tag, wire_vr, offset, length)
    if listed == "SQ":
        return _sequence(level, decision, wire_vr, offset)
    if not length:
        return offset
    if length == UNDEFINED or length % _SIZES.get(listed, 1):
        return level.ordinary(tag, wire_vr, offset, length)
    failed = numbered(rules.gone(level.path, tag, f"{decision.because}, not its VR"))
    form = _FORMS.get(listed) if decision.action is Action.KEEP and decision.method is Method.PLAIN else None
    inner = _value(level, decision, listed, offset, length)
    if inner.__class__ is int and form is None:
        return inner
    sift = listed in _SIZES and listed not in _OTHER
    return (p.PRIVATE_VALUE, offset + length, offset, inner, form, failed, sift)


def _sequence(level: Level, decision: Decision, wire_vr: str, offset: int) -> Any:
    """A private sequence is walked: standard attributes inside obey Table E.1-1, private ones have creators of their own."""
    syntax = IMPLICIT_LITTLE if wire_vr == "UN" else level.syntax
    child, number = level.child(decision.tag, syntax, drop=False), level.plan.decisions.number(decision)
    return (p.SEQUENCE, offset - 4, child, p.HELD, b"", number, b"", decision.tag >> 8, wire_vr == "UN")


def _value(level: Level, decision: Decision, vr: str, offset: int, length: int) -> Any:
    rules, numbered = level.plan.rules.private, level.plan.decisions.number
    tag, advance, number = decision.tag, offset + length, numbered(decision)
    if decision.action is Action.UID:
        return (p.UID, advance, offset, tag, number)
    if decision.action is Action.CLEAN:
        nothing = numbered(rules.gone(level.path, tag, f"{decision.because}, nothing left"))
        return (p.CLEAN, advance, offset, tag, vr, decision.method, number, b"", nothing, decision.kind, "")
    if decision.method is Method.AGE:
        return (p.AGE, advance, offset, number, b"", tag, False)
    if vr == "UI":
        return (p.RETAINED_UID, advance, offset, tag, numbered(level.plan.rules.remapped(level.place, tag)))
    hit = numbered(rules.gone(level.path, tag, "known-identifier"))
    if vr in _TEXTUAL:
        return (p.TEXT, advance, offset, b"", hit)
    if vr in ("AS", "DS", "IS"):
        return (p.NUMBER, advance, offset, b"", hit)
    return (p.BLOB, advance, offset, b"", hit) if length in _SEARCHED_BYTES else advance
