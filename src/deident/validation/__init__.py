"""Independent validation of a study before it is released: a second reader, sharing no code with the engine."""

from deident.validation.model import Claims, DatePolicy, Finding, Pair, Source
from deident.validation.study import validate_study

__all__ = ["Claims", "DatePolicy", "Finding", "Pair", "Source", "validate_study"]
