"""An opened job: its stores, profile, keys, ledger and run id, as every step of the path of a study needs them."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import secrets
import shutil
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from deident import __version__
from deident.engine import Deidentifier
from deident.errors import PlaceProblem, UsageProblem, VaultAbsent
from deident.home import Busy, Lock, ProjectHome, check_apart
from deident.job import Job
from deident.ledger import Ledger, Outcome, Record
from deident.profile import Profile
from deident.pseudonyms import ProjectKey, Pseudonyms, SubjectList
from deident.seals.mac import PURPOSE, Seal
from deident.stores.folder import FolderStore
from deident.stores.names import key_text
from deident.stores.protocol import Store
from deident.vault import VaultWriter, home_vault, project_key

__all__ = ["Context", "new_run", "place_reference", "sweep", "worker_context"]


def new_run() -> str:
    """An id for a run: start time in UTC and 6 random hex digits."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def place_reference(key: ProjectKey, place: str) -> str:
    """Keyed reference of a folder (or other place), the same in every run of the project."""
    named = place if "://" in place else os.path.realpath(Path(place).expanduser())
    return Pseudonyms(key).reference(f"place\0{key_text(named)}")


@dataclass(frozen=True)
class Context:
    """Shared by the threads of a run; never pickled: other processes open their own with `worker_context`.

    `run` names the run in ledger, staging, audit and reports. While the context is open its run is locked as being at
    work, so that no other run takes its staging for a dead one's. `profile_digest` changes with whatever decides the
    outputs, the patient list included: then the work is done again.
    """

    job: Job = field(repr=False)
    home: ProjectHome = field(repr=False)
    run: str
    profile: Profile
    profile_digest: str
    pseudonyms: Pseudonyms
    source: Store = field(repr=False)
    staging: Store = field(repr=False)
    released: Store = field(repr=False)
    ledger: Ledger = field(repr=False)
    vault: VaultWriter | None = field(default=None, repr=False)
    code_version: str = __version__
    #: Keyed references of source and destination, by which a later run finds them again.
    places: tuple[str, str] = ("", "")
    opened: float = field(default_factory=time.monotonic, repr=False)
    _lock: Lock | None = field(default=None, repr=False)
    _local: threading.local = field(default_factory=threading.local, repr=False)

    @classmethod
    def open(cls, job: Job, run: str | None = None) -> Context:
        """Open everything. Raises PlaceProblem, KeyProblem or ConfigurationError before anything is read or written.

        A `run` that was given before is resumed: with `preserve_studies` off its pseudonyms are the same again.
        """
        run = _checked(run or new_run())
        profile = job.resolved_profile()
        _check_source(job.source)
        home = ProjectHome.open(job.home)
        check_apart({"the source": job.source, "the destination": job.destination, "the project home": home.root})
        subjects = _subjects(job)
        project = project_key(home)
        key = project if job.preserve_studies else project.for_run(run)
        return cls(
            # Workers open the job for themselves: an edited profile file must not be two profiles in one run.
            job=job.model_copy(update={"profile_digest": profile.digest()}),
            home=home,
            run=run,
            profile=profile,
            profile_digest=_digest(job, profile, subjects, key),
            pseudonyms=Pseudonyms(
                key,
                prefix=profile.patient_prefix,
                subjects=subjects,
                unlisted=job.unlisted,
                date_range_days=profile.date_range_days,
                date_multiple=profile.date_multiple,
            ),
            source=FolderStore(job.source),
            staging=FolderStore(home.staging, private=True),
            released=FolderStore(job.destination),
            ledger=Ledger(FolderStore(home.ledger, private=True), Seal(project.derive(PURPOSE))),
            vault=_open_vault(job, home, project),
            places=(place_reference(project, job.source), place_reference(project, job.destination)),
            _lock=home.lock(run, shared=True, wait=False),
        )

    def engine(self) -> Deidentifier:
        """The engine of the calling thread, with its caches."""
        engine: Deidentifier | None = getattr(self._local, "engine", None)
        if engine is None:
            engine = self._local.engine = Deidentifier(self.profile, self.pseudonyms)
        return engine

    def sync(self) -> None:
        """Return when everything released and recorded so far would survive a power cut. Once per run: it is slow."""
        self.released.sync()
        FolderStore(self.home.root, private=True).sync()

    def audit_file(self, study: str) -> Path:
        """Where the audit log of a study of this run stands; the folder is made."""
        folder = self.home.audit / self.run
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / f"{study}.json"

    def study_lock(self, study: str) -> Lock:
        """Wait until no other thread or process of this project releases the study, and keep them waiting."""
        return self.home.lock(f"study-{study}")

    def at_work(self) -> Lock:
        """Mark the run as being at work while a worker process does something for it. Raises Busy when it is swept."""
        return self.home.lock(self.run, shared=True, wait=False)

    def close(self) -> None:
        """Give up the lock on the run."""
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def sweep(self) -> int:
        """Remove what killed runs left in staging; see `sweep`."""
        return sweep(self.home, self.ledger)


def sweep(home: ProjectHome, ledger: Ledger) -> int:
    """Remove what killed runs left in staging: it counts as originals. Returns how many runs that were.

    What awaits review stays, by the word of the ledger.
    """
    staged = set(os.listdir(home.staging))
    swept = 0
    for name in sorted(staged.union(os.listdir(home.runs))):
        with contextlib.suppress(Busy), home.lock(name, wait=False):
            swept += name in staged and _sweep_run(home.staging / name, ledger)
    return swept


def _sweep_run(folder: Path, ledger: Ledger) -> bool:
    """Remove the staging of one run, as far as it does not await review; whether there was anything to remove."""
    studies = [entry.name for entry in os.scandir(folder) if entry.is_dir()] if folder.is_dir() else []
    awaited = {study for study in studies if _awaits(ledger.latest(study), folder.name)}
    unwanted = [folder / study for study in studies if study not in awaited] if awaited else [folder]
    for path in unwanted:
        shutil.rmtree(path, ignore_errors=True)
    return bool(unwanted)


def _awaits(record: Record | None, run: str) -> bool:
    return record is not None and record.outcome is Outcome.AWAITING_REVIEW and record.run == run


@functools.lru_cache(maxsize=2)
def worker_context(job: Job, run: str) -> Context:
    """The context of a run in a worker process, opened once: the process loads the key file itself.

    It holds no lock: workers outlive runs, and staging of a killed run has to be swept all the same. See `at_work`.
    """
    context = Context.open(job, run)
    context.close()
    return context


def _open_vault(job: Job, home: ProjectHome, key: ProjectKey) -> VaultWriter | None:
    """Who seals what this job maps: by default when the home has a vault. Nothing is decrypted or written yet."""
    vault = home_vault(home, key) if job.vault is not False else None
    if vault is None and job.vault:
        raise VaultAbsent("the project home has no vault; make one with: deident vault init")
    return VaultWriter(vault) if vault is not None else None


def _checked(run: str) -> str:
    if not run.replace("-", "").isalnum() or len(run) > 64:
        raise UsageProblem("a run id is made of letters, digits and hyphens")
    return run


def _check_source(source: str) -> None:
    if not os.path.isdir(Path(source).expanduser()):
        raise PlaceProblem("the source is no folder, or cannot be reached")


def _subjects(job: Job) -> SubjectList | None:
    """The patient list, which must never be part of what is handed out."""
    if job.patients is None:
        return None
    check_apart({"the patient list": job.patients, "the destination": job.destination})
    return SubjectList.load(job.patients)


def _digest(job: Job, profile: Profile, subjects: SubjectList | None, key: ProjectKey) -> str:
    if subjects is None:
        return profile.digest()
    content = "\0".join((profile.digest(), subjects.digest(key), job.unlisted))
    return "sha256:" + hashlib.sha256(content.encode()).hexdigest()
