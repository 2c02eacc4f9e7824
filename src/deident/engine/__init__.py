"""The engine: one instance, bytes to bytes, by scan, decide, splice. It knows no store, no file system and no network."""

from deident.engine.instance import Deidentifier
from deident.engine.limits import Limits
from deident.engine.result import Deidentified, Identity, MapEntry, Statistics
from deident.engine.segments import MaskedRange, Segment, Source, SourceRange, materialise, total_length

__all__ = [
    "Deidentified",
    "Deidentifier",
    "Identity",
    "Limits",
    "MapEntry",
    "MaskedRange",
    "Segment",
    "Source",
    "SourceRange",
    "Statistics",
    "materialise",
    "total_length",
]
