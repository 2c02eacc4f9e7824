"""Short ways to build the data sets of the generated studies with pydicom."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

__all__ = ["add_private", "code", "item", "save", "sequence", "uid"]

#: `2.25.` and a random UUID; what follows is counted, so that the studies are the same on every machine.
_ROOT: Final = "2.25.198273645019283746501928374650192837465"


def uid(*numbers: int) -> str:
    """A UID made of our root and numbers."""
    return ".".join((_ROOT, *map(str, numbers)))


def item(**values: Any) -> Dataset:
    """An item with these attributes, of undefined length, as scanners write them."""
    data_set = Dataset()
    for keyword, value in values.items():
        setattr(data_set, keyword, value)
    data_set.is_undefined_length_sequence_item = True
    return data_set


def sequence(data_set: Dataset, keyword: str, items: Iterable[Dataset]) -> None:
    """Set a sequence of undefined length."""
    setattr(data_set, keyword, Sequence(items))
    data_set[keyword].is_undefined_length = True


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """An item of a code sequence (PS3.3 Table 8.8-1)."""
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def add_private(data_set: Dataset, group: int, creator: str, elements: Iterable[tuple[int, str, Any]]) -> None:
    """Add (element offset, VR, value) elements to the private block of `creator`."""
    block = data_set.private_block(group, creator, create=True)
    for offset, vr, value in elements:
        block.add_new(offset, vr, value)


def save(data_set: Dataset, path: Path) -> None:
    """Write as a DICOM file, explicit VR little endian."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = data_set.SOPClassUID
    meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data_set.file_meta = meta
    data_set.save_as(path, enforce_file_format=True)
