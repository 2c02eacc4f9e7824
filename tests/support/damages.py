"""The kinds of leak and damage that validation has to catch: one table, each with the reason that belongs to it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from pydicom import Dataset, dcmread
from pydicom.dataelem import DataElement
from pydicom.sequence import Sequence
from pydicom.uid import ImplicitVRLittleEndian

from deident.errors import Reason
from support import builders
from support.cases import HOSPITAL, Case

__all__ = ["DAMAGES", "ORIGINAL_UID", "SLICE_UID", "Damage", "reasons_of", "setting"]

LEAK, PIXELS, OBJECT = Reason.LEAK, Reason.PIXELS_CHANGED, Reason.OBJECT_INVALID
STUDY, CLAIMS = Reason.STUDY_INCONSISTENT, Reason.CLAIMS_WRONG

ORIGINAL_UID: Final = builders.uid("frame of reference")
SLICE_UID: Final = builders.uid("instance ct")

Change = Callable[[Dataset], object]
_Do = Callable[[Case], Case]


@dataclass(frozen=True)
class Damage:
    """What is done to the clean study of `study_case`, and the reason that a finding must give; `alone`: no other one."""

    reason: Reason
    do: _Do
    alone: bool = False


def reasons_of(case: Case) -> set[Reason]:
    return {finding.reason for finding in case.findings()}


def setting(keyword: str, value: object) -> Change:
    """A change that sets an attribute."""
    return lambda content: setattr(content, keyword, value)


def _edit(reason: Reason, change: Change, index: int = 0, *, alone: bool = False) -> Damage:
    return Damage(reason, lambda case: case.edited(change, index), alone)


def _bytes(reason: Reason, change: Callable[[bytes], bytes], *, alone: bool = False) -> Damage:
    """Damage to the bytes of the first output."""
    return Damage(reason, lambda case: case.with_output(change(case.output)), alone)


def _left(keyword: str) -> Damage:
    """A rule that is not carried out: an attribute stays as it was in the original."""

    def do(case: Case) -> Case:
        original = dcmread(BytesIO(case.source))[keyword]
        return case.edited(lambda content: content.add(original))

    return Damage(LEAK, do)


def _delete(keyword: str) -> Change:
    return lambda content: delattr(content, keyword)


def _private(text: str) -> Change:
    return lambda content: content.private_block(0x0029, "ACME", create=True).add_new(1, "LO", text)


def _add(tag: int, vr: str, value: Any) -> Change:
    return lambda content: content.add_new(tag, vr, value)


def _meta(tag: int, vr: str, value: object) -> Change:
    return lambda content: content.file_meta.add(DataElement(tag, vr, value))


def _nested(text: str) -> Change:
    def change(content: Dataset) -> None:
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "T-D3000", "SRT", text
        outer = Dataset()
        outer.AnatomicRegionSequence = Sequence([item])
        content.SharedFunctionalGroupsSequence = Sequence([outer])

    return change


def _utf8_manufacturer(content: Dataset) -> None:
    content.SpecificCharacterSet, content.Manufacturer = "ISO_IR 192", "für Jáne"


def _code(position: int, keyword: str, value: str) -> Change:
    return lambda content: setattr(content.DeidentificationMethodCodeSequence[position], keyword, value)


def _extra_code(content: Dataset) -> None:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = "113101", "DCM"
    item.CodeMeaning = "Clean Pixel Data Option"
    content.DeidentificationMethodCodeSequence.append(item)


def _syntax(content: Dataset) -> None:
    content.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian


def _refer(uids: Callable[[Dataset], list[str]]) -> Change:
    def change(content: Dataset) -> None:
        for item, uid in zip(content.ReferencedStructureSetSequence, uids(content), strict=True):
            item.ReferencedSOPInstanceUID = uid

    return change


def _one_reference_less(content: Dataset) -> None:
    content.ReferencedStructureSetSequence.pop()
    _refer(lambda _: ["2.25.6"])(content)


def _references(content: Dataset) -> list[str]:
    return [item.ReferencedSOPInstanceUID for item in content.ReferencedStructureSetSequence]


def _flipped(position: int) -> Callable[[bytes], bytes]:
    """One byte of the last of them, counted from the end, turned over."""
    return lambda data: data[:position] + bytes([data[position] ^ 0xFF]) + data[position:][1:]


def _at(head: bytes, change: Callable[[bytes, int], bytes]) -> Callable[[bytes], bytes]:
    """A change at the place of the element that begins so."""
    return lambda data: change(data, data.index(head))


def _swapped(data: bytes, first: int) -> bytes:
    second = data.index(b"\x08\x00\x18\x00UI")
    end = second + 8 + data[second + 6]
    return data[:first] + data[second:end] + data[first:second] + data[end:]


def _spliced(new: bytes, size: int = 0) -> Callable[[bytes, int], bytes]:
    """Put `new` in the place of so many bytes."""
    return lambda data, place: data[:place] + new + data[place + size :]


def _series_number(value: bytes) -> Damage:
    def change(data: bytes, place: int) -> bytes:
        return data[: place + 6] + bytes([len(value), 0]) + value + data[place + 8 + data[place + 6] :]

    return _bytes(OBJECT, _at(b"\x20\0\x11\0IS", change))


_BEHIND: Final = b"\xe1\x7f\x10\x00LO\x08\x00Jane Doe"
_MODALITY: Final = b"\x08\x00\x60\x00CS"

_RULES: Final = {
    f"rule disabled: {keyword} stays": _left(keyword)
    for keyword in (
        *("PatientName", "PatientID", "PatientBirthDate", "AccessionNumber", "StudyID", "ReferringPhysicianName"),
        *("InstitutionName", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"),
    )
}

_LEAKS: Final = {
    "name in an unlisted text": setting("Manufacturer", "Acme for Jane Doe"),
    "name in other order and case": setting("Manufacturer", "DOE, JANE"),
    "name without separator": setting("Manufacturer", "x JaneDoe x"),
    "name in base64": setting("Manufacturer", base64.b64encode(b"?Doe^Jane").decode()),
    "name in hex": setting("Manufacturer", b"Doe^Jane".hex()),
    "name in percent form": setting("Manufacturer", "D%6Fe%5EJane"),
    "name with diacritics": _utf8_manufacturer,
    "name in a code meaning of a nested item": _nested("seen by Welby"),
    "physician in a description": setting("SegmentLabel", "Marcus"),
    "patient id with other separators": setting("Manufacturer", "pat 4711"),
    "patient id within a word": setting("Manufacturer", "x_PAT-4711_y"),
    "accession number in text": setting("Manufacturer", "order ACC0815"),
    "birth date in text": setting("Manufacturer", "born 12.04.1965"),
    "birth date in words": setting("Manufacturer", "April 12, 1965"),
    "birth date as another date": setting("ContentDate", "19650412"),
    "birth date as a part of a UID": setting("FrameOfReferenceUID", "1.2.3.19650412.4"),
    "institution in text": setting("Manufacturer", HOSPITAL),
    "institution in a code string": setting("BodyPartExamined", HOSPITAL.upper()),
    "original uid in text": setting("Manufacturer", f"see {SLICE_UID}."),
    "original uid in bytes": _add(0x00282000, "OB", b"profile " + SLICE_UID.encode() + b"  "),
    "name in bytes as UTF-16": _add(0x00282000, "OB", b"x" + "Doe^Jane".encode("utf-16-be") + b"x"),
    "name left in a private block": _private("Jane Doe"),
    "name in UN": _add(0x00090010, "UN", b"Doe^Jane"),
}

_OBJECTS: Final = {
    "private element": _private("harmless"),
    "overlay": _add(0x60000010, "US", 8),
    "curve": _add(0x50000005, "US", 1),
    "trailing padding": _add(0xFFFCFFFC, "OB", b"\0\0"),
    "missing Type 1": _delete("Rows"),
    "missing Type 2": _delete("PatientBirthDate"),
    "empty Type 1": setting("Rows", None),
    "missing UID": _delete("SeriesInstanceUID"),
    "unexpected meta element": _meta(0x00020016, "AE", "SCANNER1"),
    "meta class differs": _meta(0x00020002, "UI", "1.2.840.10008.5.1.4.1.1.4"),
    "meta instance differs": _meta(0x00020003, "UI", "2.25.77"),
    "digital signature": _add(0xFFFAFFFA, "SQ", [Dataset()]),
    "original attributes": _add(0x04000561, "SQ", [Dataset()]),
    "another transfer syntax in the meta": _syntax,
}

_MARKERS: Final = {
    "identity not removed": setting("PatientIdentityRemoved", "NO"),
    "no marker": _delete("PatientIdentityRemoved"),
    "no method": _delete("DeidentificationMethod"),
    "wrong code": _code(1, "CodeValue", "113109"),
    "code more than was done": _extra_code,
    "code less than was done": lambda content: content.DeidentificationMethodCodeSequence.pop(),
    "basic profile not first": lambda content: content.DeidentificationMethodCodeSequence.reverse(),
    "code twice": _code(1, "CodeValue", "113100"),
    "wrong meaning": _code(0, "CodeMeaning", "Basic Profile"),
    "dates not said to be removed": setting("LongitudinalTemporalInformationModified", "UNMODIFIED"),
    "burned in annotation denied": setting("BurnedInAnnotation", "NO"),
}

#: To the third instance, which refers to the others.
_STUDIES: Final = {
    "another patient": setting("PatientID", "SOMEBODYELSE"),
    "another study": setting("StudyInstanceUID", "2.25.1"),
    "frame of reference remapped apart": setting("FrameOfReferenceUID", "2.25.3"),
    "dangling references": _refer(lambda _: ["2.25.4", "2.25.5"]),
    "references swapped": _refer(lambda content: _references(content)[::-1]),
    "references to itself": _refer(lambda content: [content.SOPInstanceUID] * 2),
    "one reference less": _one_reference_less,
}

_FILES: Final = {
    "swapped pixel byte": _bytes(PIXELS, _flipped(-5), alone=True),
    "first pixel byte swapped": Damage(
        PIXELS, lambda case: case.with_output(_flipped(_pixels_at(case))(case.output)), True
    ),
    "pixel data gone": _edit(PIXELS, _delete("PixelData")),
    "pixel data said to be absent": Damage(PIXELS, lambda case: case.with_pair(0, pixel_data="absent"), alone=True),
    "truncated file": _bytes(OBJECT, lambda data: data[:-10], alone=True),
    "cut within the header": _bytes(OBJECT, lambda data: data[:700]),
    "empty file": _bytes(OBJECT, lambda _: b""),
    "zeros": _bytes(OBJECT, lambda data: bytes(len(data))),
    "no DICOM": _bytes(OBJECT, lambda _: b"no DICOM at all " * 30),
    "bytes behind the data set": _bytes(OBJECT, lambda data: data + b"\0\0\0"),
    "element behind the pixel data": _bytes(OBJECT, lambda data: data + b"\xe1\x7f\x10\x00LO\x08\x00harmless"),
    "name behind the pixel data": _bytes(LEAK, lambda data: data + _BEHIND),
    "preamble with content": _bytes(OBJECT, lambda data: b"Jane" + data[4:], alone=True),
    "wrong group length of the meta": _bytes(
        OBJECT, lambda data: data[:140] + bytes([data[140] + 2]) + data[141:], alone=True
    ),
    "wrong length of a sequence": _bytes(
        OBJECT, _at(b"\x12\x00\x64\x00SQ", lambda data, n: data[: n + 8] + bytes([data[n + 8] - 2]) + data[n + 9 :])
    ),
    "elements out of order": _bytes(OBJECT, _at(b"\x08\x00\x16\x00UI", _swapped), alone=True),
    "group length": _bytes(OBJECT, _at(b"\x08\x00\x16\x00UI", _spliced(b"\x08\0\0\0UL\4\0\0\0\0\0")), alone=True),
    "odd length": _bytes(OBJECT, _at(_MODALITY, _spliced(b"\x08\0\x60\0CS\3\0CT ", 10))),
    "number of three bytes": _bytes(OBJECT, _at(b"\x28\x00\x10\x00US", _spliced(b"\x28\0\x10\0US\3\0\1\2\3", 10))),
    "element given twice": _bytes(OBJECT, _at(_MODALITY, lambda data, n: data[:n] + data[n : n + 10] + data[n:])),
    "word as a number": _series_number(b"one "),
    "bytes as a number": _series_number(b"\xff\xfe\xfd\xfc"),
    "number too long for its VR": _series_number(b"12345678901234"),
    "name in the output's name": Damage(
        LEAK, lambda case: case.with_pair(0, output_name="DOE_JANE/" + case.pairs[0].output_name), alone=True
    ),
    "original uid in the output's name": Damage(
        LEAK, lambda case: case.with_pair(0, output_name=_renamed(case, SLICE_UID)), alone=True
    ),
    "output of another original": Damage(STUDY, lambda case: case.with_output(case.output_of(1))),
    "two outputs with one instance uid": Damage(STUDY, lambda case: case.with_output(case.output, index=1)),
    "the original itself": Damage(LEAK, lambda case: case.with_output(case.source)),
}


def _pixels_at(case: Case) -> int:
    return len(case.output) - len(dcmread(BytesIO(case.output)).PixelData)


def _renamed(case: Case, name: str) -> str:
    return case.pairs[0].output_name.rpartition("/")[0] + f"/{name}.dcm"


DAMAGES: Final[dict[str, Damage]] = {
    **_RULES,
    **{name: _edit(LEAK, change) for name, change in _LEAKS.items()},
    **{name: _edit(OBJECT, change) for name, change in _OBJECTS.items()},
    **{name: _edit(CLAIMS, change) for name, change in _MARKERS.items()},
    **{name: _edit(STUDY, change, index=2, alone=True) for name, change in _STUDIES.items()},
    **_FILES,
}
