"""Runs the deidentify flow over a source with a study at pixel risk, then the flow that does held studies again."""

import re
import sys
from pathlib import Path

from pydicom import dcmread

from deident.flows.deidentification import deidentify
from deident.flows.places import places
from deident.flows.quarantine import retry_quarantined
from deident.home import ProjectHome


def say(name, state):
    message = re.sub(r" at [a-z_.]+:[0-9]+", "", state.message or "")
    message = re.sub(r"^Flow run encountered an exception:? RunError: ", "", message)
    sys.stdout.write(f"{name} {state.name}: {message}\n")


if __name__ == "__main__":
    job = {"source": sys.argv[1], "destination": sys.argv[2], "workers": 1}
    for path in Path(places(ProjectHome.open())[sys.argv[1]]).rglob("* 1.dcm"):
        if path.is_file():
            dataset = dcmread(path)
            dataset.BurnedInAnnotation = "YES"
            dataset.save_as(path)
    say("deidentify", deidentify(job, return_state=True))
    say("nothing chosen", retry_quarantined(job, return_state=True))
    say("same profile", retry_quarantined({**job, "reason": "pixel-risk"}, return_state=True))
    accept = {**job, "reason": "pixel-risk", "pixel_risk": "accept"}
    say("accepted", retry_quarantined(accept, return_state=True))
    say("again", retry_quarantined(accept, return_state=True))
