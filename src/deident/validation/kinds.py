"""Which attributes identify, and as what: read out of Table E.1-1 by the words of their keywords (RULES 14.1)."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib import resources
from typing import Any, Final, NamedTuple

from pydicom.datadict import dictionary_VR

__all__ = [
    "PLACES",
    "REPORTED",
    "Exempt",
    "holds_dates",
    "is_class_uid",
    "kept_by_options",
    "kept_concepts",
    "kind_of",
    "never_dated",
    "protects",
    "tags_of",
    "well_known",
]

_DATE_VRS: Final = frozenset({"DA", "DT", "TM"})
#: The first pattern that a keyword matches decides; "" means that the attribute names nobody.
_PATTERNS: Final = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (
            "",
            r"Description|Comments?$|^Selector|Label$|Diagnos|Narrative|^Reason|Slot|GPS|ClinicalTrialTimePoint|^Ethnic",
        ),
        ("", r"^Structure|^RT|^ROI|^Pyramid|^Position|^Entity|^DoseCalc|^MultiplexGroup|LensM|BarcodeValue|SeriesID$"),
        ("address", r"Address"),
        ("phone", r"Telephone|PhoneNumber|Telecom"),
        ("name", r"NameToUse$|CameraOwnerName|TopicAuthor"),
        (
            "org",
            r"^Institution|Organization$|^ScheduledPatientInstitution|CoordinatingCenter|SiteName|SponsorName|CommitteeName",
        ),
        ("", r"^CountryOfResidence"),
        ("org", r"^RequestingService|Location$|Residence$|^SourceOfPreviousValues|^DistributionName"),
        (
            "station",
            r"StationName|AETitle$|EntityTitle$|AE$|MachineName|NetworkID|^ModifyingSystem|^Originator|PrinterName",
        ),
        (
            "device",
            r"SerialNumber|DeviceID$|DetectorID|CassetteID|PlateID|GantryID|GeneratorID|XRaySourceID|DeviceIdentifier",
        ),
        ("device", r"AlternateIdentifier|NTPSourceAddress"),
        (
            "id",
            r"AccessionNumber|OrderNumber|PatientID|OtherPatientIDs|SubjectID|ReadingID|AdmissionID|EpisodeID|StudyID$|SiteID|ProtocolID$",
        ),
        (
            "id",
            r"ProcedureID|StepID|InterpretationID$|ResultsID$|RecordLocator|InsurancePlan|ContainerIdentifier|OwnerID",
        ),
        (
            "id",
            r"SpecimenIdentifier|SlideIdentifier|ContainerComponentID|HL7Instance|ApprovalNumber|FileSetID|EntityID$",
        ),
    )
)
_ISSUERS: Final = re.compile(r"Issuer")
#: Kinds of identifiers that are of no person: where one is kept, its words may stand elsewhere, too.
PLACES: Final = frozenset({"org", "station", "device", "address"})
_TEXT_VRS: Final = frozenset({"AE", "LO", "LT", "SH", "ST", "UC", "UT"})
_DATES: Final = {0x00100030: "date", 0x00100033: "date", 0x00100034: "date"}
#: Code items of people and places: their value and meaning name somebody.
_CODED_PEOPLE: Final = {0x00401101: "name", 0x00080082: "org", 0x00404028: "station", 0x00404025: "station"}
_CODE_TEXTS: Final = {0x00080100: "id", 0x00080104: "", 0x00080119: "id"}
_FURTHER: Final = {0x00104000: "", 0x00204000: "", 0x00401102: "address", 0x00401103: "phone", 0x00401104: "phone"}

#: Content items (DCM codes of TID 1002-1007) whose text names somebody or something.
REPORTED: Final = {
    **dict.fromkeys(("121008", "121029", "121036", "121114", "121152", "128774"), "name"),
    **dict.fromkeys(("121009", "121017"), "org"),
    **dict.fromkeys(("121012", "121016"), "device"),
    **dict.fromkeys(("121018", "121019", "121020", "121021", "121022", "121030"), "id"),
    "121013": "station",
    "121031": "date",
}


def _load(name: str) -> Any:
    return json.loads((resources.files("deident.standard") / "data" / name).read_bytes())


@lru_cache(maxsize=1)
def _table() -> dict[int, str]:
    """Tag -> kind for the single-tag rows of Table E.1-1 and gaps.json."""
    found = dict(_FURTHER)
    gaps = [row for row in _load("gaps.json")["rows"] if row["cls"] in ("identifier", "person-name", "file-meta")]
    for row in [*_load("table_e1_1.json")["rows"], *gaps]:
        digits = row["tag"].strip("()").replace(",", "")
        if len(digits) != 8 or "x" in digits or not row["keyword"]:
            continue
        if _TEXT_VRS.isdisjoint(row["vr"]) or row.get("basic") == "U":
            continue
        found.setdefault(int(digits, 16), _kind_of_keyword(row["keyword"]))
    return {tag: kind for tag, kind in {**found, **_DATES}.items() if kind}


def _kind_of_keyword(keyword: str) -> str:
    if _ISSUERS.search(keyword):
        return "org"
    return next((kind for kind, pattern in _PATTERNS if pattern.search(keyword)), "")


@lru_cache(maxsize=16384)
def kind_of(path: tuple[int, ...], tag: int, vr: str) -> str:
    """As what the value identifies: name, id, date, address, phone, org, station, device; empty when it does not."""
    if vr == "PN" or _dictionary_vr(tag) == "PN":
        return "name"
    if tag in _CODE_TEXTS and path and path[-1] in _CODED_PEOPLE:
        return _CODE_TEXTS[tag] or _CODED_PEOPLE[path[-1]]
    return _table().get(tag, "")


def _dictionary_vr(tag: int) -> str:
    if (tag >> 16) & 1:
        return ""
    try:
        return str(dictionary_VR(tag))
    except KeyError:
        return ""


@lru_cache(maxsize=1)
def _class_uids() -> frozenset[int]:
    rows = _load("gaps.json")["rows"]
    return frozenset(
        int(row["tag"].strip("()").replace(",", ""), 16) for row in rows if row["cls"] in ("uid-class", "uid-org")
    )


def is_class_uid(tag: int) -> bool:
    """Whether a UI attribute names a class, a scheme, a syntax or a creator, not an instance (RULES 5.2)."""
    return tag in _class_uids()


@lru_cache(maxsize=1)
def _registry() -> frozenset[str]:
    return frozenset(_load("uid_registry.json")["uids"])


_CONTEXT_GROUP: Final = re.compile(r"1\.2\.840\.10008\.(?:6\.1|9)\.\d{1,5}")


@lru_cache(maxsize=65536)
def well_known(uid: str) -> bool:
    """Whether a value is an exact member of the UID registry, or a context group or template (RULES 5.3)."""
    return uid in _registry() or _CONTEXT_GROUP.fullmatch(uid) is not None


class Exempt(NamedTuple):
    """What stays by the profile: attributes by option, and those that a user keeps beyond them, by tag or VR.

    What an option keeps is searched all the same for the identifiers of persons; what a user keeps is not (RULES 14.6).
    `concepts` are the concept names of content items whose value an option keeps.
    """

    by_option: frozenset[int]
    tags: frozenset[int]
    vrs: frozenset[str]
    concepts: frozenset[str] = frozenset()

    def by_user(self, tag: int, vr: str) -> bool:
        """Whether a user keeps the attribute."""
        return tag in self.tags or vr in self.vrs


@lru_cache(maxsize=64)
def kept_by_options(options: frozenset[str]) -> frozenset[int]:
    """The attributes that options (columns of Table E.1-1) keep: with a K, and no C of another option that is on."""
    return frozenset(
        int(row["match"]["tag"], 16)
        for row in _load("table_e1_1.json")["rows"]
        if row["match"]["kind"] == "exact" and {row["options"].get(option) for option in options} - {None} == {"K"}
    )


@lru_cache(maxsize=1)
def never_dated() -> frozenset[int]:
    """Dates and times that no date option covers: those of birth, and where the patient was (PS3.15 Table E.1-1)."""
    return frozenset(
        int(row["match"]["tag"], 16)
        for row in _load("table_e1_1.json")["rows"]
        if row["match"]["kind"] == "exact"
        and not {"DA", "DT", "TM"}.isdisjoint(row["vr"])
        and not any("dates" in option for option in row["options"])
    )


@lru_cache(maxsize=64)
def kept_concepts(options: frozenset[str]) -> frozenset[str]:
    """The concept names whose TEXT, DATE or DATETIME options keep (PS3.15 Table E.3.4-1), where content items stay at all."""
    if "clean_structured_content" not in options:
        return frozenset()
    return frozenset(
        row["code_value"]
        for row in _load("sr_content_items.json")["rows"]
        if {row["options"].get(option) for option in options} - {None} == {"K"}
    )


@lru_cache(maxsize=64)
def protects(tags: frozenset[int], options: frozenset[str]) -> bool:
    """Whether the standard protects one of the attributes, and no option that is on covers what a user keeps of it."""
    rows = {int(r["match"]["tag"], 16): r for r in _load("table_e1_1.json")["rows"] if r["match"]["kind"] == "exact"}
    gaps = {row["tag"].strip("()").replace(",", "") for row in _load("gaps.json")["rows"] if row["cls"] != "uid-class"}
    listed = [rows[tag]["options"] for tag in tags if tag in rows]
    return any(tag >> 16 & 1 or f"{tag:08X}" in gaps for tag in tags) or any(
        not {code for option, code in columns.items() if option in options} for columns in listed
    )


@lru_cache(maxsize=64)
def holds_dates(tags: frozenset[int], vrs: frozenset[str]) -> bool:
    """Whether one of the attributes or value representations is of dates and times."""
    rows = _load("data_elements.json")["rows"]
    return bool(_DATE_VRS & (vrs | {rows[f"{tag:08X}"][0] for tag in tags if f"{tag:08X}" in rows}))


@lru_cache(maxsize=64)
def tags_of(names: frozenset[str]) -> frozenset[int]:
    wanted = {name.strip("() ").replace(",", "").replace(" ", "").upper() for name in names}
    rows = _load("data_elements.json")["rows"]
    return frozenset(
        int(digits, 16)
        for digits, row in rows.items()
        if "X" not in digits and (digits in wanted or row[2].upper() in wanted)
    )
