"""Bring a study out: its objects, then the manifest that makes them visible, then the end of what that supersedes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from deident.errors import AlreadyExists, DeidentError, PlaceProblem, Reason, Refusal
from deident.ledger import Ledger, OutputDigest, Record
from deident.locks import Locks
from deident.manifest import NAME, Manifest, publish, read_manifest, study_folder
from deident.stores.protocol import Store
from deident.study.worker import COMPOSED, stored_digest

__all__ = ["Places", "StagedOutput", "publish_study", "withdraw"]


class Places(Protocol):
    """From where to where a study is brought, and the ledger that knows what was there before. A Context is one."""

    @property
    def staging(self) -> Store: ...

    @property
    def released(self) -> Store: ...

    @property
    def ledger(self) -> Ledger: ...

    @property
    def locks(self) -> Locks: ...


class StagedOutput(Protocol):
    """An output in staging: `key` and `version` there, `name` once released, `size` in bytes, `digest` of its bytes."""

    @property
    def key(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def digest(self) -> str: ...


def publish_study(places: Places, record: Record, staged: Sequence[StagedOutput], *, verify: bool = False) -> Record:
    """Copy the objects, then write the manifest; what an earlier version had and this one has not goes last.

    With `verify` the digests of the copies are compared before the manifest is written; those that only S3 has seen whole
    are proved by the version that they are copied of. Raises Refusal(CHANGED), and takes the copies away, when one differs.
    """
    folder = study_folder(staged[0].name)
    outputs = tuple(OutputDigest(instance.name, instance.size, instance.digest) for instance in staged)
    patient, uid, _ = folder.split("/")
    earlier = max((before.manifest_version for before in places.ledger.history(record.study)), default=0)
    manifest = Manifest(
        patient=patient,
        study=uid,
        profile_digest=record.profile_digest,
        code_version=record.code_version,
        instances=tuple(sorted(outputs, key=lambda output: output.name)),
        version=1 + earlier,
    )
    try:
        for instance in staged:
            _copy(places, instance, folder)
        if verify and not all(_arrived(places, instance) for instance in staged):
            raise Refusal(Reason.CHANGED)
        places.locks.check()
        written = publish(places.released, folder, manifest)
    except BaseException:
        with contextlib.suppress(DeidentError):
            places.locks.check()
            withdraw(places, [instance.name for instance in staged])
        raise
    _remove_superseded(places, folder, {output.name for output in outputs})
    _retire(places, record.study, folder)
    return replace(record, manifest=folder + NAME, manifest_version=written.version, outputs=written.instances)


def _copy(places: Places, instance: StagedOutput, folder: str) -> None:
    """Bring one object out. The same bytes under this name stay; others are replaced, out of sight of any manifest."""
    try:
        places.released.copy_from(places.staging, instance.key, instance.name, version=instance.version)
        return
    except AlreadyExists:
        pass
    if not _same(places, instance, folder):
        places.locks.check()
        places.released.delete(folder + NAME)
        places.released.copy_from(places.staging, instance.key, instance.name, overwrite=True, version=instance.version)


def _same(places: Places, instance: StagedOutput, folder: str) -> bool:
    """Whether what stands under the name is the same object; where only S3 has seen its bytes, by the manifest's word."""
    if not instance.digest.startswith(COMPOSED):
        return stored_digest(places.released, instance.name) == instance.digest
    manifest = read_manifest(places.released, folder)
    output = OutputDigest(instance.name, instance.size, instance.digest)
    return manifest is not None and output in manifest.instances


def _arrived(places: Places, instance: StagedOutput) -> bool:
    """Whether a copy has the digest that was recorded. A composed one was made under the precondition of its version."""
    return instance.digest.startswith(COMPOSED) or stored_digest(places.released, instance.name) == instance.digest


def withdraw(places: Places, names: Iterable[str], *, must: bool = True) -> None:
    """Take away what was copied of a study that is not visible; what an earlier version made visible stays as it is.

    Unless it `must`, nothing is taken away where this process has no right to: without a manifest nobody sees it.
    """
    with contextlib.suppress(*() if must else (PlaceProblem, Refusal)):
        for folder in sorted({study_folder(name) for name in names}):
            if read_manifest(places.released, folder) is None:
                _remove_superseded(places, folder, set())


def _retire(places: Places, study: str, folder: str) -> None:
    """Take away the study where earlier versions of it stand under another patient: the patient list, or a prefix, changed.

    First the manifest, then what it named. It is the same study as its folder is named by its UID.
    """
    earlier = {study_folder(record.manifest) for record in places.ledger.history(study) if record.manifest}
    for former in sorted(earlier - {folder}):
        if former.split("/")[1] == folder.split("/")[1]:
            places.released.delete(former + NAME)
            _remove_superseded(places, former, set())


def _remove_superseded(places: Places, folder: str, keep: set[str]) -> None:
    """Remove the instances in a study folder that are not in `keep`; files of others are none of our business."""
    for entry in list(places.released.list(folder)):
        series, _, name = entry.key.removeprefix(folder).partition("/")
        ours = series.startswith("2.25.") and name.startswith("2.25.") and name.endswith(".dcm")
        if ours and entry.key not in keep:
            places.released.delete(entry.key)
