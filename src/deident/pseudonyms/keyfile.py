"""Files that hold one secret of 32 bytes: mode 0600, created once, never overwritten, never followed through a link."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from deident.errors import KeyProblem

__all__ = ["LENGTH", "create_secret", "read_secret"]

#: Bytes of a secret.
LENGTH: Final = 32


def read_secret(path: Path, header: str, what: str) -> bytes:
    """The secret in a key file of the kind `header`. Raises KeyProblem (it says `what`): missing, damaged, a link, open."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        raise KeyProblem(f"{what} file is missing or cannot be opened") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):  # before a file object is made of it: that raises for a folder
        os.close(descriptor)
        raise KeyProblem(f"{what} is not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        if status.st_mode & 0o077:
            raise KeyProblem(f"{what} file is open to other users; set its mode to 0600")
        lines = file.read(4096).decode("ascii", "replace").split()
    if len(lines) == 2 and lines[0] == header:
        with contextlib.suppress(ValueError):
            secret = bytes.fromhex(lines[1])
            if len(secret) == LENGTH:
                return secret
    raise KeyProblem(f"{what} file is damaged")


def create_secret(path: Path, header: str, secret: bytes) -> bool:
    """Write a key file with mode 0600 unless there is one; whether this call did. Of two processes one does."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{header}\n{secret.hex()}\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:  # another process was first: its key is the key
            return False
        return True
    finally:
        os.unlink(temporary)
