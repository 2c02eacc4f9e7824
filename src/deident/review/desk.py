"""The review desk of a project: what waits there, and the places between which a decision moves it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from deident import __version__
from deident.audit import AWAITING, now
from deident.context import Context, new_run, open_locks, sweep
from deident.errors import UsageProblem
from deident.home import ProjectHome
from deident.ledger import Ledger, Outcome, Record
from deident.locks import Locks
from deident.pseudonyms import Pseudonyms
from deident.roots import Roots, check_all_apart
from deident.seals.mac import PURPOSE, Seal
from deident.stores.folder import FolderStore
from deident.stores.protocol import Store
from deident.study.wait import RunNote, read_note
from deident.vault import project_key

__all__ = [
    "REVIEWER_PATTERN",
    "RUN_PATTERN",
    "STUDY_PATTERN",
    "Desk",
    "Room",
    "Waiting",
    "reviewer_reference",
    "waiting_studies",
]

STUDY_PATTERN: Final = r"^[a-z2-7]{16}$"
RUN_PATTERN: Final = r"^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$"
#: An account of the site, as in a log-in: no spaces, so that the name of a person does not come in by mistake.
REVIEWER_PATTERN: Final = r"^[a-z][a-z0-9._-]{1,39}(@[a-z0-9.-]{1,60})?$"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A study that awaits review, as its last record has it."""

    record: Record

    @property
    def study(self) -> str:
        return self.record.study

    @property
    def run(self) -> str:
        """The run that staged and validated it."""
        return self.record.run

    @property
    def since(self) -> str:
        return self.record.finished

    @property
    def count(self) -> int:
        """How many of its instances would be released."""
        return self.record.counts.get(AWAITING, 0)

    @property
    def expired(self) -> bool:
        """Whether it waits too long already; then it can only be held."""
        return self.record.expires < now()


def waiting_studies(ledger: Ledger, run: str = "", studies: Iterable[str] | None = None) -> list[Waiting]:
    """The studies that await review, of one run or of all, by study; looked for among `studies` or in the whole ledger."""
    found = (ledger.latest(study) for study in (ledger.studies() if studies is None else sorted(set(studies))))
    return [
        Waiting(record)
        for record in found
        if record is not None and record.outcome is Outcome.AWAITING_REVIEW and run in ("", record.run)
    ]


def reviewer_reference(home: ProjectHome, reviewer: str) -> str:
    """The reviewer as the ledger keeps it: only the holder of the project key can compare it with a name.

    Raises UsageProblem for what is no account name.
    """
    if not re.fullmatch(REVIEWER_PATTERN, reviewer):
        raise UsageProblem("a reviewer is an account name: lower-case letters, digits, dots and hyphens, no spaces")
    return Pseudonyms(project_key(home)).reference(f"reviewer\0{reviewer}")


@dataclass(frozen=True)
class Room:
    """Staging, destination and ledger of the studies of one run: what a release needs of a Context."""

    staging: Store = field(repr=False)
    released: Store = field(repr=False)
    ledger: Ledger = field(repr=False)
    locks: Locks = field(repr=False)
    note: RunNote


@dataclass(frozen=True)
class Desk:
    """An opened desk; it acts as the run `run`. While it is open the run is known to be at work."""

    home: ProjectHome = field(repr=False)
    run: str
    ledger: Ledger = field(repr=False)
    staging: Store = field(repr=False)
    audit: Store = field(repr=False)
    reports: Store = field(repr=False)
    roots: Roots = field(repr=False)
    locks: Locks = field(repr=False)
    #: The run whose studies are decided about.
    reviewed: str = ""
    code_version: str = __version__
    _own: bool = field(default=True, repr=False)
    _rooms: dict[str, Room] = field(default_factory=dict, repr=False)

    @classmethod
    def open(cls, home: ProjectHome, reviewed: str = "", run: str | None = None) -> Desk:
        """Open the desk of a home, for the studies of the run `reviewed`. Nothing is written yet."""
        run = run or new_run().lower()
        roots = Roots.of(home)
        staging = roots.open("staging")
        return cls(
            home=home,
            run=run,
            reviewed=reviewed,
            ledger=Ledger(roots.open("ledger"), Seal(project_key(home).derive(PURPOSE))),
            staging=staging,
            audit=roots.open("audit"),
            reports=roots.open("reports"),
            roots=roots,
            locks=open_locks(home, roots, staging, run),
        )

    @classmethod
    def of(cls, context: Context) -> Desk:
        """The desk that a run works at by the way; the run is the context's, and so is the lock on it."""
        return cls(
            home=context.home,
            run=context.run,
            ledger=context.ledger,
            staging=context.staging,
            audit=context.audit,
            reports=context.reports,
            roots=context.roots,
            locks=context.locks,
            _own=False,
        )

    def room(self, run: str) -> Room | None:
        """Where the studies of a run lie and go, or None when nothing is noted of it. Raises PlaceProblem."""
        room = self._rooms.get(run)
        if room is None:
            note = read_note(self.staging, run)
            if note is None:
                return None
            check_all_apart({"the destination": note.destination, "the project home": str(self.home.root)})
            released = self.roots.open("destination", note.destination)
            room = self._rooms[run] = Room(self.staging, released, self.ledger, self.locks, note)
        return room

    @property
    def places(self) -> tuple[str, str]:
        """Keyed references of source and destination of the run that is reviewed, by which a later run finds them again."""
        room = self.room(self.reviewed) if self.reviewed else None
        return room.note.places if room is not None else ("", "")

    def sweep(self) -> int:
        """Remove from staging what neither waits nor belongs to a run at work, such as what a killed review left."""
        return sweep(self.roots, self.staging, self.ledger, self.locks)

    def sync(self) -> None:
        """Return when everything released and recorded so far would survive a power cut."""
        for room in self._rooms.values():
            room.released.sync()
        FolderStore(self.home.root, private=True).sync()

    def staged_studies(self) -> Iterator[str]:
        """The studies of which anything lies in staging, perhaps several times."""
        for entry in self.staging.list():
            parts = entry.key.split("/")
            if len(parts) == 3 and re.fullmatch(STUDY_PATTERN, parts[1]):
                yield parts[1]

    def close(self) -> None:
        """Give up the lock on the run."""
        if self._own:
            self.locks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
