"""One call from the first input to the last: convert, publish and record, in the order of the inputs."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from deident.anonymizer.convert import Converter, Policy, Task
from deident.anonymizer.correct import CorrectableAuditLog
from deident.anonymizer.places import Places
from deident.anonymizer.publish import Publisher, Verdict, read_blocks
from deident.audit import AuditRecord, withdrawn
from deident.engine.result import Deidentified
from deident.engine.segments import materialise
from deident.errors import Reason
from deident.roots import open_place
from deident.stores.folder import FolderStore
from deident.stores.protocol import OpenObject

__all__ = ["Batch", "Event"]

#: Starting processes takes longer than the work on so few files; an explicit number of workers counts anyway.
_FEW: Final = 64
_SAME: Final = "the same bytes as an earlier input"
_OPEN: Final = Verdict()


@dataclass(frozen=True, slots=True)
class Event:
    """The ending of one input. `output` is the path of its output, None unless it was released.

    An input comes a second time when a later one shows that its output must be withdrawn: `replaces` is then what its
    reason was before, in a tuple of one.
    """

    task: Task
    record: AuditRecord
    output: str | None
    replaces: tuple[Reason | None] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """A call that is ready to run: places are checked, inputs are listed, nothing is written yet.

    `workers` None stands for one process per core. A file whose output the user named is one task with one worker.
    """

    policy: Policy
    places: Places
    tasks: Sequence[Task]
    workers: int | None = 1
    overwrite: bool = False

    def run(
        self, audit: CorrectableAuditLog | None = None, stop: Callable[[], bool] = lambda: False
    ) -> Generator[Event, None, None]:
        """Do the work, yielding each ending as soon as it is known; close the generator to end early.

        Raises UsageProblem or TransientProblem when outputs cannot be written, KeyboardInterrupt when `stop` says so
        between two files: what was released until then stays, whole and on record.
        """
        converter = Converter(self.policy)
        with audit or contextlib.nullcontext():
            for task, record, verdict in self._endings(converter):
                final = self._final(record, verdict, converter)
                if audit is not None:
                    audit.add(final)
                yield Event(task, final, self._path(record) if final.reason is None else None)
                for place, index in enumerate(verdict.withdraw):
                    before = Reason.DUPLICATE if place else None
                    changed = converter.held(self.tasks[index].key, Reason.DUPLICATE_CONFLICT)
                    if audit is not None:
                        audit.correct(index, before, changed)
                    yield Event(self.tasks[index], changed, None, (before,))
                if stop():
                    raise KeyboardInterrupt

    def _final(self, record: AuditRecord, verdict: Verdict, converter: Converter) -> AuditRecord:
        """The record after publishing has had its say."""
        if record.reason is not None:
            return record
        if verdict.reason is not None:
            return withdrawn(record, verdict.reason, _SAME if verdict.reason is Reason.DUPLICATE else "")
        chosen = self.places.name
        # A name that the user chose may hold anything.
        return record if chosen is None else dataclasses.replace(record, output=converter.reference(chosen))

    def _path(self, record: AuditRecord) -> str:
        return f"{self.places.root}/{self.places.name or record.output}"

    def _endings(self, converter: Converter) -> Iterator[tuple[Task, AuditRecord, Verdict]]:
        workers = min(self.workers or (_cores() if len(self.tasks) >= _FEW else 1), len(self.tasks))
        return self._in_processes(workers) if workers > 1 else self._in_this_process(converter)

    def _in_this_process(self, converter: Converter) -> Iterator[tuple[Task, AuditRecord, Verdict]]:
        source, destination = open_place(self.places.source), open_place(self.places.root)
        publisher = Publisher(destination, overwrite=self.overwrite)
        index, verdict = 0, _OPEN

        def deliver(result: Deidentified, opened: OpenObject) -> None:
            nonlocal verdict
            name = self.places.name or result.identity.output_name
            verdict = publisher.place(
                index,
                name,
                lambda overwrite: destination.write(name, result.segments, opened, overwrite=overwrite),
                lambda: materialise(result.segments, opened),
            )

        for task in self.tasks:
            index, verdict = task.index, _OPEN
            record = converter.convert(source, task, deliver)
            yield task, record, verdict

    def _in_processes(self, workers: int) -> Iterator[tuple[Task, AuditRecord, Verdict]]:
        """Processes write to staging; this one alone gives names, so duplicates are seen in one place and in order."""
        from deident.anonymizer.pool import Setup, convert_parallel, staging_key  # noqa: PLC0415 - loky takes 0.1 s
        from deident.anonymizer.staging import staging_folder  # noqa: PLC0415

        source, destination = open_place(self.places.source), open_place(self.places.root)
        publisher = Publisher(destination, overwrite=self.overwrite)
        with staging_folder(self.places.root) as folder:
            staging = FolderStore(folder, private=True)

            def publish(index: int, key: str, name: str) -> Verdict:
                verdict = publisher.place(
                    index,
                    name,
                    lambda overwrite: destination.copy_from(staging, key, name, overwrite=overwrite),
                    lambda: read_blocks(staging, key),
                )
                staging.delete(key)
                return verdict

            setup = Setup(self.policy, source, staging)
            with contextlib.closing(convert_parallel(setup, self.tasks, workers)) as converted:
                for task, record in converted:
                    released = record.reason is None
                    yield task, record, publish(task.index, staging_key(task), record.output) if released else _OPEN


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
