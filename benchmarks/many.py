"""Write very many small studies, quickly: one CT slice of 32 x 32 each, every one of another patient.

python -m benchmarks.many --studies 100000 FOLDER
"""

from __future__ import annotations

import argparse
from io import BytesIO
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

__all__ = ["write_studies"]

_CT: Final = "1.2.840.10008.5.1.4.1.1.2"
_ROOT: Final = "2.25.1982736450192837465019283746"
_DIGITS: Final = 8
#: What differs from study to study stands in the template as these digits, and is replaced by others of the same length.
_PLACE: Final = b"9" * _DIGITS
_PER_FOLDER: Final = 1000


def write_studies(folder: Path, count: int, instances: int = 1) -> None:
    """Write `count` studies of `instances` slices into `folder`; the same bytes everywhere, nothing of any patient."""
    templates = [_template(number) for number in range(1, instances + 1)]
    for study in range(count):
        below = folder / f"{study // _PER_FOLDER:04d}"
        if study % _PER_FOLDER == 0:
            below.mkdir(parents=True, exist_ok=True)
        digits = f"{study:0{_DIGITS}d}".encode()
        for number, template in enumerate(templates, 1):
            (below / f"{study:0{_DIGITS}d}-{number}.dcm").write_bytes(template.replace(_PLACE, digits))


def _template(number: int) -> bytes:
    place = _PLACE.decode()
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SOPClassUID, ds.SOPInstanceUID = _CT, f"{_ROOT}.1{place}.1.{number}"
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = "20260105"
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = "081500"
    ds.AccessionNumber, ds.StudyID = f"QVA{place}", place
    ds.Modality, ds.Manufacturer, ds.InstitutionName = "CT", "GENERATOR MEDICAL SYSTEMS", "Spital Zürnau"
    ds.ReferringPhysicianName, ds.OperatorsName = "Zylbrex^Orla", "Jessling^Ute"
    ds.StudyDescription, ds.SeriesDescription = "CT of a phantom", "AXIAL"
    ds.PatientName, ds.PatientID = f"Quorvex^Anselmar{place}", f"QVX-{place}"
    ds.PatientBirthDate, ds.PatientSex, ds.PatientAge, ds.PatientPosition = "19610412", "O", "064Y", "HFS"
    ds.KVP, ds.SliceThickness, ds.ConvolutionKernel = "120", "2.5", "STANDARD"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = f"{_ROOT}.1{place}", f"{_ROOT}.1{place}.1"
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = f"{_ROOT}.1{place}.0", ""
    ds.SeriesNumber, ds.AcquisitionNumber, ds.InstanceNumber = 1, 1, number
    ds.ImagePositionPatient = ["-125", "-110.5", f"{number}"]
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows = ds.Columns = 32
    ds.PixelSpacing = ["0.5", "0.5"]
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation = 15, 1
    ds.RescaleIntercept, ds.RescaleSlope, ds.BurnedInAnnotation = "0", "1", "NO"
    ds.PixelData = b"".join((value % 256).to_bytes(2, "little") for value in range(32 * 32))
    ds["PixelData"].VR = "OW"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = _CT, ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    written = BytesIO()
    ds.save_as(written, enforce_file_format=True)
    return written.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--studies", type=int, default=100_000)
    parser.add_argument("--instances", type=int, default=1)
    options = parser.parse_args()
    write_studies(options.folder, options.studies, options.instances)


if __name__ == "__main__":
    main()
