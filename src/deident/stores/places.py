"""Places as users write them, a folder or `s3://bucket/prefix`, and the stores that stand for them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deident.errors import PlaceProblem, UsageProblem
from deident.stores.files import open_file
from deident.stores.folder import FolderStore
from deident.stores.names import check_key
from deident.stores.protocol import OpenObject, Store

if TYPE_CHECKING:
    from deident.stores.s3.client import Session
    from deident.stores.s3.settings import S3Settings

__all__ = ["S3Place", "apart", "is_s3", "open_object", "open_store", "parse_s3", "split_s3"]

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")


@dataclass(frozen=True, slots=True)
class S3Place:
    """A bucket and the start of the keys in it, without a slash at either end; "" is the whole bucket."""

    bucket: str = field(repr=False)
    prefix: str = field(repr=False)

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}" if self.prefix else f"s3://{self.bucket}"


def is_s3(place: str | os.PathLike[str]) -> bool:
    """Whether a place is one of S3. Raises PlaceProblem for the URI of anything else: no folder is called so."""
    text = os.fspath(place)
    scheme = _SCHEME.match(text)
    if scheme is None:
        # pathlib turns s3://bucket into s3:/bucket, and a folder of that name would be made without a word.
        if text[:4].lower() == "s3:/":
            raise PlaceProblem("a place in S3 is written s3://bucket/prefix")
        return False
    if scheme[0].lower() == "s3://":
        return True
    raise PlaceProblem("a place is a folder or s3://bucket/prefix")


def parse_s3(place: str) -> S3Place:
    """Read an S3 URI. Raises PlaceProblem, whose message never repeats what was given: it may hold a secret."""
    if not is_s3(place):
        raise PlaceProblem("a place in S3 is written s3://bucket/prefix")
    bucket, _, prefix = place[len("s3://") :].partition("/")
    if "@" in bucket or ":" in bucket:
        raise PlaceProblem(
            "a place in S3 holds no credentials, port or ARN: those come from the AWS configuration (a profile, a role, "
            "the environment)"
        )
    if "?" in place:
        raise PlaceProblem("a place in S3 has no query: endpoint, region and profile come from the AWS configuration")
    if not _BUCKET.match(bucket):
        raise PlaceProblem("a place in S3 names a bucket: 3 to 63 lower-case letters, digits, dots and hyphens")
    prefix = prefix.removesuffix("/")
    try:
        return S3Place(bucket, check_key(prefix) if prefix else "")
    except UsageProblem:
        pass
    raise PlaceProblem("the prefix of a place in S3 is a relative name without '.', '..' and empty parts")


def open_store(
    place: str | os.PathLike[str],
    *,
    private: bool = False,
    settings: S3Settings | None = None,
    session: Session | None = None,
) -> Store:
    """The store that a place stands for. Asks nothing of S3 yet; `S3Store.check` does.

    `private` is for folders; `settings` and `session` are for S3, see S3Store. Raises PlaceProblem.
    """
    if not is_s3(place):
        return FolderStore(place, private=private)
    from deident.stores.s3 import S3Store  # noqa: PLC0415 - for those who use S3

    found = parse_s3(os.fspath(place))
    return S3Store(found.bucket, found.prefix, settings, session)


def split_s3(uri: str) -> tuple[str, str]:
    """`s3://bucket/a/b`, an object, as (`s3://bucket/a`, `b`). Raises PlaceProblem."""
    place = parse_s3(uri)
    prefix, _, name = place.prefix.rpartition("/")
    if not name:
        raise PlaceProblem("this names a bucket: a single file in S3 is s3://bucket/key")
    return S3Place(place.bucket, prefix).uri, name


def open_object(place: str | os.PathLike[str], session: Session | None = None) -> AbstractContextManager[OpenObject]:
    """A single object by its whole name: a file, or `s3://bucket/key`. Raises what a store's `open` does, and PlaceProblem."""
    if not is_s3(place):
        return open_file(os.path.abspath(place))
    folder, key = split_s3(os.fspath(place))
    return open_store(folder, session=session).open(key)


def apart(places: Mapping[str, str | Path]) -> None:
    """Raise PlaceProblem when one of the named places in S3 is, or lies inside, another; the message holds the names.

    Folders are none of its business (`deident.home.check_apart`), and no folder lies in a bucket. Endpoints are not
    looked at: one bucket name is one bucket. What it cannot see is a second name for a bucket (an access point).
    """
    found = {name: parse_s3(str(place)) for name, place in places.items() if is_s3(place)}
    for (inner, a), (outer, b) in permutations(found.items(), 2):
        if a == b:
            raise PlaceProblem(f"{inner} and {outer} are the same place")
        if a.bucket == b.bucket and (not b.prefix or a.prefix.startswith(f"{b.prefix}/")):
            raise PlaceProblem(f"{inner} lies inside {outer}")
