"""The environment in which deident runs Prefect: own home and port, tuned as measured, calling nowhere."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Final

from deident.home import ProjectHome

__all__ = ["LOGGING", "api_url", "apply", "client_environment", "server_environment", "ui_url"]

HOST: Final = "127.0.0.1"
LOGGING: Final = Path(__file__).with_name("logging.yaml")

#: No telemetry (both switches are needed), the UI that asks nothing of the outside, no promotion.
_QUIET: Final = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
}

#: Task states are events in a queue of 10,000 that drops in silence; untuned, the server records 32 task runs a second.
_TUNING: Final = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "200",
}

#: Nothing is persisted, whatever a prefect.toml in the current folder says; no server but ours is ever used.
_SAFE: Final = {
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_TASKS_DEFAULT_NO_CACHE": "true",
    "PREFECT_LOGGING_LOG_PRINTS": "false",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_DEBUG_MODE": "false",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
}


def api_url(port: int) -> str:
    return f"http://{HOST}:{port}/api"


def ui_url(port: int) -> str:
    return f"http://{HOST}:{port}"


def _common(home: ProjectHome, port: int) -> dict[str, str]:
    return {
        **_QUIET,
        **_SAFE,
        "DEIDENT_HOME": str(home.root),
        "PREFECT_HOME": str(home.prefect),
        "PREFECT_PROFILES_PATH": str(home.prefect / "profiles.toml"),
        "PREFECT_API_URL": api_url(port),
        "PREFECT_UI_URL": ui_url(port),
        # A proxy that is meant for the internet must not be asked for our own server.
        "NO_PROXY": _with_local(os.environ.get("NO_PROXY", "")),
        "no_proxy": _with_local(os.environ.get("no_proxy", "")),
    }


def _with_local(value: str) -> str:
    return ",".join(dict.fromkeys([*filter(None, value.split(",")), HOST, "localhost"]))


def client_environment(home: ProjectHome, port: int) -> dict[str, str]:
    """What a process that runs flows needs before it imports Prefect."""
    return {
        **_common(home, port),
        "PREFECT_LOGGING_CONFIG_PATH": str(LOGGING),
        # By which deployments/automations/zombie-runs.yaml tells a run that was killed from one that is at work.
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        # A server that is restarted is back within their pauses (2, 4 and 8 seconds); of one that is not, the several calls
        # at the end of a run each wait for all of them. The default, 5 retries, makes that more than five minutes.
        "PREFECT_CLIENT_MAX_RETRIES": "3",
        # For worker processes, which have no log filter: warnings of pydicom quote values.
        "PYTHONWARNINGS": "ignore",
        # numpy multiplies nothing here: threads of its BLAS only spin while they start.
        "OPENBLAS_NUM_THREADS": "1",
    }


def server_environment(home: ProjectHome, port: int) -> dict[str, str]:
    """What the server needs. Other web pages may not read it from a browser: only its own origin is allowed."""
    return {
        **_common(home, port),
        **_TUNING,
        # Kept in memory, who holds a slot is forgotten with a server that dies, and the slot is taken for ever.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": ui_url(port),
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    }


def apply(settings: dict[str, str], environment: MutableMapping[str, str] | None = None) -> MutableMapping[str, str]:
    """Put `settings` into the environment (default: this process's), in place of every PREFECT_ variable that is there.

    What the surroundings set for another Prefect (a result storage, extra loggers, a server of a team) is none of ours.
    """
    target = os.environ if environment is None else environment
    for name in [name for name in target if name.startswith("PREFECT_")]:
        del target[name]
    target.update(settings)
    return target
