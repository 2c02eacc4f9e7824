"""One decision per attribute and level: the profile over Table E.1-1 over the types of the IOD (RULES section 2).

Precedence, first match wins: structure that never survives (illegal groups, group lengths, overlays, ...), markers of the
result, a site's overrides, `keep_tags`, strategies for direct identifiers, options, Table E.1-1, gaps.json, date and name by
VR, PS3.6, and in strict mode the VR.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from deident.errors import ConfigurationError
from deident.profile import content, graphics
from deident.profile.content import CODE_MEANING, Item
from deident.profile.decision import KEPT_BY_USER, Action, Decision, Method
from deident.profile.model import Mode, Option, Profile, Strategy
from deident.profile.options import DATE_VRS, KINDS, TEXT_VRS, Chosen, by_option, unlisted_date
from deident.profile.overrides import Overrides
from deident.profile.place import CONTENT_SEQUENCE, Place
from deident.profile.private import PrivateRules
from deident.profile.protected import TEXT_VALUE, protected
from deident.profile.resolve import MARKERS, never_survives, resolve
from deident.profile.strict import strict
from deident.standard import confidentiality, content_items, dictionary
from deident.standard.identifiers import kind_of

__all__ = ["MARKERS", "Item", "Place", "Rules"]

PATIENT_NAME: Final = 0x00100010
PATIENT_ID: Final = 0x00100020
ACCESSION_NUMBER: Final = 0x00080050
STUDY_ID: Final = 0x00200010
PATIENT_AGE: Final = 0x00101010
CODING_SCHEME_IDENTIFICATION: Final = 0x00080110

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


class Rules:
    """A profile, ready to decide. Raises ConfigurationError for tags and keywords that do not exist."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._keep = frozenset(_tag(text) for text in profile.keep_tags)
        self._allowed = frozenset(_tag(text) for text in profile.allowed)
        self._overrides = Overrides(profile.overrides)
        self._conforms = {sop_class: self._conforms_in(sop_class) for sop_class in ("", *self.limits)}
        self.private = PrivateRules(profile, self._overrides)
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
        return self._keep | self._overrides.left.weaker.keys()

    @property
    def conforms(self) -> bool:
        """Whether the profile keeps nothing that the standard protects, in instances of whatever SOP class (RULES 14.6)."""
        return all(self._conforms.values())

    @property
    def limits(self) -> frozenset[str]:
        """The SOP classes that the site's overrides name; what is so in "" is so in every other one."""
        return self._overrides.limits

    def conforms_in(self, sop_class: str) -> bool:
        """Whether the profile keeps nothing that the standard protects in instances of a SOP class."""
        return self._conforms.get(sop_class, self._conforms[""])

    def _conforms_in(self, sop_class: str) -> bool:
        left = self._overrides.left_in(sop_class)
        kept = {**left.weaker, **dict.fromkeys(self._keep, "K")}
        return not left.unbounded and not any(protected(self.profile, *entry) for entry in kept.items())

    def leaves_dates(self, sop_class: str) -> bool:
        """Whether dates stay in instances of a SOP class, as they are or shifted, because the site and no option wants it."""
        left = self._overrides.left_in(sop_class)
        return bool(left.vrs & DATE_VRS) or any(
            (known := dictionary.attribute(tag)) is not None and known.vrs[0] in DATE_VRS
            for tag in self._keep | left.weaker.keys()
        )

    def codes(self, sop_class: str = "", met: Collection[Option] = KINDS) -> tuple[str, ...]:
        """CID 7050 codes of what is performed in instances of a SOP class, 113100 first; none where nothing is claimed.

        `met`: of the options that are about one kind of object alone, those that there is something for in the instance.
        """
        if not self.conforms_in(sop_class):
            return ()
        methods = confidentiality.methods()
        performed = self.profile.options - (KINDS - frozenset(met))
        return ("113100", *sorted(methods[option.value].code for option in performed))

    def decide(self, place: Place, tag: int, vr: str) -> Decision:
        """The decision for a tag with effective VR `vr` (that of PS3.6 where the wire says UN)."""
        known = dictionary.attribute(tag)
        keyword = known.keyword if known else ""
        action, because, method = self._action(place, tag, vr, known)
        value = self._value(place, tag, vr, method)
        # What stays is an identifier all the same where an option keeps it: others of its kind are found by it.
        exempt = action is Action.KEEP and method is Method.PLAIN and not because.startswith("option:")
        kind = "" if exempt else kind_of(tag, vr) or content.kind_of_value(place.item, tag)
        return Decision(tag, place.path, keyword, action, because, kind, method, value)

    def item_removed(self, place: Place) -> Decision | None:
        """The decision to remove the whole item that `place.item` tells of, None when it is walked."""
        item = place.item
        if item is None:
            return None
        if item.content:
            because = "" if place.fixed else content.removed(self.profile, item)
        elif content.is_public(item.scheme) or self._in_content(place):
            return None
        else:
            because = f"option:{self._cleaner_of_codes()}, private code"
        if not because:
            return None
        return Decision(place.path[-1], place.path[:-1], "", Action.REMOVE, because)

    def blanked(self, place: Place, tag: int, vr: str, because: str = "known-identifier") -> Decision:
        """The decision for a kept attribute whose value must not stay: a known identifier was found in it (RULES 14.5)."""
        known = dictionary.attribute(tag)
        action = resolve("X/Z/D", place.type_of(tag), vr)
        report = tag == CONTENT_SEQUENCE and action is Action.DUMMY
        method = Method.DUMMY_ITEM if report else Method.PLAIN
        return Decision(tag, place.path, known.keyword if known else "", action, because, "", method)

    def remapped(self, place: Place, tag: int) -> Decision:
        """The decision for a UID that an option keeps, but that is made of a known identifier."""
        known = dictionary.attribute(tag)
        return Decision(tag, place.path, known.keyword if known else "", Action.UID, "known-identifier")

    def cut(self, place: Place, tag: int, vr: str) -> Decision | None:
        """The decision for a kept text with a known identifier, if it may be cleaned of it (RULES 14.5), else None."""
        if Option.CLEAN_DESCRIPTORS not in self.profile.options or vr not in TEXT_VRS:
            return None
        known = dictionary.attribute(tag)
        keyword = known.keyword if known else ""
        return Decision(tag, place.path, keyword, Action.CLEAN, "known-identifier", "", Method.TEXT)

    def basic(self, place: Place, tag: int, vr: str, because: str) -> Decision:
        """The decision of the Basic Profile for a value that an option could not clean (RULES 2.1)."""
        known = dictionary.attribute(tag)
        row = confidentiality.row(tag)
        action = resolve(row.basic if row else "X/Z/D", place.type_of(tag), vr)
        return Decision(tag, place.path, known.keyword if known else "", action, because)

    def _value(self, place: Place, tag: int, vr: str, method: Method) -> str:
        if method is Method.CONSTANT:
            return self._overrides.value(place.path, tag, vr, place.sop_class) or content.ANONYMOUS_SCHEME
        if place.item is None or place.item.content:
            return ""
        if method is Method.CODE_MEANING:
            return content.code_meaning(place.item) or ""
        if method is Method.CAP:
            return content.oldest(self.profile, place.item)
        return place.item.scheme if method is Method.HASH else ""

    def _action(self, place: Place, tag: int, vr: str, known: dictionary.Attribute | None) -> Chosen:
        never = never_survives(tag, place.path)
        if never:
            return Action.REMOVE, never, Method.PLAIN
        if tag in MARKERS:
            return Action.REMOVE, "marker", Method.MARKER if not place.path else Method.PLAIN
        overridden = self._overrides.chosen(place.path, tag, vr, place.sop_class, place.type_of)
        if overridden is not None:
            return _walked(tag, vr, overridden)
        if tag in self._keep:
            return Action.KEEP, KEPT_BY_USER, Method.PLAIN
        if self._in_content(place):
            inside = content.chosen(self.profile, place.item, place.path, tag, vr)
            if inside is not None:
                return inside
        if tag == CODE_MEANING and place.item is not None and not place.item.content:
            return self._meaning(place.item)
        drawn = graphics.chosen(self.profile, place, tag, vr)
        if drawn is not None:
            return drawn
        row = confidentiality.row(tag)
        if tag in DIRECT and row:
            return self._direct(place, tag, vr, row)
        if row:
            return self._by_row(place, tag, vr, row)
        return self._unlisted(place, tag, vr, known)

    def _meaning(self, item: Item) -> Chosen:
        """Code Meaning of a public code is that of the dictionary; of one that is not in it, what the cleaner leaves."""
        because = f"option:{self._cleaner_of_codes()}"
        known = content.code_meaning(item) is not None
        return Action.CLEAN, because, Method.CODE_MEANING if known else Method.TEXT

    def _unlisted(self, place: Place, tag: int, vr: str, known: dictionary.Attribute | None) -> Chosen:
        gap = confidentiality.gap(tag)
        kind = gap.kind if gap else ""
        if kind == "uid-class":
            return Action.KEEP, "gaps:uid-class", Method.PLAIN
        if vr == "SQ" and Option.CLEAN_STRUCTURED_CONTENT in self.profile.options:
            selects = self._selects(place, tag)
            if selects:
                return Action.KEEP, f"option:{Option.CLEAN_STRUCTURED_CONTENT.value}", selects
        if kind in _NO_LONGER_TRUE:
            return Action.REMOVE, f"gaps:{kind}", Method.PLAIN
        dated = unlisted_date(self.profile) if vr in DATE_VRS else None
        if dated is not None and kind in ("", "date"):
            return dated
        if kind == "uid" and Option.RETAIN_UIDS in self.profile.options:
            return Action.KEEP, f"option:{Option.RETAIN_UIDS.value}", Method.PLAIN
        if tag == TEXT_VALUE or kind == "free-text":
            return self._free_text(place, tag, vr, f"gaps:{kind}" if kind else "content item text")
        if kind in _GAP_CODES:
            return resolve(_GAP_CODES[kind], place.type_of(tag), vr), f"gaps:{kind}", Method.PLAIN
        if known is None:
            return Action.REMOVE, "not in PS3.6", Method.PLAIN
        if vr in DATE_VRS or vr == "PN":
            return resolve("X/Z/D", place.type_of(tag), vr), f"every {vr}", Method.PLAIN
        if (vr == "SQ") != (known.vrs[0] == "SQ"):
            return Action.REMOVE, "VR contradicts PS3.6", Method.PLAIN
        chosen = strict(tag, vr, place.type_of(tag), self._allowed) if self.profile.mode is Mode.STRICT else None
        return chosen or (Action.KEEP, "unlisted", Method.PLAIN)

    def _free_text(self, place: Place, tag: int, vr: str, because: str) -> Chosen:
        if Option.CLEAN_DESCRIPTORS in self.profile.options and vr in TEXT_VRS:
            return Action.CLEAN, f"option:{Option.CLEAN_DESCRIPTORS.value}", Method.TEXT
        return resolve("X/Z/D", place.type_of(tag), vr), because, Method.PLAIN

    def _direct(self, place: Place, tag: int, vr: str, row: confidentiality.Row) -> Chosen:
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

    def _by_row(self, place: Place, tag: int, vr: str, row: confidentiality.Row) -> Chosen:
        chosen = by_option(self.profile, row, tag, vr)
        if chosen is not None:
            return chosen
        because = f"E.1-1 {row.basic}"
        if tag == CONTENT_SEQUENCE:
            if place.iod.is_structured_report and not place.path:
                return Action.DUMMY, because, Method.DUMMY_ITEM
            return Action.REMOVE, because, Method.PLAIN
        return _walked(tag, vr, (resolve(row.basic, place.type_of(tag), vr), because, Method.PLAIN))

    def _in_content(self, place: Place) -> bool:
        """Whether a place is inside a content item (the root of a document is one) that Clean Structured Content treats."""
        if Option.CLEAN_STRUCTURED_CONTENT not in self.profile.options:
            return False
        if place.iod.is_structured_report and (not place.path or place.path[0] in content.CODE_SEQUENCES):
            return True
        return not content.CONTEXTS.isdisjoint(place.path)

    @staticmethod
    def _selects(place: Place, tag: int) -> Method:
        """How the items of a sequence that no table lists are told apart by Clean Structured Content."""
        if tag in content_items.SEQUENCES:
            return Method.CONTENT
        return Method.CODES if tag == CODING_SCHEME_IDENTIFICATION and not place.path else Method.PLAIN

    def _cleaner_of_codes(self) -> str:
        """The option that has codes cleaned."""
        both = (Option.CLEAN_DESCRIPTORS, Option.CLEAN_STRUCTURED_CONTENT)
        return next(option.value for option in both if option in self.profile.options)


def _walked(tag: int, vr: str, chosen: Chosen) -> Chosen:
    """A sequence that must not be empty gets an item of ours, or stays and is walked."""
    action, because, _method = chosen
    if vr != "SQ" or action is not Action.DUMMY:
        return chosen
    if tag in DUMMY_ITEMS:
        return Action.DUMMY, because, Method.DUMMY_ITEM
    return Action.KEEP, f"{because.replace('override:', 'override ')}, walked", Method.PLAIN


def _tag(text: str) -> int:
    tag = dictionary.parse_tag(text)
    if tag is None:
        raise ConfigurationError("a tag or keyword of the profile is not in PS3.6")
    return tag
