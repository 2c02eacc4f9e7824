"""De-identify a folder with the Prefect flow from the terminal: what `make run` and `deident run` call."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import queue
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from deident.audit import AWAITING
from deident.cli.selection import add_selection, cohort_of, cohort_values
from deident.errors import DeidentError, Ending, PlaceProblem, UsageProblem
from deident.flows.places import register
from deident.flows.profiles import enter
from deident.flows.server import Server, ServerError, starting_server, stop_server
from deident.flows.settings import apply, client_environment
from deident.flows.terminal import Terminal
from deident.home import ProjectHome, check_apart, default_home
from deident.job import PixelProof, ReleasePolicy
from deident.profile import DEFAULT_PRESET, PixelRisk
from deident.pseudonyms import SubjectList, Unlisted
from deident.roots import Roots, absolute, check_bucket, check_places, check_source
from deident.settling import settled
from deident.stores.places import is_s3

if TYPE_CHECKING:
    from deident.report import RunReport

__all__ = ["main"]

ALL_RELEASED: Final = 0
SOMETHING_HELD: Final = 1
USAGE: Final = 2
UNFINISHED: Final = 3
INTERRUPTED: Final = 130
DEMO_DESTINATION: Final = "demo-output"
DEMO_HOME: Final = ".deident"

_PLAIN: Final = {
    "os-enospc": "the disk is full",
    "os-eacces": "a folder or file may not be read or written",
    "os-erofs": "a folder can only be read",
    "place": "a folder is missing, nested in another, or may not be written",
    "key": "the project key cannot be used",
    "vault": "the vault is damaged or not whole: deident vault verify says where",
    "worker-died": "the worker processes died again and again (out of memory?)",
    "limit-missing": "the server has no active concurrency limit of the name in DEIDENT_CONCURRENCY_LIMIT",
    "studies-unfinished": "some studies could not be finished",
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="deident run",
        description="De-identify every study of a folder with the Prefect flow. "
        "Without --source, the DICOM files that come with pydicom are the input.",
        epilog="Exit codes: 0 all released, 1 something skipped, quarantined or awaiting review, 2 usage, "
        "3 not finished (run again).",
    )
    parser.add_argument("--source", metavar="PLACE", help="originals, at any depth: a folder or s3://bucket/prefix")
    parser.add_argument("--dest", metavar="PLACE", help="for the de-identified studies: a folder or s3://bucket/prefix")
    parser.add_argument("--home", metavar="FOLDER", help="project home: key, ledger, reports, Prefect's data")
    parser.add_argument(
        "--profile",
        metavar="NAME|FILE",
        default=DEFAULT_PRESET,
        help="a preset, the name of a file in profiles/ of the project home, or the path of a .toml file, which is copied "
        "there (default: %(default)s)",
    )
    parser.add_argument("--pixel-risk", choices=[risk.value for risk in PixelRisk], default=PixelRisk.HOLD.value)
    parser.add_argument(
        "--release",
        choices=[policy.value for policy in ReleasePolicy],
        default=ReleasePolicy.AUTOMATIC.value,
        help="whether studies wait for a review (deident review list, deident release); default: %(default)s",
    )
    parser.add_argument("--review-days", type=int, default=30, metavar="N", help="how long they wait; default: 30")
    parser.add_argument(
        "--pixel-proof",
        choices=[proof.value for proof in PixelProof],
        default=PixelProof.COPIED.value,
        help="large native pixel data that S3 copied by itself: take its word, or read and search them (default: %(default)s)",
    )
    add_selection(parser)
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="processes; default: one for each core")
    parser.add_argument("--force", action="store_true", help="do studies again that are done")
    parser.add_argument("--qa-pages", action="store_true", help="make pages with thumbnails of the outputs in the home")
    parser.add_argument("--no-report-copy", action="store_true", help="keep the audit report out of the destination")
    parser.add_argument("--stop-server", action="store_true", help="stop the Prefect server of the project, and end")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the flow and report on the terminal. Returns the exit code."""
    try:
        arguments = _parser().parse_args(argv)
    except SystemExit as ended:
        return int(ended.code or 0)
    try:
        return _run(arguments)
    except UsageProblem as problem:
        print(f"deident: {problem}", file=sys.stderr)
        return USAGE
    except DeidentError as problem:
        print(f"deident: {problem}", file=sys.stderr)
        return UNFINISHED
    except KeyboardInterrupt:
        print("\nInterrupted. The next run goes on where this one stopped.", file=sys.stderr)
        return INTERRUPTED


def _run(arguments: argparse.Namespace) -> int:
    demo = arguments.source is None
    home = ProjectHome.open(
        arguments.home or (DEMO_HOME if demo and "DEIDENT_HOME" not in os.environ else default_home())
    )
    if arguments.stop_server:
        print("The Prefect server is stopped." if stop_server(home) else "No Prefect server was running.")
        return ALL_RELEASED
    source, destination = _places(arguments, home)
    selection = _selection(arguments, home, destination)
    job = {
        "source": register(home, source),
        "destination": register(home, destination),
        "profile": enter(home, arguments.profile),
        "pixel_risk": arguments.pixel_risk,
        "release": arguments.release,
        "review_days": arguments.review_days,
        "pixel_proof": arguments.pixel_proof,
        "workers": arguments.workers,
        "force": arguments.force,
        "qa_pages": arguments.qa_pages,
        "publish_report": not arguments.no_report_copy,
        **selection,
    }
    if demo:
        print("Input: the DICOM files that come with pydicom (name your own with --source and --dest).", flush=True)
    with Terminal() as terminal, starting_server(home) as start:
        if start.process is not None:
            terminal.say("Starting the Prefect server of this project, about 10 seconds ...")
        apply(client_environment(home, start.server.port))
        # While the server comes up: importing Prefect takes as long, and reads the settings that were just made.
        _load_flow()
        start.wait(terminal.tick)
        server = start.server
    return _flow(job, home, server, destination)


def _places(arguments: argparse.Namespace, home: ProjectHome) -> tuple[str, str]:
    """Source and destination, checked here to say in words what is wrong; the flow could only say it in codes."""
    if arguments.source is None:
        spec = importlib.util.find_spec("pydicom")
        source = absolute(os.path.join((spec.submodule_search_locations or [""])[0] if spec else "", "data"))
        destination = absolute(arguments.dest or DEMO_DESTINATION)
    elif arguments.dest is None:
        raise UsageProblem("--source needs --dest: the place for the de-identified studies")
    else:
        source, destination = absolute(arguments.source), absolute(arguments.dest)
    check_source(source)
    if not is_s3(destination) and os.path.exists(destination) and not os.path.isdir(destination):
        raise PlaceProblem("the destination is no folder")
    roots = Roots.of(home)
    check_places(source, destination, home, roots)
    check_bucket(roots.open("source", source), "the source")
    if not 0 <= arguments.workers <= 512:
        raise UsageProblem("--workers is a number from 0 to 512")
    if not 1 <= arguments.review_days <= 3650:
        raise UsageProblem("--review-days is a number from 1 to 3650")
    return source, destination


def _selection(arguments: argparse.Namespace, home: ProjectHome, destination: str) -> dict[str, object]:
    """Patient list and cohort as the flow takes them, checked here to say in words what is wrong with them."""
    cohort_of(arguments)
    selection: dict[str, object] = cohort_values(arguments)
    if arguments.patients is not None:
        if not is_s3(destination):
            check_apart({"the patient list": arguments.patients, "the destination": destination})
        SubjectList.load(arguments.patients)
        selection["patients"] = register(home, arguments.patients)
        selection["unlisted"] = arguments.unlisted or Unlisted.REFUSE.value
    elif arguments.unlisted is not None:
        raise UsageProblem("--unlisted has no meaning without --patients")
    return selection


def _flow(job: dict[str, object], home: ProjectHome, server: Server, destination: str) -> int:
    # Not before the settings are in the environment.
    from deident.flows.deidentification import deidentify  # noqa: PLC0415
    from deident.flows.progress import observer  # noqa: PLC0415
    from deident.report import RunReport  # noqa: PLC0415
    from deident.tasks.problems import RunError  # noqa: PLC0415

    with Terminal() as terminal:
        token = observer.set(terminal)
        try:
            state = deidentify(job, return_state=True)
        except Exception:  # noqa: BLE001 - of Prefect itself: what the flow raises is in the state
            state = None
        finally:
            observer.reset(token)
    if state is None:
        _forget_events()
        raise ServerError("the Prefect server cannot be reached any more; run again to go on where this run stopped")
    link = _link(server, state.state_details.flow_run_id)
    result = state.result(raise_on_failure=False)
    if isinstance(result, RunReport):
        _print_summary(result, home, destination)
        print(f"\nThe run in the Prefect UI: {link}")
        return ALL_RELEASED if result.inputs[Ending.RELEASED.value] == result.total else SOMETHING_HELD
    code = result.code if isinstance(result, RunError) else "internal"
    print(f"deident: the run failed: {_PLAIN.get(code, code)}.", file=sys.stderr)
    print(f"What was finished stays; run again to go on. The run in the Prefect UI: {link}", file=sys.stderr)
    return USAGE if code in {"place", "key", "configuration", "usage", "limit-missing"} else UNFINISHED


def _load_flow() -> None:
    """Import Prefect and the flow; collecting garbage among hundreds of modules that all stay takes a fifth of the time."""
    with settled():
        importlib.import_module("deident.flows.deidentification")


def _forget_events() -> None:
    """Drop what Prefect has still to tell its server: at the end of the process it tries some seconds for each event.

    There is no setting for it. In a Prefect that has changed inside nothing is dropped, and the process ends later.
    """
    with contextlib.suppress(Exception):
        from prefect.events.worker import EventsWorker  # noqa: PLC0415

        for worker in tuple(getattr(EventsWorker, "_instances", {}).values()):
            waiting = getattr(worker, "_queue", None)
            while isinstance(waiting, queue.Queue) and not waiting.empty():
                waiting.get_nowait()
                waiting.task_done()


def _link(server: Server, run: UUID | None) -> str:
    return f"{server.url}/runs/flow-run/{run}" if run else server.url


def _print_summary(report: RunReport, home: ProjectHome, destination: str) -> None:
    studies = len(report.studies)
    if report.nothing_new:
        print(
            f"Nothing new: all {studies} studies had been done before, nothing was written."
            if studies
            else "No studies."
        )
    elif report.unchanged:
        print(
            f"{studies - report.unchanged} of {studies} studies were new or changed; the others had been done before."
        )
    print(f"\n{report.total} inputs in {studies} studies:")
    for ending in Ending:
        print(f"  {report.inputs[ending.value]:>6}  {ending.value}")
        for line in report.reasons:
            if line.ending == ending.value:
                print(f"          {line.count:>6}  {line.code}: {line.advice}")
    if waiting := report.inputs.get(AWAITING, 0):
        print(f"  {waiting:>6}  awaiting review; list them: deident review list")
        print(f"          decide: deident release --run {report.run} --all --reviewer NAME")
    if report.unsearched:
        print(f"Of {report.unsearched} outputs S3 copied the pixels: not searched for text (--pixel-proof read does).")
    print("\nWhere things are:")
    print(f"  outputs  {_shown(destination)}")
    roots = Roots.of(home)
    if not report.nothing_new:
        print(f"  audit    {_shown(f'{roots.audit}/{report.run}')}")
    print(f"  report   {_shown(f'{roots.reports}/{report.run}/report.html')}")


def _shown(place: str) -> str:
    """A place as short as it can be said; only ever printed on the user's own terminal."""
    if is_s3(place):
        return place
    path = Path(os.path.abspath(place))
    try:
        return f"{path.relative_to(Path.cwd())}"
    except ValueError:
        return f"{path}"


if __name__ == "__main__":
    sys.exit(main())
