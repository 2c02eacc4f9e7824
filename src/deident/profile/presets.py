"""The profiles that ship with deident."""

from __future__ import annotations

from typing import Final

from deident.errors import ConfigurationError
from deident.profile.model import Option, Profile

__all__ = ["DEFAULT_PRESET", "PRESETS", "preset"]

DEFAULT_PRESET: Final = "research"

PRESETS: Final[dict[str, Profile]] = {
    "basic": Profile(name="basic", options=frozenset()),
    "research": Profile(name="research", options=frozenset({Option.RETAIN_PATIENT_CHARACTERISTICS})),
}


def preset(name: str) -> Profile:
    """The profile of that name. Raises ConfigurationError, which lists the names, when there is none."""
    try:
        return PRESETS[name]
    except KeyError:
        raise ConfigurationError(f"unknown preset; there are: {', '.join(sorted(PRESETS))}") from None
