"""Names for places and patient lists: Prefect stores what a run is called with; a path can hold a name, an alias does not.

`sources.toml` in the project home (mode 0600) says which folder, `s3://bucket/prefix` or file each alias stands for. People
may edit it.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import tomllib
from pathlib import Path
from typing import Final

from deident.errors import ConfigurationError, PlaceProblem, UsageProblem
from deident.home import Lock, ProjectHome
from deident.pseudonyms import Pseudonyms
from deident.roots import absolute
from deident.stores import FolderStore
from deident.vault import project_key

__all__ = ["ALIAS_PATTERN", "places", "register", "resolve"]

ALIAS_PATTERN: Final = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
_FILE: Final = "sources.toml"
_HEAD: Final = "# Names of folders, for runs and their forms. A name must not tell who the patients are.\n[places]\n"


def places(home: ProjectHome) -> dict[str, str]:
    """Every alias with its folder. Raises ConfigurationError, without a value, for a file that is wrong."""
    try:
        with open(home.root / _FILE, "rb") as file:
            table = tomllib.load(file).get("places", {})
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        table = None
    if not isinstance(table, dict) or not all(isinstance(path, str) for path in table.values()):
        raise ConfigurationError("sources.toml in the project home cannot be read")
    if not all(re.fullmatch(ALIAS_PATTERN, alias) for alias in table):
        raise ConfigurationError("a name in sources.toml is not made of lower-case letters, digits and hyphens")
    return table


def resolve(home: ProjectHome, alias: str) -> str:
    """The folder of an alias. Raises PlaceProblem when there is none of that name."""
    found = places(home).get(alias)
    if found is None:
        raise PlaceProblem("no folder of that name is configured in sources.toml of the project home")
    return found


def register(home: ProjectHome, path: str | Path, alias: str = "") -> str:
    """The alias of a folder, entered into `sources.toml` when it is new there.

    Without an `alias` one is derived with the project key, so that the same folder keeps its alias and nobody can guess
    the folder from it. Raises UsageProblem for an alias that is malformed or stands for another folder.
    """
    folder = absolute(os.fspath(path))
    if "\0" in folder or not folder.isprintable():
        raise PlaceProblem("the name of a folder cannot be written down (not UTF-8, or control characters)")
    if alias and not re.fullmatch(ALIAS_PATTERN, alias):
        raise UsageProblem("the name of a folder is made of lower-case letters, digits and hyphens")
    with Lock(home.prefect / "places.lock", fcntl.LOCK_EX, wait=True):
        known = places(home)
        name = alias or next((old for old, there in known.items() if there == folder), "") or _derived(home, folder)
        if known.get(name, folder) != folder:
            raise UsageProblem("that name stands for another folder already")
        if name not in known:
            _write(home, {**known, name: folder})
    return name


def _derived(home: ProjectHome, folder: str) -> str:
    digest = Pseudonyms(project_key(home)).reference(f"place\0{folder}").partition(":")[2]
    return f"folder-{digest[:12]}"


def _write(home: ProjectHome, table: dict[str, str]) -> None:
    # The strings of JSON, without its escaped surrogates, are strings of TOML.
    lines = [f"{alias} = {json.dumps(path, ensure_ascii=False)}\n" for alias, path in sorted(table.items())]
    FolderStore(home.root, private=True).put(_FILE, (_HEAD + "".join(lines)).encode(), overwrite=True)
