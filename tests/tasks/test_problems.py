import errno
import pickle

import pytest

from deident.errors import KeyProblem, PlaceProblem, Reason, Refusal, TransientProblem
from deident.tasks.problems import CODES, RunError, describe

CANARY = "ZZTOP^CANARY"


class ForeignError(Exception):
    pass


@pytest.mark.parametrize(
    ("caught", "code", "transient"),
    [
        (TransientProblem(CANARY), "transient", True),
        (OSError(errno.ENOSPC, CANARY, CANARY), "os-enospc", True),
        (OSError(CANARY), "os-unknown", True),
        (FileNotFoundError(errno.ENOENT, CANARY, CANARY), "os-enoent", False),
        (PermissionError(errno.EACCES, CANARY, CANARY), "os-eacces", False),
        (Refusal(Reason.BROKEN, CANARY), "broken", False),
        (PlaceProblem(CANARY), "place", False),
        (KeyProblem(CANARY), "key", False),
        (MemoryError(CANARY), "memory", False),
        (SystemExit(CANARY), "system-exit", False),
        (ForeignError(CANARY), "internal", False),
        (ValueError(CANARY), "internal", False),
    ],
)
def test_an_exception_becomes_a_code_and_nothing_else(caught, code, transient):
    problem = describe(caught, "discovery")
    assert (problem.code, problem.transient) == (code, transient)
    assert CANARY not in str(problem) + repr(problem) + repr(problem.args) + repr(vars(problem))


def test_only_known_codes_exist():
    assert RunError(CANARY).code == "internal"
    assert {reason.value for reason in Reason} <= CODES


def test_a_problem_survives_pickling_and_being_described_again():
    problem = pickle.loads(pickle.dumps(RunError("broken", "validation", "deident.study:7", "job.source: missing")))
    again = describe(problem, "another stage")
    assert (again.code, again.stage, again.place) == ("broken", "validation", "deident.study:7")


def test_the_place_names_the_innermost_line_of_deident():
    from deident.profile import preset

    with pytest.raises(Exception, match="unknown preset") as caught:
        preset(CANARY)
    assert describe(caught.value).place.startswith("deident.profile.presets:")


def test_a_dead_worker_process_is_recognised():
    from concurrent.futures.process import BrokenProcessPool

    assert describe(BrokenProcessPool(CANARY)).code == "worker-died"
