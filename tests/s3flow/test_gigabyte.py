"""A gigabyte of native frames from bucket to bucket: it never passes through here, and little memory is needed."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deident.flows.server import ensure_server, stop_server
from deident.home import ProjectHome
from deident.manifest import Manifest
from flowtools.server import children, process
from s3flowtools import Site
from s3tools.proxy import FaultProxy

UID = "1.2.826.0.1.3680043.93"
MIB = 1 << 20
FRAMES = 1024
ROOT = Path(__file__).parent.parent.parent

#: A whole run in a process of its own; prints the peak of its resident set before it and after it, in MB.
SCRIPT = """
import json, sys
sys.path.insert(0, "tests")
from deident.job import Job
from s3flowtools import whole_run
import deident.vault.sdk, deident.vault.kms, deident.stores.s3.store, boto3
from deident.vault import keys_at_hand
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1000
before = peak()
report, _ = whole_run(Job.make(**json.loads(sys.argv[1])))
print(json.dumps([before, peak(), report.inputs]))
"""


def check_released(site: Site, size: int) -> None:
    """The output is the source with another header: not a byte of the frames differs."""
    client, bucket = site.server.client(), "site-released"
    listed = client.list_objects_v2(Bucket=bucket, Prefix=site.prefix)["Contents"]
    manifests = [
        Manifest.from_bytes(client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read())
        for entry in listed
        if entry["Key"].endswith("manifest.json")
    ]
    (output,) = [output for manifest in manifests for output in manifest.instances if output.size > FRAMES * MIB]
    assert abs(output.size - size) < 8_000
    assert output.digest.startswith("composed-hmac-sha256:")
    pixels = f"bytes={output.size - FRAMES * MIB}-"
    source = client.get_object(
        Bucket="site-source", Key=f"{site.prefix}/frames.dcm", Range=f"bytes={size - FRAMES * MIB}-"
    )
    released = client.get_object(Bucket=bucket, Key=f"{site.prefix}/{output.name}", Range=pixels)
    same = 0
    for _ in range(FRAMES):
        part = released["Body"].read(MIB)
        assert part == source["Body"].read(MIB)
        same += len(part)
    assert same == FRAMES * MIB


@pytest.mark.slow
def test_a_gigabyte_goes_from_bucket_to_bucket_and_never_through_here(
    site: Site, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.make_vault()
    size = site.plant_frames(UID, FRAMES)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
    job = json.dumps(site.job().model_dump(exclude_unset=True))
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}"}
    command = [sys.executable, "-c", SCRIPT, job]
    answer = subprocess.run(command, check=False, capture_output=True, env=environment, cwd=ROOT)
    assert answer.returncode == 0, answer.stderr.decode()
    before, after, inputs = json.loads(answer.stdout)
    print(f"{after:.0f} MB at most ({before:.0f} before), {proxy.moved() / 1e6:.1f} MB through the client")  # noqa: T201
    assert inputs == {"released": 1, "skipped": 0, "quarantined": 0}
    assert after < 200
    assert proxy.moved() < 20e6
    check_released(site, size)


@pytest.mark.slow
def test_a_gigabyte_through_the_flow_needs_hardly_more_memory_than_a_slice(
    site: Site, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.make_vault()
    home, log = ProjectHome.open(site.home), site.folder / "log"
    places = ("--source", site.place("source"), "--dest", site.place("released"), "--home", str(site.home))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
    server = ensure_server(home)

    def peaks() -> dict[str, float]:
        with process(home, server, log, "-m", "deident", "run", *places, "--workers", "1") as flow:
            found = peaks_of(flow)
            assert flow.wait() == 0, log.read_text()
        return found

    try:
        site.plant(f"{UID}.9", 1)
        slice_ = peaks()
        size = site.plant_frames(UID, FRAMES)
        proxy.reset()
        frames = peaks()
    finally:
        stop_server(home)
    moved = proxy.moved() / 1e6
    print(f"MB at most, slice and gigabyte: {slice_}, {frames}; {moved:.1f} MB through the client")  # noqa: T201
    assert set(slice_) == set(frames) == {"flow", "worker"}
    for role, peak in frames.items():
        assert peak - slice_[role] < 30, role
        assert peak < 200, role
    assert moved < 20
    check_released(site, size)


def peaks_of(flow: subprocess.Popen[bytes]) -> dict[str, float]:
    """The largest resident sets of the flow's process and of its worker, in MB, seen until it ends."""
    found: dict[str, float] = {}
    while flow.poll() is None:
        workers = [("worker", pid) for pid in children(flow.pid, "LokyProcess")]
        for role, pid in [("flow", flow.pid), *workers]:
            with contextlib.suppress(OSError, StopIteration):
                status = Path(f"/proc/{pid}/status").read_text().splitlines()
                peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1000
                found[role] = max(found.get(role, 0.0), peak)
        time.sleep(0.05)
    return found
