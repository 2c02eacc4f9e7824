"""A client, the versions of objects that it tells of, and how long to wait between tries."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import Any

from deident.stores.s3.problems import safe_reading
from deident.stores.s3.settings import S3Settings

__all__ = ["Pause", "S3Version", "Service", "head", "version_of"]


@dataclass(frozen=True, slots=True)
class Service:
    """A client with the settings that it was made of."""

    client: Any = field(repr=False)
    settings: S3Settings = field(repr=False)

    @property
    def endpoint(self) -> str:
        return str(self.client.meta.endpoint_url)


@dataclass(frozen=True, slots=True)
class S3Version:
    """One version of one object. `version_id` is None in a bucket without versioning."""

    bucket: str = field(repr=False)
    key: str = field(repr=False)
    size: int
    etag: str
    version_id: str | None

    def request(self) -> dict[str, str]:
        """The parameters that read exactly this version."""
        pinned = {"VersionId": self.version_id} if self.version_id is not None else {}
        return {"Bucket": self.bucket, "Key": self.key, "IfMatch": self.etag, **pinned}

    def copy_source(self) -> dict[str, str]:
        """The same for a copy inside S3; CopySourceIfMatch comes with it."""
        pinned = {"VersionId": self.version_id} if self.version_id is not None else {}
        return {"Bucket": self.bucket, "Key": self.key, **pinned}


def version_of(bucket: str, key: str, size: int, answer: dict[str, Any]) -> S3Version:
    """The version that an answer tells of."""
    version_id = answer.get("VersionId")
    # "null" stands for objects that are older than the bucket's versioning: nothing that could be pinned.
    return S3Version(bucket, key, size, str(answer["ETag"]), None if version_id in (None, "null") else str(version_id))


@safe_reading
def head(service: Service, bucket: str, key: str) -> tuple[S3Version, dict[str, str]]:
    """The latest version of an object, and its metadata. Raises NotFound and what else reading raises."""
    answer = service.client.head_object(Bucket=bucket, Key=key)
    return version_of(bucket, key, int(answer["ContentLength"]), answer), dict(answer.get("Metadata") or {})


class Pause:
    """Waits between tries: exponential, with jitter; a try that got some bytes does not count."""

    def __init__(self, attempts: int) -> None:
        self._left = attempts - 1
        self._next = 0.05

    def again(self, *, progress: bool = False) -> bool:
        """Wait and return True, or False when the tries are used up."""
        if progress:
            self._next = 0.05
        elif self._left <= 0:
            return False
        else:
            self._left -= 1
        time.sleep(self._next * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
        self._next = min(self._next * 2, 5.0)
        return True
