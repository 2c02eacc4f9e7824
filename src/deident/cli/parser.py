"""Commands and options of `deident`; nothing heavy is imported here, so that --help is instant."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from typing import Final

from deident.cli.parser_desk import add_audit, add_diff, add_quarantine
from deident.cli.review_options import add_release, add_review
from deident.cli.selection import add_selection
from deident.cli.vault_options import add_reidentify, add_vault

__all__ = ["STRATEGIES", "build_parser", "keep_tag_names", "split_strategies"]

STRATEGIES: Final = ("remove", "hash", "replace")
#: A group or an element number, four hexadecimal digits: `0008,0080` holds the comma that also separates names.
_HALF_TAG: Final = re.compile(r"[0-9A-Fa-f]{4}")

_DESCRIPTION: Final = (
    "De-identify DICOM files by PS3.15 Annex E: what cannot be de-identified safely is held, with a reason."
)
_PROFILE: Final = (
    "a preset (default: research), the name of a file in profiles/ of the project home, or the path of a .toml file"
)
_EPILOG: Final = "exit codes: 0 all released, 1 something skipped or quarantined, 2 wrong usage, 130 interrupted"


def build_parser(version: str, command: str = "") -> argparse.ArgumentParser:
    """The parser of the whole command line; `command` of its result is None when no command was given.

    Where `command` names one, the others are left out: a call makes use of one of them, and making them all takes time.
    """
    parser = argparse.ArgumentParser(prog="deident", description=_DESCRIPTION, epilog=_EPILOG, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"deident {version}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for add in (_COMMANDS[command],) if command in _COMMANDS else _COMMANDS.values():
        add(commands)
    return parser


def _add_anonymize(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "anonymize",
        help="de-identify one file, or a folder with --batch",
        description="De-identify one file, or with --batch every file of a folder at any depth.",
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "-i",
        "--input",
        required=True,
        metavar="X",
        help="a DICOM file or s3://bucket/key; with --batch a folder or s3://bucket/prefix",
    )
    add(
        "-o",
        "--output",
        required=True,
        metavar="Y",
        help="a file name or an existing folder; with --batch the folder to fill; or s3://bucket/prefix",
    )
    add("-b", "--batch", action="store_true", help="take every file under the folder X, at any depth")
    add(
        "--preserve-studies",
        action="store_true",
        help="use the key of the project, so that pseudonyms are the same in every run; else they hold in this call",
    )
    add(
        "--keep-tags",
        action="append",
        default=[],
        metavar="A,B",
        help="keep these attributes (keyword or gggg,eeee); the output then claims no conformance",
    )
    private = parser.add_mutually_exclusive_group()
    private.add_argument(
        "--remove-private", action="store_true", help="remove private elements, whatever the profile says"
    )
    private.add_argument("--keep-private", action="store_true", help="keep those that are known to be safe (113111)")
    add(
        "--strategy",
        action="append",
        default=[],
        metavar="[KEYWORD=]KIND",
        help="what stands in place of patient name and id, accession number and study id: remove, hash (the default) "
        "or replace; PatientName=remove for one of them; repeatable",
    )
    add("--profile", metavar="NAME|FILE", help=_PROFILE)
    add(
        "--pixel-risk",
        choices=("hold", "accept"),
        help="images that may show text: hold them (the default), or accept them because somebody looked",
    )
    add_selection(parser)
    add("--audit-log", metavar="FILE", help="write what was done to each file, as JSON without identifiers")
    add("--overwrite", action="store_true", help="replace outputs (and the audit log) that exist")
    add(
        "--workers",
        type=_positive,
        metavar="N",
        help="worker processes (default: one per core); 1 works in this process",
    )
    add(
        "--home",
        metavar="DIR",
        help="project home with the key (default: $DEIDENT_HOME or ~/.local/share/deident/default)",
    )
    add(
        "--show-paths",
        action="store_true",
        help="show held files by their path (it may hold a name) and not by reference",
    )
    add("-q", "--quiet", action="store_true", help="no progress and no summary; problems are still told")


def _add_plan(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "plan",
        help="print what will be done to which attribute, and why",
        description="Print what a profile does to each attribute, and which table, option or override decided it.",
        allow_abbrev=False,
    )
    parser.add_argument("--profile", metavar="NAME|FILE", help=_PROFILE)
    parser.add_argument("--home", metavar="DIR", help="project home, for the files in its profiles/")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--sop-class", metavar="CT|UID", help="for this kind of instance (default: whatever holds for all)"
    )
    what.add_argument(
        "--conformance", action="store_true", help="print the conformance statement that PS3.15 E.1.3 asks for"
    )
    parser.add_argument("--json", action="store_true", help="print the plan as JSON")


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "run",
        help="de-identify a folder study by study with the Prefect flow",
        description="De-identify a folder study by study with the Prefect flow; options are those of the flow.",
        add_help=False,
        allow_abbrev=False,
    )
    parser.add_argument("arguments", nargs=argparse.REMAINDER)


def _add_serve(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "serve",
        help="server, worker and deployments of this machine, in one command",
        description="Prefect server, worker and deployments of a project on this machine, until it is stopped.",
        add_help=False,
        allow_abbrev=False,
    )
    parser.add_argument("arguments", nargs=argparse.REMAINDER)


#: What adds each command, in the order of --help.
_COMMANDS: Final = {
    "anonymize": _add_anonymize,
    "plan": _add_plan,
    "run": _add_run,
    "serve": _add_serve,
    "review": add_review,
    "release": add_release,
    "vault": add_vault,
    "reidentify": add_reidentify,
    "audit": add_audit,
    "quarantine": add_quarantine,
    "diff": add_diff,
}


def _positive(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 512:
        raise argparse.ArgumentTypeError("between 1 and 512")
    return number


def keep_tag_names(values: Iterable[str]) -> tuple[str, ...]:
    """The names in `--keep-tags A,B`, where `gggg,eeee` is one name although it holds the separator."""
    names: list[str] = []
    for value in values:
        parts = [part.strip().strip("()") for part in value.split(",")]
        while parts:
            part = parts.pop(0)
            if _HALF_TAG.fullmatch(part) and parts and _HALF_TAG.fullmatch(parts[0]):
                part = f"{part},{parts.pop(0)}".upper()
            if part and part not in names:
                names.append(part)
    return tuple(names)


def split_strategies(values: Iterable[str]) -> tuple[str | None, dict[str, str]]:
    """`--strategy` values as (the one for all, keyword -> strategy). Raises ValueError with a message for the user."""
    general: str | None = None
    special: dict[str, str] = {}
    for value in values:
        keyword, equals, kind = value.rpartition("=")
        if kind not in STRATEGIES:
            raise ValueError(f"--strategy: the kind must be one of {', '.join(STRATEGIES)}")
        if not equals:
            if general not in (None, kind):
                raise ValueError("--strategy: two different kinds for all; name a keyword for one of them")
            general = kind
        elif not keyword:
            raise ValueError("--strategy: a keyword must stand before '='")
        elif special.setdefault(keyword, kind) != kind:
            raise ValueError("--strategy: two different kinds for the same keyword")
    return general, special
