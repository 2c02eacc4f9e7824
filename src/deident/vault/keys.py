"""Wrapping keys: what seals and opens the vault's data keys, held in a local file, the environment or KMS."""

from __future__ import annotations

import functools
import hmac
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from deident.errors import DeidentError, KeyProblem
from deident.pseudonyms.keyfile import LENGTH, create_secret, read_secret

__all__ = ["ENV_KEY", "ENV_KMS_KEY", "Keys", "LocalKey", "WrappingKey"]

#: 64 hexadecimal digits: a local key for places that have no file to keep it in.
ENV_KEY: Final = "DEIDENT_VAULT_KEY"
#: ARN, id or alias of a KMS key.
ENV_KMS_KEY: Final = "DEIDENT_VAULT_KMS_KEY"

_HEADER: Final = "deident-vault-key/1"


class WrappingKey(Protocol):
    """One key that wraps data keys. `id` is public and stands in every object that it seals."""

    @property
    def id(self) -> str: ...

    def keyring(self) -> Any:
        """The keyring of the Material Providers Library."""
        ...

    def failure(self) -> DeidentError | None:
        """What the key service answered to this thread's last request, when that was the reason of a failure."""
        ...


@dataclass(frozen=True)
class LocalKey:
    """32 secret bytes that both seal and open: whoever can write the map can read it. See SECURITY.md."""

    secret: bytes = field(repr=False)

    @functools.cached_property
    def id(self) -> str:
        """`local:` and 16 hexadecimal digits, derived from the key and good for telling keys apart only."""
        return "local:" + hmac.digest(self.secret, f"{_HEADER}|id".encode(), "sha256")[:8].hex()

    def keyring(self) -> Any:
        return self._keyring

    @functools.cached_property
    def _keyring(self) -> Any:
        from deident.vault.sdk import raw_aes_keyring  # noqa: PLC0415 - takes a second to import

        return raw_aes_keyring(self.id, self.secret)

    def failure(self) -> DeidentError | None:
        return None

    @classmethod
    def load(cls, path: Path) -> LocalKey:
        """Read a key file. Raises KeyProblem when it is missing, damaged, a link, or open to others."""
        return cls(read_secret(path, _HEADER, "the vault key"))

    @classmethod
    def load_or_create(cls, path: Path) -> LocalKey:
        """Read the key file, creating it first (0600) when there is none; two processes end up with one key."""
        if not os.path.lexists(path):
            create_secret(path, _HEADER, secrets.token_bytes(LENGTH))
        return cls.load(path)

    @classmethod
    def from_environment(cls) -> LocalKey | None:
        """The key in `$DEIDENT_VAULT_KEY`, or None. Raises KeyProblem when it is not 64 hexadecimal digits."""
        text = os.environ.get(ENV_KEY, "").strip()
        if not text:
            return None
        try:
            secret = bytes.fromhex(text)
        except ValueError:
            secret = b""
        if len(secret) != LENGTH:
            raise KeyProblem(f"{ENV_KEY} must hold {2 * LENGTH} hexadecimal digits")
        return cls(secret)


@dataclass(frozen=True)
class Keys:
    """The keys at hand: the first seals, all of them open."""

    keys: Sequence[WrappingKey]

    def __post_init__(self) -> None:
        if not self.keys:
            raise KeyProblem("no vault key was named")

    @property
    def sealing(self) -> WrappingKey:
        return self.keys[0]

    def __iter__(self) -> Iterator[WrappingKey]:
        return iter(self.keys)

    def named(self, identifier: str) -> WrappingKey | None:
        """The key of that id, when it is at hand."""
        return next((key for key in self.keys if key.id == identifier), None)
