"""Places in text that no table lists, where the patient's own identifiers stand again, and in structured content."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from functools import cache
from urllib.parse import quote

from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import keyword_for_tag

from support.elements import Element, Item, find, vr_of
from support.planter_context import CONTRIBUTING_EQUIPMENT, EQUIVALENT_CODE, PURPOSE_CODE, Context, NotHere, make, place
from support.planter_table import gap_rows, table_rows

SR_CLASSES = "1.2.840.10008.5.1.4.1.1.88."
_LIMIT = {"SH": 16, "CS": 16, "AE": 16}
# Values that say how the rest is to be read, or whether it may be released at all.
_STRUCTURAL = frozenset(
    "SpecificCharacterSet Modality ImageType BurnedInAnnotation RecognizableVisualFeatures PatientIdentityRemoved "
    "LongitudinalTemporalInformationModified PhotometricInterpretation ConversionType ValueType ContinuityOfContent "
    "DeidentificationMethod PixelPresentation VolumetricProperties PresentationLUTShape LossyImageCompression "
    "TimezoneOffsetFromUTC ConcatenationFrameOffsetNumber MIMETypeOfEncapsulatedDocument QueryRetrieveLevel "
    "SamplesPerPixelUsed".split()
)


# --- the patient's identifiers in unlisted text -------------------------------------------------------------


@cache
def unlisted_text_tags() -> tuple[int, ...]:
    """Text elements of the dictionary that neither Table E.1-1 nor a removing row of gaps.json names."""
    ruled = {r.tag for r in table_rows()} | {r.tag for r in gap_rows()}
    ruled -= {r.tag for r in gap_rows() if r.action.startswith("C with")}
    return tuple(
        tag
        for tag in sorted(DicomDictionary)
        if tag not in ruled
        and 0x0004 < tag >> 16 < 0x7FE0
        and tag >> 16 not in range(0x5000, 0x5020)
        and vr_of(tag) in ("LO", "SH", "ST", "LT", "UT", "UC", "UR", "CS", "AE")
        and keyword_for_tag(tag) not in _STRUCTURAL
    )


def _known(context: Context, vr: str, number: int) -> tuple[str, str]:
    """One of the patient's identifiers that fits the VR, another one for each number: (text, kind)."""
    limit = _LIMIT.get(vr, 64)
    facts = [f for f in context.person.facts().values() if len(f[0]) <= limit and "^" not in f[0]]
    text, kind = facts[number % len(facts)]
    return (text.upper(), kind) if vr in ("CS", "AE") else (text, kind)


def _sentence(vr: str, text: str) -> str:
    if vr == "UR":
        return f"https://pacs.example/{quote(text)}/view"
    return text if vr in _LIMIT else f"seen {text} here"


@place("repeat.dictionary", "the patient's identifiers in every text element that no table lists, at the top level")
def _dictionary(context: Context) -> None:
    for number, tag in enumerate(unlisted_text_tags()):
        if not context.free(tag) or not context.wants("repeat.dictionary", f"{tag:08X}"):
            continue
        vr = vr_of(tag)
        text, kind = _known(context, vr, number + context.seed)
        if vr in ("CS", "AE") and not text.replace("_", "").isalnum():
            continue
        context.put(make(tag, _sentence(vr, context.hide(text, kind, f"repeat.dictionary/{tag:08X}")), vr))


@place("repeat.nested", "the same in items of kept sequences, two and three levels down")
def _nested(context: Context) -> None:
    tags = (0x00080070, 0x00081090, 0x00181020, 0x00620005, 0x00620006, 0x00080104, 0x00080120, 0x00080119)
    for depth in (2, 3):
        elements = list[Element]()
        for number, tag in enumerate(tags):
            vr = vr_of(tag)
            text, kind = _known(context, vr, number * 3 + depth + context.seed)
            elements.append(make(tag, _sentence(vr, context.hide(text, kind, f"repeat.nested/{depth}.{tag:08X}")), vr))
        context.nest(elements, depth, undefined=depth == 3)


def _forms(context: Context) -> Iterator[tuple[str, str, str, str]]:
    """Usual spellings of the identifiers: (detail, what is written, identifier, kind)."""
    who = context.person
    day, month, year = who.birth_date[6:], who.birth_date[4:6], who.birth_date[:4]
    names = {
        "reversed": f"{who.given} {who.family}",
        "comma": f"{who.family}, {who.given}",
        "upper": who.family.upper(),
    }
    names |= {"lower": who.family.lower(), "glued": f"{who.family}_{who.given}", "given": who.given}
    for detail, text in names.items():
        yield f"name/{detail}", text, who.given if detail in ("reversed", "given") else who.family, "name"
    for staff in ("referring", "performing", "operator"):
        family, given = getattr(who, staff)
        yield f"name/{staff}", f"Dr. {given} {family}", family, "name"
    for detail, text in {
        "iso": f"{year}-{month}-{day}",
        "dots": f"{day}.{month}.{year}",
        "plain": who.birth_date,
    }.items():
        yield f"date/{detail}", text, who.birth_date, "date"
    for name, (text, kind) in who.facts().items():
        if kind not in ("name", "date"):
            yield f"fact/{name}", text, text, kind


@place("repeat.forms", "the identifiers in their usual spellings, in one unlisted text each")
def _spellings(context: Context) -> None:
    for detail, written, identifier, kind in _forms(context):
        context.hide(identifier, kind, f"repeat.forms/{detail}")
        context.nest([make(0x00620006, f"Note: {written}; end.")], 2)


@place("repeat.code_meaning", "the patient's name as meaning of a code that stays")
def _code_meaning(context: Context) -> None:
    name = context.hide(context.person.family, "name", "repeat.code_meaning")
    code = [make(0x00080100, "T-D4000"), make(0x00080102, "SRT"), make(0x00080104, f"Abdomen of {name}")]
    context.add_item(0x00082218, code)
    context.nest(code, 2)


@place("repeat.bytes", "the patient's name and id in bytes that stay: an ICC profile, and UTF-16 in a table of numbers")
def _bytes(context: Context) -> None:
    name, mrn = context.person.family, context.person.mrn
    tag = 0x00282000
    if context.free(tag):
        head = b"\0" * 36 + b"acsp" + b"\0" * 40
        text = context.hide(name, "name", "repeat.bytes/icc")
        context.put(Element(tag, "OB", head + f"Copyright {text} ".encode() + b"\0" * 20))
    wide = f" {context.hide(mrn, 'id', 'repeat.bytes/utf16')} ".encode("utf-16-le")
    context.nest([Element(0x00282000, "OB", b"\1\2" + wide + b"\3\4")], 2)


@place(
    "repeat.encoded",
    "the identifiers as base64, hexadecimal, percent-encoded and UTF-16 in unlisted text",
    checked_late=True,
)
def _encoded(context: Context) -> None:
    name, mrn = context.person.family, context.person.mrn
    written = {
        "base64": base64.b64encode(f"x{name}".encode()).decode(),
        "hex": mrn.encode().hex(),
        "percent": "".join(f"%{b:02X}" for b in name.encode()),
        "spaced": " ".join(mrn),
    }
    for detail, text in written.items():
        kind = ("name", name) if detail in ("base64", "percent") else ("id", mrn)
        context.hide(kind[1], kind[0], f"repeat.encoded/{detail}")
        context.nest([make(0x00620006, text)], 2)


# --- structured and graphic content -------------------------------------------------------------------------


def _content(context: Context, where: str) -> list[list[Element]]:
    """Content items of the value types that carry identifiers."""
    concept = [make(0x00080100, "121106"), make(0x00080102, "DCM"), make(0x00080104, "Comment")]
    code = [
        make(0x00080100, "ZQ1"),
        make(0x00080102, "99ZQ"),
        make(0x00080104, context.canary("LO", "", f"{where}/CODE")),
    ]
    values: dict[str, Element] = {
        "TEXT": make(0x0040A160, context.canary("UT", "", f"{where}/TEXT")),
        "PNAME": make(0x0040A123, context.canary("PN", "", f"{where}/PNAME")),
        "DATE": make(0x0040A121, context.canary("DA", "", f"{where}/DATE")),
        "TIME": make(0x0040A122, context.canary("TM", "", f"{where}/TIME")),
        "DATETIME": make(0x0040A120, context.canary("DT", "", f"{where}/DATETIME")),
        "UIDREF": make(0x0040A124, context.canary("UI", "", f"{where}/UIDREF")),
        "CODE": Element(0x0040A168, "SQ", items=[Item(code)]),
    }
    return [
        sorted(
            [
                make(0x0040A010, "CONTAINS"),
                make(0x0040A040, value_type),
                Element(0x0040A043, "SQ", items=[Item(list(concept))]),
                value,
            ],
            key=lambda e: e.tag,
        )
        for value_type, value in values.items()
    ]


@place("content.sr", "text, names, dates, UIDs and codes in the tree of a structured report")
def _content_sr(context: Context) -> None:
    if not context.sop_class.startswith(SR_CLASSES):
        raise NotHere("no structured report")
    for item in _content(context, "content.sr"):
        context.add_item(0x0040A730, item)
    deeper = [Element(0x0040A730, "SQ", items=[Item(i) for i in _content(context, "content.sr/deep")])]
    context.add_item(0x0040A730, [make(0x0040A010, "CONTAINS"), make(0x0040A040, "CONTAINER"), *deeper])


@place("content.other", "a Content Sequence where there is no structured report")
def _content_other(context: Context) -> None:
    if context.sop_class.startswith(SR_CLASSES):
        raise NotHere("a structured report")
    for item in _content(context, "content.other"):
        context.add_item(0x0040A730, item)


@place("content.context", "content items outside Content Sequence: Acquisition Context and a Text Value in a kept item")
def _content_context(context: Context) -> None:
    # Text Value (0040,A160) is in no table (RULES 8): what a kept item says is cleaned of what identifies the patient.
    name = context.hide(context.person.family, "name", "content.context/TextValue")
    context.nest([make(0x0040A040, "TEXT"), make(0x0040A160, f"Position of {name}")], 2)
    context.nest([make(0x0040A123, context.canary("PN", "", "content.context/PersonName"))], 2)


@place("presentation.text", "text objects on an image or presentation state")
def _presentation(context: Context) -> None:
    text = [make(0x00700006, context.canary("ST", "", "presentation.text/UnformattedTextValue"))]
    item = [make(0x00700002, "LAYER1"), Element(0x00700008, "SQ", items=[Item(text)])]
    context.add_item(0x00700001, item)


@place("presentation.layer", "the patient's name as description of a graphic layer")
def _layer(context: Context) -> None:
    name = context.hide(context.person.family, "name", "presentation.layer")
    layer = [make(0x00700002, "LAYER1"), make(0x00700068, f"Drawn for {name}")]
    context.add_item(0x00700060, layer)


@place("equipment", "an item of Contributing Equipment with institution, operator, station, serial number and date")
def _equipment(context: Context) -> None:
    where = "equipment"
    tags = {0x00080080: "LO", 0x00080081: "ST", 0x00081010: "SH", 0x00081070: "PN", 0x00181000: "LO", 0x0018A002: "DT"}
    elements = [make(tag, context.canary(vr, "", f"{where}/{tag:08X}")) for tag, vr in tags.items()]
    elements.append(make(0x0018A003, f"Sent by {context.hide(context.person.family, 'name', where + '/description')}"))
    context.nest(elements)


@place("marker", "an inherited De-identification Method that names a person")
def _marker(context: Context) -> None:
    old = find(context.elements, 0x00120063)
    if old is not None:
        raise NotHere("the file has a De-identification Method")
    context.put(make(0x00120063, f"by {context.canary('LO', '', 'marker')} and {context.person.family}"))
    context.hide(context.person.family, "name", "marker/known")


@place("document", "the title of an encapsulated document, and list of MIME types")
def _document(context: Context) -> None:
    if context.free(0x00420010):
        context.put(make(0x00420010, f"Report on {context.hide(context.person.family, 'name', 'document/title')}"))
    item = make(0x00420011, f"%PDF-1.4 {context.canary('OB', '', 'document/nested')} %%EOF".encode(), "OB")
    context.nest([item], 2)


assert {CONTRIBUTING_EQUIPMENT, PURPOSE_CODE, EQUIVALENT_CODE}.isdisjoint(r.tag for r in table_rows())
