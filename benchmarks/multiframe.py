"""One large multi-frame: a Legacy Converted Enhanced CT in a sparse file, so that making it costs nothing."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset

from benchmarks.builder import code, item, save, sequence, uid
from benchmarks.patient import study_of

__all__ = ["write_multiframe"]

_CONVERTED_CT: Final = "1.2.840.10008.5.1.4.1.1.2.2"
_SIDE: Final = 512
_FRAME: Final = _SIDE * _SIDE * 2


def write_multiframe(path: Path, frames: int) -> None:
    """Write `frames` frames of 512 x 512 x 16 bits; 2,040 of them are nearly 1 GiB with their functional groups."""
    ds = study_of(1, "CT", _CONVERTED_CT)
    ds.SOPInstanceUID, ds.SeriesInstanceUID = uid(1, 1, 1), uid(1, 1)
    ds.FrameOfReferenceUID = uid(1, 1, 0)
    ds.SeriesNumber, ds.InstanceNumber = 1, 1
    ds.ImageType = ["DERIVED", "PRIMARY", "VOLUME", "NONE"]
    ds.ContentTime = ds.SeriesTime = "081600"
    ds.PixelPresentation, ds.VolumetricProperties = "MONOCHROME", "VOLUME"
    ds.VolumeBasedCalculationTechnique, ds.PositionReferenceIndicator = "NONE", ""
    sequence(ds, "AcquisitionContextSequence", [])
    ds.AcquisitionDateTime = "20260105081600"
    ds.BurnedInAnnotation, ds.LossyImageCompression, ds.PresentationLUTShape = "NO", "00", "IDENTITY"
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.NumberOfFrames = 1, "MONOCHROME2", frames
    ds.Rows = ds.Columns = _SIDE
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation = 15, 0
    measures = item(PixelSpacing=["0.5", "0.5"], SliceThickness="0.5")
    shared = item()
    sequence(shared, "PixelMeasuresSequence", [measures])
    sequence(shared, "PlaneOrientationSequence", [item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])])
    kind = item(FrameType=ds.ImageType, PixelPresentation="MONOCHROME", VolumetricProperties="VOLUME")
    kind.VolumeBasedCalculationTechnique = "NONE"
    sequence(shared, "CTImageFrameTypeSequence", [kind])
    sequence(ds, "SharedFunctionalGroupsSequence", [shared])
    groups = []
    for frame in range(1, frames + 1):
        group = item()
        content = item(FrameAcquisitionDateTime="20260105081600", StackID="1", InStackPositionNumber=frame)
        content.FrameReferenceDateTime, content.FrameAcquisitionDuration = "20260105081600", 350.0
        sequence(group, "FrameContentSequence", [content])
        sequence(group, "PlanePositionSequence", [item(ImagePositionPatient=["-128", "-128", str(frame / 2)])])
        sequence(group, "FrameAnatomySequence", [_anatomy()])
        sequence(group, "UnassignedPerFrameConvertedAttributesSequence", [])
        groups.append(group)
    sequence(ds, "PerFrameFunctionalGroupsSequence", groups)
    save(ds, path)
    with open(path, "ab") as file:
        file.write(struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, frames * _FRAME))
    os.truncate(path, path.stat().st_size + frames * _FRAME)


def _anatomy() -> Dataset:
    anatomy = item(FrameLaterality="U")
    sequence(anatomy, "AnatomicRegionSequence", [code("69536005", "SCT", "Head")])
    return anatomy
