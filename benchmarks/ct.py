"""CT slices as a vendor writes them: about 250 elements, 60 of them private, and 512 KiB of pixels."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from pydicom.dataset import Dataset

from benchmarks.builder import add_private, code, item, sequence, uid
from benchmarks.patient import study_of

__all__ = ["ct_instance", "ct_series"]

_CT: Final = "1.2.840.10008.5.1.4.1.1.2"
_SIZE: Final = 512


def ct_series(study: int, series: int) -> Dataset:
    """What all slices of a series have in common."""
    ds = study_of(study, "CT", _CT)
    ds.SeriesInstanceUID = uid(study, series)
    ds.FrameOfReferenceUID = uid(study, series, 0)
    ds.PositionReferenceIndicator = "OM"
    ds.SeriesNumber = series
    ds.SeriesDescription = f"AXIAL {series}"
    ds.SeriesTime = "081600.000000"
    ds.BodyPartExamined = "HEAD"
    ds.PatientPosition = "HFS"
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.ProtocolName = "1.1 Head routine"
    ds.ScanOptions = "HELICAL MODE"
    ds.KVP = "120"
    ds.DataCollectionDiameter = "500"
    ds.ReconstructionDiameter = "250"
    ds.DistanceSourceToDetector = "949.147"
    ds.DistanceSourceToPatient = "541"
    ds.GantryDetectorTilt = "0"
    ds.RotationDirection = "CW"
    ds.FilterType = "BODY FILTER"
    ds.GeneratorPower = 36000
    ds.FocalSpots = "1.2"
    ds.ConvolutionKernel = "STANDARD"
    ds.SingleCollimationWidth = 0.625
    ds.TotalCollimationWidth = 40.0
    ds.TableSpeed = 39.375
    ds.TableFeedPerRotation = 39.375
    ds.SpiralPitchFactor = 0.984375
    ds.SliceThickness = "2.5"
    ds.RevolutionTime = 0.8
    _contrast_and_image(ds, series)
    _private(ds, series)
    return ds


def _contrast_and_image(ds: Dataset, series: int) -> None:
    ds.DateOfLastCalibration = ["20260101", "20260102"]
    ds.TimeOfLastCalibration = ["070000", "071500"]
    ds.ContrastBolusAgent = "Iodine agent"
    ds.ContrastBolusRoute = "IV"
    ds.EstimatedDoseSaving = 12.5
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows = ds.Columns = _SIZE
    ds.PixelSpacing = ["0.488281", "0.488281"]
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation = 15, 1
    ds.SmallestImagePixelValue, ds.LargestImagePixelValue = -1024, 3071
    ds.PixelPaddingValue = -2000
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "HU"
    ds.WindowCenterWidthExplanation = ["BRAIN", "BONE"]
    ds.AcquisitionType, ds.ExposureModulationType, ds.ReconstructionAlgorithm = "SPIRAL", "XYZ_EC", "FILTER_BACK_PROJ"
    ds.DataCollectionCenterPatient = ds.ReconstructionTargetCenterPatient = [0.0, -20.5, 12.0]
    ds.DistanceSourceToIsocenter = 541.0
    ds.ContrastBolusVolume, ds.ContrastBolusTotalDose = "80", "80"
    ds.ContrastFlowRate, ds.ContrastFlowDuration = "3.5", "22.8"
    ds.ContrastBolusIngredient, ds.ContrastBolusIngredientConcentration = "IODINE", "300"
    ds.ContrastBolusStartTime, ds.ContrastBolusStopTime = "081545", "081608"
    ds.AcquisitionComments, ds.ImageComments = "", "Made by a generator"
    ds.QualityControlImage, ds.BurnedInAnnotation, ds.LossyImageCompression = "NO", "NO", "00"
    ds.TableType, ds.IrradiationEventUID = "FIXED", uid(77, series)
    ds.LongitudinalTemporalInformationModified = "UNMODIFIED"
    ds.CommentsOnThePerformedProcedureStep = "None"
    ds.ScheduledPerformingPhysicianName = "Vintrel^Oona"
    dose = [code("113691", "DCM", "IEC Body Dosimetry Phantom")]
    sequence(ds, "CTDIPhantomTypeCodeSequence", dose)


def _private(ds: Dataset, series: int) -> None:
    blocks: dict[tuple[int, str], list[tuple[int, str, Any]]] = {
        (0x0009, "BENCH_IDEN_01"): [
            (0x01, "LO", "CT_BENCH"),
            (0x02, "SH", "CT01"),
            (0x04, "SH", "Generator"),
            (0x27, "SL", 1767600000),
            (0xE3, "UI", uid(7, series)),
        ],
        (0x0019, "BENCH_ACQU_01"): [
            *((offset, "DS", f"{offset * 1.37:.6f}") for offset in range(0x02, 0x16)),
            *((offset, "SS", offset) for offset in range(0x20, 0x2A)),
            *((offset, "SL", offset * 1000) for offset in range(0x30, 0x38)),
        ],
        (0x0021, "BENCH_RELA_01"): [(offset, "SS", offset) for offset in range(0x03, 0x0A)],
        (0x0043, "BENCH_PARM_01"): [
            (0x10, "US", 400),
            (0x12, "SS", [14, 2, 3]),
            (0x27, "SH", "/1.0:1"),
            (0x2A, "OB", bytes(range(256)) * 6),
            (0x31, "DS", ["-12.500000", "8.250000"]),
            (0x4E, "FL", 9.5),
        ],
    }
    for (group, creator), elements in blocks.items():
        add_private(ds, group, creator, elements)


def ct_instance(ds: Dataset, study: int, series: int, number: int) -> None:
    """Change what differs from slice to slice, pixels included."""
    z = -120.0 + number * 0.625
    seconds = 30 + number * 0.35
    ds.SOPInstanceUID = uid(study, series, number)
    ds.InstanceCreationTime = ds.ContentTime = f"0816{int(seconds) % 60:02d}"
    ds.AcquisitionTime = f"0816{seconds % 60:09.6f}"
    ds.AcquisitionNumber = 1 + number // 40
    ds.InstanceNumber = number
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.ImagePositionPatient = ["-125.000000", "-110.5", f"{z:g}"]
    ds.SliceLocation = f"{z:g}"
    ds.TableHeight = f"{170 + number % 3}.000000"
    ds.ExposureTime = 800 + number % 9
    ds.XRayTubeCurrent = 95 + number * 7 % 330
    ds.Exposure = (95 + number * 7 % 330) // 10
    ds.CTDIvol = 20.0 + number % 50 / 10
    ds.WindowCenter, ds.WindowWidth = ["40", f"{500 + number % 4}"], ["80", "2000"]
    localizers = [
        item(ReferencedSOPClassUID=_CT, ReferencedSOPInstanceUID=uid(study, 1000, view)) for view in range(1, 3)
    ]
    sequence(ds, "ReferencedImageSequence", localizers)
    source = item(ReferencedSOPClassUID=_CT, ReferencedSOPInstanceUID=uid(study, 2000 + series, number))
    sequence(source, "PurposeOfReferenceCodeSequence", [code("121322", "DCM", "Source image for image processing")])
    sequence(ds, "SourceImageSequence", [source])
    ds.PixelData = _slice(study * 100_000 + series * 10_000 + number)
    ds["PixelData"].VR = "OW"


def _slice(seed: int) -> bytes:
    """A water phantom in air with inserts, and noise (HU)."""
    generator = np.random.default_rng(seed)
    y, x = np.ogrid[:_SIZE, :_SIZE]
    distance = (x - 256) ** 2 + (y - 256) ** 2
    pixels = np.where(distance < 200**2, 0, -1000).astype(np.int16)
    pixels[(x - 200) ** 2 + (y - 230) ** 2 < (20 + seed % 15) ** 2] = 900
    pixels += generator.integers(-24, 25, (_SIZE, _SIZE), dtype=np.int16)
    return pixels.astype("<i2").tobytes()
