"""The pseudonym vault: sealed, append-only segments of pseudonym and original; re-identification for who holds the key."""

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
