"""Uploads in parts: bytes sent and ranges that S3 copies by itself, several at a time, nothing visible until the end."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from deident.errors import DeidentError, NotFound, PlaceProblem, Reason, Refusal, UsageProblem
from deident.stores.s3.problems import Conflict, safe_call
from deident.stores.s3.publish import Target, publish, sha256, undamaged
from deident.stores.s3.service import S3Version

__all__ = ["Upload", "abort"]

_MOST_PARTS: Final = 10_000


class Upload:
    """One multipart upload. `complete` or `abandon` ends it; not to be shared by threads."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._client = target.service.client
        settings = target.service.settings
        self._threads = settings.part_threads
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="deident-s3")
        self._running: deque[Future[None]] = deque()
        self._parts: dict[int, dict[str, Any]] = {}
        self._count = 0
        self._size = 0
        self._id = ""

    @property
    def count(self) -> int:
        """Parts so far."""
        return self._count

    def add(self, data: bytes) -> None:
        """Send a part; at least 5 MiB unless it is the last. Returns when fewer than `part_threads` wait before it."""
        number = self._next(len(data))
        self._submit(lambda: self._send(number, data))

    def copy(self, source: S3Version, offset: int, length: int, *, probe: bool) -> bool:
        """Let S3 copy a range as parts. With `probe`, False when S3 does not let us, and then nothing was added."""
        pieces = list(_split(offset, length, self._target.service.settings.copy_part_size))
        if probe:
            number = self._next(pieces[0][1])
            try:
                self._copy(number, source, *pieces[0])
            except PlaceProblem:
                self._count, self._size = number - 1, self._size - pieces[0][1]
                return False
            del pieces[0]
        for start, size in pieces:
            self._submit(self._copying(self._next(size), source, start, size))
        return True

    def complete(self, check: Callable[[], None]) -> None:
        """Wait for all parts, call `check`, and let the object appear."""
        while self._running:
            self._running.popleft().result()
        check()
        parts = [self._parts[number] for number in sorted(self._parts)]
        target = self._target

        @safe_call
        def send() -> None:
            self._client.complete_multipart_upload(
                **target.place(),
                **target.condition(),
                UploadId=self._id,
                MultipartUpload={"Parts": parts},
                MpuObjectSize=self._size,
            )

        publish(target, send, again=False)
        self._id = ""

    def abandon(self) -> None:
        """Stop the threads, and remove the parts of an upload that was not completed. Again does nothing."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._id:
            with contextlib.suppress(DeidentError):  # `sweep` finds what stays behind
                abort(self._client, self._target.bucket, self._target.key, self._id)
            self._id = ""

    def _next(self, size: int) -> int:
        if not self._id:
            self._id = self._create()
        if self._count == _MOST_PARTS:
            raise UsageProblem("the object is too large for one upload of S3; use larger parts")
        self._count += 1
        self._size += size
        return self._count

    @safe_call
    def _create(self) -> str:
        answer = self._client.create_multipart_upload(**self._target.place(), **self._target.attributes())
        return str(answer["UploadId"])

    def _submit(self, work: Callable[[], None]) -> None:
        while len(self._running) >= self._threads:
            self._running.popleft().result()
        self._running.append(self._pool.submit(work))

    def _send(self, number: int, data: bytes) -> None:
        checksum = sha256(data)

        @safe_call
        def send() -> None:
            answer = self._client.upload_part(
                **self._target.place(), UploadId=self._id, PartNumber=number, Body=data, ChecksumSHA256=checksum
            )
            self._parts[number] = {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}

        undamaged(send)

    def _copying(self, number: int, source: S3Version, start: int, size: int) -> Callable[[], None]:
        return lambda: self._copy(number, source, start, size)

    def _copy(self, number: int, source: S3Version, start: int, size: int) -> None:
        """Raises Refusal(CHANGED) when the source is gone or another by now, PlaceProblem when S3 does not let us."""
        with contextlib.suppress(Conflict, NotFound):
            self._parts[number] = self._copied(number, source, start, size)
            return
        raise Refusal(Reason.CHANGED)

    @safe_call
    def _copied(self, number: int, source: S3Version, start: int, size: int) -> dict[str, Any]:
        answer = self._client.upload_part_copy(
            **self._target.place(),
            UploadId=self._id,
            PartNumber=number,
            CopySource=source.copy_source(),
            CopySourceIfMatch=source.etag,
            CopySourceRange=f"bytes={start}-{start + size - 1}",
        )["CopyPartResult"]
        checksum = {name: answer[name] for name in ("ChecksumSHA256",) if name in answer}
        return {"PartNumber": number, "ETag": answer["ETag"], **checksum}


def _split(offset: int, length: int, wanted: int) -> Iterator[tuple[int, int]]:
    """(offset, length) of pieces, equal but for a byte, of `wanted` to twice that, so that none is too small for S3."""
    count = max(length // wanted, 1)
    for index in range(count):
        start, end = length * index // count, length * (index + 1) // count
        yield offset + start, end - start


@safe_call
def abort(client: Any, bucket: str, key: str, upload: str) -> None:
    """End an upload and remove its parts; nothing happens when it has ended."""
    try:
        client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
    except client.exceptions.NoSuchUpload:
        return
