"""Compare two data sets element by element, at every level; read with pydicom, which shares no code with the engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from io import BytesIO
from typing import Any, Final

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import dcmread

from deident.errors import Reason, Refusal
from deident.validation.quiet import pydicom_kept_quiet

__all__ = ["Change", "Content", "Kind", "compare", "read"]

#: What `read` gives and `compare` takes.
Content = Dataset

_SHOWN: Final = 64
_PREAMBLE: Final = 132
#: One of them is in every DICOM file: SOP Class UID, or Directory Record Sequence. pydicom reads anything else, too.
_TELLING: Final = (0x00080016, 0x00041220)


class Kind(StrEnum):
    """What became of one element."""

    SAME = "same"
    CHANGED = "changed"
    EMPTIED = "emptied"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Change:
    """One element: `path` is (tag, item number) of the sequences around it; lengths in bytes, items for a sequence."""

    kind: Kind
    path: tuple[tuple[int, int], ...]
    tag: int
    keyword: str
    vr: str
    length: tuple[int, int]
    before: str = field(repr=False)
    after: str = field(repr=False)

    @property
    def place(self) -> str:
        """`(0008,1140)[1]>(0008,1155)`: items count from 1."""
        around = [f"{_tag(tag)}[{item + 1}]" for tag, item in self.path]
        return ">".join([*around, _tag(self.tag)])


def _tag(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def read(data: bytes) -> Dataset:
    """The file meta information and data set as one. Raises Refusal for what is not DICOM or cannot be read."""
    with pydicom_kept_quiet():
        try:
            found = dcmread(BytesIO(data), force=True)
            meta, bare = getattr(found, "file_meta", None), not any(tag in found for tag in _TELLING)
        except Exception:  # noqa: BLE001 - whatever it is: its text may quote the file
            bare = True
        if not bare:
            for element in meta or ():
                found[element.tag] = element
    if bare:
        raise Refusal(Reason.NOT_DICOM if data[128:_PREAMBLE] != b"DICM" else Reason.BROKEN)
    return found


def compare(original: Dataset, output: Dataset) -> Iterator[Change]:
    """Every element of the two, in order of tags; items of a sequence are compared one by one, by their number."""
    with pydicom_kept_quiet():
        yield from list(_level((), original, output))


def _level(path: tuple[tuple[int, int], ...], original: Dataset, output: Dataset) -> Iterator[Change]:
    tags = sorted({int(tag) for tag in (*original.keys(), *output.keys())})
    # All of a level before any is decoded: pydicom decodes others (Pixel Representation, ...) with some.
    found = {tag: (_get(original, tag), _get(output, tag)) for tag in tags}
    for tag, (before, after) in found.items():
        vr = _vr(tag, before, after)
        if vr == "SQ":
            yield from _sequence(path, tag, _items(original, tag), _items(output, tag))
            continue
        old, new = _bytes(before), _bytes(after)
        yield Change(
            kind=_kind(old, new),
            path=path,
            tag=tag,
            keyword=keyword_for_tag(tag),
            vr=vr,
            length=(len(old or b""), len(new or b"")),
            before=_show(original, tag),
            after=_show(output, tag),
        )


def _sequence(
    path: tuple[tuple[int, int], ...], tag: int, before: list[Dataset] | None, after: list[Dataset] | None
) -> Iterator[Change]:
    old, new = before or [], after or []
    if before is None or after is None:
        kind = Kind.ADDED if before is None else Kind.REMOVED
    elif old and not new:
        kind = Kind.EMPTIED
    else:
        kind = Kind.SAME if len(old) == len(new) else Kind.CHANGED
    yield Change(kind, path, tag, keyword_for_tag(tag), "SQ", (len(old), len(new)), "", "")
    if before is None or after is None:
        return
    for number, (one, other) in enumerate(zip(old, new, strict=False)):
        yield from _level((*path, (tag, number)), one, other)


def _kind(old: bytes | None, new: bytes | None) -> Kind:
    if old is None or new is None:
        return Kind.ADDED if old is None else Kind.REMOVED
    if old == new:
        return Kind.SAME
    return Kind.EMPTIED if not new.strip(b"\0 ") else Kind.CHANGED


def _get(dataset: Dataset, tag: int) -> Any:
    return dataset.get_item(tag) if tag in dataset else None


def _vr(tag: int, *found: Any) -> str:
    """SQ wherever the value is one; else the VR that the file says, or that of the dictionary."""
    named = [str(element.VR) for element in found if element is not None and element.VR]
    if "SQ" in named:
        return "SQ"
    try:
        known = dictionary_VR(tag)
    except KeyError:
        known = "UN"
    if known == "SQ" and (not named or "UN" in named):
        return "SQ"
    return next((vr for vr in named if vr != "UN"), known)


def _items(dataset: Dataset, tag: int) -> list[Dataset] | None:
    if tag not in dataset:
        return None
    try:
        return list(dataset[tag].value or ())
    except Exception:  # noqa: BLE001 - a sequence that cannot be read has no items to compare
        return []


def _bytes(element: Any) -> bytes | None:
    """The value as the file has it; what pydicom decoded already (file meta information) is written again."""
    if element is None:
        return None
    if isinstance(element, RawDataElement):
        return bytes(element.value or b"")
    value = element.value
    if isinstance(value, bytes):
        return value
    if element.VR == "UL" and isinstance(value, int):
        return value.to_bytes(4, "little")
    listed: Iterable[Any] = value if isinstance(value, (list, tuple)) else [value]
    data = "\\".join("" if one is None else str(one) for one in listed).encode()
    return data + b"\0" * (len(data) % 2)


def _show(dataset: Dataset, tag: int) -> str:
    """The value in short, free of control characters; decoded where that works."""
    if tag not in dataset:
        return ""
    try:
        value = dataset[tag].value
    except Exception:  # noqa: BLE001 - what cannot be decoded is shown as bytes
        value = _bytes(dataset.get_item(tag))
    if isinstance(value, bytes) and len(value) > _SHOWN // 4:
        return f"{len(value)} bytes"
    text = "".join(c if c.isprintable() else "." for c in str(value if value is not None else ""))
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
