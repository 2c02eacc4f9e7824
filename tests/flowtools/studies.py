"""Small sources for runs: real files with identifiers planted in content, file names and folders."""

from pathlib import Path

from pydicom import dcmread
from pydicom.data import get_testdata_file

CANARY = "ZZTOP^CANARY"
#: Everything planted, in the forms that could come out.
CANARIES = (CANARY, CANARY.lower(), "ZZTOP", "Zztop", "19510203", "MRN-7788991")


def plant_source(folder: Path) -> Path:
    """A source with two studies that can be released, and inputs for several reasons not to be."""
    place = folder / f"incoming {CANARY}" / "MRN-7788991"
    place.mkdir(parents=True)
    for number, name in enumerate(("CT_small.dcm", "MR_small.dcm")):
        dataset = dcmread(get_testdata_file(name))
        dataset.PatientName = CANARY
        dataset.PatientID = "MRN-7788991"
        dataset.PatientBirthDate = "19510203"
        dataset.PatientComments = f"Comment on {CANARY}"
        dataset.ReferringPhysicianName = CANARY
        dataset.save_as(place / f"{CANARY} {number}.dcm")
    whole = (place / f"{CANARY} 0.dcm").read_bytes()
    (place / f"truncated {CANARY}.dcm").write_bytes(whole[: len(whole) // 2])
    (place / f"{CANARY}.txt").write_text(CANARY)
    (place / "empty").write_bytes(b"")
    (place / f"link to {CANARY}").symlink_to(place / f"{CANARY} 0.dcm")
    return folder / f"incoming {CANARY}"


def copy_examples(folder: Path) -> Path:
    """A source made of some of pydicom's files as they are: studies to release, some to hold, a copy, a text file."""
    folder.mkdir(parents=True)
    for name in (
        "CT_small.dcm",
        "MR_small.dcm",
        "rtdose.dcm",
        "rtplan.dcm",
        "examples_palette.dcm",
        "ExplVR_BigEnd.dcm",
    ):
        (folder / name).write_bytes(Path(get_testdata_file(name)).read_bytes())
    (folder / "copy.dcm").write_bytes((folder / "CT_small.dcm").read_bytes())
    (folder / "notes.txt").write_text("no DICOM")
    return folder
