"""Small data sets of every IOD, built in code from the types of PS3.3: `build("ct")` gives the bytes of a Part 10 file.

Mandatory modules are filled: Type 1 with values that the enumerations allow, Type 2 empty; `FAMILIES` names the kinds
of objects that matter and adds what only a person knows (pixels, content trees, waveforms). No patient is real.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final

from pydicom import Dataset, dcmwrite
from pydicom.datadict import dictionary_VM, dictionary_VR, keyword_for_tag
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless

from support.frames import FRAMES
from support.iod_content import code, content_tree, graphic_annotation, pdf, waveform
from support.iod_values import BY_KEYWORD, BY_VR

__all__ = ["FAMILIES", "IMAGE_FAMILIES", "SYNTAXES", "Family", "build", "build_iod", "dataset", "iod_classes", "uid"]

STORAGE = "1.2.840.10008.5.1.4.1.1"
EXPLICIT = "1.2.840.10008.1.2.1"
NATIVE: Final = {
    "implicit": "1.2.840.10008.1.2",
    "explicit": EXPLICIT,
    "big-endian": "1.2.840.10008.1.2.2",
    "deflated": "1.2.840.10008.1.2.1.99",
}
SYNTAXES: Final = NATIVE | {"rle": "1.2.840.10008.1.2.5"} | {name: syntax for name, (syntax, _) in FRAMES.items()}
"""Names of the transfer syntaxes that `build` writes -> UIDs. Encapsulated ones need a grey family of images."""
_MAX_DEPTH = 6
_PIXELS: Final = {"grey": (8, 8, 1), "grey16": (16, 12, 1), "word": (16, 16, 1), "rgb": (8, 8, 3), "bits": (1, 1, 1)}
"""Kind of pixels -> Bits Allocated, Bits Stored, Samples per Pixel."""


@dataclass(frozen=True)
class Family:
    """A kind of object: its SOP class, Modality, how its pixels look (a key of _PIXELS, or none), and additions."""

    sop_class: str
    modality: str
    pixels: str = ""
    frames: int = 0
    values: dict[str, Any] = field(default_factory=dict)
    add: Callable[[Dataset], None] | None = None


def uid(name: str) -> str:
    """A UID that is always the same for the same name."""
    return f"1.2.826.0.1.3680043.8.498.{int.from_bytes(hashlib.sha256(name.encode()).digest()[:12], 'big')}"


# --- mandatory attributes out of the IOD tables -------------------------------------------------------------


@cache
def _iods() -> Any:
    return json.loads((files("deident.standard") / "data" / "iod_types.json").read_text("utf-8"))


def _templates(sop_class: str) -> Iterator[dict[str, Any]]:
    """The templates of the mandatory modules of a SOP class. Raises KeyError for a class that has no IOD."""
    tables = _iods()
    iod = tables["sop"].get(sop_class) or tables["sop_alias"][sop_class]
    for module, usage in tables["iod"][iod]:
        if usage == "M" and "functional-groups" not in module:
            yield tables["template"][tables["module"][module]]


def _fill(target: Dataset, template: dict[str, Any], depth: int) -> None:
    """Add the Type 1 and 2 attributes of a template that the data set does not have, and codes where codes belong."""
    if depth and "00080100" in template:
        target.CodeValue, target.CodingSchemeDesignator = BY_KEYWORD["CodeValue"], BY_KEYWORD["CodingSchemeDesignator"]
    for name, entry in template.items():
        kind, inner = entry if isinstance(entry, list) else (entry, None)
        if kind not in ("1", "2") or "X" in name:
            continue
        tag = int(name, 16)
        keyword, vr = keyword_for_tag(tag), _vr(tag)
        if keyword in BY_KEYWORD and BY_KEYWORD[keyword] is None:
            continue
        if vr == "SQ":
            if tag in target and target[tag].value:
                continue
            item = Dataset()
            if kind == "1" and inner is not None and depth < _MAX_DEPTH:
                _fill(item, _iods()["template"][inner], depth + 1)
            target.add_new(tag, vr, [item] if kind == "1" else [])
        elif kind == "1":
            if tag not in target or target[tag].is_empty:
                target.add_new(tag, vr, _value(tag, keyword, vr))
        elif tag not in target:
            target.add_new(tag, vr, None)


def _vr(tag: int) -> str:
    return dictionary_VR(tag).split(" ")[0]


def _value(tag: int, keyword: str, vr: str) -> Any:
    if keyword in BY_KEYWORD:
        return copy.copy(BY_KEYWORD[keyword])
    if vr == "UI":
        return uid(keyword)
    count = dictionary_VM(tag).split("-")[0].rstrip("n")
    value = BY_VR[vr]
    return [value] * int(count) if count.isdigit() and int(count) > 1 else value


# --- what a person adds -------------------------------------------------------------------------------------


def _identity(target: Dataset, name: str, modality: str) -> None:
    """Patient, study and series: the same study for all families, one series for each."""
    target.PatientName, target.PatientID = "Doe^Jane", "PAT-4711"
    target.PatientBirthDate, target.PatientSex = "19650412", "F"
    target.StudyDate, target.StudyTime, target.AccessionNumber = "20200214", "101500", "ACC-0815"
    target.StudyID, target.ReferringPhysicianName = "ST-1", "Welby^Marcus"
    target.StudyInstanceUID, target.SeriesInstanceUID = uid("study"), uid(f"series {name}")
    target.SOPInstanceUID, target.Modality = uid(f"instance {name}"), modality
    target.Manufacturer, target.InstitutionName = "Acme Imaging", "Sample Hospital"
    target.SeriesNumber, target.InstanceNumber, target.Laterality = 1, 1, "R"


def _pixels(target: Dataset, kind: str, frames: int) -> None:
    """8 x 8 pixels of a smooth ramp, `frames` times."""
    bits, stored, samples = _PIXELS[kind]
    target.Rows = target.Columns = 8
    target.PatientOrientation = ["L", "F"]
    target.SamplesPerPixel = samples
    target.PhotometricInterpretation = "RGB" if samples > 1 else "MONOCHROME2"
    target.BitsAllocated, target.BitsStored, target.HighBit, target.PixelRepresentation = bits, stored, stored - 1, 0
    if samples > 1:
        target.PlanarConfiguration = 0
    if frames:
        target.NumberOfFrames = frames
        target.FrameTime = "40"
    size = 8 * 8 * samples * bits // 8
    target.add_new(0x7FE00010, "OW" if bits == 16 else "OB", bytes(i % 8 for i in range(size)) * max(frames, 1))


def _functional_groups(target: Dataset) -> None:
    """Shared and per-frame functional groups with the macros that nearly every enhanced image has."""
    measures, plane, anatomy, organization, dimension = (Dataset() for _ in range(5))
    measures.PixelSpacing, measures.SliceThickness = [1, 1], "1"
    plane.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    anatomy.FrameLaterality, anatomy.AnatomicRegionSequence = "U", [code("818981001", "SCT", "Abdomen")]
    shared = Dataset()
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence, shared.FrameAnatomySequence = (
        [measures],
        [plane],
        [anatomy],
    )
    organization.DimensionOrganizationUID = dimension.DimensionOrganizationUID = uid("dimensions")
    dimension.DimensionIndexPointer, dimension.FunctionalGroupPointer = 0x00209057, 0x00209111
    target.DimensionOrganizationSequence, target.DimensionIndexSequence = [organization], [dimension]
    target.ContentDate, target.ContentTime = "20200214", "101501"
    target.SharedFunctionalGroupsSequence = [shared]
    target.PerFrameFunctionalGroupsSequence = []
    for number in range(int(target.get("NumberOfFrames", 1))):
        position, content, frame = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = [0, 0, number]
        content.FrameAcquisitionDateTime, content.FrameReferenceDateTime = "20200214101501", "20200214101501"
        content.FrameAcquisitionDuration = 40.0
        content.StackID, content.InStackPositionNumber, content.DimensionIndexValues = "1", number + 1, [number + 1]
        frame.PlanePositionSequence, frame.FrameContentSequence = [position], [content]
        target.PerFrameFunctionalGroupsSequence.append(frame)


def _segmentation(target: Dataset) -> None:
    _functional_groups(target)
    target.SegmentSequence[0].SegmentNumber = 1
    reference = Dataset()
    reference.ReferencedSegmentNumber = 1
    for frame in target.PerFrameFunctionalGroupsSequence:
        frame.SegmentIdentificationSequence = [reference]


def _image(sop: str, modality: str, pixels: str = "grey", frames: int = 0, **values: Any) -> Family:
    return Family(f"{STORAGE}.{sop}", modality, pixels, frames, values)


def _enhanced(
    sop: str, modality: str, pixels: str = "grey16", add: Callable[[Dataset], None] = _functional_groups
) -> Family:
    kinds = {"ImageType": ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]}
    return Family(f"{STORAGE}.{sop}", modality, pixels, 2, kinds, add)


def _other(sop: str, modality: str, add: Callable[[Dataset], None] | None = None, **values: Any) -> Family:
    return Family(f"{STORAGE}.{sop}", modality, values=values, add=add)


FAMILIES: Final[dict[str, Family]] = {
    "cr": _image("1", "CR", "grey16"),
    "dx": _image("1.1", "DX", "grey16", BurnedInAnnotation="NO"),
    "mg": _image("1.2", "MG", "grey16", BurnedInAnnotation="NO"),
    "ct": _image("2", "CT", "grey16"),
    "enhanced-ct": _enhanced("2.1", "CT"),
    "mr": _image("4", "MR", "grey16"),
    "enhanced-mr": _enhanced("4.1", "MR"),
    "pet": _image("128", "PT", "grey16"),
    "enhanced-pet": _enhanced("130", "PT"),
    "nm": _image("20", "NM", "grey16", 2, ImageType=["ORIGINAL", "PRIMARY", "STATIC", "EMISSION"]),
    "us": _image("6.1", "US", BurnedInAnnotation="NO"),
    "us-multiframe": _image("3.1", "US", "rgb", 2, BurnedInAnnotation="NO"),
    "sc": _image("7", "OT", BurnedInAnnotation="NO"),
    "sc-unknown-text": _image("7", "OT"),
    "sc-multiframe-bit": _image("7.1", "OT", "bits", 2, BurnedInAnnotation="NO"),
    "sc-multiframe": _image("7.2", "OT", "grey", 2, BurnedInAnnotation="NO"),
    "sc-multiframe-word": _image("7.3", "OT", "word", 2, BurnedInAnnotation="NO"),
    "sc-multiframe-color": _image("7.4", "OT", "rgb", 2, BurnedInAnnotation="NO"),
    "xa": _image("12.1", "XA", BurnedInAnnotation="NO", ImageType=["ORIGINAL", "PRIMARY", "SINGLE PLANE"]),
    "rf": _image("12.2", "RF", BurnedInAnnotation="NO", ImageType=["ORIGINAL", "PRIMARY", "SINGLE PLANE"]),
    "enhanced-xa": _enhanced("12.1.1", "XA"),
    "tomosynthesis": _enhanced("13.1.3", "MG"),
    "rt-image": _image("481.1", "RTIMAGE", "grey16", ImageType=["DERIVED", "SECONDARY", "DRR"]),
    "rt-dose": _image("481.2", "RTDOSE", "grey16", 2),
    "rt-struct": _other("481.3", "RTSTRUCT"),
    "rt-record": _other("481.4", "RTRECORD"),
    "rt-plan": _other("481.5", "RTPLAN"),
    "rt-ion-plan": _other("481.8", "RTPLAN"),
    "rt-summary": _other("481.7", "RTRECORD"),
    "seg": _enhanced("66.4", "SEG", "bits", _segmentation),
    "surface-seg": _other("66.5", "SEG"),
    "parametric-map": _enhanced("30", "MR"),
    "tractography": _other("66.6", "MR"),
    "registration": _other("66.1", "REG"),
    "deformable-registration": _other("66.3", "REG"),
    "fiducials": _other("66.2", "FID"),
    "real-world-mapping": _other("67", "RWV"),
    "raw": _other("66", "MR"),
    "mr-spectroscopy": _other("4.2", "MR", SpectroscopyData=b"\0" * 32),
    "sr-basic": _other("88.11", "SR", content_tree),
    "sr-enhanced": _other("88.22", "SR", content_tree),
    "sr-comprehensive": _other("88.33", "SR", content_tree),
    "sr-comprehensive-3d": _other("88.34", "SR", content_tree),
    "sr-dose": _other("88.67", "SR", content_tree),
    "sr-mammography-cad": _other("88.50", "SR", content_tree),
    "ko": _other("88.59", "KO", content_tree),
    "pr-grayscale": _other("11.1", "PR", graphic_annotation),
    "pr-color": _other("11.2", "PR", graphic_annotation),
    "pr-pseudo-color": _other("11.3", "PR", graphic_annotation),
    "pr-blending": _other("11.4", "PR"),
    "pdf": _other("104.1", "DOC", pdf, BurnedInAnnotation="YES"),
    "cda": _other("104.2", "DOC", pdf, MIMETypeOfEncapsulatedDocument="text/XML"),
    "ecg": _other("9.1.1", "ECG", waveform),
    "ecg-general": _other("9.1.2", "ECG", waveform),
    "audio": _other("9.4.1", "AU", waveform),
    "vl-endoscopy": _image("77.1.1", "ES", "rgb", BurnedInAnnotation="NO"),
    "vl-microscopy": _image("77.1.2", "GM", "rgb", BurnedInAnnotation="NO"),
    "vl-photo": _image("77.1.4", "XC", "rgb", BurnedInAnnotation="NO"),
    "wsi": _image(
        "77.1.6", "SM", "rgb", 1, BurnedInAnnotation="NO", ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    ),
    "op": _image("77.1.5.1", "OP", "rgb", 1, BurnedInAnnotation="NO"),
    "opt": _enhanced("77.1.5.4", "OPT"),
    "ophthalmic-field": _other("80.1", "OPV"),
    "us-volume": _enhanced("6.2", "US", "grey"),
    "ivoct": _enhanced("14.1", "IVOCT"),
    "color-palette": Family("1.2.840.10008.5.1.4.39.1", "OT"),
    "hanging-protocol": Family("1.2.840.10008.5.1.4.38.1", "OT"),
    "private": Family("1.2.826.0.1.3680043.9.9999.1", "OT", "grey"),
    "unknown": Family("1.2.840.10008.5.1.4.1.1.999.1", "OT", "grey"),
}
IMAGE_FAMILIES: Final = tuple(name for name, family in FAMILIES.items() if family.pixels)


def dataset(name: str, **changes: Any) -> Dataset:
    """The data set of a family; keyword arguments set attributes, None removes one."""
    family = FAMILIES[name]
    return _dataset(name, family, changes)


def _dataset(name: str, family: Family, changes: dict[str, Any]) -> Dataset:
    result = Dataset()
    result.SOPClassUID = family.sop_class
    _identity(result, name, family.modality)
    for keyword, value in family.values.items():
        setattr(result, keyword, copy.copy(value))
    if family.pixels:
        _pixels(result, family.pixels, family.frames)
    try:
        for template in _templates(family.sop_class):
            _fill(result, template, 0)
    except KeyError:
        result.ImageType = ["ORIGINAL", "PRIMARY"]
    if family.add is not None:
        family.add(result)
    for keyword, value in changes.items():
        if value is None:
            delattr(result, keyword)
        else:
            setattr(result, keyword, value)
    return result


def build(name: str, syntax: str = "explicit", charset: str | list[str] | None = None, **changes: Any) -> bytes:
    """A Part 10 file of a family, in a transfer syntax of SYNTAXES and a character set. KeyError for wrong names."""
    return encode(dataset(name, **changes), syntax, charset)


def build_iod(sop_class: str, modality: str = "OT") -> bytes:
    """A Part 10 file with the mandatory attributes of any SOP class of the IOD tables, without pixels."""
    _ = next(_templates(sop_class))
    return encode(_dataset(sop_class, Family(sop_class, modality), {}))


def encode(content: Dataset, syntax: str = "explicit", charset: str | list[str] | None = None) -> bytes:
    """Write a data set as a file; compressed syntaxes replace its pixels."""
    if charset is not None:
        content.SpecificCharacterSet = charset
    _compress(content, syntax)
    content.file_meta = FileMetaDataset()
    content.file_meta.MediaStorageSOPClassUID = content.SOPClassUID
    content.file_meta.MediaStorageSOPInstanceUID = content.SOPInstanceUID
    content.file_meta.TransferSyntaxUID = UID(SYNTAXES[syntax])
    target = io.BytesIO()
    little, implicit = SYNTAXES[syntax] != ExplicitVRBigEndian, SYNTAXES[syntax] == ImplicitVRLittleEndian
    dcmwrite(target, content, enforce_file_format=True, little_endian=little, implicit_vr=implicit)
    return target.getvalue()


def _compress(content: Dataset, syntax: str) -> None:
    """Give the data set pixels of the syntax: RLE of its own, or one of the constant grey 8 x 8 frames."""
    if syntax in NATIVE:
        return
    if syntax == "rle":
        content.file_meta = FileMetaDataset()
        content.file_meta.TransferSyntaxUID = UID(EXPLICIT)
        content.compress(RLELossless, generate_instance_uid=False)
        return
    frames = int(content.get("NumberOfFrames", 1) or 1)
    content.BitsAllocated, content.BitsStored, content.HighBit, content.SamplesPerPixel = 8, 8, 7, 1
    content.PhotometricInterpretation = "MONOCHROME2"
    if "PlanarConfiguration" in content:
        del content.PlanarConfiguration
    content.PixelData = encapsulate([FRAMES[syntax][1]] * frames)
    content["PixelData"].VR = "OB"
    content["PixelData"].is_undefined_length = True


def iod_classes() -> tuple[str, ...]:
    """The SOP classes that `build_iod` can build."""
    return tuple(_iods()["sop"])
