"""The project key: 32 secret bytes from which every pseudonym is derived, and the file that holds it.

Whoever holds the key can enumerate ids and find their pseudonyms: see SECURITY.md. The file has mode 0600, is created once,
never overwritten, and never lies inside a source or a deliverable.
"""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from deident.errors import KeyProblem
from deident.pseudonyms.keyfile import LENGTH, create_secret, read_secret

__all__ = ["ProjectKey"]

_HEADER: Final = "deident-project-key/1"


class ProjectKey:
    """32 secret bytes. Never printed, logged or pickled into a place that outlives the process."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) != LENGTH:
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

    def reveal(self) -> bytes:
        """The secret itself: to be sealed in the vault, for nothing else."""
        return self._secret

    @classmethod
    def generate(cls) -> ProjectKey:
        """A new random key, held in memory alone."""
        return cls(secrets.token_bytes(LENGTH))

    @classmethod
    def load(cls, path: Path) -> ProjectKey:
        """Read a key file. Raises KeyProblem when it is missing, damaged, a link, or open to others."""
        return cls(read_secret(path, _HEADER, "the project key"))

    @classmethod
    def load_or_create(cls, path: Path) -> ProjectKey:
        """Read the key file, creating it with mode 0600 first when there is none; two processes end up with one key."""
        if not os.path.lexists(path):
            create_secret(path, _HEADER, secrets.token_bytes(LENGTH))
        return cls.load(path)
