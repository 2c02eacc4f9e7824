"""One decision per attribute and level: the profile over Table E.1-1 over the types of the IOD (RULES section 2).

Precedence, first match wins: structure that never survives (private, group lengths, overlays, ...), markers of the result,
`keep_tags`, strategies for direct identifiers, options, Table E.1-1, gaps.json, date and name by VR, PS3.6.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from deident.errors import ConfigurationError
from deident.profile.decision import KEPT_BY_USER, Action, Decision, Method
from deident.profile.model import Option, Profile, Strategy
from deident.standard import confidentiality, dictionary
from deident.standard.identifiers import kind_of
from deident.standard.iods import Iod

__all__ = ["MARKERS", "Place", "Rules"]

PATIENT_NAME: Final = 0x00100010
PATIENT_ID: Final = 0x00100020
ACCESSION_NUMBER: Final = 0x00080050
STUDY_ID: Final = 0x00200010
PATIENT_AGE: Final = 0x00101010
CONTENT_SEQUENCE: Final = 0x0040A730
#: What a person wrote, in content items outside Content Sequence (acquisition and protocol context); RULES section 8.
TEXT_VALUE: Final = 0x0040A160

#: Attributes that deident itself writes at the top level (PS3.15 E.1.1, PS3.3 C.7.1.1 and C.12.1).
MARKERS: Final = frozenset({0x00120062, 0x00120063, 0x00120064, 0x00280303})

#: Direct identifiers whose replacement a strategy decides, with the method of the `hash` strategy.
DIRECT: Final = {
    PATIENT_NAME: Method.PATIENT_NAME,
    PATIENT_ID: Method.PATIENT_ID,
    ACCESSION_NUMBER: Method.ACCESSION,
    STUDY_ID: Method.STUDY_ID,
}

#: Sequences whose Type 1 replacement is a minimal item of our own; other Type 1 sequences are walked, item by item.
DUMMY_ITEMS: Final = frozenset(
    {0x00081072, 0x00080082, 0x00401101, 0x0040A073, 0x00700001, 0x0040B020, CONTENT_SEQUENCE}
)

_DATE_VRS: Final = frozenset({"DA", "TM", "DT"})
_GAP_CODES: Final = {
    "uid": "U",
    "uid-org": "X/Z/U",
    "date-as-text": "X",
    "date": "X/Z/D",
    "person-name": "X/Z/D",
    "file-meta": "X",
    "url": "X/Z/D",
    "identifier": "X/Z/D",
    "free-text": "X/Z/D",
}
#: Type 1C in every IOD, but of a condition that ends with de-identification: encrypted originals, and signatures over them.
_NO_LONGER_TRUE: Final = frozenset({"encrypted", "signature"})


class Place(NamedTuple):
    """Where an attribute stands: the IOD, the indices of its modules in force, and the sequences around it."""

    iod: Iod
    in_force: frozenset[int]
    path: tuple[int, ...]

    def type_of(self, tag: int) -> str | None:
        """The type at this place; inside content items nothing is known, and the strictest reading holds."""
        if CONTENT_SEQUENCE in self.path:
            return "1"
        return self.iod.type_of(self.path, tag, self.in_force)


class Rules:
    """A profile, ready to decide. Raises ConfigurationError for tags and keywords that do not exist."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._keep = frozenset(_tag(text) for text in profile.keep_tags)
        self._strategies = dict.fromkeys(DIRECT, profile.strategy)
        for keyword, strategy in profile.strategies.items():
            tag = _tag(keyword)
            if tag not in DIRECT:
                names = "PatientName, PatientID, AccessionNumber, StudyID"
                raise ConfigurationError(f"a strategy can be given for {names}")
            self._strategies[tag] = strategy

    @property
    def kept(self) -> frozenset[int]:
        """Tags that the user keeps although no option covers them."""
        return self._keep

    @property
    def conforms(self) -> bool:
        """Whether the profile keeps nothing that the standard protects (RULES 14.6)."""
        return not any(self._protected(tag) for tag in self._keep)

    def codes(self) -> tuple[str, ...]:
        """CID 7050 codes of what the profile performs, 113100 first; none when it does not conform."""
        if not self.conforms:
            return ()
        methods = confidentiality.methods()
        return ("113100", *sorted(methods[option.value].code for option in self.profile.options))

    def decide(self, place: Place, tag: int, vr: str) -> Decision:
        """The decision for a tag with effective VR `vr` (that of PS3.6 where the wire says UN)."""
        known = dictionary.attribute(tag)
        keyword = known.keyword if known else ""
        action, because, method = self._action(place, tag, vr, known)
        kind = "" if action is Action.KEEP and method is Method.PLAIN else kind_of(tag, vr)
        return Decision(tag, place.path, keyword, action, because, kind, method)

    def blanked(self, place: Place, tag: int, vr: str, because: str = "known-identifier") -> Decision:
        """The decision for a kept attribute whose value must not stay: a known identifier was found in it (RULES 14.5)."""
        known = dictionary.attribute(tag)
        action = resolve("X/Z/D", place.type_of(tag), vr)
        return Decision(tag, place.path, known.keyword if known else "", action, because)

    def _action(
        self, place: Place, tag: int, vr: str, known: dictionary.Attribute | None
    ) -> tuple[Action, str, Method]:
        never = _never_survives(tag, bool(place.path))
        if never:
            return Action.REMOVE, never, Method.PLAIN
        if tag in MARKERS:
            return Action.REMOVE, "marker", Method.MARKER if not place.path else Method.PLAIN
        if tag in self._keep:
            return Action.KEEP, KEPT_BY_USER, Method.PLAIN
        row = confidentiality.row(tag)
        if tag in DIRECT and row:
            return self._direct(place, tag, vr, row)
        if row:
            return self._by_row(place, tag, vr, row)
        gap = confidentiality.gap(tag)
        if gap and gap.kind == "uid-class":
            return Action.KEEP, "gaps:uid-class", Method.PLAIN
        if gap and gap.kind in _NO_LONGER_TRUE:
            return Action.REMOVE, f"gaps:{gap.kind}", Method.PLAIN
        if gap and gap.kind in _GAP_CODES:
            return resolve(_GAP_CODES[gap.kind], place.type_of(tag), vr), f"gaps:{gap.kind}", Method.PLAIN
        if tag == TEXT_VALUE:
            return resolve("X/Z/D", place.type_of(tag), vr), "content item text", Method.PLAIN
        if known is None:
            return Action.REMOVE, "not in PS3.6", Method.PLAIN
        if vr in _DATE_VRS or vr == "PN":
            return resolve("X/Z/D", place.type_of(tag), vr), f"every {vr}", Method.PLAIN
        if (vr == "SQ") != (known.vrs[0] == "SQ"):
            return Action.REMOVE, "VR contradicts PS3.6", Method.PLAIN
        return Action.KEEP, "unlisted", Method.PLAIN

    def _direct(self, place: Place, tag: int, vr: str, row: confidentiality.Row) -> tuple[Action, str, Method]:
        strategy = self._strategies[tag]
        plain = resolve(row.basic, place.type_of(tag), vr)
        because = f"E.1-1 {row.basic}, strategy {strategy.value}"
        if place.path and tag != ACCESSION_NUMBER:
            return plain, f"E.1-1 {row.basic}", Method.PLAIN
        if strategy is Strategy.REMOVE:
            return plain, because, Method.PLAIN
        if strategy is Strategy.REPLACE and tag != PATIENT_ID:
            return Action.DUMMY, because, Method.PLAIN
        return Action.DUMMY, because, DIRECT[tag]

    def _by_row(self, place: Place, tag: int, vr: str, row: confidentiality.Row) -> tuple[Action, str, Method]:
        for option in self.profile.options:
            if row.options.get(option.value) == "K":
                because = f"option:{option.value}"
                capped = option is Option.RETAIN_PATIENT_CHARACTERISTICS and vr == "AS" and self.profile.age_cap
                return Action.KEEP, because, Method.AGE if capped else Method.PLAIN
        because = f"E.1-1 {row.basic}"
        if tag == CONTENT_SEQUENCE:
            if place.iod.is_structured_report and not place.path:
                return Action.DUMMY, because, Method.DUMMY_ITEM
            return Action.REMOVE, because, Method.PLAIN
        action = resolve(row.basic, place.type_of(tag), vr)
        if vr == "SQ" and action is Action.DUMMY:
            if tag in DUMMY_ITEMS:
                return Action.DUMMY, because, Method.DUMMY_ITEM
            return Action.KEEP, f"{because}, walked", Method.PLAIN
        return action, because, Method.PLAIN

    def _protected(self, tag: int) -> bool:
        row = confidentiality.row(tag)
        if row is None:
            gap = confidentiality.gap(tag)
            return bool(tag >> 16 & 1) or (gap is not None and gap.kind != "uid-class")
        return not any(row.options.get(option.value) == "K" for option in self.profile.options)


def resolve(code: str, attribute_type: str | None, vr: str) -> Action:
    """A compound code resolved by type, with the escalations that keep the IOD whole (RULES 2.3).

    Codes without a letter that the type allows are escalated; a zero-item sequence is illegal for Type 3 (PS3.5 7.4.5).
    """
    required = attribute_type in ("1", "1C")
    if code == "U" or (vr == "UI" and (required or code == "D")):
        return Action.UID
    if required or code == "D":
        return Action.REMOVE if vr == "SQ" and not required and attribute_type not in ("2", "2C") else Action.DUMMY
    if attribute_type in ("2", "2C"):
        return Action.EMPTY
    if code in ("Z", "Z/D") and vr != "SQ":
        return Action.EMPTY
    return Action.REMOVE


def _never_survives(tag: int, nested: bool) -> str:
    """Why an element goes whatever the profile says; "" when it may stay."""
    group, element = tag >> 16, tag & 0xFFFF
    if group & 1:
        return "private" if group > 8 and group != 0xFFFF else "illegal group"
    if element == 0:
        return "group length"
    if group in (0x0000, 0x0002):
        return "group out of place"
    if group == 0x0004:
        return "DICOMDIR group"
    if group >> 8 in (0x50, 0x60):
        return "E.1-1 curves" if group >> 8 == 0x50 else "E.1-1 overlays"
    if nested and group == 0x7FE0:
        return "nested pixel data"
    if group >> 8 == 0x7F and group != 0x7FE0:
        return "variable pixel data"
    return ""


def _tag(text: str) -> int:
    tag = dictionary.parse_tag(text)
    if tag is None:
        raise ConfigurationError("a tag or keyword of the profile is not in PS3.6")
    return tag
