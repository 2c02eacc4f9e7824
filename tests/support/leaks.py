"""Searches bytes and trees of files for identifiers in every encoding in which one could have survived."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from support.elements import DEFLATED, Element, Part10, Unparsable, find, inflated, parse, walk
from support.leak_needles import MIN_RAW, SEPARATORS, Needles, needles_for
from support.planter_context import Identifier

__all__ = ["Leak", "find_leaks", "scan_tree"]

_TEXT_VRS = frozenset("AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UN UR UT".split())
_CHUNK, _OVERLAP = 1 << 22, 1 << 12
_MAX_UNPACK = 1 << 30


@dataclass(frozen=True, slots=True)
class Leak:
    """An identifier that was found: where (element path, part of the file, or file name) and how it was written."""

    identifier: Identifier
    place: str
    encoding: str


def find_leaks(data: bytes, identifiers: Iterable[Identifier]) -> list[Leak]:
    """Every identifier that `data` holds, one leak per text, place and encoding (of equal texts the first counts).

    DICOM is searched as raw bytes (inflated where the syntax deflates), again without separators, value by value in the
    data set's character sets, and in the unused bit planes of native pixels. Anything else is searched as raw bytes.
    """
    known = _distinct(identifiers)
    needles = needles_for(known)
    try:
        file = parse(data)
    except Unparsable:
        file = None
    found = dict[Leak, None]()
    if file is not None and file.transfer_syntax in DEFLATED:
        found |= dict.fromkeys(_raw(data, needles, None, "deflated file"))
        data = inflated(data)
    found |= dict.fromkeys(_raw(data, needles, file, "bytes"))
    if file is not None:
        found |= dict.fromkeys(_values(file, needles))
        found |= dict.fromkeys(_bit_planes(file, needles))
    return list(found)


def _distinct(identifiers: Iterable[Identifier]) -> tuple[Identifier, ...]:
    by_text: dict[tuple[str, str], Identifier] = {}
    for identifier in identifiers:
        by_text.setdefault((identifier.text, identifier.kind), identifier)
    return tuple(by_text.values())


# --- raw bytes ----------------------------------------------------------------------------------------------


def _raw(data: bytes, needles: Needles, file: Part10 | None, where: str) -> Iterator[Leak]:
    spans = _Spans(file, where)
    for identifier, encoding, at in search(data, needles):
        yield Leak(identifier, spans.at(at), encoding)
    squeezed = data.translate(None, SEPARATORS)
    for identifier, encoding, _ in search(squeezed, needles.joined):
        yield Leak(identifier, where, f"{encoding}, separators removed")


def search(data: bytes, needles: Needles) -> Iterator[tuple[Identifier, str, int]]:
    """Each needle in `data` with its offset: a vectorised sieve over windows of six bytes, then an exact comparison."""
    for begin in range(0, max(len(data) - MIN_RAW + 1, 0), _CHUNK):
        part = data[begin : begin + _CHUNK + _OVERLAP]
        lowered = part.lower()
        for at in needles.candidates(np.frombuffer(lowered, np.uint8)):
            if at >= _CHUNK and begin + _CHUNK < len(data) - MIN_RAW + 1:
                break
            for needle in needles.starting(lowered[at : at + MIN_RAW]):
                if needle.matches(lowered, part, at):
                    yield needle.identifier, needle.encoding, begin + at


class _Spans:
    """Names the element that an offset lies in."""

    def __init__(self, file: Part10 | None, where: str) -> None:
        self.where = where
        self.starts, self.paths, self.ends = list[int](), list[str](), list[int]()
        for path, element in walk(file.elements) if file is not None else ():
            if element.items is None:
                size = (
                    sum(8 + len(f) for f in element.fragments) if element.fragments is not None else len(element.value)
                )
                self.starts.append(element.start)
                self.ends.append(element.start + size)
                self.paths.append(path)
        self._array = np.array(self.starts, np.int64)

    def at(self, offset: int) -> str:
        index = int(np.searchsorted(self._array, offset, side="right")) - 1
        return self.paths[index] if index >= 0 and offset < self.ends[index] else f"{self.where} outside elements"


# --- values -------------------------------------------------------------------------------------------------


def _values(file: Part10, needles: Needles) -> Iterator[Leak]:
    """Decoded text: short identifiers as whole values, those in other scripts anywhere."""
    charset = _charset(file.elements, "")
    yield from _item_values(file.elements, charset, "", needles)
    yield from _item_values(file.meta or [], "", "meta.", needles)


def _item_values(elements: list[Element], charset: str, path: str, needles: Needles) -> Iterator[Leak]:
    charset = _charset(elements, charset)
    for element in elements:
        here = f"{path}{element.tag:08X}"
        for index, item in enumerate(element.items or ()):
            yield from _item_values(item.elements, charset, f"{here}[{index}].", needles)
        if element.items is None and element.fragments is None and element.vr in _TEXT_VRS and element.value:
            for text in _decoded(element.value, charset):
                for identifier, how in needles.in_text(text):
                    yield Leak(identifier, here, how)


def _charset(elements: list[Element], inherited: str) -> str:
    found = find(elements, 0x00080005)
    return found.value.decode("latin-1").strip() if found is not None else inherited


def _decoded(value: bytes, charset: str) -> set[str]:
    """The text as the character set says it, and as UTF-8 and Latin-1 would."""
    texts = set[str]()
    for codec in ("utf-8", "latin-1", *_CODECS.get(charset.rsplit("\\", maxsplit=1)[-1], ())):
        try:
            texts.add(value.decode(codec))
        except UnicodeError:
            continue
    return texts


_CODECS = {
    "ISO_IR 13": ("shift_jis",),
    "ISO 2022 IR 87": ("iso2022_jp",),
    "ISO 2022 IR 159": ("iso2022_jp_1",),
    "ISO 2022 IR 149": ("iso2022_kr", "euc_kr"),
    "ISO 2022 IR 58": ("gb2312",),
    "GB18030": ("gb18030",),
    "GBK": ("gbk",),
    "ISO_IR 101": ("iso8859_2",),
    "ISO_IR 109": ("iso8859_3",),
    "ISO_IR 110": ("iso8859_4",),
    "ISO_IR 144": ("iso8859_5",),
    "ISO_IR 127": ("iso8859_6",),
    "ISO_IR 126": ("iso8859_7",),
    "ISO_IR 138": ("iso8859_8",),
    "ISO_IR 148": ("iso8859_9",),
    "ISO_IR 166": ("tis_620",),
}


def _bit_planes(file: Part10, needles: Needles) -> Iterator[Leak]:
    """Text spelled by one bit per pixel in the bits above Bits Stored of native 16-bit pixels."""
    pixels, allocated, stored = (find(file.elements, tag) for tag in (0x7FE00010, 0x00280100, 0x00280101))
    if pixels is None or pixels.fragments is not None or allocated is None or stored is None:
        return
    if len(allocated.value) < 2 or file.wire.unpack("H", allocated.value, 0)[0] != 16:
        return
    values = np.frombuffer(pixels.value[: len(pixels.value) // 2 * 2], "<u2" if file.wire.little else ">u2")
    for bit in range(min(file.wire.unpack("H", stored.value, 0)[0], 16), 16):
        plane = np.packbits((values >> bit & 1).astype(np.uint8), bitorder="little").tobytes()
        for identifier, encoding, _ in search(plane, needles):
            yield Leak(identifier, f"7FE00010 bit {bit}", encoding)


# --- trees of files -------------------------------------------------------------------------------------------


def scan_tree(folder: Path, identifiers: Iterable[Identifier]) -> list[Leak]:
    """Search every file under `folder`: names, contents, gzip and zip archives, SQLite cells, JSON strings."""
    known = _distinct(identifiers)
    found = dict[Leak, None]()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        for leak in find_leaks(path.name.encode("utf-8", "surrogateescape"), known):
            found[Leak(leak.identifier, f"name of {name}", leak.encoding)] = None
        if path.is_file() and not path.is_symlink():
            for leak in _content(path, known):
                found[Leak(leak.identifier, f"{name}: {leak.place}", leak.encoding)] = None
    return list(found)


def _content(path: Path, known: tuple[Identifier, ...]) -> Iterator[Leak]:
    data = path.read_bytes()
    yield from find_leaks(data, known)
    if data[:2] == b"\x1f\x8b":
        with gzip.open(path) as stream:
            yield from find_leaks(stream.read(_MAX_UNPACK), known)
    elif zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                yield from find_leaks(member.encode(), known)
                yield from find_leaks(archive.read(member), known)
    elif data[:16] == b"SQLite format 3\0":
        yield from _sqlite(path, known)
    elif data[:1] in (b"{", b"["):
        yield from _json(data, known)


def _sqlite(path: Path, known: tuple[Identifier, ...]) -> Iterator[Leak]:
    """Cells may lie on several pages, so they are read as SQL too (with what the write-ahead log holds)."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            rows = database.execute('SELECT * FROM "' + table.replace('"', '""') + '"').fetchall()
            text = "\n".join(str(cell) for row in rows for cell in row if isinstance(cell, (str, int, float)))
            for leak in find_leaks(text.encode("utf-8", "surrogatepass"), known):
                yield Leak(leak.identifier, f"table {table}", leak.encoding)
            for cell in (c for row in rows for c in row if isinstance(c, bytes)):
                for leak in find_leaks(cell, known):
                    yield Leak(leak.identifier, f"table {table}", leak.encoding)


def _json(data: bytes, known: tuple[Identifier, ...]) -> Iterator[Leak]:
    r"""Strings with their escapes (`\u00e4`) undone; also one document per line."""
    for line in (data, *data.splitlines()):
        try:
            plain = json.dumps(json.loads(line), ensure_ascii=False)
        except ValueError:
            continue
        yield from find_leaks(plain.encode("utf-8", "surrogatepass"), known)
        if line is data:
            return
