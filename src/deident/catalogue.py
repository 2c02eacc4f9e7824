"""Profiles by name: presets, the files in `profiles/` of a project home, and files by their path."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from deident.errors import ConfigurationError
from deident.profile import PRESETS, Profile, preset

__all__ = ["NAME_PATTERN", "find_profile", "read_text"]

#: What a profile is called where a path must not stand: in the form of the flow, whose values Prefect stores.
NAME_PATTERN: Final = r"^[A-Za-z0-9_-]{1,64}$"
_SUFFIX: Final = ".toml"
_MAX_FILE: Final = 1 << 20


def find_profile(name: str, folder: Path | None = None) -> Profile:
    """The preset of that name, else the profile of the file `<name>.toml` in `folder`, else that of the file at the path `name`.

    A path ends in `.toml`. Raises ConfigurationError when there is no such profile or it is refused; the message holds no path.
    """
    if name in PRESETS:
        return preset(name)
    if name.endswith(_SUFFIX):
        return _load(Path(name).expanduser())
    # fullmatch: `$` alone would let a line feed pass.
    if folder is not None and re.fullmatch(NAME_PATTERN, name) and (folder / (name + _SUFFIX)).is_file():
        return _load(folder / (name + _SUFFIX))
    raise ConfigurationError(
        f"unknown profile; there are: {', '.join(sorted(PRESETS))}, and the names of the files in profiles/ of the project "
        f"home; the path of a file ends in {_SUFFIX}"
    )


def _load(path: Path) -> Profile:
    # Not before a file is named: presets need no pydantic (docs/adr/0011).
    from deident.profile.file import read_profile  # noqa: PLC0415

    return read_profile(read_text(path, "the profile file"), path.stem)


def read_text(path: Path | str, what: str) -> str:
    """The text of a configuration file. Raises ConfigurationError, which calls it `what`."""
    failure = ""
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_FILE + 1)
        if len(data) > _MAX_FILE:
            failure = "it is too large"
        else:
            return data.decode()
    except OSError as problem:
        failure = os.strerror(problem.errno or 0)
    except UnicodeDecodeError:
        failure = "it is not UTF-8"
    raise ConfigurationError(f"{what} cannot be read: {failure}")
