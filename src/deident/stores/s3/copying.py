"""Whole objects copied inside S3, with nothing of the source but its bytes."""

from __future__ import annotations

from deident.errors import NotFound, PlaceProblem, Reason, Refusal
from deident.stores.s3.problems import safe_call
from deident.stores.s3.publish import Target, publish
from deident.stores.s3.service import S3Version, Service, head

__all__ = ["copy_object"]


def copy_object(
    target: Target, service: Service, bucket: str, key: str, refused: set[str], version: str | None = None
) -> int | None:
    """Copy in one request and return the size; None where S3 does not let us, or the object is one for several parts.

    Raises NotFound when there is no source, Refusal(CHANGED) when it becomes another meanwhile, and what `publish` raises.
    """
    if bucket in refused:
        return None
    source = head(service, bucket, key)[0]
    if version is not None and source.etag != version:
        raise Refusal(Reason.CHANGED)
    if source.size > target.service.settings.copy_part_size:
        return None

    @safe_call
    def send() -> None:
        target.service.client.copy_object(
            **target.place(),
            **target.attributes(),
            **target.condition(),
            CopySource=source.copy_source(),
            CopySourceIfMatch=source.etag,
            # Both would come along otherwise, and may hold anything.
            MetadataDirective="REPLACE",
            TaggingDirective="REPLACE",
        )

    try:
        publish(target, send, absent=lambda: _check(service, source))
        return source.size
    except PlaceProblem:
        refused.add(bucket)
        return None
    except NotFound:
        pass
    raise Refusal(Reason.CHANGED)


def _check(service: Service, source: S3Version) -> None:
    """S3 refused, though nothing stands in the way: has the source changed?"""
    try:
        latest: S3Version | None = head(service, source.bucket, source.key)[0]
    except NotFound:
        latest = None
    if latest != source:
        raise Refusal(Reason.CHANGED)
