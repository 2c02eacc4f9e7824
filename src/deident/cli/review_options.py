"""Commands and options of the review gate: `deident review list` and `deident release`; nothing heavy is imported here."""

from __future__ import annotations

import argparse
from typing import Final

__all__ = ["add_release", "add_review"]

_HOME: Final = "project home (default: $DEIDENT_HOME or ~/.local/share/deident/default)"


def add_review(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`deident review list`."""
    parser = commands.add_parser(
        "review",
        help="list the studies that await review",
        description="Studies that were validated and are released when a reviewer says so.",
        allow_abbrev=False,
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, title="verbs")
    listing = verbs.add_parser(
        "list", help="every study that awaits review, since when, until when", allow_abbrev=False
    )
    listing.add_argument("--run", metavar="RUN", help="of this run alone")
    listing.add_argument("--home", metavar="DIR", help=_HOME)


def add_release(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`deident release`."""
    parser = commands.add_parser(
        "release",
        help="release or reject studies that await review",
        description="Release what was validated, bit for bit, or reject it. Each decision is on record.",
        epilog="exit codes: 0 done as asked, 1 something was decided otherwise or could not be done, 2 wrong usage",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("studies", nargs="*", metavar="STUDY", help="release these, by opaque id as review list shows it")
    add("--run", required=True, metavar="RUN", help="the run whose studies are meant")
    add("--all", action="store_true", help="release every study of the run that waits, except those to reject")
    add("--reject", nargs="+", default=[], metavar="STUDY", help="reject these: nothing of them is released")
    add("--reviewer", required=True, metavar="NAME", help="your account name; kept as a keyed reference")
    add("--home", metavar="DIR", help=_HOME)
