"""Segments to an object: one request when small, parts when large, and what lies in S3 already never passes through here."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable
from typing import Final

from deident.engine.segments import MaskedRange, Segment, Source, SourceRange, materialise
from deident.errors import Reason, Refusal
from deident.stores.protocol import Kept
from deident.stores.s3.multipart import Upload
from deident.stores.s3.publish import Target, put
from deident.stores.s3.reading import OpenS3Object
from deident.stores.s3.settings import SMALLEST_PART

__all__ = ["Refused", "write"]

#: Shorter ranges are sent: the first part takes up to 5 MiB of the range anyway.
_WORTH_COPYING: Final = 2 * SMALLEST_PART
#: After so many parts they double: 10,000 parts of 8 MiB would end at 80 GB.
_GROWTH: Final = 2_000

#: Buckets out of which S3 does not let this store copy, found out as it went.
Refused = set[str]


def write(
    target: Target, segments: Iterable[Segment], source: Source | None, refused: Refused
) -> tuple[int, tuple[Kept, ...]]:
    """Carry the segments out; return the size, and what S3 copied. The object appears whole or not at all."""
    writer = _Writer(target, source, refused)
    try:
        for segment in segments:
            writer.take(segment)
        return writer.finish(), tuple(writer.kept)
    finally:
        writer.abandon()


class _Writer:
    """What is gathered for the next part, and the upload once there is more than one."""

    def __init__(self, target: Target, source: Source | None, refused: Refused) -> None:
        self._target = target
        self._source = source
        self._refused = refused
        self._gathered: list[bytes] = []
        self._waiting = 0
        self._size = 0
        self._upload: Upload | None = None
        self.kept: list[Kept] = []

    def take(self, segment: Segment) -> None:
        if isinstance(segment, bytes):
            self._literal(segment)
        elif self._source is None:
            raise ValueError("a range of a source needs the source")
        elif not (isinstance(segment, SourceRange) and self._copied(segment)):
            self._stream(segment, self._source)

    def finish(self) -> int:
        """Send what is left and let the object appear, unless the source has changed meanwhile."""
        if self._upload is None:
            data = b"".join(self._gathered)
            self._check()
            put(self._target, data)
        else:
            self._flush()
            self._upload.complete(self._check)
        return self._size

    def abandon(self) -> None:
        if self._upload is not None:
            self._upload.abandon()

    def _check(self) -> None:
        check = getattr(self._source, "check_unchanged", None)
        if check is not None:
            check()

    def _literal(self, data: bytes) -> None:
        """Add bytes, cut to parts where they are long."""
        done = 0
        while len(data) - done > (room := max(self._part_size() - self._waiting, 0)):
            self._gather(data[done : done + room])
            done += room
            self._flush()
        self._gather(data[done:] if done else data)

    def _gather(self, data: bytes) -> None:
        if data:
            self._gathered.append(data)
            self._waiting += len(data)
            self._size += len(data)

    def _part_size(self) -> int:
        count = self._upload.count if self._upload is not None else 0
        return self._target.service.settings.part_size << (count // _GROWTH)

    def _flush(self) -> None:
        if self._waiting:
            data = b"".join(self._gathered)
            self._gathered, self._waiting = [], 0
            self._parts().add(data)

    def _parts(self) -> Upload:
        if self._upload is None:
            self._upload = Upload(self._target)
        return self._upload

    def _stream(self, segment: SourceRange | MaskedRange, source: Source) -> None:
        with contextlib.suppress(EOFError):
            for part in materialise([segment], source):
                self._literal(part)
            return
        raise Refusal(Reason.CHANGED)

    def _copied(self, segment: SourceRange) -> bool:
        """Let S3 copy a long range of one of its own objects, the start of it sent where parts would be too small."""
        source = self._source
        if segment.length < _WORTH_COPYING or not isinstance(source, OpenS3Object):
            return False
        bucket = source.at.bucket
        if source.service.endpoint != self._target.service.endpoint or bucket in self._refused:
            return False
        if segment.offset + segment.length > source.size:
            raise Refusal(Reason.CHANGED)
        sent, streamed = 0, list[Kept]()
        if self._waiting:
            sent = max(SMALLEST_PART - self._waiting, 0)
            data = source.read_at(segment.offset, sent)  # in one request
            if sent:
                streamed = [Kept(segment.offset, self._size, sent, hashlib.sha256(data).hexdigest())]
            self._literal(data)
            self._flush()
        rest = SourceRange(segment.offset + sent, segment.length - sent)
        # The first time is a try: the rights for it are ours, not those that the source was opened with.
        if self._parts().copy(source.at, rest.offset, rest.length, probe=True):
            self.kept += [*streamed, Kept(rest.offset, self._size, rest.length)]
            self._size += rest.length
        else:
            self._refused.add(bucket)
            self._stream(rest, source)
        return True
