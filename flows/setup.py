"""Make work pool, concurrency limit, deployments and automations on the server of a project; again, they stay."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound

from deident.errors import UsageProblem
from deident.flows.server import ServerError

__all__ = ["deploy", "install_automations", "make_limit", "make_pool"]

_BLOCK: Final = "NOTIFICATION_BLOCK"


def make_pool(name: str) -> None:
    """A process work pool, unless there is one of that name."""
    with get_client(sync_client=True) as client:
        try:
            client.read_work_pool(name)
        except ObjectNotFound:
            client.create_work_pool(WorkPoolCreate(name=name, type="process"))


def make_limit(name: str, studies: int) -> None:
    """A global concurrency limit of that many slots; one of that name gets them."""
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(name, studies)


def deploy(file: Path) -> list[str]:
    """Make or update the deployments of a prefect.yaml and return their names."""
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(file)]
    done = subprocess.run(  # noqa: S603 - fixed arguments
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, cwd=file.parent
    )
    names = [str(deployment["name"]) for deployment in _read(file)["deployments"]]
    if done.returncode or len(re.findall("successfully created", done.stdout)) != len(names):
        raise ServerError("the deployments could not be made; this says why: prefect deploy --all")
    return names


def install_automations(folder: Path, notify: str) -> list[str]:
    """Make or update the automations in a folder and return their names.

    `notify` names a notification block as TYPE/NAME; without one, automations that need it are left out. Raises
    UsageProblem when there is no such block.
    """
    block = _block_id(notify) if notify else ""
    made = []
    for file in sorted(folder.glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        content = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
        if _BLOCK in content and not block:
            continue
        automation = AutomationCore.model_validate(yaml.safe_load(content.replace(_BLOCK, block)))
        with get_client(sync_client=True) as client:
            known = client.read_automations_by_name(automation.name)
            if known:
                client.update_automation(known[0].id, automation)
            else:
                client.create_automation(automation)
        made.append(automation.name)
    return made


def _block_id(notify: str) -> str:
    kind, _, name = notify.partition("/")
    with get_client(sync_client=True) as client:
        try:
            return str(client.read_block_document_by_name(name, kind, include_secrets=False).id)
        except ObjectNotFound:
            pass
    raise UsageProblem("--notify: the server has no block of that type and name")


def _read(file: Path) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return values
