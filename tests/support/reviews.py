"""Studies that await review, and processes that are killed while they decide about them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deident.home import ProjectHome
from deident.ledger import Record
from deident.review import Answer, Decided, Desk, Verdict, decide, reviewer_reference
from deident.stores import FolderStore
from support.studies import open_job

__all__ = ["REVIEWER", "desk_of", "killed_at", "latest", "verdict_on", "waiting_tree"]

REVIEWER = "dr.planted"


def desk_of(tmp_path: Path, reviewed: str = "") -> Desk:
    return Desk.open(ProjectHome.open(tmp_path / "home"), reviewed)


def verdict_on(tmp_path: Path, record: Record, verdict: Verdict, reviewer: str = REVIEWER) -> Decided:
    """Decide about what `record` says that it waits."""
    with desk_of(tmp_path, record.run) as desk:
        reference = reviewer_reference(desk.home, reviewer)
        return decide(desk, record.run, record.study, verdict, reference)


def latest(tmp_path: Path, study: str) -> Record:
    with open_job(tmp_path) as context:
        record = context.ledger.latest(study)
    assert record is not None
    return record


def waiting_tree(tmp_path: Path) -> list[str]:
    """What lies in staging, by the last part of its name."""
    return sorted(path.name for path in (tmp_path / "home" / "staging").rglob("*") if path.is_file())


def killed_at(number: int, act: Callable[[], object]) -> bool:
    """Call `act` in a process that is killed right before its `number`th change of a store; whether it was killed."""
    child = os.fork()
    if not child:
        left = number

        def counted(change: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                nonlocal left
                left -= 1
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)
                return change(*args, **kwargs)

            return call

        try:
            for name in ("write", "_link", "delete"):
                setattr(FolderStore, name, counted(getattr(FolderStore, name)))
            answer = act()
        except BaseException:  # noqa: BLE001
            os._exit(3)
        os._exit(0 if not isinstance(answer, Decided) or answer.answer is Answer.DONE else 4)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, os.WEXITSTATUS(status)
    return os.WIFSIGNALED(status)
