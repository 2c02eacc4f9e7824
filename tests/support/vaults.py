"""Entries for vaults, and ways to spoil one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable

from deident.engine.result import MapEntry
from deident.pseudonyms import Pseudonyms
from deident.stores import FolderStore, Store, read_all
from deident.stores.protocol import Written
from deident.vault import LocalKey, Vault, VaultWriter, verify

__all__ = ["KEY", "OTHER", "KillingStore", "entries_of", "everything", "fill", "rewrite_object", "spoil"]

KEY = LocalKey(bytes(range(32)))
OTHER = LocalKey(bytes(range(1, 33)))


def entries_of(vault: Vault, patient: int, instances: int = 3) -> list[MapEntry]:
    """What a study of patient number `patient` maps."""
    pseudonyms = Pseudonyms(vault.secret)
    uid = f"1.2.840.99999.{patient}"
    return [
        MapEntry("patient", f"MRN-{patient:06d}", pseudonyms.patient(f"MRN-{patient:06d}", "", uid)),
        MapEntry("accession", f"ACC{patient:08d}", pseudonyms.accession(f"ACC{patient:08d}")),
        MapEntry("study-id", f"STUDY{patient:05d}", pseudonyms.study_id(f"STUDY{patient:05d}", uid)),
        *(MapEntry("uid", text, pseudonyms.uid(text.encode())) for text in _uids(uid, instances)),
    ]


def _uids(study: str, instances: int) -> Iterable[str]:
    yield study
    yield from (f"{study}.1.{number}" for number in range(instances))


def fill(vault: Vault, patients: Iterable[int], *, segments: int = 0, kind: str = "run") -> VaultWriter:
    """Seal some patients, a segment for each; the writer that did."""
    writer = VaultWriter(vault, kind)
    for patient in patients:
        writer.seal(entries_of(vault, patient))
    assert not segments or writer._number == segments
    return writer


def everything(vault: Vault) -> dict[str, int]:
    """Entries by domain of a vault that must be whole."""
    report = verify(vault)
    assert report.problems == ()
    return report.entries


def spoil(store: Store, name: str, data: bytes) -> None:
    store.put(name, data, overwrite=True)


def rewrite_object(store: Store, name: str, old: bytes, new: bytes) -> None:
    """Replace some bytes of an object."""
    data = read_all(store, name)
    assert old in data
    spoil(store, name, data.replace(old, new, 1))


class KillingStore(FolderStore):
    """A folder that kills its process at the nth change: before it is made, or right after."""

    def __init__(self, root: str | os.PathLike[str], *, at: int, after: bool) -> None:
        super().__init__(root, private=True)
        self._left = at
        self._after = after

    def put(self, key: str, data: bytes, *, overwrite: bool = False) -> Written:
        self._maybe(before=True)
        written = super().put(key, data, overwrite=overwrite)
        self._maybe(before=False)
        return written

    def delete(self, key: str) -> None:
        self._maybe(before=True)
        super().delete(key)
        self._maybe(before=False)

    def _maybe(self, *, before: bool) -> None:
        if before:
            self._left -= 1
        if self._left == 0 and before is not self._after:
            os.kill(os.getpid(), signal.SIGKILL)
