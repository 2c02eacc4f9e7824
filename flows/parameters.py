"""What a person or a schedule can ask of the deidentify flow: a flat form, with folders by alias."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from deident.flows.places import ALIAS_PATTERN, resolve
from deident.home import ProjectHome
from deident.job import Job
from deident.profile import DEFAULT_PRESET, PRESETS, PixelRisk

__all__ = ["DeidentifyParameters"]


def _preset(name: str) -> str:
    if name not in PRESETS:
        raise ValueError("no such profile")
    return name


class DeidentifyParameters(BaseModel):
    """De-identify the studies of one folder into another."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, title="Job")

    source: Annotated[str, Field(pattern=ALIAS_PATTERN, max_length=60)] = Field(
        title="Source",
        description="Name of the folder with the originals, as configured in sources.toml of the project home.",
        examples=["nightly-export"],
    )
    destination: Annotated[str, Field(pattern=ALIAS_PATTERN, max_length=60)] = Field(
        title="Destination",
        description="Name of the folder that receives the de-identified studies.",
        examples=["research-share"],
    )
    profile: Annotated[str, AfterValidator(_preset), Field(json_schema_extra={"enum": sorted(PRESETS)})] = Field(
        default=DEFAULT_PRESET,
        title="Profile",
        description="basic: the Basic Profile. research: also keeps sex, age, size and weight.",
    )
    pixel_risk: PixelRisk = Field(
        default=PixelRisk.HOLD,
        title="Images that may show text",
        description="hold: quarantine them. accept: somebody has looked at them, release them.",
    )
    workers: int = Field(
        default=0, ge=0, le=512, title="Worker processes", description="0: as many as this machine has cores."
    )
    preserve_studies: bool = Field(
        default=True, title="Preserve studies", description="Pseudonyms stay the same over all runs of this project."
    )
    force: bool = Field(
        default=False, title="Do it again", description="Also process studies that an earlier run has finished."
    )

    def to_job(self, home: ProjectHome) -> Job:
        """The job with real folders. Raises PlaceProblem for an alias that is not configured."""
        places = {"source": resolve(home, self.source), "destination": resolve(home, self.destination)}
        return Job.make(home=str(home.root), **places, **self.model_dump(exclude=set(places)))
