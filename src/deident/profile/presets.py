"""The profiles that ship with deident: the TOML files in `presets/`, read without what a site's own file needs."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from typing import Any, Final

from deident.errors import ConfigurationError
from deident.profile.model import Profile
from deident.profile.override import Override
from deident.standard.tables import shipped

__all__ = ["DEFAULT_PRESET", "PRESETS", "preset", "preset_text"]

DEFAULT_PRESET: Final = "research"
#: Their names, from what keeps least to what keeps most.
PRESETS: Final = ("basic", "safe-harbor", "research", "longitudinal", "retain-all-safe")


@lru_cache(maxsize=len(PRESETS))
def preset(name: str) -> Profile:
    """The profile of that name. Raises ConfigurationError, which lists the names, when there is none."""
    if name not in PRESETS:
        raise ConfigurationError(f"unknown preset; there are: {', '.join(sorted(PRESETS))}")
    values: dict[str, Any] = tomllib.loads(preset_text(name))
    overrides = tuple(Override(**table) for table in values.pop("override", ()))
    return Profile(**values, overrides=overrides)


def preset_text(name: str) -> str:
    """The TOML file of a preset."""
    return shipped("profile", "presets", f"{name}.toml").decode()
