"""The quarantine desk as a flow: do held studies again, and only those."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from prefect.client.schemas.objects import State
from prefect.task_runners import ThreadPoolTaskRunner

from deident.context import Context, new_run
from deident.flows.deidentification import THREADS, run_id, through_stages
from deident.flows.parameters import RetryParameters
from deident.flows.progress import observer
from deident.flows.studies import hidden
from deident.home import ProjectHome
from deident.quarantine import held_studies, narrowed
from deident.report import RunReport
from deident.tasks.discovery import discovery
from deident.tasks.limits import check_limit
from deident.tasks.safety import safe_flow

__all__ = ["retry_quarantined"]

NAME: Final = "retry-quarantined"


@safe_flow(name=NAME, task_runner=ThreadPoolTaskRunner(max_workers=THREADS), run_name=lambda: new_run().lower())
def retry_quarantined(job: RetryParameters) -> State[RunReport]:
    """Find the held studies again in their source and take them through all stages once more.

    Choose by study, by reason or everything: one of the three. The final state is that of the deidentify flow; `missing`
    counts studies that are not in this source (any more).
    """
    check_limit()
    with Context.open(job.to_job(ProjectHome.open()), run_id(NAME), job.sessions()) as context:
        chosen = {study.study for study in job.selection().of(held_studies(context.ledger))}
        found = discovery(hidden(context), observer.get().discovering)
        only, missing = narrowed(found.discovery, chosen)
        todo = tuple(study for study in found.todo if study.id in chosen)
        return through_stages(context, replace(found, discovery=only, todo=todo, done=()), missing)
