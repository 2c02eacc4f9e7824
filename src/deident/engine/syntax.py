"""How elements are encoded in a transfer syntax: VR explicit or not, byte order (PS3.5 section 7 and Annex A)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

from deident.errors import Reason, Refusal
from deident.standard.uids import is_transfer_syntax

__all__ = [
    "DEFLATED",
    "EXPLICIT_BIG",
    "EXPLICIT_LITTLE",
    "IMPLICIT_LITTLE",
    "LONG_VRS",
    "UNDEFINED",
    "Syntax",
    "syntax_of",
]

UNDEFINED: Final = 0xFFFFFFFF
DEFLATED: Final = "1.2.840.10008.1.2.1.99"

#: VRs with a 32-bit length after two reserved bytes (PS3.5 Table 7.1-1).
LONG_VRS: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})

_SHORT_VRS: Final = frozenset(
    {"AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH", "SL", "SS", "ST", "TM", "UI"}
    | {"UL", "US"}
)
ALL_VRS: Final = LONG_VRS | _SHORT_VRS


@dataclass(frozen=True, eq=False)
class Syntax:
    """The encoding of the elements of a data set: one of three. `item`, `item_end` and `sequence_end` are encoded tags."""

    explicit: bool
    little: bool
    tag: struct.Struct = field(init=False, repr=False)
    short: struct.Struct = field(init=False, repr=False)
    long: struct.Struct = field(init=False, repr=False)
    item: bytes = field(init=False, repr=False)
    item_end: bytes = field(init=False, repr=False)
    sequence_end: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        order = "<" if self.little else ">"
        for name, form in (("tag", "HH"), ("short", "H"), ("long", "I")):
            object.__setattr__(self, name, struct.Struct(order + form))
        for name, element in (("item", 0xE000), ("item_end", 0xE00D), ("sequence_end", 0xE0DD)):
            object.__setattr__(self, name, self.tag.pack(0xFFFE, element))

    def tag_at(self, data: bytes) -> int:
        """The tag (group << 16 | element) that the first four bytes encode."""
        group, element = self.tag.unpack_from(data)
        return int(group << 16 | element)

    def element(self, tag: int, vr: str, value: bytes) -> bytes:
        """An encoded element with the value as given. Raises Refusal when a short VR cannot hold it."""
        head = self.tag.pack(tag >> 16, tag & 0xFFFF)
        if not self.explicit:
            return head + self.long.pack(len(value)) + value
        if vr in LONG_VRS:
            return head + vr.encode() + b"\0\0" + self.long.pack(len(value)) + value
        if len(value) > 0xFFFE:
            raise Refusal(Reason.RULE_FAILED, f"replacement too long for ({tag >> 16:04X},{tag & 0xFFFF:04X})")
        return head + vr.encode() + self.short.pack(len(value)) + value

    def sequence(self, tag: int, *items: bytes) -> bytes:
        """An encoded sequence of encoded items' contents, all lengths defined."""
        body = b"".join(self.item + self.long.pack(len(content)) + content for content in items)
        return self.element(tag, "SQ", body)


IMPLICIT_LITTLE: Final = Syntax(explicit=False, little=True)
EXPLICIT_LITTLE: Final = Syntax(explicit=True, little=True)
EXPLICIT_BIG: Final = Syntax(explicit=True, little=False)

_SPECIAL: Final[dict[str, Syntax | None]] = {
    "1.2.840.10008.1.2": IMPLICIT_LITTLE,
    "1.2.840.10008.1.20": None,
    "1.2.840.10008.1.2.2": EXPLICIT_BIG,
    **dict.fromkeys(f"1.2.840.10008.1.2.4.{n}" for n in (94, 95, 204, 205)),  # JPIP: the pixels are elsewhere
    "1.2.840.10008.1.2.6.1": None,
    "1.2.840.10008.1.2.6.2": None,
}
_UNSUPPORTED_PREFIXES: Final = ("1.2.840.10008.1.2.7.",)


def syntax_of(transfer_syntax_uid: str) -> Syntax:
    """The encoding of a transfer syntax. Raises Refusal for private, unknown and non-binary ones."""
    if transfer_syntax_uid in _SPECIAL:
        special = _SPECIAL[transfer_syntax_uid]
        if special is not None:
            return special
    elif is_transfer_syntax(transfer_syntax_uid) and not transfer_syntax_uid.startswith(_UNSUPPORTED_PREFIXES):
        return EXPLICIT_LITTLE
    raise Refusal(Reason.TRANSFER_SYNTAX)
