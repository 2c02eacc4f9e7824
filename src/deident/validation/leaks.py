"""Search an output for the identifiers of its study: decoded text, and the bytes of all other elements (RULES 14.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from pydicom.valuerep import VR
from pydicom.values import converters

from deident.validation.disguises import disguised
from deident.validation.elements import Node
from deident.validation.gathering import text_of
from deident.validation.kinds import Exempt
from deident.validation.matching import Matcher
from deident.validation.needles import Needles
from deident.validation.quiet import Warnings
from deident.validation.reading import PYDICOM_ERRORS
from deident.validation.temporal import DATE_VRS

__all__ = ["Screen"]

_TEXTS: Final = frozenset(
    {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"}
)
_FREE_TEXTS: Final = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UN", "UR", "UT"})
_IN_CHARACTER_SET: Final = frozenset({"LO", "LT", "SH", "ST", "UC", "UT"})
_UID_IN_BYTES: Final = re.compile(rb"[0-2](?:\.\d+){3,}")
#: Value Type and Relationship Type of content items (PS3.3 C.17.3); `TEXT` may also be somebody's name.
_ENUMERATED: Final = {
    0x0040A040: frozenset({b"TEXT", b"NUM", b"CODE", b"DATETIME", b"DATE", b"TIME", b"UIDREF", b"PNAME", b"CONTAINER"})
    | frozenset({b"COMPOSITE", b"IMAGE", b"WAVEFORM", b"SCOORD", b"SCOORD3D", b"TCOORD", b"TABLE"}),
    0x0040A010: frozenset({b"CONTAINS", b"HAS PROPERTIES", b"HAS CONCEPT MOD", b"HAS ACQ CONTEXT"})
    | frozenset({b"HAS OBS CONTEXT", b"INFERRED FROM", b"SELECTED FROM"}),
}
_GAP: Final = bytes(16)
_REMEMBERED: Final = 1 << 12
_MEMORY: Final = 400_000

#: VR, value, encodings, little endian.
_Key = tuple[str, bytes | None, tuple[str, ...], bool]


@dataclass(slots=True)
class Screen:
    """The leak and decoding checks of one study. Values that were found clean once are not looked at again."""

    matcher: Matcher
    needles: Needles
    warnings: Warnings
    exempt: Exempt
    dates_compared: bool
    days: Matcher | None = None
    _clean: set[_Key] = field(default_factory=set, repr=False)

    def leaks(self, nodes: list[Node]) -> tuple[list[Node], list[Node]]:
        """(elements that hold an identifier, elements that pydicom cannot decode without complaint)."""
        leaking, undecodable = [], []
        clean = self._clean
        binaries: list[Node] = []
        for node in [node for node in nodes if node[3] and node[2:] not in clean]:
            key, value = node[2:], node[3] or b""
            if key in clean:
                continue
            if not self._decodes(node):
                undecodable.append(node)
            if node[2] in _TEXTS:
                if not self._exempts(node) and not _is_enumerated(node) and self._names_somebody(node):
                    leaking.append(node)
                    continue
            elif len(value) >= 8:
                binaries.append(node)
            if len(value) <= _REMEMBERED and len(clean) < _MEMORY:
                clean.add(key)
        leaking += self._in_bytes(binaries)
        for node in (*leaking, *undecodable):
            clean.discard(node[2:])
        return leaking, undecodable

    def _exempts(self, node: Node) -> bool:
        """What a user keeps; and dates that temporal.py compares with those of the source, whatever they coincide with."""
        return (self.dates_compared and node[2] in DATE_VRS) or self.exempt.by_user(node[1], node[2])

    def _names_somebody(self, node: Node) -> bool:
        value = node[3] or b""
        try:
            text = text_of(node[2], value, node[4])
        except PYDICOM_ERRORS:
            text = value.decode("latin-1")
        if self.matcher.in_value(text.rstrip("\0 "), node[2]) or self._in_disguise(node):
            return True
        if self.days is not None and node[2] in _FREE_TEXTS and self.days.in_text(text):
            return True
        if value.isascii():
            return False
        # Whatever the character set says, text may have been written in UTF-8.
        return self.matcher.in_value(value.decode("utf-8", errors="replace"), node[2])

    def _in_disguise(self, node: Node) -> bool:
        return node[2] in _FREE_TEXTS and any(map(self.matcher.in_disguise, disguised(node[3] or b"")))

    def _decodes(self, node: Node) -> bool:
        """Whether pydicom converts the value without an exception, a warning or a change of VR."""
        before = self.warnings.count
        try:
            _convert(node[2], node[3] or b"", list(node[4]), little=node[5])
        except PYDICOM_ERRORS:
            return False
        return self.warnings.count == before

    def _in_bytes(self, binaries: list[Node]) -> list[Node]:
        """Those that hold an identifier as bytes; usually none, so all are searched as one first."""
        found = []
        joined = _GAP.join(node[3] or b"" for node in binaries)
        if self.needles.in_binary(joined) or self.has_uid(joined):
            found += [n for n in binaries if self.needles.in_binary(_padded(n)) or self.has_uid(n[3] or b"")]
        found += [n for n in binaries if n[2] == "UN" and self._un_text(n)]
        return found

    def _un_text(self, node: Node) -> bool:
        text = (node[3] or b"").decode("latin-1").rstrip("\0 ")
        return text.isprintable() and self.matcher.in_value(text, "UN")

    def has_uid(self, data: bytes) -> bool:
        """Whether bytes hold an original UID in clear."""
        return any(self.matcher.is_original_uid(uid.decode()) for uid in _UID_IN_BYTES.findall(data))


def _convert(vr: str, value: bytes, encodings: list[str], *, little: bool) -> None:
    """Decode as pydicom's convert_value does, without its trying of other VRs when the right one fails."""
    converter: Any = converters[VR(vr)]
    if isinstance(converter, tuple):
        function, form = converter
        function(value, little, form)
    elif vr == "PN":
        converter(value, encodings)
    elif vr in _IN_CHARACTER_SET:
        converter(value, encodings, vr)
    else:
        converter(value, little, None)


def _is_enumerated(node: Node) -> bool:
    """Whether the standard allows only these values here, so that none of them names anybody."""
    return (node[3] or b"").strip(b" \0") in _ENUMERATED.get(node[1], ())


def _padded(node: Node) -> bytes:
    return (node[3] or b"") + bytes(3)
