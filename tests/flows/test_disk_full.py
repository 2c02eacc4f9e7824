"""A disk that is really full: a small file system in memory, mounted for the run alone in a namespace of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from deident.flows.server import ensure_server
from flowtools.server import environment_of, run_python
from flowtools.whole import adopt, quiet, whole
from support.studies import write_study

pytestmark = pytest.mark.slow

#: Less than a study of two instances needs.
SIZE = "64k"
#: Mounts over $1, runs the rest there, and tells how many images stand in $OUT.
SCRIPT = """
mount -t tmpfs -o size="$0" tmpfs "$1" && shift && "$@"
code=$?
find "$OUT" -name "*.dcm" | wc -l
exit $code
"""


@pytest.mark.parametrize("place", ["staging", "destination"])
def test_a_full_disk_leaves_studies_unfinished_and_invisible_and_the_next_run_does_them(place, new_home, tmp_path):
    source, out = tmp_path / "source", tmp_path / "out"
    out.mkdir()
    for number in (1, 2):
        write_study(source, f"1.2.{number}", 2)
    key, expected = quiet(source, tmp_path / "quiet")
    adopt(new_home, key, source, out)
    server = ensure_server(new_home)
    run = ("-m", "deident.flows.run", "--source", f"{source}", "--dest", f"{out}", "--home", f"{new_home.root}")
    namespace = ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--mount")
    small = new_home.staging if place == "staging" else out
    full = subprocess.run(
        [*namespace, "sh", "-c", SCRIPT, SIZE, f"{small}", sys.executable, *run],
        env={**environment_of(new_home, server), "OUT": f"{out}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert full.returncode == 3, full.stdout + full.stderr
    assert "some studies could not be finished" in full.stderr
    assert full.stdout.splitlines()[-1] == "0"
    assert not (new_home.ledger / "studies").exists()
    again = run_python(new_home, server, *run)
    assert again.returncode == 0, again.stderr
    assert whole(new_home, out) == expected
