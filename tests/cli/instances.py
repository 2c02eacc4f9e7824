"""Small real instances, a store whose file kills the process, and the command line as a child process."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from deident.stores.files import OpenFile
from deident.stores.folder import FolderStore

__all__ = ["CANARY", "KILLER", "KillingStore", "deident", "drop_root_powers", "outputs", "write_ct", "write_series"]

#: In every identifying value of `write_ct`: must never be seen anywhere but in the source.
CANARY = "Zyxwvut"
KILLER = "killer"

_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2


def write_ct(path: Path, *, patient: str = "1", study: str = "1", number: str = "1", **changes: object) -> Path:
    """A CT slice of 8 x 8 pixels. `number` is that of its instance; `changes` are further attributes by keyword."""
    root = f"1.2.826.0.1.3680043.10.511.{patient}.{study}"
    data = Dataset()
    data.SOPClassUID = CTImageStorage
    data.SOPInstanceUID = f"{root}.3.{number}"
    data.StudyInstanceUID = root
    data.SeriesInstanceUID = f"{root}.3"
    data.PatientName = f"{CANARY}^{patient}"
    data.PatientID = f"{CANARY}{patient}"
    data.PatientBirthDate = "19500102"
    data.PatientSex = "F"
    data.StudyDate = "20200304"
    data.StudyTime = "101112"
    data.AccessionNumber = f"A{CANARY}{patient}{study}"
    data.StudyID = f"S{patient}{study}"
    data.ReferringPhysicianName = f"{CANARY}^Doctor"
    data.Modality = "CT"
    data.Manufacturer = "ACME"
    data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    data.SeriesNumber = 3
    data.InstanceNumber = int(number)
    data.PixelSpacing = [1, 1]
    data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    data.ImagePositionPatient = [0, 0, int(number)]
    data.SliceThickness = 1
    data.KVP = 120
    data.FrameOfReferenceUID = f"{root}.4"
    data.PositionReferenceIndicator = ""
    data.AcquisitionNumber = 1
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.Rows = data.Columns = 8
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.RescaleIntercept, data.RescaleSlope = -1024, 1
    data.PixelData = bytes(range(128))
    for keyword, value in changes.items():
        setattr(data, keyword, value)
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(path, enforce_file_format=True)
    return path


def write_series(folder: Path, count: int) -> None:
    """That many slices of one series, named by number: fast, as only the bytes of the UID differ."""
    first = 10_001
    data = write_ct(folder / str(first), number=str(first)).read_bytes()
    for number in range(first + 1, first + count):
        (folder / str(number)).write_bytes(data.replace(b".3.%d" % first, b".3.%d" % number))


def outputs(root: Path) -> dict[str, bytes]:
    """Every file below a folder, by relative name, hidden ones too."""
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


class KillingStore(FolderStore):
    """Opening a key that holds KILLER ends the process as the kernel ends one that takes too much memory."""

    def open(self, key: str) -> OpenFile:
        if KILLER in key:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().open(key)

    def __reduce__(self) -> tuple[Callable[[str], FolderStore], tuple[str]]:
        return KillingStore, (self._root,)


def deident(
    *arguments: str | Path, before: Callable[[], None] | None = None, home: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own; `before` runs in the child first."""
    environment = dict(os.environ) | ({"DEIDENT_HOME": str(home)} if home else {})
    return subprocess.run(
        [sys.executable, "-m", "deident", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
        preexec_fn=before,
    )


def drop_root_powers() -> None:
    """Let permissions count for root too, from the next program on; without effect for anybody else."""
    library = ctypes.CDLL(None)
    for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
        library.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
