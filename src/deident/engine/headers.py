"""The few values by which discovery groups and selects instances: read from the first bytes of a file, nothing decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Final

from deident.engine.charsets import decode, parse_specific_character_set
from deident.engine.limits import Limits
from deident.engine.part10 import BytesSource, inflate, read_file_head
from deident.engine.segments import Source
from deident.engine.syntax import ALL_VRS, LONG_VRS, UNDEFINED, Syntax
from deident.errors import Reason, Refusal

__all__ = ["Header", "read_header"]

_LAST: Final = 0x0020000E
_WANTED: Final = frozenset(
    {0x00080005, 0x00080016, 0x00080018, 0x00080060, 0x00100020, 0x00100021, 0x0020000D, 0x0020000E}
)
#: Body Part Examined, Study Date and Series Description, by which a cohort is selected; longer ones than any VR allows are not.
_SELECTING: Final = frozenset({0x00080020, 0x0008103E, 0x00180015})
_SELECTING_BYTES: Final = 1024
_GROWTH: Final = 4
_STEPS: Final = 20_000
_LONG: Final = frozenset(vr.encode() for vr in LONG_VRS)
_SHORT: Final = frozenset(vr.encode() for vr in ALL_VRS) - _LONG


@dataclass(frozen=True, slots=True)
class Header:
    """Identity of an instance as its source states it; the identifying values stay out of `repr`."""

    sop_class_uid: str
    modality: str
    transfer_syntax: str
    sop_uid: str = field(repr=False)
    series_uid: str = field(repr=False)
    study_uid: str = field(repr=False)
    patient_id: str = field(repr=False)
    issuer: str = field(repr=False)
    study_date: str = field(repr=False)
    series_description: str = field(repr=False)
    body_part: str = field(repr=False)


def read_header(source: Source, limits: Limits = Limits()) -> Header:
    """Read the header. Raises Refusal: EMPTY, NOT_DICOM, DICOMDIR, BROKEN, TRUNCATED, TRANSFER_SYNTAX, IDENTITY_MISSING."""
    head = read_file_head(source)
    buffer, start = head.buffer, head.data_set
    if head.deflated:
        source = BytesSource(inflate(source, head, limits))
        buffer, start = source.read_at(0, 32 << 10), 0
    values = _values(source, buffer, start, head.syntax, limits)
    charsets = parse_specific_character_set(values.get(0x00080005, b""))

    def text(tag: int) -> str:
        return decode(values.get(tag, b""), charsets, "LO").strip("\0 ")

    sop_class = text(0x00080016) or head.sop_class
    for tag in (0x00080018, 0x0020000D, 0x0020000E):
        if not text(tag):
            raise Refusal(Reason.IDENTITY_MISSING, f"({tag >> 16:04X},{tag & 0xFFFF:04X})")
    return Header(
        sop_class_uid=sop_class,
        modality=text(0x00080060),
        transfer_syntax=head.transfer_syntax,
        sop_uid=text(0x00080018),
        series_uid=text(0x0020000E),
        study_uid=text(0x0020000D),
        patient_id=text(0x00100020),
        issuer=text(0x00100021),
        study_date=text(0x00080020),
        series_description=text(0x0008103E),
        body_part=text(0x00180015),
    )


def _values(source: Source, buffer: bytes, start: int, syntax: Syntax, limits: Limits) -> dict[int, bytes]:
    """Walk the top level up to Series Instance UID, reading on as far as it takes."""
    while True:
        complete = len(buffer) >= source.size
        values, enough, stopped = _walk(buffer, start, syntax, limits.depth)
        if complete and not enough and stopped < len(buffer) and buffer[stopped:].strip(b"\0"):
            raise Refusal(Reason.TRUNCATED)
        if enough or complete:
            return values
        if len(buffer) >= limits.header:
            raise Refusal(Reason.LIMIT, "size of the header")
        buffer = source.read_at(0, min(len(buffer) * _GROWTH, limits.header))


def _walk(data: bytes, pos: int, syntax: Syntax, depth: int) -> tuple[dict[int, bytes], bool, int]:
    """(values, whether the walk came far enough, where it stopped): before an element inside which `data` ends."""
    values = dict[int, bytes]()
    steps = _steps(syntax)
    while pos + 8 <= len(data):
        head = data[pos : pos + 8]
        step = steps.get(head)
        if step is not None and pos + step <= len(data):
            pos += step
            continue
        tag = syntax.tag_at(head)
        if tag > _LAST:
            return values, True, pos
        offset, length = _value_at(data, pos, syntax)
        if offset < 0:
            return values, False, pos
        if length == UNDEFINED:
            after = _skip(data, pos + offset, syntax, depth)
            if after < 0:
                return values, False, pos
        else:
            after = pos + offset + length
            if after > len(data):
                return values, False, pos
            if tag in _WANTED or (tag in _SELECTING and length <= _SELECTING_BYTES):
                values[tag] = data[pos + offset : after]
            elif offset == len(head) and len(steps) < _STEPS:
                steps[head] = after - pos
        pos = after
    return values, False, pos


@cache
def _steps(_syntax: Syntax) -> dict[bytes, int]:
    """First bytes of an element that is not wanted -> its length as a whole, as far as these bytes tell it."""
    return {}


def _value_at(data: bytes, pos: int, syntax: Syntax) -> tuple[int, int]:
    """(offset of the value, its length) of the element at `pos`; offset -1 when the data ends before the length does."""
    if not syntax.explicit or data[pos : pos + 2] == syntax.item[:2]:
        return 8, int(syntax.long.unpack_from(data, pos + 4)[0])
    vr = data[pos + 4 : pos + 6]
    if vr in _SHORT:
        return 8, int(syntax.short.unpack_from(data, pos + 6)[0])
    if vr not in _LONG:
        raise Refusal(Reason.BROKEN, "invalid VR")
    if pos + 12 > len(data):
        return -1, 0
    return 12, int(syntax.long.unpack_from(data, pos + 8)[0])


def _skip(data: bytes, pos: int, syntax: Syntax, depth: int) -> int:
    """The position after a sequence of undefined length whose first item is at `pos`; -1 when the data ends first."""
    if depth == 0:
        raise Refusal(Reason.LIMIT, "nesting")
    while pos + 8 <= len(data):
        head = data[pos : pos + 4]
        length = int(syntax.long.unpack_from(data, pos + 4)[0])
        pos += 8
        if head == syntax.sequence_end:
            return pos
        if head != syntax.item:
            raise Refusal(Reason.BROKEN, "neither item nor delimiter in a sequence")
        pos = pos + length if length != UNDEFINED else _skip_item(data, pos, syntax, depth)
        if pos < 0:
            return -1
    return -1


def _skip_item(data: bytes, pos: int, syntax: Syntax, depth: int) -> int:
    """The position after an item of undefined length whose first element is at `pos`; -1 when the data ends first."""
    while pos + 8 <= len(data):
        if data[pos : pos + 4] == syntax.item_end:
            return pos + 8
        offset, length = _value_at(data, pos, syntax)
        if offset < 0:
            return -1
        pos = pos + offset + length if length != UNDEFINED else _skip(data, pos + offset, syntax, depth - 1)
        if pos < 0:
            return -1
    return -1
