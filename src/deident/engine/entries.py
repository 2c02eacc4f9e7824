"""What a level's memo answers for an element: the kinds of entries that the scanner acts upon.

An `int` entry means: keep, and skip that many bytes. Every other entry is a tuple that starts with one of these kinds.
"""

from __future__ import annotations

from typing import Any, Final

from deident.profile.decision import Decision
from deident.profile.options import performs

# Kinds of entries and their fields. Those that concern a value have its advance and offset first.
TEXT: Final = 0  # advance, value offset, replacement and decision number on a hit; or tag, VR and number when cut, too
EDIT: Final = 1  # advance, replacement, decision number
GATHER: Final = 2  # advance, value offset, replacement or None, decision number, kind of identifier
UID: Final = 3  # advance, value offset, tag, decision number
SEQUENCE: Final = 4  # offset of the length, child level, mode, replacement, decision number, replacement when emptied
LONG: Final = 5  # the length follows in four more bytes: look the first twelve up
BLOB: Final = 6  # advance, value offset, replacement on a hit, decision number on a hit
AGE: Final = 7  # advance, value offset, decision number, replacement when malformed, tag, at the top level
DEFERRED: Final = 8  # advance, value offset, method, tag, VR, decision number, kind of identifier
ITEM_END: Final = 9
PIXELS: Final = 10  # tag, VR
PHASE: Final = 11  # the insertion point before this element was reached
INSIDE: Final = (
    12  # advance, value offset, tag, kind or "": a value that is wanted from inside a sequence that is replaced
)
CHARSET: Final = 13  # advance, value offset
NUMBER: Final = 14  # as TEXT: a value that should be a number
PLAIN: Final = 15  # what a wrapped int counts as
CONCEPT: Final = 16  # advance, value offset, tag: a part of the concept name of a content item, or its beginning
CONTENT: Final = 17  # advance, value offset: a value of a content item, whose concept name says whether it identifies
KEPT: Final = 18  # as TEXT, then the kind: an identifier that an option keeps
CLEAN: Final = (
    19  # advance, offset, tag, VR, method, decision number; replacement and number if nothing is left, kind, value
)
RETAINED_UID: Final = 20  # advance, value offset, tag, decision number when it is remapped after all
PRIVATE_VALUE: Final = (
    21  # advance, value offset, inner entry, test of the bytes, decision number when they fail it, a number
)
PAIRED: Final = 22  # as CLEAN, then where the time is that belongs to this date (moments.py)
WRAPPED: Final = 30  # kinds from here on wrap another entry
CAPTURE: Final = 30  # tag, inner entry, advance, value offset
MARK: Final = 31  # tag, inner entry
RUN: Final = 32  # stretch, inner entry (runs.py)
REPEAT: Final = 33  # known encodings from here on with what each leads to, inner entry, which may be a RUN (runs.py)
KIND: Final = 36  # option, inner entry: what the option alone is about is in this instance
CREATOR: Final = 34  # advance, value offset, tag, level, decision number: a private creator (private.py)
PRIVATE: Final = 35  # block, {creator: inner entry}, level, tag, VR on the wire, value offset, length (private.py)

# Modes of a sequence:
WALK: Final = 0
REPLACE: Final = 1
GATHER_ONLY: Final = 2
HELD: Final = 3  # as WALK, in a private block: what stays of the sequence holds the creator; the block follows

# Values that are wanted from inside sequences that are replaced, by (path, tag):
GRAPHIC_ANNOTATION: Final = 0x00700001
GRAPHIC_LAYER: Final = 0x00700002
METHOD_CODE: Final = 0x00080100
OTHER_PATIENT_IDS: Final = 0x00101002
PATIENT_ID: Final = 0x00100020
ISSUER: Final = 0x00100021
WANTED_INSIDE: Final = frozenset(
    {((GRAPHIC_ANNOTATION,), GRAPHIC_LAYER), ((0x00120064,), METHOD_CODE)}
    | {((OTHER_PATIENT_IDS,), PATIENT_ID), ((OTHER_PATIENT_IDS,), ISSUER)}
)

# Parts of a content item (PS3.3 C.17.3): where it begins, its concept name, and the values that can identify.
CONCEPT_NAME: Final = 0x0040A043
VALUE_TYPE: Final = 0x0040A040
CODE_VALUE: Final = 0x00080100
CODING_SCHEME: Final = 0x00080102
CONTENT_VALUES: Final = frozenset({0x0040A120, 0x0040A121, 0x0040A160})

#: Top-level values that the engine needs after the scan.
CAPTURED: Final = frozenset(
    {0x00080008, 0x00080016, 0x00080018, 0x00080020, 0x00080060, 0x00080064}
    | {0x00100020, 0x00100021, 0x00100030, 0x00101000, 0x00101010}
    | {0x0020000D, 0x0020000E, 0x00280002, 0x00280004, 0x00280008, 0x00280010, 0x00280011, 0x00280100}
    | {0x00280101, 0x00280102, 0x00280301, 0x00280303, 0x7FE00001, 0x7FE00002}
)


def of_kind(decision: Decision, entry: Any) -> Any:
    """An entry that says that there is something for an option of one kind of object alone, where that is so."""
    option = performs(decision)
    return entry if option is None else (KIND, option, entry)
