"""The flow with a vault in its home: originals reach the vault, sealed, and nothing of Prefect's."""

from __future__ import annotations

import pydicom
import pytest
from pydicom.data import get_testdata_file

from deident.cli import main
from deident.flows.server import ensure_server
from deident.vault import home_store, keys_at_hand, reidentify, verify
from deident.vault.place import Vault
from flowtools.server import api_answers, files_with, run_python
from flowtools.studies import CANARIES, plant_source

RUN = ("-m", "deident.flows.run")
UIDS = tuple(str(pydicom.dcmread(get_testdata_file(f"{name}_small.dcm")).StudyInstanceUID) for name in ("CT", "MR"))


@pytest.mark.slow
def test_a_run_seals_its_map_and_prefect_sees_none_of_it(new_home, tmp_path):
    source = plant_source(tmp_path)
    assert main(["vault", "init", "--home", str(new_home.root)]) == 0
    server = ensure_server(new_home)
    places = ("--source", str(source), "--dest", str(tmp_path / "out"), "--workers", "2")
    done = run_python(new_home, server, *RUN, "--home", str(new_home.root), *places)
    assert done.returncode == 1, done.stderr

    vault = Vault.open(home_store(new_home), keys_at_hand(new_home))
    assert verify(vault).problems == ()
    released = [path.relative_to(tmp_path / "out").parts for path in (tmp_path / "out").rglob("*.dcm")]
    assert len(released) == 2
    for patient, study, *_ in released:
        found = reidentify(vault, [patient, study])
        assert [entry.original for entry in found[patient]] == ["MRN-7788991"]
        assert {entry.original for entry in found[study]} < set(UIDS)

    assert set(files_with(new_home.root, *CANARIES)) <= {"sources.toml"}
    assert files_with(new_home.root, *UIDS) == []
    for text in (done.stdout, done.stderr, api_answers(server)):
        assert not [original for original in (*CANARIES, *UIDS) if original in text]


@pytest.mark.slow
def test_a_vault_that_was_spoiled_stops_the_run_with_a_plain_word(new_home, tmp_path):
    source = plant_source(tmp_path)
    assert main(["vault", "init", "--home", str(new_home.root)]) == 0
    server = ensure_server(new_home)
    store = home_store(new_home)
    store.put("writers/00000002.json", b"{}")  # a gap: the first is missing
    places = ("--source", str(source), "--dest", str(tmp_path / "out"))
    done = run_python(new_home, server, *RUN, "--home", str(new_home.root), *places)
    assert done.returncode not in (0, 1)
    assert "the vault is damaged or not whole" in done.stdout + done.stderr
    assert list((tmp_path / "out").rglob("*.dcm")) == []
