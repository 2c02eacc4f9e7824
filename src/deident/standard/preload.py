"""Read beforehand what the first instance would wait for."""

from __future__ import annotations

from typing import Final

from deident.standard import confidentiality, dictionary, iods, uids

__all__ = ["preload"]

#: Any SOP class and any attribute.
_SOP_CLASS: Final = "1.2.840.10008.5.1.4.1.1.2"
_ATTRIBUTE: Final = 0x00100010


def preload() -> None:
    """Read the tables that every instance needs; each is kept."""
    iods.iod_of(_SOP_CLASS)
    uids.is_well_known(_SOP_CLASS)
    dictionary.attribute(_ATTRIBUTE)
    confidentiality.rows()
    confidentiality.gaps()
