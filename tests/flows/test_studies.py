import time

import pytest

from deident.flows import studies
from deident.flows.places import register
from flowtools import batching
from flowtools.server import api_answers, run_python
from flowtools.studies import plant_source


def test_a_burst_passes_and_then_the_rate_holds():
    pace = studies.Pace(per_second=100, burst=5)
    started = time.monotonic()
    for _ in range(5):
        pace.wait()
    assert time.monotonic() - started < 0.02
    for _ in range(10):
        pace.wait()
    assert time.monotonic() - started > 0.08


@pytest.mark.slow
def test_many_studies_go_in_batches(home, server, tmp_path):
    job = register(home, plant_source(tmp_path)), register(home, tmp_path / "out")
    done = run_python(home, server, batching.__file__, *job)
    assert done.stdout == "Completed with quarantine: 2 released, 3 skipped, 1 quarantined\n", done.stderr
    assert '"name":"batch-' in api_answers(server)
