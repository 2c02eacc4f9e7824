"""The study path with a vault: what is released can be traced back, and was sealed before."""

from __future__ import annotations

import pickle
from contextlib import closing
from pathlib import Path

import pytest

from deident.errors import TransientProblem, VaultAbsent, WrongVaultKey
from deident.ledger import Outcome
from deident.pseudonyms import ProjectKey
from deident.study import WorkerPool, deidentify_study, process_study, validate
from deident.vault import Vault, home_store, keys_at_hand, project_key, reidentify, verify
from support.studies import NAME, PATIENT_ID, only_study, open_job, outputs, run, tree, write_instance, write_study

UID = "1.2.826.0.1.3680043.88"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault in the home of the jobs of this test."""
    write_study(tmp_path / "source", UID, 3)
    with open_job(tmp_path) as context:
        home = context.home
    return Vault.create(home_store(home), keys_at_hand(home, create=True), secret=project_key(home))


def originals(vault: Vault, *pseudonyms: str) -> set[tuple[str, str]]:
    found = reidentify(vault, pseudonyms)
    return {(entry.domain, entry.original) for entries in found.values() for entry in entries}


def test_a_released_study_can_be_traced_back(tmp_path: Path, vault: Vault) -> None:
    outcome = run(tmp_path)
    assert outcome.outcome is Outcome.RELEASED
    for output in outputs(tmp_path):
        patient, study, series, name = output.relative_to(tmp_path / "destination").parts
        found = originals(vault, patient, study, series, name.removesuffix(".dcm"))
        assert {("patient", PATIENT_ID), ("uid", UID), ("uid", f"{UID}.1")} < found
        assert len(found) == 4
    assert verify(vault).problems == ()
    assert verify(vault).entries["patient"] == 1


def test_the_same_from_worker_processes(tmp_path: Path, vault: Vault) -> None:
    with open_job(tmp_path, workers=2) as context, closing(WorkerPool(2)) as pool:
        assert process_study(context, only_study(context), pool).outcome is Outcome.RELEASED
    assert verify(vault).entries["uid"] >= 5
    assert ("uid", UID) in originals(vault, outputs(tmp_path)[0].parts[-3])


@pytest.mark.usefixtures("vault")
def test_nothing_is_released_when_the_map_cannot_be_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise TransientProblem("busy")

    with monkeypatch.context() as broken, open_job(tmp_path) as context:
        broken.setattr(context.vault, "_append", fail)
        with pytest.raises(TransientProblem):
            process_study(context, only_study(context))
        assert outputs(tmp_path) == []
        assert context.ledger.studies() == []
    assert run(tmp_path).outcome is Outcome.RELEASED


def test_the_map_is_in_the_vault_before_the_first_object_is_visible(tmp_path: Path, vault: Vault) -> None:
    with open_job(tmp_path) as context:
        assert context.vault is not None
        seal, seen = context.vault.seal, []

        def watched(entries: object) -> object:
            seen.append(outputs(tmp_path))
            ref = seal(entries)
            assert verify(vault).entries["patient"] == 1
            return ref

        context.vault.seal = watched
        process_study(context, only_study(context))
    assert seen == [[]]
    assert len(outputs(tmp_path)) == 3


def test_a_study_that_is_held_leaves_nothing_in_the_map(tmp_path: Path, vault: Vault) -> None:
    for path in (tmp_path / "source").iterdir():
        path.unlink()
    write_instance(tmp_path / "source" / "a", UID, 1, BurnedInAnnotation="YES")
    assert run(tmp_path).outcome is Outcome.QUARANTINED
    assert verify(vault).segments == 0


@pytest.mark.usefixtures("vault")
def test_originals_travel_hidden_and_only_when_there_is_a_vault(tmp_path: Path) -> None:
    with open_job(tmp_path) as context:
        staged = deidentify_study(context, only_study(context))
        validated = validate(context, staged)
    assert all(instance.entries for instance in staged.staged)
    for shown in (repr(staged), repr(validated), repr(staged.instances), repr(staged.staged[0]), str(context)):
        assert PATIENT_ID not in shown
        assert NAME not in shown
        assert UID not in shown
    with open_job(tmp_path, vault=False) as context:
        assert context.vault is None
        staged = deidentify_study(context, only_study(context))
    assert all(instance.entries == () for instance in staged.staged)
    assert UID.encode() not in pickle.dumps([instance.entries for instance in staged.staged])


@pytest.mark.usefixtures("vault")
def test_no_original_lies_in_the_home_once_the_study_has_ended(tmp_path: Path) -> None:
    run(tmp_path)
    for name, data in tree(tmp_path / "home").items():
        for needle in (PATIENT_ID, NAME, UID):
            assert needle.encode() not in data, name
            assert needle not in name


def test_a_job_that_asks_for_a_vault_needs_one(tmp_path: Path) -> None:
    write_study(tmp_path / "source", UID, 1)
    with pytest.raises(VaultAbsent):
        open_job(tmp_path, vault=True)
    assert run(tmp_path).outcome is Outcome.RELEASED


def test_a_run_that_cannot_be_linked_is_mapped_all_the_same(tmp_path: Path, vault: Vault) -> None:
    run(tmp_path, preserve_studies=False)
    patient = outputs(tmp_path)[0].relative_to(tmp_path / "destination").parts[0]
    assert originals(vault, patient) == {("patient", PATIENT_ID)}


@pytest.mark.usefixtures("vault")
def test_a_home_that_has_another_key_than_its_vault_does_not_run(tmp_path: Path) -> None:
    key = tmp_path / "home" / "key"
    key.unlink()
    ProjectKey.load_or_create(key)
    with pytest.raises(WrongVaultKey, match="not the one of this vault"):
        open_job(tmp_path)
