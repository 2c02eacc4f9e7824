"""A second, slow reading of PS3.15 Table E.1-1 and the IOD types: what must become of every element, one by one.

It shares the JSON tables with deident and nothing else: no rule, no scanner, no look-up. `differences` walks input and output
side by side and names every element that is not as the oracle says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from deident.standard.codes import is_public
from support.elements import Element, Item, Part10, parse
from support.oracle_dates import earlier, time_of
from support.oracle_tables import (
    codes_of_options,
    gaps,
    iods,
    items_in,
    keyword_of,
    kind_of_entry,
    known_vr,
    marker_items,
    rows,
    tags_of,
    text_of,
    vr_in_force,
    well_known,
)

__all__ = ["Expectation", "Oracle"]

CHARACTERISTICS = "retain_patient_characteristics"
DESCRIPTORS = "clean_descriptors"
FULL = "retain_longitudinal_full_dates"
GRAPHICS = "clean_graphics"
MODIFIED = "retain_longitudinal_modified_dates"
UIDS = "retain_uids"
_DATES: Final = ("DA", "TM", "DT")
_TEXTS: Final = ("LO", "LT", "SH", "ST", "UC", "UT")
#: Published dates of context groups, and the time zone: kept beside shifted dates (RULES section 6).
_CONSTANTS: Final = (0x00080106, 0x00080107, 0x0040DB06, 0x0040DB07, 0x00080201)
_STRICT: Final = ("1", "1C", "2", "2C", "3")
_MARKERS: Final = (0x00120062, 0x00120063, 0x00120064, 0x00280303)
_AGE, _CONTENT, _GRAPHIC = 0x00101010, 0x0040A730, 0x00700001
_PSEUDONYMS: Final = {0x00100010, 0x00100020, 0x00200010}
_ACCESSION: Final = 0x00080050
_ONE_ITEM: Final = {0x00081072, 0x00080082, 0x00401101, 0x0040A073, _GRAPHIC, 0x0040B020}
_PIXELS: Final = {0x7FE00008, 0x7FE00009, 0x7FE00010}

#: RULES 2.3: code -> what it means for Type 3 or none, Type 2, Type 1.
_MEANING: Final = {
    "Z/D": "ZZD",
    "X/Z": "XZD",
    "X/D": "XZD",
    "X/Z/D": "XZD",
    "X/Z/U*": "XZD",
    "X/Z/U": "XZU",
    "X": "XZD",
    "Z": "ZZD",
    "D": "DDD",
    "U": "UUU",
}
#: gaps.json: class -> code; classes that are not here stay (UIDs of classes) or are no element of a data set.
_GAPS: Final = {
    **dict.fromkeys(("person-name", "url", "identifier", "free-text", "date"), "X/Z/D"),
    **dict.fromkeys(("date-as-text", "file-meta"), "X"),
    "uid": "U",
    "uid-org": "X/Z/U",
}
#: RULES section 3.
_DUMMY: Final = {
    **dict.fromkeys("PN LO SH UC ST LT UT AE CS".split(), b"ANONYMIZED"),
    "AS": b"000Y",
    "DA": b"19000101",
    "TM": b"000000",
    "DT": b"19000101000000",
    "DS": b"0",
    "IS": b"0",
    "UR": b"urn:uuid:00000000-0000-0000-0000-000000000000",
}


@dataclass
class Expectation:
    """What was compared: counts by letter, and the UIDs with their replacements over all files."""

    counts: dict[str, int] = field(default_factory=dict)
    uids: dict[str, str] = field(default_factory=dict)


class Oracle:
    """Compares outputs of one profile with their inputs. `options` are those of Table E.1-1 that are on.

    `days` and `seconds` give the offset of the dates of an instance. Clean Structured Content and Retain Safe Private have tests
    of their own.
    """

    def __init__(self, options: frozenset[str] = frozenset(), days: int = 0) -> None:
        self.options = options
        self.days = days
        self.seconds = 0
        self._time = b""
        self.seen = Expectation()
        self._found: list[str] = []
        self._blanked: frozenset[tuple[int, ...]] = frozenset()
        self._modules: list[dict[str, Any]] = []
        self._report = self._presentation = False
        self._little = True

    def differences(self, source: bytes, output: bytes, blanked: frozenset[tuple[int, ...]] = frozenset()) -> list[str]:
        """Every deviation, as text without values. `blanked` are paths at which a known identifier was found."""
        before, after = parse(source), parse(output)
        self._found, self._blanked = [], blanked
        self._in_force(before)
        self._little = before.wire.little
        self._level(before.elements, after.elements, (), after)
        self._heads(before, after)
        return self._found

    # --- types ------------------------------------------------------------------------------------------------

    def _in_force(self, file: Part10) -> None:
        """The item templates of the modules in force (RULES 2.2)."""
        tables, sop_class = iods(), text_of(file.elements, 0x00080016)
        iod = tables["sop"].get(sop_class) or tables["sop_alias"][sop_class]
        listed = [
            (tables["template"][tables["module"][m]], usage, m)
            for m, usage in tables["iod"][iod]
            if m in tables["module"]
        ]
        mandatory = {tag for root, usage, _m in listed if usage == "M" for tag in root}
        present = {f"{e.tag:08X}" for e in file.elements}
        self._modules = []
        for root, usage, _name in listed:
            own: set[str] = set()
            for wanted in (("1", "2"), ("1C", "2C")):
                own = own or {
                    t
                    for t, entry in root.items()
                    if t not in mandatory and "X" not in t and kind_of_entry(entry) in wanted
                }
            if usage == "M" or own & present:
                self._modules.append(root)
        self._presentation = iod.endswith("presentation-state")
        self._report = any(name == "sr-document-content" for _root, _usage, name in listed)

    def _type(self, path: tuple[int, ...], tag: int) -> str:
        types = []
        for template in self._modules:
            at: Any = template
            for step in path:
                entry = at.get(f"{step:08X}") if at is not None else None
                at = iods()["template"][entry[1]] if isinstance(entry, list) and entry[1] is not None else None
            if at is not None and f"{tag:08X}" in at:
                types.append(kind_of_entry(at[f"{tag:08X}"]))
        return min(types, key=_STRICT.index, default="3")

    # --- decisions ---------------------------------------------------------------------------------------------

    def _letter(self, path: tuple[int, ...], element: Element, vr: str) -> str:
        """K, X, Z, D, U, or P (pseudonym), A (age), I (dummy item), M (a marker, written anew), T (date with the offset),
        C (cleaned text), W (codes: the public ones stay).
        """
        tag, group, known = element.tag, element.tag >> 16, known_vr(element.tag)
        if group & 1 or tag & 0xFFFF == 0 or group in (0x0000, 0x0002, 0x0004) or group >> 8 in (0x50, 0x60):
            return "X"
        if group >> 8 == 0x7F and (group != 0x7FE0 or path):
            return "X"
        if tag == 0x00080300:
            return "X"
        if tag in _MARKERS:
            return "X" if path else "M"
        if tag in _PIXELS:
            return "K"
        row = rows().get(tag)
        if tag == _ACCESSION or (tag in _PSEUDONYMS and not path):
            return "P"
        chosen = self._by_option(tag, row[1], vr) if row else self._unlisted_option(tag, vr)
        if chosen:
            return chosen
        if tag == 0x00700081 and GRAPHICS in self.options and self._presentation:
            return "C"
        if row and tag == 0x00700006 and _GRAPHIC in path and GRAPHICS in self.options:
            return "C"
        if tag == _CONTENT:
            return "I" if self._report and not path else "X"
        if row:
            return self._resolved(row[0], path, tag, vr)
        gap = gaps().get(tag)
        if gap == "uid-class":
            return "K"
        if gap in ("encrypted", "signature"):
            return "X"
        if gap in _GAPS:
            return self._resolved(_GAPS[gap], path, tag, vr)
        if tag == 0x0040A160:  # RULES 8: text of content items outside Content Sequence
            return self._resolved("X/Z/D", path, tag, vr)
        if known is None or (vr == "SQ") != (known == "SQ"):
            return "X"
        return self._resolved("X/Z/D", path, tag, vr) if vr in ("DA", "TM", "DT", "PN") else "K"

    def _by_option(self, tag: int, columns: dict[str, str], vr: str) -> str:
        """The letter that the options give to a row, "" for the Basic Profile's; C beats K (RULES 2.1)."""
        codes = {option: code for option, code in columns.items() if option in self.options}
        if "C" not in codes.values():
            return ("A" if vr == "AS" and CHARACTERISTICS in codes else "K") if codes else ""
        if codes.get(MODIFIED) == "C" and (vr in _DATES or tag in _CONSTANTS):
            return "K" if tag in _CONSTANTS else "T"
        if DESCRIPTORS in codes or codes.get(CHARACTERISTICS) == "C":
            if vr == "SQ":
                return "W" if keyword_of(tag).endswith("CodeSequence") else "K"
            return "C" if vr in _TEXTS else ""
        return "K" if GRAPHICS in codes and vr == "SQ" else ""

    def _unlisted_option(self, tag: int, vr: str) -> str:
        gap = gaps().get(tag, "")
        if vr in _DATES and known_vr(tag) in _DATES and gap in ("", "date"):
            return "T" if MODIFIED in self.options else "K" if FULL in self.options else ""
        if gap == "uid":
            return "K" if UIDS in self.options else ""
        return "C" if DESCRIPTORS in self.options and vr in _TEXTS and (gap == "free-text" or tag == 0x0040A160) else ""

    def _resolved(self, code: str, path: tuple[int, ...], tag: int, vr: str) -> str:
        kind = self._type(path, tag)
        letter = _MEANING[code][0 if kind == "3" else 1 if kind[0] == "2" else 2]
        if vr == "UI" and letter == "D":
            return "U"
        if vr == "SQ":
            if letter in "ZD" and kind == "3":
                return "X"
            if letter == "D":
                return "I" if tag in _ONE_ITEM else "K"
        return letter

    # --- comparing ---------------------------------------------------------------------------------------------

    def _readable(self, element: Element, vr: str) -> list[Item] | None:
        """Items; none where a UN sequence stands in a big-endian data set: deident does not walk those."""
        return element.items if not self._little else items_in(element, vr)

    def _level(self, before: list[Element], after: list[Element], path: tuple[int, ...], file: Part10) -> None:
        values = {element.tag: element.value for element in before}
        rest, inserted = list(after), {*_MARKERS, _AGE} - ({_AGE} & {e.tag for e in before})
        for element in before:
            vr = vr_in_force(element)
            letter = self._letter(path, element, vr)
            if letter == "M":
                continue
            while not path and rest and rest[0].tag in inserted:
                self._insertion(rest.pop(0))
            found = rest.pop(0) if rest and rest[0].tag == element.tag else None
            self._time = time_of(element.tag, values) if vr == "DA" else b""
            self._element(letter, element, found, (*path, element.tag), vr, file)
        while not path and rest and rest[0].tag in inserted:
            self._insertion(rest.pop(0))
        for extra in rest:
            self._note((*path, extra.tag), "in the output alone")

    def _element(
        self, letter: str, old: Element, new: Element | None, path: tuple[int, ...], vr: str, file: Part10
    ) -> None:
        self.seen.counts[letter] = self.seen.counts.get(letter, 0) + 1
        if path in self._blanked:
            if new is not None and new.value and new.value == old.value:
                self._note(path, "has a known identifier and stays")
            return
        items = self._readable(old, vr)
        if letter == "K" and vr == "SQ" and items is None:
            letter = self._resolved("X/Z/D", path[:-1], old.tag, "SQ")
        if letter == "K" and items is not None:
            self._sequence(old, items, new, path, file)
        elif letter == "W":
            self._codes(items or [], new, path)
        elif letter in "CT":
            self._changed(letter, old, new, path, vr)
        elif letter == "X":
            self._check(new is None, path, "is not removed")
        elif new is None:
            self._note(path, f"is missing ({letter})")
        elif letter == "K":
            same = (old.value, old.fragments is None, old.vr) == (new.value, new.fragments is None, new.vr)
            self._check(same or old.tag in _PIXELS, path, "has changed")
        elif letter == "Z":
            self._check(not new.value and not new.items, path, "is not empty")
        elif letter == "I":
            self._check(
                new.items is not None and len(new.items) == 1 and bool(new.items[0].elements), path, "no dummy item"
            )
        elif letter == "D":
            self._dummy(new, path)
        elif letter == "U":
            self._uid(old, new, path)
        elif letter == "P":
            blank = old.tag in (_ACCESSION, 0x00200010) and not old.value.strip(b"\0 ")
            fits = re.fullmatch(rb"[A-Z2-7]{16}", new.value) or (blank and not new.value)
            self._check(bool(fits), path, "is no pseudonym")
        elif letter == "A":
            years = re.fullmatch(rb"0*(\d+)Y", old.value)
            wanted = b"090Y" if years and int(years[1]) > 89 else old.value or new.value
            self._check(new.value == wanted, path, "is another age")

    def _sequence(
        self, old: Element, items: list[Item], new: Element | None, path: tuple[int, ...], file: Part10
    ) -> None:
        """Items are walked; one that becomes empty goes, a sequence that becomes empty is resolved by its type."""
        kept = [item for item in items if not item.elements or self._survives(item, path)]
        if items and not kept:
            letter = self._resolved("X/Z/D", path[:-1], old.tag, "SQ")
            self._check((new is None) == (letter == "X"), path, "emptied, and not treated by its type")
            return
        got = items_in(new, "SQ") if new is not None else None
        if new is None or got is None or len(got) != len(kept):
            self._note(path, "has not the items that stay")
            return
        for item, output in zip(kept, got, strict=True):
            self._level(item.elements, output.elements, path, file)

    def _survives(self, item: Item, path: tuple[int, ...]) -> bool:
        """Whether anything of an item is left."""
        for element in item.elements:
            vr = vr_in_force(element)
            letter = self._letter(path, element, vr)
            inner = self._readable(element, vr)
            here = (*path, element.tag)
            if letter in ("X", "M") or (letter == "T" and self._lost(element, path, vr)):
                continue
            if letter == "K" and inner and not any(not i.elements or self._survives(i, here) for i in inner):
                if self._resolved("X/Z/D", path, element.tag, "SQ") != "X":
                    return True
                continue
            return True
        return False

    def _changed(self, letter: str, old: Element, new: Element | None, path: tuple[int, ...], vr: str) -> None:
        """Dates are earlier by the offset; of texts some words are left, in their order. Else the Basic Profile holds."""
        row = rows().get(old.tag)
        basic = self._resolved(row[0] if row else "X/Z/D", path[:-1], old.tag, vr)
        if not old.value.strip(b"\0 "):
            self._check(new is not None and new.value == old.value, path, "was blank and has changed")
            return
        wanted = earlier(old.value, vr, self.days, self.seconds, self._time) if letter == "T" else None
        if wanted is not None:
            self._check(new is not None and new.value.rstrip(b" ") == wanted, path, "is not the date with the offset")
        elif letter == "C" and new is not None and new.value.strip() and new.value != b"ANONYMIZED":
            left, whole = (re.findall(rb"[^\W_]+", e.value.lower()) for e in (new, old))
            remaining = iter(b" ".join(whole))
            self._check(all(c in remaining for c in b" ".join(left)), path, "has words that it had not")
        elif new is None or not new.value:
            self._check((new is None) == (basic == "X"), path, "nothing left, and not treated as without the option")
        else:
            self._dummy(new, path)

    def _codes(self, items: list[Item], new: Element | None, path: tuple[int, ...]) -> None:
        """Items with a public coding scheme stay, with their code."""
        public = [i for i in items if is_public(text_of(i.elements, 0x00080102))]
        got = (items_in(new, "SQ") or []) if new is not None else []
        pairs = [[text_of(i.elements, 0x00080100) for i in found] for found in (public, got)]
        self._check(pairs[0] == pairs[1], path, "has not the public codes")

    def _lost(self, element: Element, path: tuple[int, ...], vr: str) -> bool:
        """Whether a date that cannot be shifted goes."""
        row = rows().get(element.tag)
        lost = bool(element.value.strip(b"\0 ")) and earlier(element.value, vr, self.days, self.seconds) is None
        return lost and self._resolved(row[0] if row else "X/Z/D", path, element.tag, vr) == "X"

    def _dummy(self, new: Element, path: tuple[int, ...]) -> None:
        if new.tag == 0x04000565:
            self._check(new.value == b"COERCE", path, "no defined term")
        elif new.vr in _DUMMY:
            values = {part.rstrip(b" ") for part in new.value.split(b"\\")}
            self._check(values == {_DUMMY[new.vr]}, path, "is no dummy")
        else:
            self._check(bool(new.value) and not any(new.value), path, "is no binary dummy")

    def _uid(self, old: Element, new: Element, path: tuple[int, ...]) -> None:
        olds, news = ([v.strip(b"\0 ").decode("latin-1") for v in e.value.split(b"\\")] for e in (old, new))
        if len(olds) != len(news):
            self._note(path, "has another number of UIDs")
            return
        for before, after in zip(olds, news, strict=True):
            if before in well_known() or re.fullmatch(r"1\.2\.840\.10008\.(6\.1|9)\.\d{1,5}", before):
                self._check(after == before, path, "is well-known and remapped")
            elif not before:
                required = self._type(path[:-1], old.tag) == "1"
                self._check(bool(after) == required, path, "is an empty UID")
            else:
                self._check(re.fullmatch(r"2\.25\.[1-9]\d{30,38}", after) is not None, path, "is no new UID")
                self._check(self.seen.uids.setdefault(before, after) == after, path, "is remapped in two ways")

    def _insertion(self, element: Element) -> None:
        fits = {
            0x00120062: element.value == b"YES ",
            0x00120063: element.value.startswith(b"deident "),
            0x00120064: bool(element.items),
            0x00280303: element.value.rstrip() in self._temporal(),
            _AGE: CHARACTERISTICS in self.options and bool(re.fullmatch(rb"\d{3}[DWMY]", element.value)),
        }
        self._check(fits[element.tag], (element.tag,), "is a wrong marker")

    def _temporal(self) -> set[bytes]:
        """What (0028,0303) may say; an input that had less left keeps saying so."""
        if FULL in self.options:
            return {b"UNMODIFIED", b"MODIFIED", b"REMOVED"}
        return {b"MODIFIED", b"REMOVED"} if MODIFIED in self.options else {b"REMOVED"}

    def _heads(self, before: Part10, after: Part10) -> None:
        for tag in _MARKERS:
            self._check(sum(e.tag == tag for e in after.elements) == 1, (tag,), "is not there once")
        codes = [text_of(item.elements, 0x00080100) for item in marker_items(after)]
        wanted = {"113100", *(codes_of_options()[option] for option in self.options)}
        if _GRAPHIC not in tags_of(after.elements):
            wanted -= {"113103"}
        drawn = {tag for tag in tags_of(before.elements) if tag >> 16 == 0x0070}
        self._check(bool(drawn) or "113103" not in codes, (0x00120064,), "graphics that were not there")
        self._check(
            codes[:1] == ["113100"] and wanted <= set(codes) and len(set(codes)) == len(codes), (0x00120064,), "codes"
        )
        self._check(after.preamble == bytes(128), (), "preamble is not zero")
        meta = {e.tag: e.value.strip(b"\0 ") for e in after.meta or []}
        self._check(set(meta) == {0x00020000 | n for n in (0, 1, 2, 3, 0x10, 0x12, 0x13)}, (), "group 0002")
        self._check(meta.get(0x00020003, b"").decode() == text_of(after.elements, 0x00080018), (), "media storage UID")

    def _check(self, fits: bool, path: tuple[int, ...], text: str) -> None:
        if not fits:
            self._note(path, text)

    def _note(self, path: tuple[int, ...], text: str) -> None:
        self._found.append(f"{'>'.join(f'{tag:08X}' for tag in path)} {text}")
