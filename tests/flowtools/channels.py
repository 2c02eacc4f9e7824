"""Runs flows that try to carry an identifier into Prefect by every way we know: `channels.py safe|bare`.

`bare` makes the same flows and tasks with Prefect's own decorators: what it leaves in the database shows that the scan
finds what there is, and how many rows an unprotected run writes.
"""

import logging
import sys
import warnings
from collections.abc import Callable
from typing import Any

import prefect
from pydantic import BaseModel, Field

from deident.errors import Reason, Refusal, TransientProblem
from deident.tasks.safety import safe_flow, safe_task

CANARY = "ZZTOP^CANARY"
PATH = f"/data/{CANARY}/1.dcm"


class Parameters(BaseModel):
    workers: int = Field(default=1, le=8)


class Panic(BaseException):
    """What native extensions raise when they panic."""


def bare_flow(*, name: str) -> Callable[..., Any]:
    return prefect.flow(name=name)


def bare_task(*, name: str, run_name: Callable[..., str] | None = None, retries: int = 0) -> Callable[..., Any]:
    return prefect.task(
        name=name,
        retries=retries,
        retry_delay_seconds=0,
        task_run_name=(lambda parameters: run_name(**parameters)) if run_name else None,
    )


def raise_it(kind: type[BaseException]) -> None:
    raise kind(CANARY)


def with_cause() -> None:
    try:
        raise_it(KeyError)
    except KeyError as inner:
        raise ValueError("outer") from inner


def with_context() -> None:
    try:
        raise_it(KeyError)
    except KeyError:
        raise ValueError("outer")  # noqa: B904 - the implicit context is the channel


def with_note() -> None:
    problem = ValueError("noted")
    problem.add_note(CANARY)
    raise problem


def with_group() -> None:
    raise ExceptionGroup("group", [ValueError(CANARY), OSError(CANARY)])


def refused() -> None:
    raise Refusal(Reason.BROKEN, CANARY)


def unreadable() -> None:
    open(PATH)  # noqa: SIM115 - fails, with the path in its message


def invalid_model() -> None:
    Parameters.model_validate({"workers": CANARY})


def bad_text() -> None:
    CANARY.encode().decode("utf-16")
    raise UnicodeDecodeError("ascii", CANARY.encode(), 0, 1, CANARY)


#: Everything a task or a flow can raise.
RAISERS: dict[str, Callable[[], None]] = {
    "value-error": lambda: raise_it(ValueError),
    "type-named": lambda: raise_it(type(CANARY, (Exception,), {})),
    "cause": with_cause,
    "context": with_context,
    "note": with_note,
    "group": with_group,
    "system-exit": lambda: raise_it(SystemExit),
    "panic": lambda: raise_it(Panic),
    "refusal": refused,
    "no-such-file": unreadable,
    "invalid-model": invalid_model,
    "bad-text": bad_text,
    "key-error": lambda: raise_it(KeyError),
    "memory": lambda: raise_it(MemoryError),
}


def run_quietly(call: Callable[[], Any]) -> None:
    """The process goes on; what it prints about the failure is a channel too."""
    try:
        call()
    except BaseException as problem:  # noqa: BLE001
        logging.getLogger("prefect.flow_runs").debug("%s", type(problem))


def raisers(flow: Callable[..., Any], task: Callable[..., Any]) -> None:
    def in_task(name: str, function: Callable[[], None]) -> Callable[[], None]:
        return lambda: task(name=f"task-{name}", retries=0)(function)() and None

    for name, function in RAISERS.items():
        run_quietly(flow(name=f"in-task-{name}")(in_task(name, function)))
        run_quietly(flow(name=f"in-flow-{name}")(function))


def length(value: str) -> int:
    return len(value)


def calls(flow: Callable[..., Any], task: Callable[..., Any]) -> None:
    worker = task(name="called", retries=0)(length)

    def subflow(job: Parameters) -> int:
        return job.workers

    inner = flow(name="inner")(subflow)
    ways: dict[str, Callable[[], Any]] = {
        "too-many": lambda: worker(CANARY, CANARY),
        "unknown-keyword": lambda: worker(CANARY, other=CANARY),
        "submit-too-many": lambda: worker.submit(CANARY, CANARY),
        "map-lengths": lambda: worker.map([CANARY], value=[CANARY, CANARY]),
        "argument": lambda: worker(CANARY),
        "submitted": lambda: worker.submit(CANARY).result(),
        "mapped": lambda: [future.result() for future in worker.map([CANARY, CANARY])],
        "subflow-invalid": lambda: inner({"workers": CANARY}),
        "subflow-too-many": lambda: inner({"workers": 1}, CANARY),
        "subflow-good": lambda: inner({"workers": 1}),
    }
    for name, way in ways.items():
        run_quietly(flow(name=f"call-{name}")(way))
    run_quietly(lambda: inner({"workers": CANARY}))
    run_quietly(lambda: inner(CANARY, CANARY))


def returns_and_prints(flow: Callable[..., Any], task: Callable[..., Any]) -> None:
    def talk() -> str:
        print(CANARY, file=open("/dev/null", "w"))  # noqa: SIM115
        warnings.warn(CANARY, stacklevel=1)
        logger = prefect.get_run_logger()
        logger.info("loaded %s", PATH)
        logger.warning(CANARY)
        logging.getLogger("pydicom").warning("value %s", CANARY)
        try:
            raise_it(ValueError)
        except ValueError:
            logger.exception("failed")
        return CANARY

    run_quietly(flow(name="task-talks")(lambda: task(name="talks", retries=0)(talk)() and None))
    run_quietly(flow(name="flow-talks")(lambda: talk() and None))
    named = task(name="named", retries=0, run_name=lambda value: value)(lambda value: value)
    run_quietly(flow(name="names")(lambda: named(CANARY) and None))


def retries_and_hooks(flow: Callable[..., Any], task: Callable[..., Any]) -> None:
    def busy() -> None:
        raise TransientProblem(CANARY)

    def hook(*_: Any) -> None:
        raise_it(ValueError)

    again = task(name="busy", retries=2)(busy).with_options(retries=2, retry_delay_seconds=0)
    run_quietly(flow(name="retries")(lambda: again() and None))
    hooked = task(name="hooked", retries=0)(lambda: None).with_options(on_completion=[hook])
    run_quietly(flow(name="task-hook")(lambda: hooked() and None))
    run_quietly(flow(name="flow-hook")(lambda: None).with_options(on_completion=[hook]))

    def handling() -> None:
        try:
            raise_it(ValueError)
        except ValueError:
            task(name="while-handling", retries=0)(lambda: raise_it(KeyError))()

    run_quietly(flow(name="handles")(handling))


def main(mode: str) -> None:
    flow, task = (safe_flow, safe_task) if mode == "safe" else (bare_flow, bare_task)
    for group in (raisers, calls, returns_and_prints, retries_and_hooks):
        group(flow, task)


if __name__ == "__main__":
    main(sys.argv[1])
