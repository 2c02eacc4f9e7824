"""`deident anonymize`: options to a batch, its endings to a tally, the tally to an exit code."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from deident.anonymizer import DICOMAnonymizer
from deident.cli.exits import EXIT_HELD, EXIT_INTERRUPTED, EXIT_OK
from deident.cli.interrupt import Interrupt
from deident.cli.parser import keep_tag_names, split_strategies
from deident.cli.progress import progress
from deident.cli.selection import cohort_of
from deident.cli.tally import Tally
from deident.errors import DeidentError, UsageProblem
from deident.profile import DEFAULT_PRESET

if TYPE_CHECKING:
    from deident.anonymizer.batch import Batch
    from deident.anonymizer.correct import CorrectableAuditLog

__all__ = ["anonymize"]

_NO_CLAIM = (
    "warning: what is kept is protected by the standard and covered by no option: "
    "the outputs claim no conformance to PS3.15, (0012,0062) is NO"
)


def anonymize(options: argparse.Namespace) -> int:
    """Carry the command out; the exit code says whether everything was released. Raises UsageProblem for wrong use."""
    anonymizer = _anonymizer(options)
    prepare = anonymizer.prepare_directory if options.batch else anonymizer.prepare_file
    batch = prepare(options.input, options.output)
    audit = anonymizer.audit(options.audit_log, batch) if options.audit_log is not None else None
    if not anonymizer.conforms:
        print(f"deident: {_NO_CLAIM}", file=sys.stderr)
    tally = Tally(show_paths=options.show_paths)
    try:
        stopped = _work(batch, audit, tally, quiet=options.quiet)
    except DeidentError:
        _tell(tally, len(batch.tasks), options)
        raise
    _tell(tally, len(batch.tasks), options)
    if stopped:
        print("deident: interrupted; what was released until then is whole, nothing else was left", file=sys.stderr)
        return EXIT_INTERRUPTED
    return EXIT_OK if tally.all_released else EXIT_HELD


def _anonymizer(options: argparse.Namespace) -> DICOMAnonymizer:
    try:
        strategy, strategies = split_strategies(options.strategy)
    except ValueError as problem:
        raise UsageProblem(str(problem)) from None
    return DICOMAnonymizer(
        preserve_studies=options.preserve_studies,
        profile=options.profile or DEFAULT_PRESET,
        strategy=strategy,
        strategies=strategies or None,
        keep_tags=keep_tag_names(options.keep_tags),
        keep_private=True if options.keep_private else False if options.remove_private else None,
        pixel_risk=options.pixel_risk,
        patients=options.patients,
        unlisted=options.unlisted,
        cohort=cohort_of(options),
        home=options.home,
        workers=options.workers,
        overwrite=options.overwrite,
    )


def _work(batch: Batch, audit: CorrectableAuditLog | None, tally: Tally, *, quiet: bool) -> bool:
    """Run the batch and count; return whether the user stopped it."""
    try:
        with (
            progress(tally, len(batch.tasks), quiet=quiet) as show,
            Interrupt() as interrupt,
            closing(batch.run(audit, interrupt.asked)) as events,
        ):
            for event in events:
                tally.count(event)
                show()
    except KeyboardInterrupt:
        return True
    return False


def _tell(tally: Tally, total: int, options: argparse.Namespace) -> None:
    tally.print_problems()
    if not options.quiet:
        print(tally.summary(total))
        if options.audit_log is not None:
            print("The audit log holds what was done to each file.")
