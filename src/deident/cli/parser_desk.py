"""Options of the commands that look back: `deident audit`, `deident quarantine` and `deident diff`."""

from __future__ import annotations

import argparse
from typing import Final

from deident.cli.selection import add_selection

__all__ = ["add_audit", "add_diff", "add_quarantine"]

_Commands = argparse._SubParsersAction
_HOME: Final = "project home (default: $DEIDENT_HOME or ~/.local/share/deident/default)"


def add_audit(commands: _Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "audit",
        help="verify that nothing in the ledger was changed or removed",
        description="Look after the records of what was done.",
        allow_abbrev=False,
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, title="verbs")
    verify = verbs.add_parser(
        "verify",
        help="verify the ledger of a project",
        description="Verify every record of the ledger: its place, its seal, its chain, and the sealed heads of all runs.",
        epilog="exit codes: 0 intact, 1 something is wrong (each problem is printed), 2 wrong usage",
        allow_abbrev=False,
    )
    verify.add_argument("--home", metavar="DIR", help=_HOME)


def add_quarantine(commands: _Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "quarantine",
        help="list, show and retry what is held",
        description="The quarantine desk: what is held, why, what to do about it, and doing it again.",
        allow_abbrev=False,
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, title="verbs")
    listing = verbs.add_parser("list", help="every study of which something is held", allow_abbrev=False)
    show = verbs.add_parser("show", help="one study, input by input", allow_abbrev=False)
    show.add_argument("study", metavar="STUDY", help="opaque id of the study, as list shows it")
    retry = verbs.add_parser(
        "retry",
        help="do held studies again, and only those",
        description="Do held studies again, for instance after a look at them or with another profile.",
        epilog="exit codes: 0 all released, 1 something is held still, 2 wrong usage",
        allow_abbrev=False,
    )
    for verb in (listing, show, retry):
        verb.add_argument("--home", metavar="DIR", help=_HOME)
    add = retry.add_argument
    add("studies", nargs="*", metavar="STUDY", help="opaque ids of the studies")
    add("--reason", metavar="CODE", help="every study that is held for this reason")
    add("--all", action="store_true", help="every study of which something is held")
    add(
        "--source",
        metavar="X",
        help="folder with the originals, or its name in sources.toml (default: the one of that run, if it has a name)",
    )
    add("--dest", metavar="Y", help="folder for the outputs, or its name in sources.toml (default: that of the run)")
    add("--profile", metavar="NAME", help="profile preset (default: research)")
    add("--pixel-risk", choices=("hold", "accept"), help="images that may show text: hold (the default) or accept them")
    add("--workers", type=int, default=0, metavar="N", help="worker processes (default: one per core)")
    add_selection(retry)


def add_diff(commands: _Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "diff",
        help="what changed between an original and its output, and by which rule",
        description="Compare an original with its output, element by element at every level, for who may see both.",
        epilog="exit codes: 0 equal, 1 different, 2 wrong usage",
        allow_abbrev=False,
    )
    parser.add_argument("original", metavar="ORIGINAL", help="a DICOM file, or s3://bucket/key")
    parser.add_argument("output", metavar="OUTPUT", help="the DICOM file that was made of it, or s3://bucket/key")
    parser.add_argument("--profile", metavar="NAME", help="profile preset whose rules explain it (default: research)")
    parser.add_argument(
        "--show-values", action="store_true", help="show values; those of the original identify a patient"
    )
    parser.add_argument("--all", action="store_true", help="show elements that are equal, too")
