"""`deident quarantine`: list, show and retry what is held."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from deident.cli.audit import known_key
from deident.cli.exits import EXIT_HELD, EXIT_OK
from deident.cli.selection import cohort_of
from deident.context import Context, place_reference
from deident.discovery import discover
from deident.errors import Ending, Reason, UsageProblem
from deident.home import ProjectHome
from deident.job import Job
from deident.ledger import Ledger, StudyOutcome
from deident.profile import DEFAULT_PRESET
from deident.quarantine import HeldStudy, Selection, held_instances, held_studies, held_study, narrowed, retry
from deident.report import build_report, write_report
from deident.roots import Roots
from deident.seals.mac import PURPOSE, Seal
from deident.seals.runs import RunRecords
from deident.stores import Store
from deident.study import WorkerPool

__all__ = ["quarantine"]


def quarantine(options: argparse.Namespace) -> int:
    """Carry one of the verbs out. No identifier is printed: studies by opaque id, inputs by keyed reference."""
    home = ProjectHome.existing(options.home)
    if options.verb == "retry":
        return _retry(options, home)
    roots = Roots.of(home)
    ledger = Ledger(roots.open("ledger"))
    if options.verb == "show":
        _show(roots.open("audit"), held_study(ledger, options.study))
    else:
        _list(held_studies(ledger))
    return EXIT_OK


def _list(held: list[HeldStudy]) -> None:
    if not held:
        print("Nothing is held.")
        return
    print(f"{'study':<16}  {'modality':<8}  {'held':>5}  {'rest':<9}  {'since run':<23}  reasons")
    for study in sorted(held, key=lambda study: (study.since, study.study)):
        reasons = ", ".join(f"{reason.value} ({count})" for reason, count in study.reasons.items())
        rest = "released" if study.in_part else "-"
        modality = "+".join(study.record.modalities)
        print(f"{study.study:<16}  {modality:<8}  {study.held:>5}  {rest:<9}  {study.since:<23}  {reasons}")
    print()
    _advise(_count(held))
    print("\nInputs that belong to no study are in the report of their run; every run looks at them again.")


def _count(held: Iterable[HeldStudy]) -> Counter[Reason]:
    return sum((Counter(study.reasons) for study in held), Counter[Reason]())


def _advise(reasons: Counter[Reason]) -> None:
    for reason, count in reasons.most_common():
        print(f"{count:>6}  {reason.value}: {reason.advice}")


def _show(audit: Store, held: HeldStudy) -> None:
    record = held.record
    counts = ", ".join(f"{count} {ending}" for ending, count in record.counts.items())
    print(f"study      {held.study} ({' '.join(record.modalities)})")
    print(f"inputs     {counts}")
    print(f"held since run {held.since}; last done by run {record.run}, finished {record.finished}")
    print(f"profile    {record.profile_digest}, deident {record.code_version}")
    if held.in_part:
        print(f"released   {record.manifest}")
    print()
    _advise(Counter(held.reasons))
    instances = held_instances(audit, held)
    print(
        f"\n{len(instances)} held inputs, by keyed reference:" if instances else "\nThe audit log of that run is gone."
    )
    for instance in instances:
        detail = f"  {instance.detail}" if instance.detail else ""
        print(f"  {instance.reference}  {instance.reason.value}{detail}")


def _retry(options: argparse.Namespace, home: ProjectHome) -> int:
    held = held_studies(Ledger(Roots.of(home).open("ledger")))
    chosen = Selection(frozenset(options.studies), _reason(options.reason), everything=options.all).of(held)
    if not chosen:
        print("Nothing is held for that reason." if options.reason else "Nothing is held.")
        return EXIT_OK
    source, destination = _places(options, home, chosen)
    job = Job.make(
        **_selected(options),
        source=source,
        destination=destination,
        home=str(home.root),
        profile=options.profile or DEFAULT_PRESET,
        pixel_risk=options.pixel_risk or "hold",
        workers=options.workers,
        force=True,
    )
    with Context.open(job) as context:
        context.sweep()
        found, missing = narrowed(discover(context), {study.study for study in chosen})
        pool = WorkerPool(job.worker_count) if found.studies else None
        try:
            outcomes = retry(context, found, pool, _tell)
        finally:
            if pool is not None:
                pool.close()
        report = build_report(context, found, outcomes)
        write_report(context, report)
    print(f"\n{len(outcomes)} studies done again by run {report.run}:", end=" ")
    print(", ".join(f"{count} inputs {ending}" for ending, count in report.inputs.items()))
    for line in report.reasons:
        print(f"{line.count:>6}  {line.code}: {line.advice}")
    if missing:
        print(f"deident: {missing} of the studies are not in this source", file=sys.stderr)
    return EXIT_HELD if missing or report.inputs[Ending.QUARANTINED.value] else EXIT_OK


def _selected(options: argparse.Namespace) -> dict[str, Any]:
    """Patient list and cohort, as far as they were given; the same ones as those of the run."""
    values = {"patients": options.patients, "unlisted": options.unlisted, "cohort": cohort_of(options)}
    return {name: value for name, value in values.items() if value is not None}


def _tell(outcome: StudyOutcome) -> None:
    reasons = ", ".join(f"{code} ({count})" for code, count in outcome.record.reasons.items())
    print(f"{outcome.study}  {outcome.outcome.value}" + (f"  {reasons}" if reasons else ""), flush=True)


def _reason(code: str | None) -> Reason | None:
    if code is None:
        return None
    try:
        return Reason(code)
    except ValueError:
        names = ", ".join(reason.value for reason in Reason if reason.ending is Ending.QUARANTINED)
    raise UsageProblem(f"--reason: one of {names}")


def _places(options: argparse.Namespace, home: ProjectHome, chosen: list[HeldStudy]) -> tuple[str, str]:
    """Source and destination: as given, by name, or those of the run that held the studies.

    The ledger holds no path, but keyed references of both: a folder that has a name in sources.toml is known by them.
    """
    # Named by a string: the command line never imports Prefect's side. This module of it imports no Prefect.
    named: dict[str, str] = importlib.import_module("deident.flows.places").places(home)
    source = _resolved(options.source, named)
    destination = _resolved(options.dest, named)
    if source and destination:
        return source, destination
    key = known_key(home)
    records = RunRecords(Roots.of(home).open("ledger"), Seal(key.derive(PURPOSE))).read()
    runs = {study.record.run for study in chosen}
    known = {place_reference(key, folder): folder for folder in named.values()}
    return (
        source or _only({known.get(record.source, "") for record in records if record.run in runs}, "--source"),
        destination or _only({known.get(record.destination, "") for record in records if record.run in runs}, "--dest"),
    )


def _resolved(given: str | None, named: dict[str, str]) -> str:
    if given is None:
        return ""
    return named[given] if given in named and not Path(given).is_dir() else given


def _only(folders: set[str], option: str) -> str:
    if len(folders) != 1 or "" in folders:
        raise UsageProblem(f"the folder of that run has no name in sources.toml (or there are several); give {option}")
    return folders.pop()
