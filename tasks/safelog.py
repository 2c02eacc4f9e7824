"""An allow-list for log records: of what is not known to be free of values only a note remains."""

from __future__ import annotations

import logging
import re
from enum import StrEnum
from typing import Final, Literal

from deident.tasks.problems import CODES

__all__ = ["AllowListFilter", "Event", "event_text", "is_allowed", "is_allowed_message"]


class Event(StrEnum):
    """What deident itself logs; everything beside the event is a number or an opaque id."""

    DISCOVERED = "discovered"
    STUDY_STAGED = "study staged"
    STUDY_VALIDATED = "study validated"
    STUDY_RELEASED = "study released"
    STUDY_QUARANTINED = "study quarantined"
    STUDY_SKIPPED = "study skipped"
    STUDY_AWAITING = "study awaiting review"
    STUDY_REVIEWED = "study reviewed"
    STUDY_UNCHANGED = "study unchanged"
    REPORTED = "reported"
    FINISHED = "finished"


_NAME: Final = r"'[a-z0-9]+(?:-[a-z0-9]+)*'"
_CODE: Final = "(?:" + "|".join(sorted(map(re.escape, CODES), key=len, reverse=True)) + ")"
_DETAIL: Final = r"[a-z][a-z0-9_.]*: [a-z][a-z0-9_]*(?:, [a-z][a-z0-9_.]*: [a-z][a-z0-9_]*)*"
_PROBLEM: Final = rf"{_CODE}(?: in [a-z0-9-]+)?(?: at [a-z0-9_.]+:[0-9]+)?(?: {_DETAIL})?"
_COUNTS: Final = r"[0-9]+ [a-z]+(?:, [0-9]+ [a-z]+)*"
_UUID: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_STATE: Final = (
    r"(?:Completed|Completed with quarantine|Completed, awaiting review|Completed, decided otherwise|Nothing new"
    r"|Failed|Crashed|Cancelled|Retrying|AwaitingRetry)"
)
_MESSAGE: Final = (
    rf"(?:(?:Task|Flow) run encountered an exception:? RunError: {_PROBLEM}"
    rf"|Validation of flow parameters failed with error: RunError: {_PROBLEM}"
    rf"|{_COUNTS}|{_PROBLEM})"
)
_RETRY: Final = (
    r"(?: - Retry [0-9]+/[0-9]+ will start (?:immediately|[0-9.e-]+ second\(s\) from now)| - Retries are exhausted)?"
)
_SIGNAL: Final = (
    r"(?:cancelled by the runtime environment|aborted by an interrupt signal|aborted by a termination signal"
    r"|aborted by Python system exit call)"
)
_FACT: Final = r"(?:study=[a-z2-7]{16}|reason=" + _CODE + r"|[a-z_]+=[0-9]+(?:\.[0-9]+)?)"
_EVENT: Final = "(?:" + "|".join(re.escape(event.value) for event in Event) + rf")(?:: {_FACT}(?: {_FACT})*)?"

_ALLOWED: Final = re.compile(
    "|".join(
        (
            _EVENT,
            rf"Beginning (?:sub)?flow run {_NAME} for flow {_NAME}",
            rf"Finished in state {_STATE}\((?:(?:'{_MESSAGE}'|\"{_MESSAGE}\")?(?:, )?(?:type=[A-Z]+)?)\)",
            rf"Task run failed with exception: RunError\('{_PROBLEM}'\){_RETRY}",
            rf"Encountered exception during execution: RunError\('{_PROBLEM}'\)",
            rf"Validation of flow parameters failed with error: {_PROBLEM}",
            rf"Crash detected! Execution was {_SIGNAL}\.",
            r"View at http://(?:127\.0\.0\.1|localhost):[0-9]+/runs/flow-run/" + _UUID,
            # Workers and runners, about runs of deployments:
            rf"Worker '[A-Za-z]+Worker {_UUID}' submitting flow run '{_UUID}'",
            rf"Completed submission of flow run '{_UUID}'",
            rf"Flow run {_NAME} submitted to infrastructure",
            r"(?:Opening process|Starting flow run process)\.\.\.",
            r"Running [0-9]+ deployment pull step\(s\)",
            r"Executing deployment step: set_working_directory",
            r"Deployment step 'set_working_directory' completed successfully",
            r"All deployment steps completed successfully",
            r"Importing flow code from module path deident\.flows(?:\.[a-z_]+)+",
            rf"Process for flow run {_NAME} exited cleanly\.",
        )
    )
)
_MODULE: Final = re.compile(r"(?:prefect|deident)(?:\.[a-z0-9_]+)*")


def is_allowed(text: str) -> bool:
    """True for the messages that deident and Prefect write about runs, with codes, counts and opaque names in them."""
    return _ALLOWED.fullmatch(text) is not None


def is_allowed_message(text: str) -> bool:
    """True for what the message of a state may say: counts (`3 released, 1 skipped`) or the text of a RunError."""
    return re.fullmatch(_MESSAGE, text) is not None


def event_text(event: Event, *, study: str = "", reason: str = "", seconds: float | None = None, **counts: int) -> str:
    """`study released: study=... instances=3 seconds=0.21`: an event and its facts in the form that is allowed."""
    facts = [f"study={study}"] if study else []
    facts += [f"reason={reason}"] if reason else []
    facts += [f"{name}={count:d}" for name, count in counts.items()]
    facts += [f"seconds={seconds:.2f}"] if seconds is not None else []
    return f"{event.value}: {' '.join(facts)}" if facts else event.value


class AllowListFilter(logging.Filter):
    """Lets every record pass, as text alone and only when its text is allowed; otherwise as a note in its place.

    Tracebacks, stacks and arguments are always taken off. Records are replaced, never dropped, so that the number of
    log lines still tells what happened. With scope `ours` only records of deident's own flows and tasks are touched:
    for use inside somebody else's Prefect process.
    """

    #: Names of the flows and tasks of deident, filled by the wrappers.
    names: Final[set[str]] = set()

    def __init__(self, name: str = "", scope: Literal["all", "ours"] = "all") -> None:
        super().__init__(name)
        self._scope = scope
        if scope == "all":
            # Warnings of libraries quote values too, and would go straight to the terminal.
            logging.captureWarnings(capture=True)

    def filter(self, record: logging.LogRecord) -> bool:
        if self._scope == "ours" and not self._is_ours(record):
            return True
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001 - a foreign object that cannot be formatted is withheld like any other
            text = ""
        if not getattr(record, "deident_safe", False) and not is_allowed(text):
            source = record.name if _MODULE.fullmatch(record.name) else "another library"
            text = f"{record.levelname.lower()} of {source} withheld: it may hold a value"
        record.msg, record.args = text, None
        record.exc_info = record.exc_text = record.stack_info = None
        record.deident_safe = True
        return True

    def _is_ours(self, record: logging.LogRecord) -> bool:
        task, flow = getattr(record, "task_name", None), getattr(record, "flow_name", None)
        return (task if task is not None else flow) in self.names
