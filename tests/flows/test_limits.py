"""A global concurrency limit bounds the studies of all runs, is never silently missing, and outlives who held it."""

from __future__ import annotations

import os
import signal
from itertools import pairwise

import pytest

from deident.errors import ConfigurationError
from deident.flows.places import register
from deident.flows.serve import LIMIT
from deident.flows.server import ensure_server
from deident.tasks.limits import check_limit, slot
from flowtools import limited
from flowtools.server import kill_all, process, run_python, wait_for
from support.studies import write_study

MAKE = "import sys; from deident.flows.setup import make_limit; make_limit(sys.argv[1], 1)"
STUDIES = 5


def sources(home, folder):
    """Two sources of studies, with a destination each, by their names."""
    for number in (1, 2):
        for study in range(STUDIES):
            write_study(folder / f"in{number}", f"1.2.{number}.{study}", 4)
        register(home, folder / f"in{number}", f"in{number}")
        register(home, folder / f"out{number}", f"out{number}")


def released(folder):
    return len({path.parent.parent for path in folder.rglob("*.dcm")})


def both_at_once(home, server, folder):
    """Two runs at the same time, one of them in batches; when they worked on studies, in order."""
    notes = folder / "notes"
    notes.unlink(missing_ok=True)
    logs = [folder / "log1", folder / "log2"]
    first = process(home, server, logs[0], limited.__file__, str(notes), "100", "in1", "out1")
    second = process(home, server, logs[1], limited.__file__, str(notes), "1", "in2", "out2")
    with first as one, second as two:
        for run in (one, two):
            assert run.wait(300) == 0, "".join(log.read_text() for log in logs)
    for number in (1, 2):
        assert released(folder / f"out{number}") == STUDIES, logs[number - 1].read_text()
    return sorted(tuple(map(float, line.split())) for line in notes.read_text().splitlines())


def overlaps(worked):
    return sum(later[0] < earlier[1] for earlier, later in pairwise(worked))


@pytest.mark.slow
def test_two_runs_under_a_limit_of_one_never_work_at_the_same_time(new_home, tmp_path, monkeypatch):
    server = ensure_server(new_home)
    sources(new_home, tmp_path)
    monkeypatch.setenv("DEIDENT_CONCURRENCY_LIMIT", LIMIT)
    notes = ("notes", "100", "in1", "out1")
    refused = run_python(new_home, server, limited.__file__, *notes, folder=tmp_path)
    assert refused.stdout == "Failed: limit-missing\n", refused.stderr
    places = ("--source", str(tmp_path / "in1"), "--dest", str(tmp_path / "out1"), "--home", str(new_home.root))
    refused = run_python(new_home, server, "-m", "deident.flows.run", *places)
    assert refused.returncode == 2
    assert "the server has no active concurrency limit of the name in DEIDENT_CONCURRENCY_LIMIT" in refused.stderr
    assert not (tmp_path / "out1").exists()
    assert not (tmp_path / "notes").exists()

    made = run_python(new_home, server, "-c", MAKE, LIMIT)
    assert made.returncode == 0, made.stderr
    worked = both_at_once(new_home, server, tmp_path)
    assert len(worked) == 3 * STUDIES + STUDIES
    assert overlaps(worked) == 0


@pytest.mark.slow
def test_the_slot_of_a_run_that_is_killed_with_its_server_is_free_when_its_lease_ends(new_home, tmp_path, monkeypatch):
    server = ensure_server(new_home)
    sources(new_home, tmp_path)
    monkeypatch.setenv("DEIDENT_CONCURRENCY_LIMIT", LIMIT)
    assert run_python(new_home, server, "-c", MAKE, LIMIT).returncode == 0
    slots = (
        "from prefect.client.orchestration import get_client as g\n"
        f"with g(sync_client=True) as c: print(c.read_global_concurrency_limit_by_name('{LIMIT}').active_slots)"
    )
    holder = (
        "import time; from deident.tasks.limits import slot\nwith slot(): print('held', flush=True); time.sleep(600)"
    )
    log = tmp_path / "log"
    with process(new_home, server, log, "-c", holder) as held:
        wait_for(lambda: "held" in log.read_text())
        kill_all(held)
    assert run_python(new_home, server, "-c", slots).stdout == "1\n"
    # The server, too: it must not forget with whom the slot is.
    os.kill(server.pid, signal.SIGKILL)
    server = ensure_server(new_home)
    done = run_python(new_home, server, limited.__file__, str(tmp_path / "notes"), "1", "in1", "out1")
    assert done.stdout.startswith("Completed: "), done.stdout + done.stderr
    assert released(tmp_path / "out1") == STUDIES
    assert run_python(new_home, server, "-c", slots).stdout == "0\n"


def test_without_a_limit_nobody_is_asked_for_a_slot(monkeypatch):
    monkeypatch.delenv("DEIDENT_CONCURRENCY_LIMIT", raising=False)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    check_limit()
    with slot():
        pass


@pytest.mark.parametrize("name", ["tag:x", "a b", "../x"])
def test_a_name_that_no_limit_has_is_refused(name, monkeypatch):
    monkeypatch.setenv("DEIDENT_CONCURRENCY_LIMIT", name)
    with pytest.raises(ConfigurationError, match="DEIDENT_CONCURRENCY_LIMIT"):
        check_limit()
