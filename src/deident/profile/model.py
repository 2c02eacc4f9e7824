"""A profile: what a site decides about de-identification, as a validated model."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Option", "PixelRisk", "Profile", "Strategy"]


class Option(StrEnum):
    """The options of PS3.15 E.3 that this version carries out; the names are those of the columns of Table E.1-1."""

    RETAIN_PATIENT_CHARACTERISTICS = "retain_patient_characteristics"


class Strategy(StrEnum):
    """What stands in place of a direct identifier (patient name and id, accession number, study id)."""

    HASH = "hash"
    REMOVE = "remove"
    REPLACE = "replace"


class PixelRisk(StrEnum):
    """What happens to images that may show text: held for a look, or accepted because somebody looked."""

    HOLD = "hold"
    ACCEPT = "accept"


class Profile(BaseModel):
    """Options and overrides over the Basic Application Level Confidentiality Profile.

    `keep_tags` are keywords or `gggg,eeee` tags whose value stays although no option covers it: the output then claims no
    conformance (RULES 14.6). `strategies` maps a keyword to its strategy, `strategy` is that of the other direct
    identifiers. `age_cap` is in years: older ages become the cap.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = "research"
    options: frozenset[Option] = frozenset({Option.RETAIN_PATIENT_CHARACTERISTICS})
    strategy: Strategy = Strategy.HASH
    strategies: dict[str, Strategy] = Field(default_factory=dict)
    keep_tags: frozenset[str] = frozenset()
    pixel_risk: PixelRisk = PixelRisk.HOLD
    age_cap: Annotated[int, Field(ge=1, le=120)] | None = 90
    patient_prefix: Annotated[str, Field(max_length=32, pattern=r"^[A-Za-z0-9_-]*$")] = ""

    def digest(self) -> str:
        """Digest of everything that decides the output: another profile means that the work is done again."""
        return "sha256:" + hashlib.sha256(self.model_dump_json(exclude={"name"}).encode()).hexdigest()
