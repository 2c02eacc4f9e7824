"""The only way in which deident makes flows and tasks: nothing of a patient can pass from them into Prefect.

Prefect stores what a run is called with, what it raises and what it logs: exception messages, causes, contexts and
notes, the values in a failed binding or validation, run names, persisted results. So here every failure becomes a
RunError (codes alone), bindings and parameters are checked before Prefect sees them, and nothing is persisted, cached
or printed.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
import logging
import re
import secrets
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final, ParamSpec, TypeVar, cast, get_type_hints

from prefect import Flow, Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.exceptions import ExternalSignal, PrefectSignal
from prefect.task_runners import TaskRunner
from prefect.tasks import exponential_backoff
from pydantic import TypeAdapter, ValidationError

from deident.tasks.problems import RunError, describe
from deident.tasks.safelog import AllowListFilter, is_allowed_message

__all__ = ["SafeFlow", "SafeTask", "guarded", "opaque_name", "safe_flow", "safe_task"]

P = ParamSpec("P")
R = TypeVar("R")

RETRIES: Final = 3
RETRY_BACKOFF_SECONDS: Final = 2
RETRY_JITTER: Final = 0.5
_OPAQUE: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
#: How Python, asyncio and Prefect stop a run. They carry nothing of ours and must arrive where they are waited for.
_SIGNALS: Final = (KeyboardInterrupt, GeneratorExit, asyncio.CancelledError, PrefectSignal, ExternalSignal)
_RESERVED: Final = frozenset({"return_state", "wait_for"})


def guarded(function: Callable[P, R], stage: str) -> Callable[P, R]:
    """`function`, except that whatever it raises comes out as a RunError without cause and context."""
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise TypeError("safe flows and tasks are plain functions")

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return _checked(function(*args, **kwargs))
        except _SIGNALS:
            raise
        except BaseException as caught:  # noqa: BLE001 - also SystemExit, and panics of native code, which carry text
            problem = describe(caught, stage)
        # Outside the block, so that Python attaches no context; `from None` in case the caller handles another error.
        raise problem from None

    return call


def _checked(result: R) -> R:
    """A state that is returned is stored with its message."""
    if isinstance(result, State) and result.message is not None and not is_allowed_message(result.message):
        raise RunError("internal")
    return result


def opaque_name(stage: str, name: str = "") -> str:
    """`<stage>-<name>` when `name` is opaque (lower case, digits, hyphens), else with random digits in its place."""
    return f"{stage}-{name}" if name and _OPAQUE.fullmatch(name) else f"{stage}-{secrets.token_hex(4)}"


def _check_binding(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], stage: str) -> None:
    """Raise a RunError for a call that does not fit. Prefect's own error shows the values of the arguments."""
    try:
        given = {name: value for name, value in kwargs.items() if name not in _RESERVED}
        inspect.signature(function).bind(*args, **given)
    except TypeError:
        fits = False
    else:
        fits = True
    if not fits:
        raise RunError("arguments", stage) from None


def _imported(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


def _by_name(made: SafeTask[..., Any] | SafeFlow[..., Any]) -> tuple[Any, tuple[str, str]] | None:
    """How to pickle a flow or task: as the name of a module and what it is called there.

    A parent flow on Dask pickles all that its own functions refer to, and wrappers hold what cannot be pickled.
    """
    module, name = made.fn.__module__, made.fn.__name__
    return (_imported, (module, name)) if getattr(sys.modules.get(module), name, None) is made else None


class SafeTask(Task[P, R]):
    """A task whose calls, submissions and derived tasks stay safe."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _by_name(self) or super().__reduce_ex__(protocol)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        _check_binding(self.fn, args, kwargs, self.name)
        return super().__call__(*args, **kwargs)

    def submit(self, *args: Any, **kwargs: Any) -> Any:
        _check_binding(self.fn, args, kwargs, self.name)
        return super().submit(*args, **kwargs)

    def map(self, *args: Any, **kwargs: Any) -> Any:
        return guarded(super().map, self.name)(*args, **kwargs)

    def apply_async(self, *_args: Any, **_kwargs: Any) -> Any:
        # Deferred runs write their arguments into result storage.
        raise RunError("arguments", self.name) from None

    def with_options(self, *args: Any, **kwargs: Any) -> Task[P, R]:
        kept_off = {"persist_result": False, "cache_policy": NO_CACHE, "log_prints": False}
        derived = super().with_options(*args, **{**kwargs, **kept_off})
        derived.__class__ = type(self)
        return derived


class SafeFlow(Flow[P, R]):
    """A flow whose parameters are stored only when they are valid, and whose errors about them hold no value."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _by_name(self) or super().__reduce_ex__(protocol)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        _check_binding(self.fn, args, kwargs, self.name)
        return super().__call__(*args, **kwargs)

    def validate_parameters(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters as their annotated types. Raises RunError with the names of declared fields alone."""
        _check_binding(self.fn, (), parameters, self.name)
        valid, problems = self._validated(parameters)
        if problems:
            raise RunError("parameters", self.name, detail=", ".join(sorted(problems))) from None
        return valid

    def serialize_parameters(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """What the database gets to see: valid parameters as JSON, of others a note that they were not stored."""
        valid, _ = self._validated(parameters)
        return {
            name: _dump(self.fn, name, valid[name]) if name in valid else "invalid: not stored" for name in parameters
        }

    def with_options(self, *args: Any, **kwargs: Any) -> Flow[P, R]:
        derived = super().with_options(*args, **{**kwargs, "persist_result": False, "log_prints": False})
        derived.__class__ = type(self)
        return derived

    def _validated(self, parameters: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        hints = get_type_hints(self.fn, include_extras=True)
        valid: dict[str, Any] = {}
        problems: list[str] = []
        for name, value in parameters.items():
            try:
                valid[name] = TypeAdapter(hints.get(name, Any)).validate_python(value)
            except ValidationError as invalid:
                found = invalid.errors(include_input=False, include_context=False, include_url=False)
                problems += [f"{_declared((name, *error['loc']), hints[name])}: {error['type']}" for error in found]
            except Exception:  # noqa: BLE001 - a value that breaks validation is invalid, and must not be shown
                problems.append(f"{name}: unusable")
        return valid, problems


def _declared(location: tuple[int | str, ...], hint: Any) -> str:
    """`job.workers`, as far as the parts are declared: the key of a forbidden extra field is a value."""
    fields = getattr(hint, "model_fields", {})
    parts = [str(location[0])]
    if len(location) > 1 and location[1] in fields:
        parts.append(str(location[1]))
    return ".".join(parts)


def _dump(function: Callable[..., Any], name: str, value: Any) -> Any:
    try:
        return TypeAdapter(get_type_hints(function, include_extras=True).get(name, Any)).dump_python(value, mode="json")
    except Exception:  # noqa: BLE001 - the run goes on; the database gets no part of it
        return "no JSON: not stored"


def _may_retry(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Only what can pass by itself is tried again; a permanent error stops at once."""
    del task, run
    return isinstance(state.data, RunError) and state.data.transient


def _name(given: Callable[..., str] | None, stage: str) -> Callable[..., str]:
    """A run name callable for Prefect that cannot fail and cannot give anything but an opaque name."""

    def run_name(parameters: dict[str, Any]) -> str:
        try:
            name = given(**parameters) if given else ""
        except Exception:  # noqa: BLE001 - a run is worth more than its name
            name = ""
        return opaque_name(stage, name)

    return run_name


def safe_task(
    *, name: str, run_name: Callable[..., str] | None = None, retries: int = RETRIES, tags: Iterable[str] = ()
) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Decorator for every task of deident. `run_name` gets the arguments by name and returns an opaque id."""

    def decorate(function: Callable[P, R]) -> Task[P, R]:
        AllowListFilter.names.add(name)
        return SafeTask(
            fn=guarded(function, name),
            name=name,
            tags=tags,
            task_run_name=cast("Any", _name(run_name, name)),
            retries=retries,
            retry_delay_seconds=exponential_backoff(RETRY_BACKOFF_SECONDS) if retries else None,
            retry_jitter_factor=RETRY_JITTER,
            retry_condition_fn=_may_retry,
            persist_result=False,
            cache_policy=NO_CACHE,
            log_prints=False,
        )

    return decorate


def safe_flow(
    *, name: str, task_runner: TaskRunner[Any] | None = None, run_name: Callable[[], str] | None = None
) -> Callable[[Callable[P, R]], Flow[P, R]]:
    """Decorator for every flow of deident. `run_name` returns an opaque id; it is not given the parameters."""

    def decorate(function: Callable[P, R]) -> Flow[P, R]:
        AllowListFilter.names.add(name)
        return SafeFlow(
            fn=guarded(function, name),
            name=name,
            flow_run_name=lambda: opaque_name(name, run_name() if run_name else ""),
            task_runner=task_runner,
            validate_parameters=True,
            persist_result=False,
            log_prints=False,
        )

    return decorate


# Inside somebody else's process Prefect was configured without our logging file: keep our own runs safe there too.
for _logger in ("prefect.flow_runs", "prefect.task_runs"):
    logging.getLogger(_logger).addFilter(AllowListFilter(scope="ours"))
