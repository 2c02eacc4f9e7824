"""`deident audit verify`: the ledger of a project, and what is wrong with it."""

from __future__ import annotations

import argparse

from deident.cli.exits import EXIT_HELD, EXIT_OK
from deident.home import ProjectHome
from deident.locks import seen_at_work
from deident.pseudonyms import ProjectKey
from deident.report.words import counted
from deident.roots import Roots
from deident.seals.mac import PURPOSE, Seal
from deident.seals.verify import order, verify
from deident.seals.witness import witness_of
from deident.vault import exists, home_store, project_key

__all__ = ["known_key", "verify_ledger"]


def known_key(home: ProjectHome) -> ProjectKey:
    """The key of a project that has one, in its file or its vault. Raises KeyProblem; none is made."""
    return project_key(home) if exists(home_store(home)) else ProjectKey.load(home.key)


def verify_ledger(options: argparse.Namespace) -> int:
    """Print every problem by opaque names; 0 when there is none."""
    home = ProjectHome.existing(options.home)
    seal = Seal(known_key(home).derive(PURPOSE))
    roots = Roots.of(home)
    witness = witness_of(roots.open("audit"), roots.open("reports"))
    found = verify(roots.open("ledger"), seal, witness=witness, at_work=seen_at_work(home, roots))
    for problem in order(found.problems):
        print(f"{problem.trouble.value}: {problem.where}")
    for trouble in dict.fromkeys(problem.trouble for problem in order(found.problems)):
        print(f"  {trouble.value}: {trouble.meaning}")
    counts = (counted(found.records, "record"), counted(found.studies, "study"), counted(found.runs, "finished run"))
    print("{} of {} in {}".format(*counts), end="")
    if found.at_work:
        print(f"; at work: {', '.join(found.at_work)}", end="")
    if found.intact:
        print(": intact.")
    elif any(problem.trouble.tampering for problem in found.problems):
        print(f": {counted(len(found.problems), 'problem')}, the ledger is not as it was written.")
    else:
        print(": nothing was changed, but a run did not finish; the next run will seal its records.")
    if found.head:
        print(f"The last run record is {found.head}: noted elsewhere, it shows later that no end was cut off.")
    return EXIT_OK if found.intact else EXIT_HELD
