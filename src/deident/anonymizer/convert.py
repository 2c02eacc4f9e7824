"""One input to one output or one reason: the engine between a source and a place to write to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from deident.audit import AuditRecord, held, released
from deident.cohort import Cohort
from deident.engine import Deidentifier
from deident.engine.headers import read_header
from deident.engine.result import Deidentified
from deident.errors import DeidentError, NotFound, Reason, Refusal, TransientProblem
from deident.profile import Profile
from deident.pseudonyms import Pseudonyms
from deident.stores.names import key_text
from deident.stores.protocol import BLOCK, OpenObject, Store

__all__ = ["Converter", "Deliver", "Policy", "Task"]

#: Takes a de-identified instance while its source is open; may raise what a store raises.
Deliver = Callable[[Deidentified, OpenObject], None]


@dataclass(frozen=True, slots=True)
class Policy:
    """What decides the outputs of a call, the same in every process. `cohort` None: every instance is taken."""

    profile: Profile
    pseudonyms: Pseudonyms
    cohort: Cohort | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Task:
    """One input: its place in the order of all inputs, its key in the source, and what is wrong with it already."""

    index: int
    key: str
    problem: Reason | None


class Converter:
    """Holds the engine of one process. Not thread safe."""

    def __init__(self, policy: Policy) -> None:
        self._pseudonyms = policy.pseudonyms
        self._cohort = policy.cohort
        self._engine = Deidentifier(policy.profile, policy.pseudonyms)

    def reference(self, key: str) -> str:
        """Keyed reference to a path."""
        return self._pseudonyms.reference(key_text(key))

    def held(self, key: str, reason: Reason, detail: str = "") -> AuditRecord:
        """The record of an input that does not come out."""
        return held(self.reference(key), reason, detail)

    def convert(self, store: Store, task: Task, deliver: Deliver) -> AuditRecord:
        """Read, de-identify and deliver one input; its record says how that ended.

        Whatever is wrong with the input is an ending. What is wrong with the place to write to is raised: UsageProblem,
        AlreadyExists or TransientProblem.
        """
        if task.problem is not None:
            return self.held(task.key, task.problem)
        try:
            with store.open(task.key) as source:
                return self._convert(source, task.key, deliver)
        except _UndeliveredError as undelivered:
            failure = undelivered.problem
        except Exception as problem:  # noqa: BLE001 - whatever an input brings about is the ending of that input
            return self.held(task.key, *_ending(problem))
        raise failure

    def _convert(self, source: OpenObject, key: str, deliver: Deliver) -> AuditRecord:
        if self._cohort is not None and not self._cohort.holds(read_header(source)):
            raise Refusal(Reason.NOT_IN_COHORT)
        result = self._engine.deidentify(source)
        reference = self.reference(key)
        record = released(result, reference=reference, output=result.identity.output_name, pseudonyms=self._pseudonyms)
        try:
            deliver(result, source)
        except Refusal:
            raise
        except DeidentError as problem:
            failure = problem
        else:
            return record
        _check_readable(source)
        raise _UndeliveredError(failure)


class _UndeliveredError(Exception):
    """The place to write to failed, with `problem`."""

    def __init__(self, problem: DeidentError) -> None:
        self.problem = problem
        super().__init__()


def _ending(problem: Exception) -> tuple[Reason, str]:
    """Reason and detail for what went wrong with an input."""
    if isinstance(problem, Refusal):
        return problem.reason, problem.detail
    if isinstance(problem, EOFError):
        return Reason.CHANGED, ""
    if isinstance(problem, (NotFound, TransientProblem)):
        return Reason.UNREADABLE, ""
    if isinstance(problem, MemoryError):
        return Reason.LIMIT, "memory"
    # The text of an unexpected exception can quote the data set; the name of its class cannot.
    return Reason.INTERNAL, type(problem).__name__


def _check_readable(source: OpenObject) -> None:
    """Raise what a store raises when the source is what failed: a copy in the kernel does not tell which side did."""
    offset = 0
    while offset < source.size and (block := source.read_at(offset, BLOCK)):
        offset += len(block)
