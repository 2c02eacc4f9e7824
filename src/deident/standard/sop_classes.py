"""Short names of SOP classes (CT, MR, ...) for people who type them."""

from __future__ import annotations

from typing import Final

from deident.errors import ConfigurationError
from deident.standard import iods

__all__ = ["SHORT_NAMES", "sop_class_named"]

_STORAGE: Final = "1.2.840.10008.5.1.4.1.1."

#: Short name -> SOP Class UID (PS3.4 Table B.5-1).
SHORT_NAMES: Final = {
    name: _STORAGE + end
    for name, end in {
        "CR": "1",
        "DX": "1.1",
        "MG": "1.2",
        "CT": "2",
        "ENHANCED-CT": "2.1",
        "MR": "4",
        "ENHANCED-MR": "4.1",
        "US": "6.1",
        "SC": "7",
        "NM": "20",
        "PT": "128",
        "ENHANCED-PT": "130",
        "XA": "12.1",
        "RF": "12.2",
        "PR": "11.1",
        "SEG": "66.4",
        "SR": "88.33",
        "KO": "88.59",
        "RTIMAGE": "481.1",
        "RTDOSE": "481.2",
        "RTSTRUCT": "481.3",
        "RTPLAN": "481.5",
    }.items()
}


def sop_class_named(name: str) -> str:
    """The SOP Class UID for a short name in any case, or a UID. Raises ConfigurationError when there are no rules for it."""
    uid = SHORT_NAMES.get(name.upper(), name)
    if iods.iod_of(uid) is None:
        raise ConfigurationError(f"unknown SOP class; give a UID or one of: {', '.join(SHORT_NAMES)}")
    return uid
