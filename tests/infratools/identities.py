"""What SeaweedFS can express of docs/roles.md: reading, listing and writing, by bucket or prefix."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from infratools.roles import ROLES, Row

__all__ = ["DOCUMENT", "bucket_of", "identities"]

DOCUMENT: Final = Path(__file__).parents[2] / "infra" / "seaweedfs-identities.json"
_ACTIONS: Final = {"s3:ListBucket": "List", "s3:GetObject": "Read", "s3:PutObject": "Write"}
#: Buckets in which rights end at a folder.
_BY_FOLDER: Final = ("audit", "vault")
#: What in staging is written to by who does not stage.
_IN_STAGING: Final = {"leases/": "leases/*", "/decision-": "*/decision-*"}


def bucket_of(name: str) -> str:
    """The trial's name of a bucket of the table."""
    return f"deident-{name}"


def identities(rows: Iterable[Row]) -> dict[str, Any]:
    """The identities, without credentials. Deleting is part of writing there, so a role that may only delete may not."""
    found: dict[str, set[str]] = {role: set() for role in ROLES}
    for row in rows:
        if row.action in _ACTIONS and "prefix=" not in row.when:
            for role in row.allowed & found.keys():
                found[role].add(f"{_ACTIONS[row.action]}:{_place(row.on)}")
    return {"identities": [{"name": role, "actions": sorted(found[role])} for role in ROLES]}


def _place(on: str) -> str:
    bucket, _, key = on.partition("/")
    for part, pattern in _IN_STAGING.items() if bucket == "staging" else ():
        if part in key:
            return f"{bucket_of(bucket)}/{pattern}"
    folder = key.partition("/")[0] if bucket in _BY_FOLDER else ""
    if not folder:
        return bucket_of(bucket)
    # The server knows prefixes, no single objects.
    return f"{bucket_of(bucket)}/{folder}/*" if "/" in key else f"{bucket_of(bucket)}/{key}*"
