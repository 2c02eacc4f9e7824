"""A prefix of an S3 bucket as a store."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from deident.engine.segments import Segment, Source, SourceRange
from deident.errors import NotFound, UsageProblem
from deident.stores.names import check_key, check_prefix
from deident.stores.protocol import Entry, Store, Written, check_version
from deident.stores.s3.client import Session, make_client
from deident.stores.s3.copying import copy_object
from deident.stores.s3.listing import entries, sweep, uploads
from deident.stores.s3.problems import safe_call
from deident.stores.s3.publish import Target, put, replace
from deident.stores.s3.reading import OpenS3Object, open_object
from deident.stores.s3.service import Service, head
from deident.stores.s3.settings import S3Settings
from deident.stores.s3.writing import Refused, write

__all__ = ["S3Store"]

#: S3 counts the bytes of the whole key, prefix included.
_LONGEST_KEY: Final = 1024


class S3Store:
    """Objects whose keys start with `prefix/` in `bucket`, which must exist. Threads share one client.

    `session` is a boto3 session with credentials of its own; without one boto3 finds them by its usual means, and the
    store pickles, without credentials.
    """

    def __init__(
        self, bucket: str, prefix: str = "", settings: S3Settings | None = None, session: Session | None = None
    ) -> None:
        self._bucket = bucket
        self._prefix = f"{check_key(prefix.removesuffix('/'))}/" if prefix else ""
        self._settings = settings if settings is not None else S3Settings()
        self._session = session
        self._made: Service | None = None
        self._lock = threading.Lock()
        self._refused: Refused = set()

    def __repr__(self) -> str:
        return "S3Store(<bucket>)"

    def __reduce__(self) -> tuple[Callable[..., S3Store], tuple[str, str, S3Settings]]:
        if self._session is not None:
            raise UsageProblem("a store with a session of its own does not pickle: credentials would travel")
        return S3Store, (self._bucket, self._prefix, self._settings)

    @property
    def _service(self) -> Service:
        if self._made is None:
            with self._lock:  # boto3's sessions are not thread safe while they make a client
                if self._made is None:
                    self._made = Service(make_client(self._settings, self._session), self._settings)
        return self._made

    def check(self) -> None:
        """Raise PlaceProblem when the bucket does not exist or cannot be listed; TransientProblem when S3 is away."""
        next(entries(self._service, self._bucket, self._prefix, "", page=1), None)

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Everything whose key starts with `prefix`, page by page in the order of UTF-8; see the protocol."""
        check_prefix(prefix)
        yield from entries(self._service, self._bucket, self._prefix, prefix)

    def open(self, key: str) -> OpenS3Object:
        """Open an object for positional reads of the version that is the latest now: one request."""
        return open_object(self._service, self._bucket, self._key(key))

    def write(
        self, key: str, segments: Iterable[Segment], source: Source | None = None, *, overwrite: bool = False
    ) -> Written:
        """Write an object; it appears whole or not at all. Long ranges of objects of the same service never leave it."""
        return Written(key, *write(self._target(key, overwrite), segments, source, self._refused))

    def put(self, key: str, data: bytes, *, overwrite: bool = False) -> Written:
        """Write a small object; it appears whole or not at all."""
        if len(data) > self._settings.part_size:
            return self.write(key, [data], overwrite=overwrite)
        put(self._target(key, overwrite), data)
        return Written(key, len(data))

    def replace(self, key: str, data: bytes, version: str) -> Written:
        """Let a small object take the place of the version that was read (`If-Match`); see the protocol."""
        replace(self._target(key, overwrite=True), data, version)
        return Written(key, len(data))

    def copy_from(
        self, other: Store, key: str, to: str, *, overwrite: bool = False, version: str | None = None
    ) -> Written:
        """Copy an object; inside one service S3 does it by itself, where this store's rights allow that."""
        target = self._target(to, overwrite)
        if isinstance(other, S3Store) and other._service.endpoint == self._service.endpoint:
            size = copy_object(target, other._service, other._bucket, other._key(key), self._refused, version)
            if size is not None:
                return Written(to, size)
        with other.open(key) as source:
            check_version(source, version)
            return Written(to, *write(target, [SourceRange(0, source.size)], source, self._refused))

    def exists(self, key: str) -> bool:
        """Whether an object of this name exists. Raises Refusal where the rights do not suffice to tell."""
        try:
            head(self._service, self._bucket, self._key(key))
        except NotFound:
            return False
        return True

    @safe_call
    def delete(self, key: str) -> None:
        """Remove an object; in a bucket with versions the older ones stay, behind a delete marker."""
        self._service.client.delete_object(Bucket=self._bucket, Key=self._key(key))

    def sync(self) -> None:
        """S3 answers when an object is durable."""

    def uploads(self) -> Iterator[str]:
        """Keys below the prefix of uploads in parts that nobody completed or ended so far."""
        for key, _, _ in uploads(self._service, self._bucket, self._prefix):
            yield key.removeprefix(self._prefix)

    def sweep(self, older_than: timedelta) -> int:
        """End uploads below the prefix that began before that long ago, of killed processes say; return how many."""
        return sweep(self._service, self._bucket, self._prefix, datetime.now(UTC) - older_than)

    def _key(self, key: str) -> str:
        whole = self._prefix + check_key(key)
        if len(_utf8(whole)) > _LONGEST_KEY:
            raise UsageProblem("an S3 key has at most 1,024 bytes")
        return whole

    def _target(self, key: str, overwrite: bool) -> Target:
        return Target(self._service, self._bucket, self._key(key), overwrite)


@functools.lru_cache(maxsize=16)
def _utf8(key: str) -> bytes:
    try:
        return key.encode()
    except UnicodeEncodeError:
        pass
    raise UsageProblem("an S3 key must be UTF-8")
