"""Which attributes and content items hold an identifier, and of what kind (RULES section 14.1)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from deident.standard.tables import load_table

__all__ = ["KINDS", "kind_in_code_sequence", "kind_of", "kind_of_content_item"]

#: Every kind of identifier that `kind_of` can answer.
KINDS: Final = ("name", "id", "date", "address", "phone", "organization", "station", "device", "uid")

_CODE_VALUES: Final = frozenset({0x0008_0100, 0x0008_0119, 0x0008_0120})
_CODE_MEANING: Final = 0x0008_0104


class _Table(NamedTuple):
    attributes: dict[int, str]
    code_sequences: dict[int, str]
    content_items: dict[tuple[str, str], str]


@lru_cache(maxsize=1)
def _table() -> _Table:
    table = load_table("identifying.json")
    return _Table(
        attributes={int(tag, 16): kind for kind, tags in table["kinds"].items() for tag in tags},
        code_sequences={int(tag, 16): kind for kind, tags in table["code_sequences"].items() for tag in tags},
        content_items={
            (scheme, code): kind
            for kind, schemes in table["content_items"].items()
            for scheme, codes in schemes.items()
            for code in codes
        },
    )


def kind_of(tag: int, vr: str) -> str:
    """Kind of identifier that an attribute holds, "" when its value is not gathered.

    `tag` is (group << 16 | element). Every PN is a name, whatever its tag; the other attributes go by tag alone, so
    that a wrong VR on the wire hides nothing. Dates of a study, descriptions, comments and characteristics are not
    gathered.
    """
    return _table().attributes.get(tag, "name" if vr == "PN" else "")


def kind_in_code_sequence(sequence: int, tag: int) -> str:
    """Kind of a code's value or meaning inside a code sequence that names a person, a place or a machine, else "".

    The value of a person's code is an id, its meaning a name (PS3.3 Table 10-1).
    """
    kind = _table().code_sequences.get(sequence, "")
    if tag == _CODE_MEANING or not kind:
        return kind
    return "id" if tag in _CODE_VALUES else ""


def kind_of_content_item(scheme: str, code: str) -> str:
    """Kind of the value of a content item with this concept name (TEXT, DATE, DATETIME), "" when it is not gathered.

    PNAME and UIDREF items go by the attribute that holds their value: Person Name (0040,A123), UID (0040,A124).
    """
    return _table().content_items.get((scheme, code), "")
