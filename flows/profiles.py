"""Names for profiles: Prefect stores what a run is called with, so a file is named there and never its path."""

from __future__ import annotations

import hashlib
from pathlib import Path

from deident.catalogue import find_profile, read_text
from deident.home import ProjectHome
from deident.stores import FolderStore

__all__ = ["enter"]


def enter(home: ProjectHome, profile: str) -> str:
    """A name for the form of the flow: that of a preset or of a file in `profiles/`; a file elsewhere is copied there.

    A copy is named by its content, too: nothing that a site has put there is ever replaced, and what a run was done with
    stays to be read. Raises ConfigurationError for a profile that does not exist or is refused.
    """
    found = find_profile(profile, home.profiles)
    if not profile.endswith(".toml"):
        return profile
    path = Path(profile).expanduser()
    if path.resolve().parent == home.profiles.resolve():
        return path.stem
    text = read_text(path, "the profile file").encode()
    name = f"{found.name[:48]}-{hashlib.sha256(text).hexdigest()[:12]}"
    FolderStore(home.profiles, private=True).put(f"{name}.toml", text, overwrite=True)
    return name
