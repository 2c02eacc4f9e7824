"""Stores: one small protocol over folders, memory and object storage."""

from deident.stores.folder import FolderStore
from deident.stores.memory import MemoryStore
from deident.stores.protocol import Entry, OpenObject, Store, Written, read_all

__all__ = ["Entry", "FolderStore", "MemoryStore", "OpenObject", "Store", "Written", "read_all"]
