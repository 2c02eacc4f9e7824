"""No channel of Prefect lets an identifier pass, beside an unprotected twin where nearly all of them do."""

import pytest

from deident.flows.server import ensure_server
from flowtools import channels
from flowtools.channels import CANARY
from flowtools.server import api_answers, files_with, run_python, settled_rows

pytestmark = pytest.mark.slow


def test_no_channel_carries_an_identifier_into_prefect(home, server, new_home):
    twin = ensure_server(new_home)
    before = settled_rows(home, seconds=6)
    bare = run_python(new_home, twin, channels.__file__, "bare", safe=False)
    safe = run_python(home, server, channels.__file__, "safe")
    unprotected, protected = settled_rows(new_home), settled_rows(home)
    written = {table: protected[table] - before[table] for table in protected}

    assert (bare.returncode, safe.returncode) == (0, 0), safe.stderr[-3000:]
    assert files_with(new_home.prefect, CANARY), "the scan must find what an unprotected run leaves"
    assert CANARY in api_answers(twin)
    assert CANARY in bare.stderr
    assert written == unprotected
    assert written["task_run"] > 20
    assert files_with(home.root, CANARY) == []
    assert CANARY not in api_answers(server)
    assert CANARY not in safe.stdout + safe.stderr
