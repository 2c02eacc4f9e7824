"""De-identify a folder, then index what was released.

    python -m flows.etl incoming released index                      # as a subflow, on threads
    python -m flows.etl incoming released index --dask               # the same, the parent's own tasks on Dask
    python -m flows.etl incoming released index --deployment deidentify/ad-hoc

Everything that is named here is an alias of `sources.toml`: Prefect stores what a flow is called with.
"""

from __future__ import annotations

import argparse
import sys

from prefect import flow
from prefect.deployments import run_deployment
from prefect.states import State
from tasks.index import describe_study, write_index

from deident.flows import deidentify, place_of, result_of


@flow(name="etl")
def etl(source: str, destination: str, index: str, deployment: str = "") -> int:
    """Returns how many instances the index has."""
    job = {"source": source, "destination": destination}
    run = _by_deployment(deployment, job) if deployment else deidentify(job).run
    result = result_of(run)
    released = place_of(destination)
    # Studies are handed on by their names in the destination, which are pseudonyms: they may be seen.
    rows = describe_study.map([f"{released / study.folder}" for study in result.released])
    return write_index(rows, f"{place_of(index) / 'index.csv'}")


def _by_deployment(deployment: str, job: dict[str, str]) -> str:
    """Run it where a worker is, wait, and return the name of the run."""
    run = run_deployment(deployment, parameters={"job": job})
    state: State | None = run.state
    if state is None or not state.is_completed():
        raise RuntimeError("the de-identification did not complete; its report and the Prefect UI say why")
    return run.name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for place in ("source", "destination", "index"):
        parser.add_argument(place)
    parser.add_argument("--deployment", default="")
    parser.add_argument("--dask", action="store_true", help="the tasks of this flow on a temporary Dask cluster")
    options = parser.parse_args()
    parent = etl
    if options.dask:
        from prefect_dask import DaskTaskRunner  # noqa: PLC0415 - an extra, for this way alone

        local = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
        parent = etl.with_options(task_runner=DaskTaskRunner(cluster_kwargs=local))
    count = parent(options.source, options.destination, options.index, options.deployment)
    sys.stdout.write(f"{count} instances in the index\n")


if __name__ == "__main__":
    main()
