"""Runs the deidentify flow with its work on Dask, and says how it ended."""

import sys

from deident.flows.deidentification import deidentify

if __name__ == "__main__":
    job = {"source": sys.argv[1], "destination": sys.argv[2], "workers": 2, "runner": "dask"}
    state = deidentify(job, return_state=True)
    sys.stdout.write(f"{state.name}: {state.message}\n")
