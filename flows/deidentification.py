"""The flow that de-identifies a folder: discovery, then each study through its stages, then the report."""

from __future__ import annotations

import re
from typing import Final

from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from deident.audit import AWAITING
from deident.context import Context, new_run
from deident.errors import Ending
from deident.flows.artifacts import ProgressArtifact, publish_report
from deident.flows.parameters import DeidentifyParameters
from deident.flows.progress import observer
from deident.flows.studies import StudyRuns, hidden
from deident.home import ProjectHome
from deident.ledger import StudyOutcome
from deident.report import RunReport
from deident.study import worker_pool
from deident.tasks.discovery import Found, discovery
from deident.tasks.events import announce_run
from deident.tasks.limits import check_limit
from deident.tasks.problems import RunError
from deident.tasks.report import report
from deident.tasks.safety import safe_flow

__all__ = [
    "AWAITING_REVIEW",
    "NOTHING_NEW",
    "THREADS",
    "WITH_QUARANTINE",
    "deidentify",
    "run_id",
    "through_stages",
]

NAME: Final = "deidentify"
WITH_QUARANTINE: Final = "Completed with quarantine"
AWAITING_REVIEW: Final = "Completed, awaiting review"
NOTHING_NEW: Final = "Nothing new"
#: Threads only wait for worker processes; the window of studies decides how many are in use.
THREADS: Final = 64


@safe_flow(name=NAME, task_runner=ThreadPoolTaskRunner(max_workers=THREADS), run_name=lambda: new_run().lower())
def deidentify(job: DeidentifyParameters) -> State[RunReport]:
    """De-identify every study of a folder into another.

    Folders are given by the names that `sources.toml` in the project home ($DEIDENT_HOME) has for them. The final
    state is `Completed`, `Completed with quarantine` (something needs a look: see the report), `Completed, awaiting
    review` (the flow release-reviewed goes on), `Nothing new`, or `Failed` when studies could not be finished; run it
    again then, and it goes on where it stopped.
    """
    check_limit()
    with Context.open(job.to_job(ProjectHome.open()), run_id(NAME), job.sessions()) as context:
        found = discovery(hidden(context), observer.get().discovering)
        return through_stages(context, found)


def through_stages(context: Context, found: Found, missing: int = 0) -> State[RunReport]:
    """Take what is to do through its stages, report, and say how it ended; `missing` studies were not found."""
    watcher = observer.get()
    todo = sum(study.count for study in found.todo)
    watcher.discovered(len(found.discovery.studies), len(found.todo), todo)
    progress = ProgressArtifact(len(found.todo)) if found.todo else None

    def finished(outcome: StudyOutcome) -> None:
        watcher.finished(outcome)
        if progress is not None:
            progress.advance()

    with worker_pool(context.job) as pool:
        # One study more than workers: the next is ready to start while another is validated or released.
        runs = StudyRuns(context, pool, window=min(THREADS, pool.workers + 1), finished=finished)
        runs.run(found.todo)
    outcomes = [*found.done, *runs.outcomes]
    built = report(hidden(context), hidden(found.discovery), hidden(outcomes))
    publish_report(built)
    state = _final_state(built, len(runs.unfinished), missing)
    announce_run(built, state.name or "")
    return state


def run_id(flow: str) -> str:
    """The run is named in ledger, audit and reports as it is in the Prefect UI."""
    name = flow_run.name or ""
    run = name.removeprefix(f"{flow}-")
    return run if re.fullmatch(r"\d{8}t\d{6}z-[0-9a-f]{6}", run) else new_run().lower()


def _final_state(built: RunReport, unfinished: int, missing: int = 0) -> State[RunReport]:
    counts = ", ".join(f"{built.inputs[ending.value]} {ending.value}" for ending in Ending)
    waiting = built.inputs.get(AWAITING, 0)
    counts += f", {waiting} awaiting" if waiting else ""
    counts += f", {missing} missing" if missing else ""
    if unfinished:
        return Failed(message=f"{counts}, {unfinished} unfinished", data=RunError("studies-unfinished", NAME))
    name = WITH_QUARANTINE if built.inputs[Ending.QUARANTINED.value] or missing else "Completed"
    if waiting:
        name = AWAITING_REVIEW
    if built.nothing_new and not missing:
        name = NOTHING_NEW
    return Completed(name=name, message=counts, data=built)
