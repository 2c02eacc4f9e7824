"""Errors of the operating system, turned into ours: theirs hold paths, and paths can hold names."""

from __future__ import annotations

import errno
import functools
import os
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from deident.errors import AlreadyExists, DeidentError, NotFound, PlaceProblem, Reason, Refusal, TransientProblem

__all__ = ["safe_reading", "safe_writing"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

_PASSING: Final = frozenset(
    {errno.EAGAIN, errno.EBUSY, errno.EDQUOT, errno.EINTR, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
    | {errno.ENOSPC, errno.ESTALE, errno.ETIMEDOUT}
)
_NOT_A_FILE: Final = frozenset({errno.ELOOP, errno.ENOTDIR, errno.ENXIO, errno.EISDIR, errno.ENODEV})


def safe_reading(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Make a function that reads raise NotFound, Refusal or TransientProblem in place of OSError."""
    return _safe(function, _reading)


def safe_writing(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Make a function that writes raise AlreadyExists, NotFound, TransientProblem or PlaceProblem, never OSError."""
    return _safe(function, _writing)


def _safe(function: Callable[_P, _R], translate: Callable[[OSError], DeidentError]) -> Callable[_P, _R]:
    @functools.wraps(function)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return function(*args, **kwargs)
        except OSError as problem:
            failure = translate(problem)
        # Outside of the except block, so that no traceback shows the first error, which quotes the path.
        raise failure

    return wrapper


def _reading(problem: OSError) -> DeidentError:
    code = problem.errno or 0
    if code == errno.ENOENT:
        return NotFound("there is no such object")
    if code in _NOT_A_FILE:
        return Refusal(Reason.NOT_A_FILE)
    if code in _PASSING:
        return TransientProblem(f"reading failed: {os.strerror(code)}")
    return Refusal(Reason.UNREADABLE, os.strerror(code))


def _writing(problem: OSError) -> DeidentError:
    code = problem.errno or 0
    if code == errno.EEXIST:
        return AlreadyExists("an object of this name exists already")
    if code == errno.ENOENT:
        return NotFound("there is no such object or folder")
    if code in _PASSING or code == errno.EIO:
        return TransientProblem(f"writing failed: {os.strerror(code)}")
    if code in _NOT_A_FILE:
        return PlaceProblem("a link or file stands where a folder is needed")
    return PlaceProblem(f"writing is not possible: {os.strerror(code)}")
