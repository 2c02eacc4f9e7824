import pickle
import subprocess
import sys
import traceback

import cloudpickle
import pytest
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import Abort
from prefect.states import Completed
from pydantic import BaseModel, Field

from deident.errors import TransientProblem
from deident.tasks.problems import RunError
from deident.tasks.safety import SafeFlow, SafeTask, guarded, opaque_name, safe_flow, safe_task

CANARY = "ZZTOP^CANARY"


class Parameters(BaseModel):
    workers: int = Field(default=1, le=8)
    mode: str = "hold"
    model_config = {"extra": "forbid"}


@safe_task(name="sample")
def sample(value: str, times: int = 1) -> str:
    return value * times


@safe_flow(name="sample-flow")
def sample_flow(job: Parameters) -> int:
    return job.workers


def shown(problem: BaseException) -> str:
    return "".join(traceback.format_exception(problem)) + repr(problem)


def failing(kind):
    def function(value):
        try:
            raise KeyError(value)
        except KeyError as inner:
            inner.add_note(value)
            raise kind(value) from inner

    return function


class Panic(BaseException):
    """What native extensions raise when they panic."""


@pytest.mark.parametrize("kind", [ValueError, OSError, SystemExit, Panic, TransientProblem, UnicodeError])
def test_whatever_is_raised_comes_out_without_its_text(kind):
    with pytest.raises(RunError) as caught:
        guarded(failing(kind), "sample")(CANARY)
    assert CANARY not in shown(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_group_of_exceptions_comes_out_as_one_code():
    def function():
        raise ExceptionGroup(CANARY, [ValueError(CANARY)])

    with pytest.raises(RunError) as caught:
        guarded(function, "sample")()
    assert CANARY not in shown(caught.value)


def test_the_error_that_a_caller_is_handling_is_not_shown_with_ours():
    def careless():
        try:
            raise ValueError(CANARY)
        except ValueError:
            guarded(failing(ValueError), "sample")(CANARY)

    with pytest.raises(RunError) as caught:
        careless()
    assert CANARY not in shown(caught.value)


@pytest.mark.parametrize("signal", [KeyboardInterrupt, Abort, GeneratorExit])
def test_signals_that_stop_a_run_pass(signal):
    with pytest.raises(signal):
        guarded(failing(signal), "sample")("")


def test_a_state_with_a_free_message_is_not_returned():
    assert guarded(lambda: Completed(message="2 released, 1 skipped"), "sample")().message == "2 released, 1 skipped"
    with pytest.raises(RunError):
        guarded(lambda: Completed(message=CANARY), "sample")()


@pytest.mark.parametrize(
    "call",
    [
        lambda: sample(CANARY, 1, CANARY),
        lambda: sample(other=CANARY),
        lambda: sample.submit(CANARY, 1, CANARY),
        lambda: sample.map([CANARY], [1, 2, 3]),
        lambda: sample.apply_async((CANARY,)),
        lambda: sample.delay(CANARY),
        lambda: sample_flow(CANARY, CANARY),
        lambda: sample_flow(other=CANARY),
        lambda: sample_flow.validate_parameters({"job": {"workers": CANARY}}),
        lambda: sample_flow.validate_parameters({"job": {CANARY: CANARY}}),
        lambda: sample_flow.validate_parameters({CANARY: CANARY}),
    ],
)
def test_a_wrong_call_shows_no_argument(call, capfd):
    with pytest.raises(RunError) as caught:
        call()
    assert CANARY not in shown(caught.value)
    assert CANARY not in "".join(capfd.readouterr())


def test_a_wrong_parameter_is_named_when_it_is_declared():
    with pytest.raises(RunError, match=r"job\.workers: less_than_equal"):
        sample_flow.validate_parameters({"job": {"workers": 9}})


def test_only_valid_parameters_are_stored():
    assert sample_flow.serialize_parameters({"job": {"workers": 3}}) == {"job": {"workers": 3, "mode": "hold"}}
    assert sample_flow.serialize_parameters({"job": {"workers": CANARY}}) == {"job": "invalid: not stored"}


def test_a_parameter_that_cannot_be_written_as_json_is_not_stored():
    flow = safe_flow(name="any-flow")(lambda value: value)
    assert flow.serialize_parameters({"value": lambda: CANARY}) == {"value": "no JSON: not stored"}


def test_parameters_arrive_as_their_type():
    assert sample_flow.validate_parameters({"job": {"workers": 3}}) == {"job": Parameters(workers=3)}


@pytest.mark.parametrize("made", [sample, sample.with_options(name="other", persist_result=True, log_prints=True)])
def test_nothing_of_a_task_is_persisted_cached_or_printed(made):
    assert isinstance(made, SafeTask)
    assert (made.persist_result, made.cache_policy, made.log_prints) == (False, NO_CACHE, False)


@pytest.mark.parametrize("made", [sample_flow, sample_flow.with_options(persist_result=True, log_prints=True)])
def test_nothing_of_a_flow_is_persisted_or_printed(made):
    assert isinstance(made, SafeFlow)
    assert (made.persist_result, made.log_prints) == (False, False)


def test_only_what_may_pass_by_itself_is_retried():
    def may_retry(problem):
        state = Completed(data=problem)
        return sample.retry_condition_fn(sample, None, state)

    assert may_retry(RunError("transient"))
    assert may_retry(RunError("os-enospc"))
    assert not may_retry(RunError("internal"))
    assert not may_retry(RunError("broken"))
    assert not may_retry(ValueError(CANARY))
    assert sample.retry_delay_seconds == [2, 4, 8]
    assert sample.retry_jitter_factor > 0


@pytest.mark.parametrize("name", [CANARY, "John", "a b", "a--b", "", "é"])
def test_a_name_that_is_not_opaque_is_replaced(name):
    made = opaque_name("sample", name)
    assert made.startswith("sample-")
    assert made != f"sample-{name}"


def test_a_run_is_named_by_its_callable_if_that_gives_an_opaque_name():
    named = safe_task(name="named", run_name=lambda study: study)(lambda study: study)
    assert named.task_run_name({"study": "abcdefgh234567ab"}) == "named-abcdefgh234567ab"
    assert CANARY not in named.task_run_name({"study": CANARY})
    assert CANARY not in named.task_run_name({"unexpected": CANARY})


def test_the_problems_and_the_log_filter_load_without_prefect():
    code = "import sys, deident.tasks.safelog, deident.tasks.problems; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_flows_and_tasks_are_pickled_by_their_names():
    from deident.flows import deidentify
    from deident.tasks.discovery import discovery

    for made in (deidentify, discovery):
        assert pickle.loads(cloudpickle.dumps(made)) is made
        assert len(cloudpickle.dumps(made)) < 200
