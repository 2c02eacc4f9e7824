"""The well-known UIDs of PS3.6 Annex A: values that name no patient, and what kind of thing each names."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from deident.standard.tables import load_table

__all__ = [
    "AUDIO_CLASSES",
    "DOCUMENT_CLASSES",
    "MEDIA_STORAGE_DIRECTORY",
    "is_sop_class",
    "is_transfer_syntax",
    "is_well_known",
]

MEDIA_STORAGE_DIRECTORY: Final = "1.2.840.10008.1.3.10"

#: Basic Voice, General Audio and the retired audio waveform: speech (PS3.15 has no rule for it).
AUDIO_CLASSES: Final = frozenset({f"1.2.840.10008.5.1.4.1.1.9.4.{n}" for n in (1, 2, 3)})

#: Encapsulated PDF, CDA, STL, OBJ and MTL: a document with content of any kind.
DOCUMENT_CLASSES: Final = frozenset({f"1.2.840.10008.5.1.4.1.1.104.{n}" for n in range(1, 6)})

_CONTEXT_GROUP_OR_TEMPLATE: Final = re.compile(r"1\.2\.840\.10008\.(?:6\.1|9)\.\d{1,5}")


@lru_cache(maxsize=1)
def _kinds() -> dict[str, str]:
    return {uid: entry["type"] for uid, entry in load_table("uid_registry.json")["uids"].items()}


def is_well_known(uid: str) -> bool:
    """Whether the value is an exact member of the registry, or a context group or template UID.

    Membership is exact: instances that were wrongly minted under 1.2.840.10008 are not well-known.
    """
    return uid in _kinds() or _CONTEXT_GROUP_OR_TEMPLATE.fullmatch(uid) is not None


def is_sop_class(uid: str) -> bool:
    """Whether the registry lists the UID as a SOP class."""
    return _kinds().get(uid) in _SOP_CLASS_KINDS


def is_transfer_syntax(uid: str) -> bool:
    """Whether the registry lists the UID as a transfer syntax."""
    return _kinds().get(uid) == "TransferSyntax"


_SOP_CLASS_KINDS: Final = frozenset({"SOPClass", "MetaSOPClass"})
