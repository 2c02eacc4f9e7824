"""Listings, page by page: objects, and uploads that nobody completed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from deident.errors import Reason, UsageProblem
from deident.stores.names import check_key
from deident.stores.protocol import Entry
from deident.stores.s3.multipart import abort
from deident.stores.s3.problems import safe_call
from deident.stores.s3.service import Service

__all__ = ["entries", "sweep", "uploads"]

_PAGE: Final = 1000


def entries(service: Service, bucket: str, root: str, prefix: str, page: int = _PAGE) -> Iterator[Entry]:
    """Everything below `root` whose key goes on with `prefix`; no more than one page is held."""
    token: dict[str, str] = {}
    while True:
        answer = _page(service.client, Bucket=bucket, Prefix=root + prefix, MaxKeys=page, **token)
        for found in answer.get("Contents", ()):
            entry = _entry(
                found["Key"].removeprefix(root),
                int(found["Size"]),
                str(found["ETag"]),
                found["LastModified"].timestamp(),
            )
            if entry is not None:
                yield entry
        if not answer.get("IsTruncated"):
            return
        token = {"ContinuationToken": answer["NextContinuationToken"]}


@safe_call
def _page(client: Any, **request: Any) -> dict[str, Any]:
    answer: dict[str, Any] = client.list_objects_v2(**request)
    return answer


def _entry(key: str, size: int, etag: str, modified: float) -> Entry | None:
    """None for the empty object that some tools make for a folder, when the folder is the store itself.

    A key that is no relative name could not be told from another one where it is used as a name: never opened. A folder
    of such tools holds nothing to miss; anything else may be an instance, so a person has to look.
    """
    try:
        return Entry(check_key(key), size, etag, modified=modified)
    except UsageProblem:
        pass
    if size == 0 and not key:
        return None
    folder = size == 0 and key.endswith("/")
    return Entry(key or ".", size, etag, Reason.NOT_A_FILE if folder else Reason.UNREADABLE)


def sweep(service: Service, bucket: str, root: str, before: datetime) -> int:
    """End the uploads below `root` that began before that time; return how many."""
    ended = 0
    for key, identifier, initiated in uploads(service, bucket, root):
        if initiated < before:
            abort(service.client, bucket, key, identifier)
            ended += 1
    return ended


def uploads(service: Service, bucket: str, root: str) -> Iterator[tuple[str, str, datetime]]:
    """(key, id, when it began) of every upload below `root` that has not ended."""
    marker: dict[str, str] = {}
    while True:
        answer = _uploads(service.client, Bucket=bucket, Prefix=root, **marker)
        for upload in answer.get("Uploads", ()):
            if upload["Key"].startswith(root):
                yield upload["Key"], upload["UploadId"], upload["Initiated"]
        if not answer.get("IsTruncated"):
            return
        marker = {"KeyMarker": answer["NextKeyMarker"], "UploadIdMarker": answer["NextUploadIdMarker"]}


@safe_call
def _uploads(client: Any, **request: Any) -> dict[str, Any]:
    answer: dict[str, Any] = client.list_multipart_uploads(**request)
    return answer
