"""The DICOM file format around a data set (PS3.10 section 7): read what is there, write it anew."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from deident import __version__
from deident.engine.dummies import pad
from deident.engine.limits import Limits
from deident.engine.segments import Source
from deident.engine.syntax import (
    ALL_VRS,
    DEFLATED,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    LONG_VRS,
    Syntax,
    syntax_of,
)
from deident.errors import Reason, Refusal
from deident.standard.uids import MEDIA_STORAGE_DIRECTORY, is_sop_class

__all__ = [
    "IMPLEMENTATION_CLASS_UID",
    "BytesSource",
    "FileHead",
    "FileHeads",
    "deflate",
    "inflate",
    "read_file_head",
    "write_file_head",
]

#: Ours for ever: `2.25.` and a UUID (PS3.5 B.2).
IMPLEMENTATION_CLASS_UID: Final = "2.25.181949526812316873298163270426185293172"

_READ: Final = 32 << 10
_META_LIMIT: Final = 1 << 20
_GROUP: Final = b"\x02\x00"
_INSTANCE: Final = 0x0003
#: Layouts of group 0002 that are known again; those of a series differ in the length of its UIDs at most.
_LAYOUTS: Final = 8


@dataclass(frozen=True, slots=True)
class FileHead:
    """Where the data set starts, how it is encoded, and the first bytes of the file (`buffer`, from offset 0)."""

    transfer_syntax: str
    sop_class: str
    data_set: int
    syntax: Syntax
    buffer: bytes = field(repr=False)
    #: Where the value of (0002,0003) stands; None where there is none, or not all came from group 0002.
    instance: tuple[int, int] | None = None

    @property
    def deflated(self) -> bool:
        return self.transfer_syntax == DEFLATED


class BytesSource:
    """Bytes in memory as a Source."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        return len(self._data)

    def read_at(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]


class FileHeads:
    """Reads the heads of many files: one that differs from an earlier one in the SOP Instance UID alone says the same."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, int, bytes], FileHead] = {}

    def read(self, source: Source) -> FileHead:
        """As `read_file_head`."""
        size = source.size
        if size == 0:
            raise Refusal(Reason.EMPTY)
        buffer = source.read_at(0, _READ)
        for (before, at, after), known in self._known.items():
            end = known.data_set
            alike = end < size and buffer.startswith(before) and buffer.startswith(after, at)
            if alike and not buffer.startswith(_GROUP, end):
                return FileHead(known.transfer_syntax, known.sop_class, end, known.syntax, buffer)
        head = _head(source, buffer)
        if head.instance is not None and head.data_set <= _READ - len(_GROUP):
            if len(self._known) >= _LAYOUTS:
                self._known.pop(next(iter(self._known)))
            start, end = head.instance
            key = head.buffer[:start], end, head.buffer[end : head.data_set]
            self._known[key] = replace(head, buffer=b"", instance=None)
        return head


def read_file_head(source: Source) -> FileHead:
    """Read preamble and file meta information. Raises Refusal: EMPTY, NOT_DICOM, DICOMDIR, BROKEN, TRANSFER_SYNTAX.

    A data set without preamble or without file meta information is accepted when it starts as one in an uncompressed
    little-endian transfer syntax does: such files are common in archives, and the whole of it is still parsed strictly.
    """
    if source.size == 0:
        raise Refusal(Reason.EMPTY)
    return _head(source, source.read_at(0, _READ))


def _head(source: Source, buffer: bytes) -> FileHead:
    """The head of a file that starts with `buffer`."""
    if buffer[128:132] == b"DICM":
        start = 132
    elif buffer[:4] == b"DICM":
        start = 4
    else:
        start = 0
    if buffer.startswith(_GROUP, start):
        return _with_meta(source, buffer, start)
    naked = _naked_syntax(buffer[start : start + 8])
    if naked is None:
        if start:
            raise Refusal(Reason.BROKEN, "no file meta information")
        raise Refusal(Reason.NOT_DICOM)
    transfer_syntax = "1.2.840.10008.1.2.1" if naked.explicit else "1.2.840.10008.1.2"
    return FileHead(transfer_syntax, "", start, naked, buffer)


def _with_meta(source: Source, buffer: bytes, start: int) -> FileHead:
    """Walk group 0002, always explicit VR little endian; its group length is not trusted."""
    pos, places = start, dict[int, tuple[int, int]]()
    while True:
        if pos + 12 > len(buffer) and len(buffer) < min(source.size, _META_LIMIT):
            buffer = source.read_at(0, min(len(buffer) * 4, _META_LIMIT))
            continue
        if not buffer.startswith(_GROUP, pos):
            break
        vr = buffer[pos + 4 : pos + 6].decode("latin-1")
        if vr not in ALL_VRS or vr == "SQ":
            raise Refusal(Reason.BROKEN, "file meta information")
        if vr in LONG_VRS:
            offset, length = 12, int.from_bytes(buffer[pos + 8 : pos + 12], "little")
        else:
            offset, length = 8, int.from_bytes(buffer[pos + 6 : pos + 8], "little")
        after = pos + offset + length
        if after > min(source.size, _META_LIMIT):
            raise Refusal(Reason.TRUNCATED if after > source.size else Reason.LIMIT, "file meta information")
        if after > len(buffer):
            buffer = source.read_at(0, min(max(len(buffer) * 4, after), _META_LIMIT))
            continue
        places[int.from_bytes(buffer[pos + 2 : pos + 4], "little")] = pos + offset, after
        pos = after
    sop_class, transfer_syntax = (
        buffer[slice(*places.get(element, (0, 0)))].strip(b"\0 ").decode("latin-1") for element in (0x0002, 0x0010)
    )
    if sop_class == MEDIA_STORAGE_DIRECTORY:
        raise Refusal(Reason.DICOMDIR)
    if pos >= source.size:
        raise Refusal(Reason.TRUNCATED, "no data set")
    if not transfer_syntax:
        naked = _naked_syntax(buffer[pos : pos + 8])
        if naked is None:
            raise Refusal(Reason.TRANSFER_SYNTAX, "(0002,0010) is missing")
        return FileHead("1.2.840.10008.1.2.1" if naked.explicit else "1.2.840.10008.1.2", sop_class, pos, naked, buffer)
    return FileHead(transfer_syntax, sop_class, pos, syntax_of(transfer_syntax), buffer, places.get(_INSTANCE))


def _naked_syntax(head: bytes) -> Syntax | None:
    """The encoding of a data set that starts with `head`, None when it does not look like one."""
    if len(head) < 8 or head[1] != 0 or head[0] not in (0x00, 0x02, 0x04, 0x08, 0x10) or head[3] > 0x30:
        return None
    if head[4:6].decode("latin-1") in ALL_VRS:
        return EXPLICIT_LITTLE
    return IMPLICIT_LITTLE if head[6:8] == b"\0\0" and head[0] == 0x08 else None


def inflate(source: Source, head: FileHead, limits: Limits) -> bytes:
    """The inflated data set of a deflated file (PS3.5 A.5). Raises Refusal: BROKEN, TRUNCATED, LIMIT."""
    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    parts, total, pos = list[bytes](), 0, head.data_set
    try:
        while not inflater.eof and pos < source.size:
            raw = source.read_at(pos, 1 << 20)
            pos += len(raw)
            while raw and not inflater.eof:
                part = inflater.decompress(raw, 1 << 22)
                total += len(part)
                if total > limits.inflated:
                    raise Refusal(Reason.LIMIT, "inflated size")
                parts.append(part)
                raw = inflater.unconsumed_tail
    except zlib.error:
        raise Refusal(Reason.BROKEN, "deflate stream") from None
    if not inflater.eof:
        raise Refusal(Reason.TRUNCATED, "deflate stream")
    return b"".join(parts)


def deflate(parts: Iterator[bytes]) -> bytes:
    """A deflated data set, padded to even length (PS3.5 A.5)."""
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    data = b"".join([*(deflater.compress(part) for part in parts), deflater.flush()])
    return data + b"\0" * (len(data) % 2)


def write_file_head(sop_class: str, sop_instance: str, transfer_syntax: str) -> bytes:
    """A zeroed preamble, `DICM` and a whole new group 0002 (RULES 12.4): nothing of the source is in it."""
    uid = pad(sop_instance.encode(), "UI")
    before, after = _around_instance(sop_class, transfer_syntax, len(uid))
    return before + uid + after


@lru_cache(maxsize=256)
def _around_instance(sop_class: str, transfer_syntax: str, length: int) -> tuple[bytes, bytes]:
    """What stands before and after a Media Storage SOP Instance UID of `length` bytes."""
    if not is_sop_class(sop_class):
        raise Refusal(Reason.SOP_CLASS_UNKNOWN)
    element = EXPLICIT_LITTLE.element
    first = element(0x00020001, "OB", b"\0\1") + element(0x00020002, "UI", pad(sop_class.encode(), "UI"))
    instance = element(0x00020003, "UI", bytes(length))
    last = (
        element(0x00020010, "UI", pad(transfer_syntax.encode(), "UI"))
        + element(0x00020012, "UI", pad(IMPLEMENTATION_CLASS_UID.encode(), "UI"))
        + element(0x00020013, "SH", pad(f"DEIDENT_{__version__}".encode()[:16], "SH"))
    )
    size = len(first) + len(instance) + len(last)
    group_length = element(0x00020000, "UL", size.to_bytes(4, "little"))
    return bytes(128) + b"DICM" + group_length + first + instance[: len(instance) - length], last
