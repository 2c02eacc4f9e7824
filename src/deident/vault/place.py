"""A vault: what it is called, the project secret sealed in it, and the chains of records that index it."""

from __future__ import annotations

import contextlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from deident.errors import (
    AlreadyExists,
    ConfigurationError,
    VaultAbsent,
    VaultProblem,
    VaultSchemaUnknown,
    VaultTampered,
    WrongVaultKey,
)
from deident.pseudonyms import DERIVATION, ProjectKey
from deident.stores.protocol import Store
from deident.vault.envelope import SCHEMA, Bound, Head, fetch, open_sealed, seal
from deident.vault.keys import Keys
from deident.vault.records import Chain, Signer, numbers

__all__ = ["Vault", "exists", "now", "require"]

_DESCRIPTOR: Final = "vault.json"
_CHECK: Final = "check.json"
_SECRETS: Final = "secret"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def exists(store: Store) -> bool:
    """Whether a vault has been started here."""
    return store.exists(_DESCRIPTOR)


def require(store: Store) -> None:
    """Raise VaultAbsent where no vault has been started."""
    if not exists(store):
        raise VaultAbsent("there is no vault at this place; make one with: deident vault init")


def now() -> str:
    """The time in UTC, ISO 8601 with seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Vault:
    """An opened vault. `project` and `id` are opaque names: objects are bound to both, and KMS logs them."""

    store: Store = field(repr=False)
    project: str
    id: str
    keys: Keys = field(repr=False)
    secret: ProjectKey = field(repr=False)

    @classmethod
    def create(cls, store: Store, keys: Keys, *, secret: ProjectKey | None = None, project: str = "") -> Vault:
        """Make a vault, or finish or open one; of several processes that do it at once all end with the same secret.

        `secret` is one that the project has already. Raises WrongVaultKey when the vault holds another secret.
        """
        if project and not _NAME.fullmatch(project):
            raise ConfigurationError("the name of a project is made of a-z, 0-9 and hyphens, 63 at most")
        descriptor = {
            "schema": SCHEMA,
            "project": project or secrets.token_hex(8),
            "store": secrets.token_hex(8),
            "created": now(),
        }
        with contextlib.suppress(AlreadyExists):
            store.put(_DESCRIPTOR, json.dumps(descriptor).encode() + b"\n")
        name, identifier = _descriptor(store)
        if project and project != name:
            raise ConfigurationError("the vault at this place has another project name")
        if not numbers(store, _SECRETS):
            if store.exists(_CHECK):  # a vault that has lost it: only the same one may take its place
                cls.open(store, keys, secret=secret)
            seal_secret(store, keys, (secret or ProjectKey.generate()), Bound(name, identifier, _secret(1), "secret"))
        found, _ = unseal_secret(store, keys, name, identifier)
        _check_same(secret, found)
        with contextlib.suppress(AlreadyExists):
            store.put(_CHECK, Signer.of(found, identifier).record(_CHECK, {"derivation": DERIVATION}))
        return cls.open(store, keys, secret=found)

    @classmethod
    def open(cls, store: Store, keys: Keys, *, secret: ProjectKey | None = None) -> Vault:
        """Open a vault. With the project's `secret` at hand nothing is decrypted, and no right to decrypt is needed.

        Raises VaultAbsent, WrongVaultKey or another VaultProblem.
        """
        require(store)
        name, identifier = _descriptor(store)
        if not store.exists(_CHECK):
            raise VaultAbsent("the making of this vault was not finished; run again: deident vault init")
        found = secret or unseal_secret(store, keys, name, identifier)[0]
        try:
            body = Signer.of(found, identifier).check(_CHECK, fetch(store, _CHECK))
        except VaultTampered:
            body = {}
        if not body:
            raise WrongVaultKey("the project key at hand is not the one of this vault", _CHECK)
        if body.get("derivation") != DERIVATION:
            raise VaultSchemaUnknown("the pseudonyms of this vault are of another derivation", _CHECK)
        return cls(store, name, identifier, keys, found)

    @property
    def signer(self) -> Signer:
        return Signer.of(self.secret, self.id)

    @property
    def writers(self) -> Chain:
        """The register: who has ever sealed segments here."""
        return Chain(self.store, self.signer, "writers")

    @property
    def checkpoints(self) -> Chain:
        """Up to where the segments of each writer were replaced by others."""
        return Chain(self.store, self.signer, "checkpoints")

    @property
    def audit(self) -> Chain:
        """Who looked something up, when, how much; no identifier."""
        return Chain(self.store, self.signer, "audit")

    def bound(self, name: str, purpose: str, previous: str = "") -> Bound:
        return Bound(self.project, self.id, name, purpose, previous)

    def sealed_secret(self) -> Head:
        """The clear line of the sealed project secret, which must open and be the project's."""
        found, head = unseal_secret(self.store, self.keys, self.project, self.id)
        _check_same(self.secret, found)
        return head

    def reseal_secret(self) -> bool:
        """Seal the secret under the sealing key unless it is; the old one goes when the new one has been opened."""
        last = max(numbers(self.store, _SECRETS), default=0)
        changed = self.sealed_secret().key != self.keys.sealing.id
        if changed:
            seal_secret(self.store, self.keys, self.secret, self.bound(_secret(last + 1), "secret"))
            self.sealed_secret()
        for number in numbers(self.store, _SECRETS)[:-1]:
            self.store.delete(_secret(number))
        return changed


def _descriptor(store: Store) -> tuple[str, str]:
    """(project, store) as the vault calls them. They are in clear and prove themselves when something opens for them."""
    data = fetch(store, _DESCRIPTOR)
    try:
        values = json.loads(data)
        schema, name, identifier = values["schema"], values["project"], values["store"]
    except (ValueError, TypeError, KeyError):
        schema = name = identifier = None
    if schema is not None and schema != SCHEMA:
        raise VaultSchemaUnknown("the vault has an unknown schema", _DESCRIPTOR)
    if not all(isinstance(text, str) and _NAME.fullmatch(text) for text in (name, identifier)):
        raise VaultTampered("the description of the vault is damaged", _DESCRIPTOR)
    return str(name), str(identifier)


def seal_secret(store: Store, keys: Keys, secret: ProjectKey, bound: Bound) -> None:
    """Put the sealed secret in its place, unless another process did."""
    with contextlib.suppress(AlreadyExists):
        store.put(bound.name, seal(keys, bound, secret.reveal()))


def unseal_secret(store: Store, keys: Keys, project: str, identifier: str) -> tuple[ProjectKey, Head]:
    """The project secret, from the last of its sealed forms."""
    last = max(numbers(store, _SECRETS), default=0)
    if not last:
        raise VaultProblem("the sealed project secret is missing", _SECRETS)
    bound = Bound(project, identifier, _secret(last), "secret")
    plaintext, head = open_sealed(keys, bound, fetch(store, bound.name))
    return ProjectKey(plaintext), head


def _secret(number: int) -> str:
    return f"{_SECRETS}/{number:08d}"


def _check_same(expected: ProjectKey | None, found: ProjectKey) -> None:
    if expected is not None and not hmac.compare_digest(expected.reveal(), found.reveal()):
        raise WrongVaultKey("the project key at hand is not the one that is sealed in this vault")
