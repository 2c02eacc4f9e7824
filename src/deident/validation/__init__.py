"""Independent validation of a study before it is released: a second reader, sharing no code with the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deident.lazily import lazily
from deident.validation.model import Claims, DatePolicy, Finding, Pair, Source

if TYPE_CHECKING:
    from deident.validation.study import validate_study

__all__ = ["Claims", "DatePolicy", "Finding", "Pair", "Source", "validate_study"]

# pydicom and numpy take 30 MB and 0.3 s: processes that only hear of findings need neither.
__getattr__, __dir__ = lazily(__name__, {"deident.validation.study": ("validate_study",)})
