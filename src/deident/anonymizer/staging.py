"""Where outputs of several processes wait for their names: a private hidden folder beside them, gone at the end.

Those that are bound for S3 wait in the folder for temporary files.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from typing import Final

from deident.stores.places import is_s3
from deident.stores.problems import safe_writing

__all__ = ["PREFIX", "staging_folder"]

PREFIX: Final = ".deident-staging-"


@contextlib.contextmanager
def staging_folder(root: str) -> Iterator[str]:
    """Create a folder of mode 0700 in `root` and remove it at the end, with what killed calls have left there.

    The folder has to be on the file system of the outputs, so that they appear by a link and not by a copy. A lock
    tells folders in use from those that were left: a lock dies with its process. Raises what a store raises.
    """
    folder = _make(tempfile.gettempdir() if is_s3(root) else root)
    try:
        with _locked(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: str) -> Iterator[bool]:
    """Hold the lock of a folder; yields False when another process has it or the file system knows no locks."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = True
        except OSError:
            held = False
        yield held
    finally:
        os.close(descriptor)


@safe_writing
def _make(root: str) -> str:
    os.makedirs(root, exist_ok=True)
    _sweep(root)
    folder = os.path.join(root, PREFIX + secrets.token_hex(8))
    os.mkdir(folder, 0o700)
    return folder


def _sweep(root: str) -> None:
    for name in os.listdir(root):
        if name.startswith(PREFIX):
            with contextlib.suppress(OSError), _locked(os.path.join(root, name)) as free:
                if free:
                    shutil.rmtree(os.path.join(root, name), ignore_errors=True)
