"""What a person or a schedule can ask of the deidentify flow: a flat form, with folders and patient list by alias."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from deident.catalogue import NAME_PATTERN, find_profile
from deident.cohort import Cohort
from deident.errors import ConfigurationError, Reason
from deident.flows.aws import BLOCK_PATTERN, BlockSession
from deident.flows.places import ALIAS_PATTERN, resolve
from deident.home import ProjectHome
from deident.job import Job, PixelProof, ReleasePolicy, Runner
from deident.profile import DEFAULT_PRESET, PRESETS, PixelRisk
from deident.pseudonyms import Unlisted
from deident.quarantine import Selection
from deident.review import Verdict
from deident.review.desk import REVIEWER_PATTERN, RUN_PATTERN, STUDY_PATTERN

__all__ = ["Decision", "DeidentifyParameters", "RetryParameters", "ReviewParameters"]


_Values = Annotated[tuple[str, ...], Field(max_length=100)]
_CRITERIA = tuple(entry.name for entry in fields(Cohort))


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
    profile: Annotated[str, Field(pattern=NAME_PATTERN)] = Field(
        default=DEFAULT_PRESET,
        title="Profile",
        description=f"One of {', '.join(PRESETS)}, or the name of a file in profiles/ of the project home.",
        examples=list(PRESETS),
    )
    pixel_risk: PixelRisk = Field(
        default=PixelRisk.HOLD,
        title="Images that may show text",
        description="hold: quarantine them. accept: somebody has looked at them, release them.",
    )
    release: ReleasePolicy = Field(
        default=ReleasePolicy.AUTOMATIC,
        title="Release",
        description="automatic: at once. after-review: studies wait for the flow release-reviewed. "
        "only-clean-automatic: those with something held, an accepted pixel risk or a warning wait.",
    )
    review_days: int = Field(
        default=30,
        ge=1,
        le=3650,
        title="Days to wait for a review",
        description="A study that nobody reviews until then is held as review-expired.",
    )
    pixel_proof: PixelProof = Field(
        default=PixelProof.COPIED,
        title="Proof of large pixel data in S3",
        description="copied: native pixel data from 64 MB on that S3 copied by itself are proved by version and range, not "
        "searched for text; the report says so. read: they are read and searched like all others.",
    )
    patients: Annotated[str, Field(pattern=f"^$|{ALIAS_PATTERN}", max_length=60)] = Field(
        default="",
        title="Patient list",
        description="Name of the patient list of the trial (a CSV file) in sources.toml of the project home; empty for none.",
        examples=["trial-subjects"],
    )
    unlisted: Unlisted = Field(
        default=Unlisted.REFUSE,
        title="Patients whom the list does not name",
        description="refuse: quarantine them. pseudonymise: give them a pseudonym made with the project key.",
    )
    modality: _Values = Field(default=(), title="Modalities", description="Take these alone (CT, MR); empty for all.")
    sop_class: _Values = Field(
        default=(), title="SOP classes", description="Take these alone (UIDs, or short names as CT); empty for all."
    )
    body_part: _Values = Field(
        default=(), title="Body parts", description="Take these alone (CHEST, ABDOMEN); empty for all."
    )
    study_date_from: date | None = Field(
        default=None, title="First study date", description="Take studies of this day (of the originals) and later."
    )
    study_date_to: date | None = Field(
        default=None, title="Last study date", description="Take studies of this day (of the originals) and earlier."
    )
    series_description: _Values = Field(
        default=(),
        title="Series descriptions",
        description="Take series that match one of these patterns (*, ? and [...]); never put a name here.",
    )
    series_description_exclude: _Values = Field(
        default=(),
        title="Series descriptions to leave out",
        description="Leave series out that match one of these patterns, or have no description; never put a name here.",
    )
    quiet_seconds: int = Field(
        default=0,
        ge=0,
        le=604_800,
        title="Quiet time",
        description="Seconds that a study must not have changed for; younger ones are left for a later run.",
    )
    aws_block: Annotated[str, Field(pattern=BLOCK_PATTERN, max_length=120)] | None = Field(
        default=None,
        title="AWS block",
        description="Block of Prefect with credentials for places in S3; empty: by the usual means of AWS.",
        examples=["aws-credentials/imaging"],
    )
    workers: int = Field(
        default=0, ge=0, le=512, title="Worker processes", description="0: as many as this machine has cores."
    )
    runner: Runner = Field(
        default=Runner.THREADS,
        title="Where the work is done",
        description="threads: worker processes of this machine. dask: the cluster in $DEIDENT_DASK_ADDRESS of the worker.",
    )
    preserve_studies: bool = Field(
        default=True, title="Preserve studies", description="Pseudonyms stay the same over all runs of this project."
    )
    publish_report: bool = Field(
        default=True, title="Publish the report", description="Put a copy of the audit report beside the outputs."
    )
    qa_pages: bool = Field(
        default=False,
        title="Pages to look at",
        description="Make pages with thumbnails of the outputs in the project home.",
    )
    force: bool = Field(
        default=False, title="Do it again", description="Also process studies that an earlier run has finished."
    )

    def to_job(self, home: ProjectHome) -> Job:
        """The job with real folders. Raises PlaceProblem for an unknown alias, ConfigurationError for an unknown profile."""
        find_profile(self.profile, home.profiles)
        places = {"source": resolve(home, self.source), "destination": resolve(home, self.destination)}
        if self.patients:
            places["patients"] = resolve(home, self.patients)
        others = self.model_dump(exclude={"patients", "aws_block", *places, *_CRITERIA})
        if not self.patients:
            del others["unlisted"]
        return Job.make(home=str(home.root), **places, **others, cohort=self._cohort())

    def sessions(self) -> BlockSession | None:
        """What makes sessions for S3; None leaves it to the usual means of AWS."""
        return BlockSession(self.aws_block) if self.aws_block is not None else None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        failure = ""
        try:
            self._cohort()
        except ConfigurationError as problem:
            failure = str(problem)
        if failure:
            raise ValueError(failure)
        return self

    def _cohort(self) -> Cohort:
        return Cohort(**{name: getattr(self, name) for name in _CRITERIA})


class RetryParameters(DeidentifyParameters):
    """Do studies again that are held: some by their ids, all of one reason, or all; everything else as for a run."""

    model_config = ConfigDict(title="Retry")

    studies: list[Annotated[str, Field(pattern=STUDY_PATTERN)]] = Field(
        default_factory=list, title="Studies", description="Opaque ids of held studies, as the report shows them."
    )
    reason: Reason | None = Field(
        default=None, title="Reason", description="Instead of ids: every study that is held for this reason."
    )
    everything: bool = Field(default=False, title="Everything", description="Instead: every study that is held.")
    force: Literal[True] = Field(default=True, title="Do it again", description="Always so: that is what a retry is.")

    def to_job(self, home: ProjectHome) -> Job:
        """The job with real folders. Raises PlaceProblem for an alias that is not configured."""
        run = self.model_dump(include=set(DeidentifyParameters.model_fields))
        return DeidentifyParameters(**run).to_job(home)

    def selection(self) -> Selection:
        return Selection(frozenset(self.studies), self.reason, self.everything)


class Decision(StrEnum):
    """What a reviewer decides about the studies of a run; the others go on waiting."""

    APPROVE_ALL = "approve all"
    APPROVE = "approve these"
    REJECT = "reject these"


class ReviewParameters(BaseModel):
    """Decide about studies that await review."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, title="Review")

    run: Annotated[str, Field(pattern=RUN_PATTERN, max_length=64)] = Field(
        title="Run",
        description="The run whose studies wait, as its report and the command deident review list name it.",
        examples=["20261122t180509z-018885"],
    )
    decision: Decision = Field(
        title="Decision",
        description="approve all: release every study of the run that waits. approve these, reject these: the studies "
        "named below; the others go on waiting.",
    )
    studies: list[Annotated[str, Field(pattern=STUDY_PATTERN)]] = Field(
        default_factory=list,
        max_length=10_000,
        title="Studies",
        description="Opaque ids as the report shows them; empty for approve all.",
        examples=[["axyrpanjwfsgalb6"]],
    )
    reviewer: Annotated[str, Field(pattern=REVIEWER_PATTERN)] = Field(
        title="Reviewer",
        description="Your account name. Prefect stores this form; the ledger keeps a keyed reference alone.",
        examples=["m.curie"],
    )

    @model_validator(mode="after")
    def _meant(self) -> Self:
        if (self.decision is Decision.APPROVE_ALL) == bool(self.studies):
            raise ValueError("studies are named for approve these and reject these, and for them alone")
        return self

    @property
    def verdict(self) -> Verdict:
        return Verdict.REJECT if self.decision is Decision.REJECT else Verdict.APPROVE
