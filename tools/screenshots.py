"""Take the pictures of docs/images from a real server: forms, a run, its report; the input are files of pydicom's.

Run as `PYTHONPATH=tests .venv/bin/python tools/screenshots.py`. Needs Chromium (Debian: chromium).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from deident.home import ProjectHome
from flowtools.browser import Page, browser
from flowtools.serving import deployment_id, place_names, serving, wait_for_run
from flowtools.studies import copy_examples

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"


def main() -> None:
    """A run that awaits review, from its form to the report of its release."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="deident-pictures-") as folder:
        root = Path(folder)
        home = ProjectHome.open(root / "home")
        place_names(home, incoming=copy_examples(root / "incoming"), released=root / "released")
        with serving(home) as url, browser() as page:
            page.open(f"{url}/deployments/deployment/{deployment_id(url, 'ad-hoc')}/run")
            page.fill("Source", "incoming")
            page.fill("Destination", "released")
            page.choose("Release", "after-review")
            take(page, "form-run", height=1400)
            page.submit({"Source": "incoming", "Destination": "released", "Release": "after-review"})
            run = wait_for_run(url, "deidentify")
            page.open(f"{url}/runs/flow-run/{run['id']}")
            page.wait_for("awaiting review")
            page.click("[role=tab], .p-tab", "Task Runs")
            page.wait_for("validation-")
            take(page, "run", height=1100)
            page.click("[role=tab], .p-tab", "Artifacts")
            page.wait_for("deident-report")
            page.click("a", "deident-report")
            page.wait_for("studies await review")
            take(page, "report", height=900)
            page.open(f"{url}/deployments/deployment/{deployment_id(url, 'review')}/run")
            page.fill("Run", run["name"].removeprefix("deidentify-"))
            page.choose("Decision", "approve all")
            page.fill("Reviewer", "m.curie")
            take(page, "form-review", height=1050)
            page.submit({"Decision": "approve all", "Reviewer": "m.curie"})
            wait_for_run(url, "release-reviewed")


def take(page: Page, name: str, height: int) -> None:
    picture = page.picture(height=height)
    (IMAGES / f"{name}.png").write_bytes(picture)
    sys.stdout.write(f"{name}.png {len(picture) // 1024} KB\n")


if __name__ == "__main__":
    main()
