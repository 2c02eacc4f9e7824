"""The manifest of a released study: the list that makes it visible, written after everything it names."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from deident.errors import AlreadyExists, DeidentError, NotFound, Reason, Refusal, TransientProblem
from deident.ledger import OutputDigest
from deident.stores.protocol import Store

__all__ = ["NAME", "SCHEMA", "Manifest", "ManifestError", "publish", "read_manifest", "study_folder"]

SCHEMA: Final = "deident-manifest/1"
NAME: Final = "manifest.json"
_ATTEMPTS: Final = 5


class ManifestError(DeidentError):
    """An object stands where a manifest should be and is none."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is released of a study: pseudonyms, names and digests.

    It holds no time and no run, so that a run that was killed and starts again writes the same bytes. `version`
    counts from 1; a manifest supersedes every one of a lower version.
    """

    patient: str
    study: str
    profile_digest: str
    code_version: str
    instances: tuple[OutputDigest, ...]
    version: int = 1

    def to_bytes(self) -> bytes:
        return json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1).encode() + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Raises ManifestError for anything that to_bytes did not make."""
        try:
            values: dict[str, Any] = json.loads(data)
            if values.pop("schema") == SCHEMA:
                values["instances"] = tuple(OutputDigest(**instance) for instance in values["instances"])
                return cls(**values)
        except (ValueError, TypeError, KeyError, AttributeError):
            pass
        raise ManifestError("an object stands where a manifest should be and is none")

    def same_content(self, other: Manifest) -> bool:
        """Whether both say the same, versions apart."""
        return replace(self, version=other.version) == other


def study_folder(name: str) -> str:
    """`<patient>/<study>/` of an output `<patient>/<study>/<series>/<sop>.dcm`."""
    patient, study, _ = name.split("/", 2)
    return f"{patient}/{study}/"


def read_manifest(store: Store, folder: str) -> Manifest | None:
    """The manifest in a study folder, or None."""
    return _read(store, folder)[0]


def _read(store: Store, folder: str) -> tuple[Manifest | None, str]:
    """The manifest in a study folder with its version in the store; None where there is none."""
    try:
        with store.open(folder + NAME) as opened:
            return Manifest.from_bytes(opened.read_at(0, opened.size)), opened.version
    except NotFound:
        return None, ""


def publish(store: Store, folder: str, new: Manifest) -> Manifest:
    """Write the manifest of a study whose objects all stand in the store; keep an old one that says the same.

    The version is at least that of `new`, and above that of the manifest which it supersedes. One that another writes
    meanwhile is read before it is superseded: nothing is replaced that was not seen.
    """
    for _ in range(_ATTEMPTS):
        old, version = _read(store, folder)
        if old is not None:
            if new.same_content(old):
                return old
            new = replace(new, version=max(new.version, old.version + 1))
        try:
            if old is None:
                store.put(folder + NAME, new.to_bytes())
            else:
                store.replace(folder + NAME, new.to_bytes(), version)
            return new
        except AlreadyExists:
            continue  # from another machine
        except Refusal as refusal:
            if refusal.reason is not Reason.CHANGED:
                raise
    raise TransientProblem("others write the same manifest")
