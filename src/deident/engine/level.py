"""A level of a plan: encoded element header -> what the scanner does.

The memo of a level is keyed by the first eight bytes of an element (tag, VR and, but for long VRs, the length), so that one
dictionary look-up decides an element. Entries are made on first sight; entries.py says what they mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from deident.engine import entries as p
from deident.engine.dummies import replacement, written_vr
from deident.engine.gathering import gathered
from deident.engine.items import LOOKS
from deident.engine.moments import beside
from deident.engine.private import private_entry
from deident.engine.repeat import Repeat, Repeats
from deident.engine.syntax import ALL_VRS, IMPLICIT_LITTLE, LONG_VRS, UNDEFINED, Syntax
from deident.errors import Reason, Refusal
from deident.profile.content import Item
from deident.profile.decision import Action, Decision, Method
from deident.profile.place import Place
from deident.standard import dictionary

if TYPE_CHECKING:
    from deident.engine.plan import Plan
    from deident.engine.stretch import Stretch

__all__ = ["ANCHORS", "Level"]

PIXEL_TAGS: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
SPECIFIC_CHARACTER_SET: Final = 0x00080005

#: Tags after which something may be inserted at the top level: Patient's Age, the de-identification markers, and
#: Longitudinal Temporal Information Modified.
ANCHORS: Final = (0x00101010, 0x00120064, 0x00280303)

_TEXT_VRS: Final = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UI", "UR", "UT"})
_NUMBER_VRS: Final = frozenset({"AS", "DS", "IS"})
_BLOB_VRS: Final = frozenset({"OB", "OW", "UN"})
_BLOB_LIMIT: Final = 64 << 20
_MEMO_LIMIT: Final = 50_000

Entry = Any


class Level:
    """The memo of one place in the data set: a path of sequences, or a phase of the top level."""

    __slots__ = (
        *("_children", "_lengths", "_repeats", "_runs", "_variants", "after", "drop", "long", "memo", "path", "phase"),
        *("place", "plan", "removed", "selects", "syntax", "varying"),
    )

    def __init__(
        self,
        plan: Plan,
        path: tuple[int, ...],
        syntax: Syntax,
        *,
        drop: bool = False,
        phase: int = len(ANCHORS),
        selects: Method = Method.PLAIN,
        item: Item | None = None,
    ) -> None:
        self.plan = plan
        self.path = path
        self.place = Place(plan.iod, plan.in_force, path, plan.sop_class, item, plan.fixed)
        self.syntax = syntax
        self.phase = phase
        self.selects = selects
        gone = plan.rules.item_removed(self.place) if item is not None else None
        self.removed = plan.decisions.number(gone) if gone is not None else -1
        self.drop = drop or gone is not None
        self.memo: dict[bytes, Entry] = {}
        self.long: dict[bytes, Entry] = {}
        self.varying: set[int] = set()
        self._lengths: dict[int, bytes] = {}
        self._runs: dict[bytes, Stretch] = {}
        self._repeats: dict[bytes, Repeats] = {}
        self._children: dict[tuple[int, bool, bool, Method], Level] = {}
        self._variants: dict[Item, Level] = {}
        self.after = Level(plan, path, syntax, phase=phase + 1) if phase < len(ANCHORS) else None

    def child(self, tag: int, syntax: Syntax, *, drop: bool, selects: Method = Method.PLAIN) -> Level:
        """The level of the items of a sequence; one that `selects` has a level for each kind of item."""
        key = (tag, syntax.explicit, drop, selects)
        if key not in self._children:
            self._children[key] = Level(self.plan, (*self.path, tag), syntax, drop=drop, selects=selects)
        return self._children[key]

    def for_item(self, buf: bytes, pos: int, end: int) -> Level:
        """The level of the item whose elements start at `pos`. Raises ItemTooLong where the bytes end too early."""
        item = LOOKS[self.selects](buf, pos, end, self.syntax)
        known = self._variants.get(item)
        if known is None:
            if len(self._variants) >= _MEMO_LIMIT:
                self._variants.clear()
            known = self._variants[item] = Level(self.plan, self.path, self.syntax, item=item)
        return known

    def resolve(self, head: bytes) -> Entry:
        """Make, keep and return the entry for the first eight bytes of an element."""
        entry = self._resolve(head)
        if len(self.memo) >= _MEMO_LIMIT:
            self.memo.clear()
            self._runs.clear()
            self._repeats.clear()
        self.memo[head] = entry
        tag = self.syntax.tag_at(head)
        if self._lengths.setdefault(tag, head) != head:
            self.varying.add(tag)
        return entry

    def add_run(self, head: bytes, run: Stretch) -> None:
        """Let a run start at the elements that begin with `head`; the first one that is offered stays."""
        if head in self.memo and self._runs.setdefault(head, run) is run:
            self._compose(head)

    def repeats(self, encoded: bytes, charset: bytes) -> bool:
        """Whether what begins with these bytes is known as a whole."""
        known = self._repeats.get(encoded[:8])
        return known is not None and known.holds(encoded, charset)

    def add_repeat(self, repeat: Repeat) -> None:
        """Know what encoded elements lead to."""
        head = repeat.encoded[:8]
        if head in self.memo:
            self._repeats.setdefault(head, Repeats()).add(repeat)
            self._compose(head)

    def forget_runs(self) -> None:
        """Decide every element on its own again, or with what it is known to repeat."""
        heads, self._runs = self._runs, {}
        for head in heads:
            self._compose(head)

    def _compose(self, head: bytes) -> None:
        """Let the memo answer with the longest that can stand where an element begins: what repeats, a run, the element."""
        entry = self.memo[head]
        while entry.__class__ is tuple and entry[0] in (p.RUN, p.REPEAT):
            entry = entry[-1]
        if head in self._runs:
            entry = (p.RUN, self._runs[head], entry)
        if head in self._repeats:
            entry = (p.REPEAT, self._repeats[head].alike, entry)
        self.memo[head] = entry

    def resolve_long(self, head: bytes) -> Entry:
        """Make, keep and return the entry for the first twelve bytes of an element with a long VR."""
        tag = self.syntax.tag_at(head)
        length = self.syntax.long.unpack_from(head, 8)[0]
        entry = self._entry(tag, head[4:6].decode("ascii"), 12, length)
        if len(self.long) >= _MEMO_LIMIT:
            self.long.clear()
        self.long[head] = entry
        return entry

    def _resolve(self, head: bytes) -> Entry:
        tag = self.syntax.tag_at(head)
        if tag >> 16 == 0xFFFE:
            if head[:4] == self.syntax.item_end and self.path:
                return (p.ITEM_END,)
            raise Refusal(Reason.BROKEN, "item or delimiter out of place")
        if self.after is not None and tag > ANCHORS[self.phase]:
            return (p.PHASE,)
        if not self.syntax.explicit:
            known = dictionary.attribute(tag)
            vr = known.vrs[0] if known else "UN"
            return self._entry(tag, vr, 8, self.syntax.long.unpack_from(head, 4)[0])
        vr = head[4:6].decode("latin-1")
        if vr not in ALL_VRS:
            raise Refusal(Reason.BROKEN, f"invalid VR at {dictionary.place_of(tag)}")
        if vr == "SQ" or (tag in PIXEL_TAGS and not self.path):
            return self._entry(tag, vr, 12, UNDEFINED if vr == "SQ" else 0)
        if vr in LONG_VRS:
            return (p.LONG,)
        return self._entry(tag, vr, 8, self.syntax.short.unpack_from(head, 6)[0])

    def _entry(self, tag: int, wire_vr: str, offset: int, length: int) -> Entry:
        """The entry for an element whose value starts at `offset`; for explicit SQ and pixel data `length` is a stand-in."""
        if tag >> 16 & 1 and self.plan.keeps_private and not self.drop:
            entry = private_entry(self, tag, wire_vr, offset, length)
            if entry is not None:
                return entry
        return self.ordinary(tag, wire_vr, offset, length)

    def ordinary(self, tag: int, wire_vr: str, offset: int, length: int) -> Entry:
        """The entry for an element that needs no look at what reserved its block."""
        known = dictionary.attribute(tag)
        vr = known.vrs[0] if known and wire_vr == "UN" else wire_vr
        if tag in PIXEL_TAGS and not self.path:
            return (p.PIXELS, tag, wire_vr)
        is_sequence = vr == "SQ" or (wire_vr == "UN" and length == UNDEFINED)
        if length == UNDEFINED and not is_sequence:
            if self.syntax.explicit or known:
                raise Refusal(Reason.BROKEN, f"undefined length at {dictionary.place_of(tag)}")
            is_sequence = True
        if wire_vr == "UN" and length != UNDEFINED and not (self.plan.trust_un and self.syntax.little):
            is_sequence = False
        entry = self._sequence(tag, wire_vr, offset) if is_sequence else self._value(tag, vr, wire_vr, offset, length)
        return self._wrapped(tag, entry, offset, length)

    def _wrapped(self, tag: int, entry: Entry, offset: int, length: int) -> Entry:
        """Add what the engine wants to remember of a top-level element."""
        if self.path:
            return entry
        overlay = tag >> 24 == 0x60 and not tag >> 16 & 1 and tag & 0xFFFF in (0x0102, 0x3000)
        if tag in p.CAPTURED or overlay:
            known_length = 0 if length == UNDEFINED else length
            entry = (p.CAPTURE, tag, entry, offset + known_length, offset)
        if tag in self.plan.iod.marks:
            entry = (p.MARK, tag, entry)
        return entry

    def _sequence(self, tag: int, wire_vr: str, offset: int) -> Entry:
        syntax = IMPLICIT_LITTLE if wire_vr == "UN" else self.syntax
        if self.drop:
            return (p.SEQUENCE, offset - 4, self.child(tag, syntax, drop=True), p.GATHER_ONLY, b"", -1, b"")
        decision = self.plan.rules.decide(self.place, tag, "SQ")
        number = self.plan.decisions.number(decision)
        if decision.action is Action.KEEP:
            emptied = self._replacement(self.plan.rules.blanked(self.place, tag, "SQ"), "SQ")
            selects = decision.method if decision.method in LOOKS else Method.PLAIN
            child = self.child(tag, syntax, drop=False, selects=selects)
            return p.of_kind(decision, (p.SEQUENCE, offset - 4, child, p.WALK, b"", number, emptied))
        out = (
            None
            if tag == p.GRAPHIC_ANNOTATION and decision.action is Action.DUMMY
            else self._replacement(decision, "SQ")
        )
        return (p.SEQUENCE, offset - 4, self.child(tag, syntax, drop=True), p.REPLACE, out, number, b"")

    def _value(self, tag: int, vr: str, wire_vr: str, offset: int, length: int) -> Entry:
        advance = offset + length
        if self.drop:
            return gathered(self.path, tag, vr, offset, length)
        if tag == SPECIFIC_CHARACTER_SET:
            return (p.CHARSET, advance, offset)
        decision = self.plan.rules.decide(self.place, tag, vr)
        number = self.plan.decisions.number(decision)
        action, method = decision.action, decision.method
        if method is Method.AGE:
            malformed = self._replacement(self.plan.rules.blanked(self.place, tag, vr), vr)
            return (p.AGE, advance, offset, number, malformed, tag, not self.path)
        if method in _DEFERRED_METHODS:
            return (p.DEFERRED, advance, offset, method, tag, written_vr(tag, vr), number, decision.kind)
        known = dictionary.attribute(tag)
        if action is Action.KEEP and known is not None and known.vrs[0] == "SQ":
            gone = self.plan.rules.blanked(self.place, tag, "SQ", "a sequence that cannot be walked")
            return (p.EDIT, advance, self._replacement(gone, "SQ"), self.plan.decisions.number(gone))
        if action is Action.CLEAN and method is not Method.CODE_MEANING:
            return self._cleaned(decision, vr, offset, length)
        if action is Action.KEEP:
            return advance if decision.overridden else self._kept(decision, vr, wire_vr, offset, length)
        if method in _CLEANED_DUMMIES:
            return self._cleaned(decision, vr, offset, length)
        if action is Action.UID:
            if not length:
                return self._empty_uid(tag, advance, number)
            return (p.UID, advance, offset, tag, number)
        out = self._replacement(decision, vr)
        if decision.kind and length:
            return (p.GATHER, advance, offset, out, number, decision.kind)
        return (p.EDIT, advance, out, number)

    def _empty_uid(self, tag: int, advance: int, number: int) -> Entry:
        """An empty p.UID stays empty, unless the IOD wants a value: then it gets one that says nothing (RULES 2.3)."""
        if self.place.type_of(tag) == "1":
            return (p.UID, advance, advance, tag, number)
        return advance

    def _cleaned(self, decision: Decision, vr: str, offset: int, length: int) -> Entry:
        """An entry for a value that is read and rewritten; what cannot be is treated as the Basic Profile wants it."""
        rules, tag = self.plan.rules, decision.tag
        instead = rules.basic(self.place, tag, vr, f"{decision.because}, nothing left")
        time = beside(self.plan, self.place, decision) if vr == "DA" else None
        entry = (
            *(p.CLEAN if time is None else p.PAIRED, offset + length, offset, tag, written_vr(tag, vr)),
            *(decision.method, self.plan.decisions.number(decision)),
            *(self._replacement(instead, vr), self.plan.decisions.number(instead)),
            *(decision.kind, decision.value),
            *(() if time is None else (time,)),
        )
        return p.of_kind(decision, entry)

    def _kept(self, decision: Decision, vr: str, wire_vr: str, offset: int, length: int) -> Entry:
        tag, advance = decision.tag, offset + length
        known = dictionary.attribute(tag)
        textual = vr in _TEXT_VRS or (known is not None and known.vrs[0] in _TEXT_VRS)
        binary = wire_vr in _BLOB_VRS or vr in _BLOB_VRS
        numeric = vr in _NUMBER_VRS and not textual
        if not length or not (textual or numeric or (binary and 8 <= length <= _BLOB_LIMIT)):
            return advance
        blank = self.plan.rules.blanked(self.place, tag, vr)
        number = self.plan.decisions.number(blank)
        replacement = self._replacement(blank, vr)
        if vr == "UI" and decision.by_option:
            number = self.plan.decisions.number(self.plan.rules.remapped(self.place, tag))
            return (p.RETAINED_UID, advance, offset, tag, number)
        if textual and decision.kind and decision.by_option:
            return (p.KEPT, advance, offset, replacement, number, decision.kind)
        cut = self.plan.rules.cut(self.place, tag, vr) if textual else None
        if cut is not None:
            return (p.TEXT, advance, offset, replacement, number, tag, vr, self.plan.decisions.number(cut))
        kind = p.TEXT if textual else p.NUMBER if numeric else p.BLOB
        return (kind, advance, offset, replacement, number)

    def _replacement(self, decision: Decision, vr: str) -> bytes:
        return replacement(self.syntax, decision, vr)


#: Dummies that are made of the value, or of the patient.
_CLEANED_DUMMIES: Final = frozenset({Method.HASH, Method.PSEUDONYM})
_DEFERRED_METHODS: Final = frozenset({Method.PATIENT_NAME, Method.PATIENT_ID, Method.ACCESSION, Method.STUDY_ID})
