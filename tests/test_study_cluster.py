"""The same study on a Dask cluster: same outputs, no text of a patient in what Dask shows, and every way it can be lost."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import Client

from deident.errors import ConfigurationError, Reason, Refusal, TransientProblem
from deident.job import Runner
from deident.study import cluster, process_study, worker_pool
from support import poolwork
from support.daskcluster import Cluster, dask_cluster
from support.studies import NAME, only_study, open_job, run, write_instance, write_study

TESTS = Path(__file__).parent
UID = "1.2.3"
CANARY = "ZZTOP^CANARY"


@pytest.fixture
def cluster_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster to which $DEIDENT_DASK_ADDRESS leads."""
    with dask_cluster(tmp_path) as started:
        monkeypatch.setenv(cluster.ADDRESS, started.address)
        yield started


@pytest.mark.parametrize(
    "address", ["tcp://10.0.0.7:8786", "tcp://scheduler:8786", "scheduler:8786", "http://127.0.0.1:1", "tls://", "x"]
)
def test_an_address_in_the_clear_of_another_machine_is_refused(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cluster.ADDRESS, address)
    with (
        open_job(tmp_path, runner="dask") as context,
        pytest.raises(ConfigurationError, match=r"tls://"),
        worker_pool(context.job),
    ):
        pass


def test_without_dask_a_job_for_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        open_job(tmp_path, runner="dask") as context,
        pytest.raises(ConfigurationError, match=r"deident\[dask\]"),
        worker_pool(context.job),
    ):
        pass


@pytest.mark.slow
def test_a_temporary_cluster_makes_the_same_as_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cluster.ADDRESS, raising=False)
    write_study(tmp_path / "source", UID, 20)
    write_instance(tmp_path / "source" / "risky", UID, 99, BurnedInAnnotation="YES")
    alone = run(tmp_path)
    with open_job(tmp_path, force=True, workers=2, runner=Runner.DASK) as context, worker_pool(context.job) as pool:
        assert pool.workers == 2
        together = process_study(context, only_study(context), pool)
        # Workers outlive what they do, and hold no lock meanwhile: the run alone does.
        assert os.listdir(tmp_path / "home" / "runs") == [context.run]
    assert together.record.outputs == alone.record.outputs
    assert together.record.counts == alone.record.counts
    assert os.listdir(tmp_path / "home" / "runs") == []


@pytest.mark.slow
def test_nothing_of_a_patient_is_in_what_dask_logs_and_shows(tmp_path: Path, cluster_here: Cluster) -> None:
    write_study(tmp_path / "source" / CANARY, UID, 3, PatientComments=CANARY)
    with open_job(tmp_path, runner="dask") as context, worker_pool(context.job) as pool:
        assert process_study(context, only_study(context), pool).record.counts["released"] == 3
        with pytest.raises(RuntimeError, match="a Dask worker failed"):
            pool.map(poolwork.leak, [f"/{CANARY}/1.dcm"], lambda _: None)
        future = pool._submit(poolwork.leak, [f"/{CANARY}/1.dcm"])  # type: ignore[attr-defined]
        time.sleep(2)
        shown = cluster_here.shown(future.key)
    assert "deident-" in shown
    assert len(shown) > 2000
    for secret in (CANARY, "CANARY", *NAME.split("^"), "1.dcm"):
        assert secret not in shown
    # The same without what this module does: the scan finds it.
    with Client(cluster_here.address, set_as_default=False) as client:
        bare = client.submit(poolwork.leak, [f"/{CANARY}/1.dcm"])
        with pytest.raises(ValueError, match="CANARY"):
            bare.result()
    assert CANARY in cluster_here.shown()


@pytest.mark.slow
@pytest.mark.usefixtures("cluster_here")
def test_an_item_that_kills_dask_workers_is_given_up_alone(tmp_path: Path) -> None:
    items = [1, 2, -3, 4]
    with open_job(tmp_path, runner="dask") as context, worker_pool(context.job) as pool:
        assert pool.map(poolwork.square, items, lambda _: 0) == [1, 4, 0, 16]
        assert pool.map(poolwork.square, [5], lambda _: 0) == [25]
        with pytest.raises(TransientProblem):
            pool.map(poolwork.busy, [1], lambda _: 0)
        with pytest.raises(Refusal) as refused:
            pool.map(poolwork.refuse, [1], lambda _: 0)
        assert refused.value.reason is Reason.BROKEN


@pytest.mark.slow
def test_a_cluster_that_is_gone_is_a_problem_that_may_pass(
    tmp_path: Path, cluster_here: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "NO_WORKERS_SECONDS", 1)
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 3)
    with open_job(tmp_path, runner="dask") as context:
        with worker_pool(context.job) as pool:
            os.killpg(cluster_here.worker.pid, signal.SIGKILL)
            with pytest.raises(TransientProblem, match="no workers"):
                pool.map(poolwork.square, [1], lambda _: 0)
            os.killpg(cluster_here.scheduler.pid, signal.SIGKILL)
            with pytest.raises(TransientProblem, match="Dask"):
                pool.map(poolwork.square, [1], lambda _: 0)
        with pytest.raises(TransientProblem, match="Dask"), worker_pool(context.job):
            pass
