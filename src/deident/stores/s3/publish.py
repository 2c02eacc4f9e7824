"""How an object gets its name: conditional, and after an unclear answer by looking at what stands there."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

from deident.errors import AlreadyExists, NotFound, PlaceProblem, Reason, Refusal, TransientProblem
from deident.stores.s3.problems import Conflict, Damaged, Unclear, safe_call
from deident.stores.s3.service import Pause, Service, head

__all__ = ["Target", "publish", "put", "replace", "sha256", "undamaged"]

#: Metadata that tells an own write, whose answer got lost, from another's: a random number and nothing else.
_MARK: Final = "deident-write"
_ATTEMPTS: Final = 4


def _token() -> str:
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class Target:
    """An object to be made. One target is one write: a second one under the same key is somebody else's."""

    service: Service
    bucket: str = field(repr=False)
    key: str = field(repr=False)
    overwrite: bool
    token: str = field(default_factory=_token, repr=False)

    def place(self) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.key}

    def attributes(self) -> dict[str, Any]:
        """Whatever is stored beside the bytes; nothing of it comes from the source."""
        dicom = self.key.lower().endswith(".dcm")
        kms = self.service.settings.kms_key_id
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms, "BucketKeyEnabled": True} if kms else {}
        return {
            "ContentType": "application/dicom" if dicom else "application/octet-stream",
            "Metadata": {_MARK: self.token},
            "ChecksumAlgorithm": "SHA256",
            **encryption,
        }

    def condition(self) -> dict[str, str]:
        return {} if self.overwrite else {"IfNoneMatch": "*"}


class _Standing(Enum):
    OURS = auto()
    ANOTHER = auto()
    NOTHING = auto()
    UNSEEN = auto()


def publish(
    target: Target, send: Callable[[], None], *, again: bool = True, absent: Callable[[], None] | None = None
) -> None:
    """Call `send`, which makes the object, and after a conflict or an unclear answer find out what came of it.

    `again`: sending twice is possible. `absent` is called when S3 refused though nothing stands there, to raise what
    explains it. Raises AlreadyExists, or TransientProblem when the outcome cannot be told for now.
    """
    pause = Pause(_ATTEMPTS if again else 1)
    while True:
        failure: Conflict | Unclear
        try:
            undamaged(send)
            return
        except (Conflict, Unclear) as problem:
            failure = problem.with_traceback(None)
        standing = _look(target)
        if standing is _Standing.OURS:
            return
        if standing is _Standing.ANOTHER and not target.overwrite:
            break
        if isinstance(failure, Unclear):
            raise failure
        if standing is _Standing.UNSEEN and failure.retries == 0:
            break  # no try before this one: the object cannot be ours
        if standing is _Standing.UNSEEN:
            raise TransientProblem("S3: an object stands there, and whether it is the new one cannot be seen")
        if absent is not None:
            absent()
        if not pause.again():
            raise TransientProblem("S3: another request for this object is under way")
    raise AlreadyExists("an object of this name exists already")


def _look(target: Target) -> _Standing:
    """What stands under the name. Raises TransientProblem when that cannot be told."""
    try:
        metadata = head(target.service, target.bucket, target.key)[1]
    except NotFound:
        return _Standing.NOTHING
    except (Refusal, PlaceProblem):
        return _Standing.UNSEEN
    return _Standing.OURS if metadata.get(_MARK) == target.token else _Standing.ANOTHER


def undamaged(send: Callable[[], None]) -> None:
    """Call `send`, and again when the bytes were damaged on their way."""
    pause = Pause(_ATTEMPTS)
    while True:
        try:
            send()
            return
        except Damaged:
            if not pause.again():
                raise


def sha256(data: bytes) -> str:
    """The checksum as S3 wants it. Given with each body, so that S3 refuses what was damaged on its way."""
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def put(target: Target, data: bytes) -> None:
    """Make a small object."""
    request = {**target.place(), **target.attributes(), **target.condition(), "ChecksumSHA256": sha256(data)}

    @safe_call
    def send() -> None:
        target.service.client.put_object(Body=data, **request)

    publish(target, send)


def replace(target: Target, data: bytes, version: str) -> None:
    """Put a small object in the place of the version of that ETag. Raises Refusal(CHANGED) when another stands there."""
    request = {**target.place(), **target.attributes(), "IfMatch": version, "ChecksumSHA256": sha256(data)}

    @safe_call
    def send() -> None:
        target.service.client.put_object(Body=data, **request)

    try:
        publish(target, send, absent=lambda: _check_standing(target, version))
        return
    except NotFound:
        pass
    raise Refusal(Reason.CHANGED)  # gone: S3 says so with 404


def _check_standing(target: Target, version: str) -> None:
    """S3 refused: because another version stands there, or another request was under way?"""
    try:
        standing = head(target.service, target.bucket, target.key)[0].etag
    except NotFound:
        standing = ""
    if standing != version:
        raise Refusal(Reason.CHANGED)
