"""Objects of S3 as a store: read by range, written whole, copied inside the service; boto3 is imported when one is used."""

from deident.stores.s3.settings import S3Settings
from deident.stores.s3.store import S3Store

__all__ = ["S3Settings", "S3Store"]
