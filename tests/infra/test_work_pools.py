"""The job templates of Docker and Kubernetes work pools: rendered by Prefect's workers, hardened as the compose file is."""

import asyncio
import json
import uuid
from typing import cast

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect_docker.worker import DockerWorker, DockerWorkerJobConfiguration
from prefect_kubernetes.worker import KubernetesWorker, KubernetesWorkerJobConfiguration

from infratools.compose import ROOT, project, settings_of

CASES = {
    "docker": (DockerWorker, DockerWorkerJobConfiguration),
    "kubernetes": (KubernetesWorker, KubernetesWorkerJobConfiguration),
}


def template(kind):
    return json.loads((ROOT / "infra" / f"{kind}-job-template.json").read_text(encoding="utf-8"))


def rendered(kind, **values):
    """The job of a flow run as the worker would start it."""
    # A client is asked for blocks alone, of which there are none; without one the worker would start a server.
    unused = cast("PrefectClient", object())
    configuration = asyncio.run(CASES[kind][1].from_template_and_values(template(kind), values, client=unused))
    configuration.prepare_for_flow_run(FlowRun(id=uuid.uuid4(), flow_id=uuid.uuid4(), name="run"))
    return configuration


@pytest.mark.parametrize("kind", CASES)
def test_a_template_has_what_the_worker_of_its_kind_reads_and_uses_every_variable(kind):
    own, theirs = template(kind), CASES[kind][0].get_default_base_job_template()
    assert set(own) == set(theirs)
    assert set(own["job_configuration"]) == set(theirs["job_configuration"])
    text = json.dumps(own["job_configuration"])
    unused = [name for name in own["variables"]["properties"] if f"{{{{ {name} }}}}" not in text]
    assert unused == []
    used = {part.split("}}")[0].strip() for part in text.split("{{")[1:]}
    assert used == set(own["variables"]["properties"])


@pytest.mark.parametrize("kind", CASES)
def test_a_job_gets_the_settings_of_a_worker_and_the_image_of_this_version(kind):
    properties = template(kind)["variables"]["properties"]
    given = properties["env"]["default"]
    assert {name: given.get(name) for name in settings_of("worker.env")} == settings_of("worker.env")
    assert given["PREFECT_LOGGING_CONFIG_PATH"] == "/app/logging.yaml"
    assert properties["image"]["default"] == project()["services"]["worker"]["image"]
    assert not [name for name in given if "AUTH" in name or "SECRET" in name]


def test_a_kubernetes_job_is_not_root_cannot_write_and_has_no_token():
    job = rendered("kubernetes").job_manifest
    assert (job["kind"], job["spec"]["backoffLimit"]) == ("Job", 0)
    pod = job["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"].keys() == container["resources"]["requests"].keys() == {"cpu", "memory"}
    # The entry point of the image is the command line; a job is a program of its own.
    assert container["command"] == ["/usr/bin/env"]
    assert container["args"][0] == "prefect"
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    environment = {entry["name"]: entry["value"] for entry in container["env"]}
    assert environment["PREFECT_RESULTS_PERSIST_BY_DEFAULT"] == "false"
    changed = rendered("kubernetes", home_claim="other", memory_limit="8Gi").job_manifest["spec"]["template"]["spec"]
    assert changed["volumes"][0]["persistentVolumeClaim"] == {"claimName": "other"}
    assert changed["containers"][0]["resources"]["limits"]["memory"] == "8Gi"


def test_a_docker_container_is_not_root_cannot_write_and_has_no_capabilities():
    configuration = rendered("docker")
    assert configuration.privileged is False
    extra = configuration.container_create_kwargs
    worker = project()["services"]["worker"]
    assert extra["user"] == worker["user"]
    assert (extra["read_only"], extra["cap_drop"]) == (True, ["ALL"])
    assert extra["security_opt"] == worker["security_opt"]
    assert extra["entrypoint"] == ["/usr/bin/env"]
    assert configuration.command.startswith("prefect ")
    assert configuration.volumes == ["deident_home:/var/lib/deident"]
    assert {f"deident_{name}" for name in worker["networks"]} == set(configuration.networks)
