"""pydicom's own reading of an object: the proof that ours is right, and the way to read sources that ours cannot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from io import BytesIO
from struct import Struct
from typing import Final, cast

from pydicom.charset import default_encoding
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import data_element_generator
from pydicom.tag import BaseTag

from deident.validation.elements import PIXEL_TAGS, Node, Path, Unreadable, encodings_of, vr_of

__all__ = ["Reading"]

_CHARACTER_SET: Final = 0x00080005
_UNDEFINED: Final = 0xFFFFFFFF
_ITEM: Final = 0xFFFEE000
_ITEM_HEAD: Final = {True: Struct("<HHL"), False: Struct(">HHL")}

_Element = RawDataElement | DataElement


class Reading:
    """The elements of one object in `nodes`, all parsed by pydicom's element generator."""

    __slots__ = ("_encodings", "_implicit", "_little", "nodes")

    def __init__(self, *, implicit: bool, little: bool) -> None:
        self._implicit = implicit
        self._little = little
        self._encodings: tuple[str, ...] = (default_encoding,)
        self.nodes: list[Node] = []

    def run(self, buffer: bytes, start: int) -> int:
        """Read top-level elements from `start` up to pixel data or the end of the buffer; return where it stopped.

        Raises Unreadable, or whatever pydicom raises.
        """
        stream = BytesIO(buffer)
        stream.seek(start)
        elements = list(data_element_generator(stream, self._implicit, self._little, stop_when=_at_pixels))
        self._encodings = self._level(elements, (), self._encodings)
        return stream.tell()

    def _level(self, elements: Iterable[_Element], path: Path, encodings: tuple[str, ...]) -> tuple[str, ...]:
        for element in elements:
            tag = int(element.tag)
            if isinstance(element, DataElement):
                self.nodes.append((path, tag, "SQ", None, encodings, self._little))
                for item in cast("Iterable[Dataset]", element.value):
                    self._level(cast("Mapping[object, _Element]", item).values(), (*path, tag), encodings)
                continue
            vr, value = vr_of(tag, element.VR), element.value or b""
            if element.length not in (len(value), _UNDEFINED):
                raise Unreadable("truncated")
            if vr == "SQ":
                self.nodes.append((path, tag, "SQ", None, encodings, self._little))
                implicit = element.is_implicit_VR or element.VR == "UN"
                self._items(value, (*path, tag), encodings, implicit=implicit)
            else:
                self.nodes.append((path, tag, vr, value, encodings, self._little))
            if tag == _CHARACTER_SET:
                encodings = encodings_of(value)
        return encodings

    def _items(self, value: bytes, path: Path, encodings: tuple[str, ...], *, implicit: bool) -> None:
        """The items of a sequence of defined length; pydicom's own reader of them would hide duplicates."""
        position = 0
        while position < len(value):
            group, number, length = _ITEM_HEAD[self._little].unpack_from(value, position)
            position += 8
            if group << 16 | number != _ITEM:
                raise Unreadable("sequence-items")
            stream = BytesIO(value if length == _UNDEFINED else value[: position + length])
            stream.seek(position)
            self._level(list(data_element_generator(stream, implicit, self._little)), path, encodings)
            position = stream.tell()


def _at_pixels(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return tag in PIXEL_TAGS
