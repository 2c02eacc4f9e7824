"""From argv to an exit code: which command runs, and how its problems are told."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final

from deident import __version__
from deident.cli.exits import EXIT_HELD, EXIT_INTERRUPTED, EXIT_OK, EXIT_PIPE, EXIT_USAGE
from deident.cli.parser import build_parser
from deident.errors import DeidentError, UsageProblem

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; argparse itself exits for --help (0) and wrong options (2)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _survive_any_name()
    if arguments[:1] in (["run"], ["serve"]):
        return _guarded(lambda: _flow(arguments[0], arguments[1:]))
    parser = build_parser(__version__, *arguments[:1])
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help(sys.stderr)
        return EXIT_USAGE
    command = _COMMANDS[options.command]
    if argv is None and command is _anonymize:
        _settle()
    return _guarded(lambda: command(options), telling=options.command == "plan")


def _survive_any_name() -> None:
    """File names need not be text: what the terminal cannot show becomes an escape instead of a traceback."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _anonymize(options: argparse.Namespace) -> int:
    from deident.cli.anonymize import anonymize  # noqa: PLC0415 - for start-up

    return anonymize(options)


def _settle() -> None:
    """Import and read what de-identifying takes: this process is for that alone."""
    import importlib  # noqa: PLC0415 - for start-up

    from deident.settling import settled  # noqa: PLC0415

    with settled():
        importlib.import_module("deident.cli.anonymize")
        importlib.import_module("deident.standard.preload").preload()


def _plan(options: argparse.Namespace) -> int:
    from deident.cli.plan import plan  # noqa: PLC0415 - for start-up

    return plan(options)


def _vault(options: argparse.Namespace) -> int:
    from deident.cli.vault import vault_command  # noqa: PLC0415 - for start-up

    return vault_command(options)


def _reidentify(options: argparse.Namespace) -> int:
    from deident.cli.vault import reidentify_command  # noqa: PLC0415 - for start-up

    return reidentify_command(options)


def _audit(options: argparse.Namespace) -> int:
    from deident.cli.audit import verify_ledger  # noqa: PLC0415 - for start-up

    return verify_ledger(options)


def _quarantine(options: argparse.Namespace) -> int:
    from deident.cli.quarantine import quarantine  # noqa: PLC0415 - for start-up

    return quarantine(options)


def _diff(options: argparse.Namespace) -> int:
    from deident.cli.diff import diff  # noqa: PLC0415 - for start-up

    return diff(options)


def _review(options: argparse.Namespace) -> int:
    from deident.cli.review import review_command  # noqa: PLC0415 - for start-up

    return review_command(options)


def _release(options: argparse.Namespace) -> int:
    from deident.cli.review import release_command  # noqa: PLC0415 - for start-up

    return release_command(options)


_COMMANDS: Final = {
    "anonymize": _anonymize,
    "plan": _plan,
    "vault": _vault,
    "reidentify": _reidentify,
    "audit": _audit,
    "quarantine": _quarantine,
    "diff": _diff,
    "review": _review,
    "release": _release,
}


def _flow(command: str, arguments: list[str]) -> int:
    """Hand over to the flow. It is named by a string: the library and its command line never import Prefect's side."""
    import importlib  # noqa: PLC0415 - for start-up

    name = f"deident.flows.{command}"
    try:
        flow = importlib.import_module(name)
    except ModuleNotFoundError as problem:
        missing = problem.name or ""
    else:
        return int(flow.main(arguments))
    raise UsageProblem(f"the flows are not installed completely: the module {missing} is missing")


def _guarded(command: Callable[[], int], *, telling: bool = False) -> int:
    """Turn the exceptions that deident raises on purpose into a message and an exit code."""
    try:
        code = command()
        sys.stdout.flush()
        return code
    except UsageProblem as problem:
        message, code = str(problem), EXIT_USAGE
    except DeidentError as problem:
        message, code = str(problem), EXIT_HELD
    except BrokenPipeError:
        # The reader of our output went away: nothing is wrong with what only tells (`deident plan | head`), but no
        # verdict has been given by what ends with one (`deident audit verify | head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK if telling else EXIT_PIPE
    except KeyboardInterrupt:
        message, code = "interrupted; no partial file was left", EXIT_INTERRUPTED
    except Exception as problem:  # noqa: BLE001 - the text of an unexpected exception can quote a data set or a path
        message, code = f"internal error ({type(problem).__name__}); please report it with the version", EXIT_HELD
    with contextlib.suppress(OSError):
        print(f"deident: {message}", file=sys.stderr)
    return code
