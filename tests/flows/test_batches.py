import pytest
from hypothesis import given
from hypothesis import strategies as st

from deident.discovery import InstanceRef, StudyRef
from deident.errors import ConfigurationError
from deident.flows.batches import Batching

SIZES = st.lists(st.integers(0, 1000), max_size=200)
BATCHINGS = st.builds(
    Batching, st.integers(1, 50), st.integers(1, 20), st.integers(1, 3000), st.integers(min_value=1, max_value=50)
)


def studies(sizes):
    return [StudyRef(f"{n}", "", (), (InstanceRef("", "", size),)) for n, size in enumerate(sizes)]


@given(SIZES, BATCHINGS)
def test_every_study_is_in_one_batch_in_order_and_no_batch_is_too_large(sizes, batching):
    found = studies(sizes)
    batches = list(batching.plan(found))
    assert [study for batch in batches for study in batch] == found
    most = max(batching.studies, -(-len(found) // batching.runs))
    for batch in batches:
        assert 1 <= len(batch) <= most
        assert len(batch) == 1 or sum(study.size for study in batch) <= batching.bytes


def test_few_studies_have_task_runs_of_their_own():
    assert [len(batch) for batch in Batching().plan(studies([1] * 1000))] == [1] * 1000


@pytest.mark.parametrize(("count", "size", "runs"), [(1001, 25, 41), (15_000, 38, 395), (100_000, 250, 400)])
def test_many_small_studies_share_task_runs(count, size, runs):
    batches = list(Batching().plan(studies([4000] * count)))
    assert (len(batches[0]), len(batches)) == (size, runs)


def test_a_large_study_keeps_its_own():
    batches = list(Batching(above=1).plan(studies([10, 300 << 20, 10, 10])))
    assert [len(batch) for batch in batches] == [1, 1, 2]


def test_the_environment_sets_the_thresholds_and_is_checked(monkeypatch):
    monkeypatch.setenv("DEIDENT_BATCH_ABOVE", "7")
    monkeypatch.setenv("DEIDENT_BATCH_BYTES", "1000")
    assert Batching.from_environment() == Batching(above=7, bytes=1000)
    for wrong in ("0", "-1", "many", "1.5"):
        monkeypatch.setenv("DEIDENT_BATCH_RUNS", wrong)
        with pytest.raises(ConfigurationError, match="DEIDENT_BATCH_RUNS"):
            Batching.from_environment()
