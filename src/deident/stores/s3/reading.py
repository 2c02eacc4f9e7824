"""Objects open for reading: ranges of one version, with what was read ahead kept in a window."""

from __future__ import annotations

import contextlib
import re
import threading
from types import TracebackType
from typing import Any, Final, Self

from deident.errors import NotFound, Reason, Refusal
from deident.stores.s3.problems import Unclear, safe_reading
from deident.stores.s3.service import Pause, S3Version, Service, head, version_of

__all__ = ["OpenS3Object", "open_object"]

#: What is read of a body at a time, so that a broken one loses little.
_STEP: Final = 1 << 20
#: The window keeps what came before as long as all of it is no longer than this: headers are read from 0 again.
_KEPT: Final = 2 << 20
_TOTAL: Final = re.compile(r"bytes \d+-\d+/(\d+)\Z")


def open_object(service: Service, bucket: str, key: str) -> OpenS3Object:
    """Open the latest version: one request, which brings the first window."""
    answer = _ask(service, bucket, key)
    if answer is None:  # no range of an empty object can be had
        return OpenS3Object(service, head(service, bucket, key)[0], b"")
    total = _TOTAL.match(answer.get("ContentRange", ""))
    size = int(total[1]) if total is not None else int(answer["ContentLength"])
    opened = OpenS3Object(service, version_of(bucket, key, size, answer), b"")
    opened.begin(_Body(answer["Body"]))
    return opened


@safe_reading
def _ask(service: Service, bucket: str, key: str) -> dict[str, Any] | None:
    wanted = f"bytes=0-{service.settings.window - 1}"
    try:
        answer: dict[str, Any] = service.client.get_object(Bucket=bucket, Key=key, Range=wanted)
    except service.client.exceptions.ClientError as problem:
        if problem.response["Error"]["Code"] not in ("InvalidRange", "416"):
            raise
        return None
    return answer


class OpenS3Object:
    """One version of an object, open for positional reads; `version` is its ETag, as listings tell it. Thread safe."""

    def __init__(self, service: Service, version: S3Version, first: bytes) -> None:
        self.service = service
        self.at = version
        self.size = version.size
        self._lock = threading.Lock()
        self._base = 0
        self._window = first
        self._ahead = service.settings.window

    def __repr__(self) -> str:
        return f"OpenS3Object({self.size} bytes)"

    @property
    def version(self) -> str:
        return self.at.etag

    @property
    def version_id(self) -> str | None:
        """The VersionId, None in a bucket without versioning."""
        return self.at.version_id

    def read_at(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`; fewer only where the object ends. Raises Refusal(CHANGED), TransientProblem, ..."""
        end = min(offset + length, self.size)
        if end <= offset:
            return b""
        with self._lock:
            start = offset - self._base
            if start >= 0 and end <= self._base + len(self._window):
                return self._window[start : end - self._base]
            return self._read_on(offset, end)

    def begin(self, body: _Body) -> None:
        """Take the first window from the body that came when the object was opened."""
        length = min(self.service.settings.window, self.size)
        self._window = self._fetch(0, length, body)

    def _read_on(self, offset: int, end: int) -> bytes:
        """Fetch what the window lacks, with more behind it; ever more as long as the reads follow each other."""
        reach = self._base + len(self._window)
        following = self._base <= offset <= reach
        start = reach if following else offset
        most = self.service.settings.largest_window
        self._ahead = min(self._ahead * 2, most) if following else self.service.settings.window
        fetched = self._fetch(start, min(max(end, start + self._ahead), self.size) - start)
        found = self._window[offset - self._base :] + fetched[: end - start] if following else fetched[: end - start]
        if following and len(self._window) + len(fetched) <= _KEPT:
            self._window += fetched
        elif len(fetched) <= most:
            self._base, self._window = start, fetched
        return found

    def _fetch(self, start: int, length: int, body: _Body | None = None) -> bytes:
        """A range, from `body` if one is there already, in as many requests as it takes when bodies break off."""
        parts: list[bytes] = []
        done = 0
        pause = Pause(self.service.settings.max_attempts)
        while done < length:
            before = done
            if body is None:
                body = self._request(start + done, length - done)
            try:
                while done < length and (part := body.read(length - done)):
                    parts.append(part)
                    done += len(part)
                if done < length:
                    raise Refusal(Reason.CHANGED)
            except Unclear:
                if not pause.again(progress=done > before):
                    raise
            finally:
                body.close()
                body = None
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _request(self, start: int, length: int) -> _Body:
        with contextlib.suppress(NotFound):
            return self._ask_for(start, length)
        raise Refusal(Reason.CHANGED)  # deleted since it was opened

    @safe_reading
    def _ask_for(self, start: int, length: int) -> _Body:
        wanted = f"bytes={start}-{start + length - 1}"
        return _Body(self.service.client.get_object(**self.at.request(), Range=wanted)["Body"])

    def check_unchanged(self) -> None:
        """Raise Refusal(CHANGED) when the key names another version by now, or nothing."""
        try:
            latest = head(self.service, self.at.bucket, self.at.key)[0]
        except NotFound:
            latest = None
        if latest != self.at:
            raise Refusal(Reason.CHANGED)

    def close(self) -> None:
        self._window = b""
        self._base = self.size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Body:
    """The body of an answer, which may break off: Unclear then."""

    def __init__(self, body: Any) -> None:
        self._body = body

    @safe_reading
    def read(self, length: int) -> bytes:
        data: bytes = self._body.read(min(length, _STEP))
        return data

    def close(self) -> None:
        self._body.close()
