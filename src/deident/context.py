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
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self, runtime_checkable

from deident import __version__
from deident.audit import AuditRecord, write_log
from deident.engine import Deidentifier
from deident.errors import PlaceProblem, UsageProblem, VaultAbsent
from deident.home import Busy, Lock, ProjectHome, check_apart
from deident.job import Job
from deident.ledger import Ledger, Outcome, Record
from deident.locks import LEASES, HomeLocks, LeaseLocks, Locks
from deident.profile import Profile, TimeMethod
from deident.pseudonyms import ProjectKey, Pseudonyms, SubjectList
from deident.roots import Roots, Sessions, absolute, check_bucket, check_places, check_source
from deident.seals.mac import PURPOSE, Seal
from deident.seen import INDEX
from deident.stores.folder import FolderStore
from deident.stores.names import key_text
from deident.stores.places import is_s3
from deident.stores.protocol import Store
from deident.vault import VaultWriter, home_vault, project_key

__all__ = ["Context", "new_run", "open_locks", "place_reference", "sweep", "worker_context"]

#: Uploads that began so long ago are of killed processes.
_STALE_UPLOAD: Final = timedelta(days=1)
#: What stands in staging and is of no single run.
_SHARED: Final = frozenset({LEASES.rstrip("/"), INDEX.rstrip("/")})


def new_run() -> str:
    """An id for a run: start time in UTC and 6 random hex digits."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def place_reference(key: ProjectKey, place: str) -> str:
    """Keyed reference of a place, the same in every run of the project."""
    named = absolute(place) if is_s3(place) else os.path.realpath(Path(place).expanduser())
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
    audit: Store = field(repr=False)
    reports: Store = field(repr=False)
    qa: Store = field(repr=False)
    roots: Roots = field(repr=False)
    locks: Locks = field(repr=False)
    vault: VaultWriter | None = field(default=None, repr=False)
    code_version: str = __version__
    #: Keyed references of source and destination, by which a later run finds them again.
    places: tuple[str, str] = ("", "")
    opened: float = field(default_factory=time.monotonic, repr=False)
    sessions: Sessions | None = field(default=None, repr=False)
    _local: threading.local = field(default_factory=threading.local, repr=False)

    @classmethod
    def open(
        cls, job: Job, run: str | None = None, sessions: Sessions | None = None, *, worker: bool = False
    ) -> Context:
        """Open everything. Raises PlaceProblem, KeyProblem or ConfigurationError before anything is read or written.

        A `run` that was given before is resumed: with `preserve_studies` off its pseudonyms are the same again. `sessions`
        makes the session of the places that name no profile; without it boto3 finds credentials by its usual means. A
        `worker` leaves it to the process that started it to say that the run is at work.
        """
        run = _checked(run or new_run())
        profile = job.resolved_profile()
        check_source(job.source)
        home = ProjectHome.open(job.home)
        roots = replace(job.roots(home), sessions=sessions)
        source = roots.open("source", job.source)
        check_bucket(source, "the source")
        check_places(job.source, job.destination, home, roots)
        subjects = _subjects(job)
        released = roots.open("destination", job.destination)
        ledger, staging, audit, reports = map(roots.open, ("ledger", "staging", "audit", "reports"))
        if not worker:
            written = {"the ledger": ledger, "staging": staging, "audit logs": audit, "reports": reports}
            for what, store in (written | {"the destination": released} if job.releases else written).items():
                check_bucket(store, what)
        project = project_key(home, roots)
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
                shift_times=profile.times is TimeMethod.SHIFT,
            ),
            source=source,
            staging=staging,
            released=released,
            ledger=Ledger(ledger, Seal(project.derive(PURPOSE))),
            audit=audit,
            reports=reports,
            qa=roots.open("qa"),
            roots=roots,
            locks=open_locks(home, roots, staging, run, worker=worker),
            vault=_open_vault(job, home, project, roots),
            places=(place_reference(project, job.source), place_reference(project, job.destination)),
            sessions=sessions,
        )

    def engine(self) -> Deidentifier:
        """The engine of the calling thread, with its caches."""
        engine: Deidentifier | None = getattr(self._local, "engine", None)
        if engine is None:
            engine = self._local.engine = Deidentifier(self.profile, self.pseudonyms)
        return engine

    def sync(self) -> None:
        """Return when everything released and recorded so far would survive a power cut. Once per run: it is slow."""
        for store in (self.released, FolderStore(self.home.root, private=True), self.ledger.store, self.audit):
            store.sync()

    def write_audit(self, study: str, records: Iterable[AuditRecord]) -> str:
        """Write the audit log of a study of this run, whole or not at all, and return its digest."""
        return write_log(self.audit, f"{self.run}/{study}.json", records, profile=self.profile, run=self.run)

    def study_lock(self, study: str) -> AbstractContextManager[None]:
        """Wait until no other of this project, in whatever thread, process or machine, releases the study."""
        return self.locks.study(study)

    def at_work(self) -> Lock:
        """Mark the run as being at work while a worker process does something for it. Raises Busy when it is swept."""
        return self.home.lock(self.run, shared=True, wait=False)

    def close(self) -> None:
        """Give up the lock on the run."""
        self.locks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def sweep(self) -> int:
        """Remove what killed runs left in staging, and uploads that nobody will complete; see `sweep`."""
        for store in (self.staging, self.released):
            if isinstance(store, SweepsUploads):
                with contextlib.suppress(PlaceProblem):  # without the right to, the bucket's lifecycle does it
                    store.sweep(_STALE_UPLOAD)
        return sweep(self.roots, self.staging, self.ledger, self.locks)


def sweep(roots: Roots, staging: Store, ledger: Ledger, locks: Locks) -> int:
    """Remove what killed runs left in staging: it counts as originals. Returns how many runs that were.

    What awaits review stays, by the word of the ledger.
    """
    folder = None if is_s3(roots.staging) else Path(roots.staging).expanduser()
    staged = _names_in(staging) if folder is None else set(os.listdir(folder) if folder.is_dir() else ())
    swept = 0
    locks.tidy()
    for name in sorted((staged | locks.runs()) - _SHARED):
        with contextlib.suppress(Busy), locks.left(name):
            swept += name in staged and _sweep_run(staging, folder, name, ledger)
    return swept


def _sweep_run(staging: Store, folder: Path | None, run: str, ledger: Ledger) -> bool:
    """Remove the staging of one run, as far as it does not await review; whether there was anything to remove."""
    found = [entry.key for entry in staging.list(f"{run}/")]
    studies = {key.split("/")[1] for key in found if key.count("/") > 1}
    awaited = {study for study in studies if _awaits(ledger.latest(study), run)}
    if folder is not None and not awaited:
        shutil.rmtree(folder / run, ignore_errors=True)
        return True
    unwanted = [key for key in found if (key.count("/") > 1 or not awaited) and key.split("/")[1] not in awaited]
    for key in unwanted:
        staging.delete(key)
    return bool(unwanted)


def _awaits(record: Record | None, run: str) -> bool:
    return record is not None and record.outcome is Outcome.AWAITING_REVIEW and record.run == run


@functools.lru_cache(maxsize=2)
def worker_context(job: Job, run: str, sessions: Sessions | None = None) -> Context:
    """The context of a run in a worker process, opened once: the process loads the key file itself.

    It holds no lock: workers outlive runs, and staging of a killed run has to be swept all the same. See `at_work`.
    """
    context = Context.open(job, run, sessions, worker=True)
    context.close()
    return context


@runtime_checkable
class SweepsUploads(Protocol):
    """A store in which killed processes can leave uploads that nobody completed."""

    def sweep(self, older_than: timedelta) -> int: ...


def _names_in(store: Store) -> set[str]:
    """The runs that left something in a staging store."""
    return {entry.key.partition("/")[0] for entry in store.list()}


def open_locks(home: ProjectHome, roots: Roots, staging: Store, run: str, *, worker: bool = False) -> Locks:
    """Locks reach as far as the ledger does: a ledger in S3 may be that of several machines."""
    if worker or not is_s3(roots.ledger):
        return HomeLocks(home, run)
    if not is_s3(roots.staging):
        raise PlaceProblem("a ledger in S3 needs staging in S3: machines that share the ledger are kept apart there")
    return LeaseLocks(staging, run, seconds=roots.lease_seconds)


def _open_vault(job: Job, home: ProjectHome, key: ProjectKey, roots: Roots) -> VaultWriter | None:
    """Who seals what this job maps: by default when the project has a vault. Nothing is decrypted or written yet."""
    vault = home_vault(home, key, roots) if job.vault is not False else None
    if vault is None and job.vault:
        raise VaultAbsent("the project has no vault; make one with: deident vault init")
    return VaultWriter(vault) if vault is not None else None


def _checked(run: str) -> str:
    if not run.replace("-", "").isalnum() or len(run) > 64:
        raise UsageProblem("a run id is made of letters, digits and hyphens")
    return run


def _subjects(job: Job) -> SubjectList | None:
    """The patient list, which must never be part of what is handed out."""
    if job.patients is None:
        return None
    if not is_s3(job.destination):
        check_apart({"the patient list": job.patients, "the destination": job.destination})
    return SubjectList.load(job.patients)


def _digest(job: Job, profile: Profile, subjects: SubjectList | None, key: ProjectKey) -> str:
    if subjects is None:
        return profile.digest()
    content = "\0".join((profile.digest(), subjects.digest(key), job.unlisted))
    return "sha256:" + hashlib.sha256(content.encode()).hexdigest()
