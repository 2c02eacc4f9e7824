import importlib
from pathlib import Path

import pytest
import yaml

from deident.tasks.safety import SafeFlow
from flowtools.server import run_python

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deployments" / "prefect.yaml"
DEPLOYMENTS = yaml.safe_load(FILE.read_text(encoding="utf-8"))["deployments"]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment["name"])
def test_a_deployment_names_a_flow_of_ours_by_module_and_checks_its_parameters(deployment):
    module, _, name = deployment["entrypoint"].rpartition(".")
    flow = getattr(importlib.import_module(module), name)
    assert isinstance(flow, SafeFlow)
    assert deployment["enforce_parameter_schema"] is True
    assert deployment["concurrency_limit"]["limit"] == 1
    assert deployment["concurrency_limit"]["collision_strategy"] in {"ENQUEUE", "CANCEL_NEW"}
    if "parameters" in deployment:
        flow.validate_parameters(deployment["parameters"])


def test_a_schedule_says_its_time_zone():
    schedules = [schedule for deployment in DEPLOYMENTS for schedule in deployment.get("schedules", [])]
    assert schedules
    assert all(schedule["timezone"] for schedule in schedules)


@pytest.mark.slow
def test_prefect_takes_the_deployments(home, server):
    pool = run_python(home, server, "-m", "prefect", "work-pool", "create", "--type", "process", "deident")
    assert pool.returncode == 0, pool.stdout
    arguments = ("--no-prompt", "deploy", "--all", "--prefect-file", str(FILE))
    done = run_python(home, server, "-m", "prefect", *arguments)
    assert done.stdout.count("successfully created") == len(DEPLOYMENTS), done.stdout
