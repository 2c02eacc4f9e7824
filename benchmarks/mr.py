"""MR images with rich nested headers: about 500 elements, most of them in sequences, some of those private."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from benchmarks.builder import add_private, code, item, sequence, uid
from benchmarks.patient import study_of

__all__ = ["mr_instance", "mr_series"]

_MR: Final = "1.2.840.10008.5.1.4.1.1.4"
_SIZE: Final = 256


def mr_series(study: int, series: int) -> Dataset:
    """What all images of a series have in common."""
    ds = study_of(study, "MR", _MR)
    ds.SeriesInstanceUID = uid(study, series)
    ds.FrameOfReferenceUID = uid(study, series, 0)
    ds.PositionReferenceIndicator = ""
    ds.SeriesNumber = series
    ds.SeriesDescription = f"t1_mprage_sag_{series}"
    ds.SeriesTime = "082000.000000"
    ds.BodyPartExamined = "BRAIN"
    ds.PatientPosition = "HFS"
    ds.ImageOrientationPatient = ["0.0199987", "0.9998", "0", "0", "0", "-1"]
    ds.ProtocolName = "t1_mprage_sag"
    ds.ScanningSequence, ds.SequenceVariant, ds.ScanOptions = ["GR", "IR"], ["SK", "SP", "MP"], "IR"
    ds.MRAcquisitionType, ds.SequenceName, ds.AngioFlag = "3D", "*tfl3d1_16ns", "N"
    ds.SliceThickness, ds.RepetitionTime, ds.EchoTime, ds.InversionTime = "1", "2300", "2.98", "900"
    ds.NumberOfAverages, ds.ImagingFrequency, ds.ImagedNucleus, ds.EchoNumbers = "1", "123.25", "1H", 1
    ds.MagneticFieldStrength, ds.SpacingBetweenSlices, ds.EchoTrainLength = "3", "1", 1
    ds.PercentSampling, ds.PercentPhaseFieldOfView, ds.PixelBandwidth = "100", "93.75", "240"
    ds.TransmitCoilName, ds.InPlanePhaseEncodingDirection, ds.FlipAngle = "Body", "ROW", "9"
    ds.VariableFlipAngleFlag, ds.dBdt = "N", "0"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows = ds.Columns = _SIZE
    ds.PixelSpacing = ["0.9375", "0.9375"]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    sequence(ds, "ReferencedSeriesSequence", [_referenced_series(study)])
    _private(ds)
    return ds


def _referenced_series(study: int) -> Dataset:
    images = [_reference(study, 500, number) for number in range(1, 9)]
    series = item(SeriesInstanceUID=uid(study, 500))
    sequence(series, "ReferencedInstanceSequence", images)
    return series


def _reference(study: int, series: int, number: int) -> Dataset:
    reference = item(ReferencedSOPClassUID=_MR, ReferencedSOPInstanceUID=uid(study, series, number))
    sequence(reference, "PurposeOfReferenceCodeSequence", [code("121311", "DCM", "Localizer")])
    return reference


def _private(ds: Dataset) -> None:
    add_private(
        ds,
        0x0029,
        "BENCH CSA HEADER",
        [
            (0x08, "CS", "IMAGE NUM 4"),
            (0x09, "LO", "20260105"),
            (0x10, "OB", _header_like(17_000)),
            (0x18, "CS", "MR"),
            (0x20, "OB", _header_like(17_000)),
        ],
    )
    stack: list[tuple[int, str, Any]] = [(offset, "FL", offset * 0.5) for offset in range(0x10, 0x20)]
    stack += [(0x30, "CS", "TRANSVERSAL"), (0x31, "SH", "stack"), (0x32, "US", 176)]
    add_private(ds, 0x2005, "BENCH Imaging DD 005", [(0x0F, "SQ", Sequence([_stack(stack), _stack(stack)]))])


def _stack(elements: list[tuple[int, str, Any]]) -> Dataset:
    stack = Dataset()
    add_private(stack, 0x2005, "BENCH Imaging DD 001", elements)
    stack.SpecificCharacterSet = "ISO_IR 100"
    return stack


def _header_like(size: int) -> bytes:
    """Bytes as in a vendor's binary header: names, small numbers and many zeros."""
    field = b"EchoPartitionPosition\0\0\0\x4d\0\0\0\1\0\0\0FD\0\0\6\0\0\0\xcd\0\0\0" + bytes(36) + b"0.98765432\0\0"
    return (field * (size // len(field) + 1))[:size]


def mr_instance(ds: Dataset, study: int, series: int, number: int) -> None:
    """Change what differs from image to image, pixels included."""
    x = -88.0 + number * 0.9975
    ds.SOPInstanceUID = uid(study, series, number)
    ds.InstanceCreationTime = ds.ContentTime = (
        f"08{20 + number // 60 % 40}{number % 60:02d}.{number * 4327 % 1000000:06d}"
    )
    ds.AcquisitionTime = f"0820{number % 60:02d}.{number * 2503 % 100000 or 5}"
    ds.AcquisitionNumber, ds.InstanceNumber = 1, number
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
    ds.ImagePositionPatient = [f"{x:.10g}", f"{-120.4375 + x / 97:.8g}", f"{123.25 - x / 53:.9g}"]
    ds.SliceLocation = f"{x:.10g}"
    ds.SAR = f"{0.04 + number % 13 / 1000:.12g}"
    ds.WindowCenter, ds.WindowWidth = str(270 + number % 90), str(610 + number % 140)
    ds.SmallestImagePixelValue, ds.LargestImagePixelValue = 0, 900 + number % 100
    sequence(ds, "ReferencedImageSequence", [_reference(study, 500, view) for view in range(1, 4)])
    sources = []
    for echo in range(1, 9):
        source = _reference(study, 600 + series, number * 10 + echo)
        source.SpatialLocationsPreserved = "YES"
        sequence(source, "PatientOrientationCodeSequence", [_orientation()])
        sources.append(source)
    sequence(ds, "SourceImageSequence", sources)
    sequence(ds, "AcquisitionContextSequence", [_context(step, number) for step in range(12)])
    ds.PixelData = _image(study * 100_000 + series * 10_000 + number)
    ds["PixelData"].VR = "OW"


def _orientation() -> Dataset:
    orientation = code("102538003", "SCT", "recumbent")
    sequence(orientation, "PatientOrientationModifierCodeSequence", [code("40199007", "SCT", "supine")])
    return orientation


def _context(step: int, number: int) -> Dataset:
    context = item(ValueType="NUMERIC", NumericValue=f"{number * 0.31 + step:.4f}")
    sequence(context, "ConceptNameCodeSequence", [code(f"BM{step}", "99BENCH", f"Parameter {step}")])
    sequence(context, "MeasurementUnitsCodeSequence", [code("ms", "UCUM", "millisecond")])
    return context


def _image(seed: int) -> bytes:
    """A head-like ellipse with noise."""
    generator = np.random.default_rng(seed)
    y, x = np.ogrid[:_SIZE, :_SIZE]
    inside = ((x - 128) / 80) ** 2 + ((y - 128) / 105) ** 2 < 1
    pixels = np.where(inside, 420 + seed % 50, 8).astype(np.uint16)
    pixels += generator.integers(0, 40, (_SIZE, _SIZE), dtype=np.uint16)
    return pixels.astype("<u2").tobytes()
