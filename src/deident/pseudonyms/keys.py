"""The project key: 32 secret bytes from which every pseudonym is derived, and the file that holds it.

Whoever holds the key can enumerate ids and find their pseudonyms: see SECURITY.md. The file has mode 0600, is created once,
never overwritten, and never lies inside a source or a deliverable.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from deident.errors import KeyProblem

__all__ = ["ProjectKey"]

_LENGTH: Final = 32
_HEADER: Final = "deident-project-key/1"


class ProjectKey:
    """32 secret bytes. Never printed, logged or pickled into a place that outlives the process."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) != _LENGTH:
            raise KeyProblem("a project key has 32 bytes")
        self._secret = secret

    def __repr__(self) -> str:
        return "ProjectKey(<secret>)"

    def derive(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose."""
        return hmac.digest(self._secret, purpose.encode(), "sha256")

    def for_run(self, run_id: str) -> ProjectKey:
        """The key of one run whose pseudonyms shall not be linkable to those of other runs; the same run can resume."""
        return ProjectKey(self.derive(f"{_HEADER}|run|{run_id}"))

    @classmethod
    def generate(cls) -> ProjectKey:
        """A new random key, held in memory alone."""
        return cls(secrets.token_bytes(_LENGTH))

    @classmethod
    def load(cls, path: Path) -> ProjectKey:
        """Read a key file. Raises KeyProblem when it is missing, damaged, a link, or open to others."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            raise KeyProblem("the project key file is missing or cannot be opened") from None
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):  # before a file object is made of it: that raises for a folder
            os.close(descriptor)
            raise KeyProblem("the project key is not a regular file")
        with os.fdopen(descriptor, "rb") as file:
            if status.st_mode & 0o077:
                raise KeyProblem("the project key file is open to other users; set its mode to 0600")
            lines = file.read(4096).decode("ascii", "replace").split()
        if len(lines) != 2 or lines[0] != _HEADER:
            raise KeyProblem("the project key file is damaged")
        try:
            return cls(bytes.fromhex(lines[1]))
        except ValueError:
            raise KeyProblem("the project key file is damaged") from None

    @classmethod
    def load_or_create(cls, path: Path) -> ProjectKey:
        """Read the key file, creating it with mode 0600 first when there is none; two processes end up with one key."""
        if not os.path.lexists(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                with os.fdopen(descriptor, "w", encoding="ascii") as file:
                    file.write(f"{_HEADER}\n{secrets.token_bytes(_LENGTH).hex()}\n")
                    file.flush()
                    os.fsync(file.fileno())
                with contextlib.suppress(FileExistsError):  # another process was first: its key is the key
                    os.link(temporary, path)
            finally:
                os.unlink(temporary)
        return cls.load(path)
