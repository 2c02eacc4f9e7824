"""The one error that may leave a task or a flow: codes alone, made from any exception without keeping a part of it."""

from __future__ import annotations

import errno
import re
from typing import Final

from deident.errors import (
    ConfigurationError,
    KeyProblem,
    PlaceProblem,
    Reason,
    Refusal,
    TransientProblem,
    UsageProblem,
    VaultProblem,
)

__all__ = ["CODES", "RunError", "describe"]

#: Everything a RunError can say, besides the reasons of deident.errors and `os-<errno>`.
CODES: Final = frozenset(
    {
        *("transient", "place", "key", "configuration", "usage", "parameters", "arguments", "memory", "worker-died"),
        *("system-exit", "interrupted", "server", "studies-unfinished", "limit-missing", "vault", "internal"),
        *(reason.value for reason in Reason),
        *(f"os-{name.lower()}" for name in errno.errorcode.values()),
        "os-unknown",
    }
)
_PLACE: Final = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*:[0-9]+")
_PERMANENT: Final = ("enoent", "eacces", "eperm", "enotdir", "eisdir", "eexist", "eloop", "enametoolong", "erofs")
_NOT_RETRIED: Final = frozenset(f"os-{name}" for name in _PERMANENT)


class RunError(Exception):
    """A failure as Prefect may know it: `code` (one of CODES), the `stage`, the `place` in deident (`module:line`).

    `stage` is the name of the task or flow; `detail` names declared parameters and pydantic's error types. Nothing of
    the exception it stands for is kept: no message, no type of foreign code, no cause, no context, no notes.
    """

    def __init__(self, code: str, stage: str = "", place: str = "", detail: str = "") -> None:
        self.code = code if code in CODES else "internal"
        self.stage = stage
        self.place = place if _PLACE.fullmatch(place) else ""
        self.detail = detail
        parts = (self.code, f"in {stage}" if stage else "", f"at {self.place}" if self.place else "", detail)
        super().__init__(" ".join(part for part in parts if part))

    def __reduce__(self) -> tuple[type[RunError], tuple[str, str, str, str]]:
        return (RunError, (self.code, self.stage, self.place, self.detail))

    @property
    def transient(self) -> bool:
        """True when trying again may help: TransientProblem, and OSErrors other than a missing or forbidden file."""
        return self.code == "transient" or (self.code.startswith("os-") and self.code not in _NOT_RETRIED)


def describe(caught: BaseException, stage: str = "") -> RunError:
    """A new RunError for what was caught. Raise it outside the `except` block, or Python attaches the original."""
    if isinstance(caught, RunError):
        return RunError(caught.code, caught.stage or stage, caught.place, caught.detail)
    return RunError(_code(caught), stage, _place(caught))


def _code(caught: BaseException) -> str:
    if isinstance(caught, Refusal):
        return caught.reason.value
    for kind, code in _KINDS:
        if isinstance(caught, kind):
            return code
    if isinstance(caught, OSError):
        return f"os-{errno.errorcode.get(caught.errno or 0, 'unknown').lower()}"
    # concurrent.futures' and loky's errors of a killed child share these names; loky need not be imported to know them
    if {kind.__name__ for kind in type(caught).__mro__} & {"BrokenExecutor", "TerminatedWorkerError"}:
        return "worker-died"
    return "internal"


_KINDS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (TransientProblem, "transient"),
    (PlaceProblem, "place"),
    (KeyProblem, "key"),
    (ConfigurationError, "configuration"),
    (UsageProblem, "usage"),
    (VaultProblem, "vault"),
    (MemoryError, "memory"),
    (SystemExit, "system-exit"),
)


def _place(caught: BaseException) -> str:
    """The innermost line of deident in the traceback. Module names and line numbers are code, not data."""
    found = ""
    step = caught.__traceback__
    while step is not None:
        module = step.tb_frame.f_globals.get("__name__", "")
        if isinstance(module, str) and module.startswith("deident.") and module != "deident.tasks.safety":
            found = f"{module}:{step.tb_lineno}"
        step = step.tb_next
    return found
