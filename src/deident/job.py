"""What one run is asked to do, as a flat validated model that loads from TOML and renders as a form."""

from __future__ import annotations

import os
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from deident.catalogue import find_profile, read_text
from deident.cohort import Cohort
from deident.errors import ConfigurationError
from deident.home import ProjectHome, default_home
from deident.profile import DEFAULT_PRESET, PixelRisk, Profile
from deident.profile.toml import Lines, parse
from deident.pseudonyms import Unlisted
from deident.roots import AwsProfiles, AwsRoles, Encryption, Roots

__all__ = ["Job", "PixelProof", "ReleasePolicy", "Runner"]

_WHAT: Final = "the job file"
_Place = Annotated[str, Field(min_length=1, pattern=r"^[^\x00]+$")]


class ReleasePolicy(StrEnum):
    """Whether a validated study is released at once, or waits until somebody has looked at it."""

    AUTOMATIC = "automatic"
    AFTER_REVIEW = "after-review"
    #: Released at once: no instance held, no pixel risk accepted, no warning. The others wait.
    ONLY_CLEAN = "only-clean-automatic"


class Runner(StrEnum):
    """Where instances are read, de-identified and checked."""

    THREADS = "threads"
    DASK = "dask"


class PixelProof(StrEnum):
    """How large native pixel data that S3 copied by itself are proved to be those of the original."""

    #: By version and range of the source: they never leave S3, hence are not searched for text.
    COPIED = "copied"
    #: Read like all others, on both sides: compared, hashed, searched for identifiers.
    READ = "read"


class Job(BaseModel):
    """A run: from where, to where, how. Paths may hold names, hence never appear in a repr or an error.

    A place is a folder or `s3://bucket/prefix`. Where those of the project itself are left empty they are what `places.toml`
    of the home says, else folders of the home.
    `workers` 0 means one process per core. `preserve_studies` keeps pseudonyms the same over all runs of the project
    key; without it they hold inside one run only. `force` does studies again that the ledger knows as done.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    source: _Place = Field(repr=False, description="Place with the originals, at any depth.")
    destination: _Place = Field(repr=False, description="Place for the outputs; never inside the source.")
    home: _Place | None = Field(default=None, repr=False, description="Project home; empty for the default one.")
    staging: _Place | None = Field(default=None, repr=False, description="Place for outputs until they are validated.")
    ledger: _Place | None = Field(default=None, repr=False, description="Place of the ledger.")
    audit: _Place | None = Field(default=None, repr=False, description="Place of the audit logs.")
    reports: _Place | None = Field(default=None, repr=False, description="Place of the reports.")
    qa: _Place | None = Field(default=None, repr=False, description="Place for pages with thumbnails of outputs.")
    vault_place: _Place | None = Field(default=None, repr=False, description="Place of the vault.")
    kms_keys: Encryption | None = Field(
        default=None, repr=False, description="KMS keys by which S3 encrypts what is written to a place (SSE-KMS)."
    )
    aws_profiles: AwsProfiles | None = Field(
        default=None, repr=False, description="Profiles of the AWS configuration whose rights are used at a place."
    )
    aws_roles: AwsRoles | None = Field(
        default=None, repr=False, description="ARNs of roles that are assumed for a place."
    )
    quiet_seconds: int = Field(
        default=0, ge=0, le=604_800, description="A study is taken when its youngest object is at least so old."
    )
    profile: _Place = Field(
        default=DEFAULT_PRESET,
        repr=False,
        description="A preset, the name of a file in profiles/ of the project home, or the path of a file.",
    )
    profile_digest: str = Field(default="", description="What the profile must be: set by a run for its workers.")
    pixel_risk: PixelRisk = Field(default=PixelRisk.HOLD, description="What happens to images that may show text.")
    patients: _Place | None = Field(default=None, repr=False, description="Patient list of a trial, a CSV file.")
    unlisted: Unlisted = Field(default=Unlisted.REFUSE, description="Patients whom the list does not name.")
    cohort: Cohort = Field(default=Cohort(), repr=False, description="Which instances are taken at all.")
    workers: int = Field(default=0, ge=0, le=512, description="Worker processes; 0 for one per core.")
    runner: Runner = Field(
        default=Runner.THREADS,
        description="threads: each waits for a worker process of this machine. dask: for the workers of a Dask cluster.",
    )
    force: bool = Field(default=False, description="Do studies again that are already done.")
    preserve_studies: bool = Field(default=True, description="Pseudonyms stay the same over all runs of this project.")
    release: ReleasePolicy = Field(
        default=ReleasePolicy.AUTOMATIC, description="Whether validated studies wait for a review."
    )
    review_days: int = Field(default=30, ge=1, le=3650, description="Days after which a study no longer waits.")
    vault: bool | None = Field(
        default=None, description="Seal pseudonyms with their originals; empty: when the home has a vault."
    )
    pixel_proof: PixelProof = Field(
        default=PixelProof.COPIED,
        description="Native pixel data from 64 MB on that S3 copies by itself. copied: proved by version and range of the "
        "original, not searched for text, and the report says so. read: read, compared and searched like all others.",
    )
    publish_report: bool = Field(default=True, description="Put the audit report into the destination, too.")
    qa_pages: bool = Field(default=False, description="Make pages with thumbnails of the outputs in the project home.")

    @model_validator(mode="after")
    def _needs_a_list(self) -> Self:
        # Whoever wants others refused and forgets the list would have them all released under keyed pseudonyms.
        if self.patients is None and "unlisted" in self.model_fields_set:
            raise ValueError("unlisted: has no meaning without patients")
        return self

    @property
    def worker_count(self) -> int:
        """Worker processes: as asked, else one for each core that this process may use."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return self.workers or cores

    @property
    def releases(self) -> bool:
        """Whether the run itself may bring studies out; where all wait for a review, it need not get into the destination."""
        return self.release is not ReleasePolicy.AFTER_REVIEW

    def roots(self, home: ProjectHome) -> Roots:
        """Where the parts of the project lie for this job. Raises ConfigurationError or PlaceProblem."""
        roots = Roots.of(home).changed(
            staging=self.staging,
            ledger=self.ledger,
            audit=self.audit,
            reports=self.reports,
            qa=self.qa,
            vault=self.vault_place,
        )
        return replace(
            roots,
            encryption=self.kms_keys or roots.encryption,
            profiles=self.aws_profiles or roots.profiles,
            roles=self.aws_roles or roots.roles,
        )

    def resolved_profile(self) -> Profile:
        """The profile with the choices of this job in place.

        Raises ConfigurationError for an unknown name, a file that is refused, and one that is not what `profile_digest` says.
        """
        folder = Path(self.home or default_home()).expanduser() / "profiles"
        profile = find_profile(self.profile, folder).changed(pixel_risk=self.pixel_risk)
        if self.profile_digest and profile.digest() != self.profile_digest:
            raise ConfigurationError("the profile file changed while the run was at work; run again")
        return profile

    @classmethod
    def load(cls, path: Path | str) -> Job:
        """Read a TOML file. Raises ConfigurationError, which names keys and lines and never a value."""
        text = read_text(path, _WHAT)
        job, problems = _validate(cls, parse(text, _WHAT))
        if job is None:
            lines = Lines(text)
            raise ConfigurationError("; ".join(_explain(location, message, lines) for location, message in problems))
        return job

    @classmethod
    def make(cls, **values: Any) -> Job:
        """Like the constructor, but with a ConfigurationError that can be shown and stored anywhere."""
        job, problems = _validate(cls, values)
        if job is None:
            raise ConfigurationError(
                "; ".join(_explain(location, message, Lines("")) for location, message in problems)
            )
        return job


def _validate(model: type[Job], values: dict[str, Any]) -> tuple[Job | None, list[tuple[str, str]]]:
    """The job, or (key, message) pairs; the pydantic error itself, which holds the values, stays here."""
    try:
        return model(**values), []
    except ValidationError as problem:
        errors = problem.errors(include_input=False, include_context=False, include_url=False)
    except ConfigurationError as problem:
        key, _, message = str(problem).partition(": ")
        return None, [(f"cohort.{key}", message)]
    return None, [(".".join(map(str, error["loc"])), error["msg"]) for error in errors]


def _explain(location: str, message: str, lines: Lines) -> str:
    found = lines.of(tuple(int(part) if part.isdigit() else part for part in location.split(".")))
    line = f" (line {found})" if found else ""
    return f"{location}{line}: {message}"
