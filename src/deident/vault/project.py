"""The vault of a project home: where it lies, which keys are at hand, and where the project key comes from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from deident.home import ProjectHome
from deident.pseudonyms import ProjectKey
from deident.roots import Roots
from deident.stores.places import open_store
from deident.stores.protocol import Store
from deident.vault.keys import ENV_KMS_KEY, Keys, LocalKey, WrappingKey
from deident.vault.place import Vault, exists

__all__ = ["home_store", "home_vault", "keys_at_hand", "open_place", "project_key"]


def home_store(home: ProjectHome) -> Store:
    """The place of the vault of a project: the folder of the home, or what `places.toml` there names."""
    return Roots.of(home).open("vault")


def open_place(place: str) -> Store:
    """The store that a place names: a folder or `s3://bucket/prefix`."""
    return open_store(place, private=True)


def keys_at_hand(
    home: ProjectHome, named: Sequence[tuple[str, str]] = (), *, create: bool = False, roots: Roots | None = None
) -> Keys:
    """The wrapping keys: the `named` ones (("file", path) or ("kms", key)), else those of environment and home.

    Without names: `$DEIDENT_VAULT_KMS_KEY`, `$DEIDENT_VAULT_KEY`, then the file `vault-key` of the home, which `create`
    makes. A key in KMS is used with the rights that `roots`, or `places.toml`, give for the vault. Raises KeyProblem.
    """
    if named:
        return Keys(
            [
                _kms(name, home, roots) if kind == "kms" else LocalKey.load(Path(name).expanduser())
                for kind, name in named
            ]
        )
    if name := os.environ.get(ENV_KMS_KEY, "").strip():
        return Keys([_kms(name, home, roots)])
    if local := LocalKey.from_environment():
        return Keys([local])
    return Keys([LocalKey.load_or_create(home.vault_key) if create else LocalKey.load(home.vault_key)])


def _kms(name: str, home: ProjectHome, roots: Roots | None) -> WrappingKey:
    from deident.vault.kms import KmsKey  # noqa: PLC0415 - imports boto3

    return KmsKey(name, (roots or Roots.of(home)).key_session())


def home_vault(home: ProjectHome, secret: ProjectKey, roots: Roots | None = None) -> Vault | None:
    """The vault of a project, opened without decrypting anything; None when it has none."""
    roots = roots or Roots.of(home)
    store = roots.open("vault")
    return Vault.open(store, keys_at_hand(home, roots=roots), secret=secret) if exists(store) else None


def project_key(home: ProjectHome, roots: Roots | None = None) -> ProjectKey:
    """The project key: the file `key` of the home, else what the vault (where `roots` say) has sealed, else a new file.

    A key file that is gone while there is a vault is never made anew: every pseudonym would change. Raises KeyProblem.
    """
    if not os.path.lexists(home.key):
        roots = roots or Roots.of(home)
        store = roots.open("vault")
        if exists(store):
            return Vault.open(store, keys_at_hand(home, roots=roots)).secret
    return ProjectKey.load_or_create(home.key)
