"""The pseudonym vault: sealed, append-only segments of pseudonym and original; re-identification for who holds the key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from deident.lazily import lazily

if TYPE_CHECKING:
    from deident.vault.importing import import_map, read_map
    from deident.vault.index import read_index
    from deident.vault.keys import ENV_KEY, ENV_KMS_KEY, Keys, LocalKey, WrappingKey
    from deident.vault.lookup import Report, Status, export, reidentify, status, verify
    from deident.vault.place import Vault, exists, require
    from deident.vault.project import home_store, home_vault, keys_at_hand, open_place, project_key
    from deident.vault.rewrite import Rewritten, compact, reseal
    from deident.vault.writer import SegmentRef, VaultWriter

__all__ = [
    "ENV_KEY",
    "ENV_KMS_KEY",
    "Keys",
    "LocalKey",
    "Report",
    "Rewritten",
    "SegmentRef",
    "Status",
    "Vault",
    "VaultWriter",
    "WrappingKey",
    "compact",
    "exists",
    "export",
    "home_store",
    "home_vault",
    "import_map",
    "keys_at_hand",
    "open_place",
    "project_key",
    "read_index",
    "read_map",
    "reidentify",
    "require",
    "reseal",
    "status",
    "verify",
]

_NAMES: Final = {
    "deident.vault.importing": ("import_map", "read_map"),
    "deident.vault.index": ("read_index",),
    "deident.vault.keys": ("ENV_KEY", "ENV_KMS_KEY", "Keys", "LocalKey", "WrappingKey"),
    "deident.vault.lookup": ("Report", "Status", "export", "reidentify", "status", "verify"),
    "deident.vault.place": ("Vault", "exists", "require"),
    "deident.vault.project": ("home_store", "home_vault", "keys_at_hand", "open_place", "project_key"),
    "deident.vault.rewrite": ("Rewritten", "compact", "reseal"),
    "deident.vault.writer": ("SegmentRef", "VaultWriter"),
}

__getattr__, __dir__ = lazily(__name__, _NAMES)
