"""Runs the deidentify flow with a low limit for batches, and says how its task runs were called."""

import os
import sys

from deident.flows.deidentification import deidentify

if __name__ == "__main__":
    os.environ["DEIDENT_BATCH_ABOVE"] = "1"
    state = deidentify({"source": sys.argv[1], "destination": sys.argv[2], "workers": 1}, return_state=True)
    sys.stdout.write(f"{state.name}: {state.message}\n")
