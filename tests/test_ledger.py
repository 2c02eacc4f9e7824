from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from deident.ledger import Ledger, LedgerError, Outcome, OutputDigest, Record, StagedVersion
from deident.manifest import Manifest, ManifestError, publish, read_manifest, study_folder
from deident.seals.mac import Seal
from deident.stores import FolderStore, MemoryStore, read_all

RECORD = Record(
    study="abcdefgh23456722",
    run="run-1",
    outcome=Outcome.RELEASED,
    fingerprint="hmac-sha256:00",
    profile_digest="sha256:00",
    code_version="0.1.0",
    counts={"released": 2, "skipped": 0, "quarantined": 1},
    reasons={"pixel-risk": 1},
    modalities=("CT", "SR"),
    manifest="P/2.25.1/manifest.json",
    manifest_version=1,
    outputs=(OutputDigest("P/2.25.1/2.25.2/2.25.3.dcm", 5, "sha256:11"),),
)
MANIFEST = Manifest("P", "2.25.1", "sha256:00", "0.1.0", RECORD.outputs)


def test_a_record_survives_writing_and_reading() -> None:
    assert Record.from_bytes(RECORD.to_bytes()) == RECORD
    assert json.loads(RECORD.to_bytes())["schema"] == "deident-ledger/1"


def test_a_record_that_knows_nothing_of_later_fields_is_written_and_sealed_as_it_always_was() -> None:
    seal = Seal(b"k" * 32)
    content = json.loads(RECORD.to_bytes())
    assert {"staged", "unsearched"}.isdisjoint(content)
    old = json.dumps({**content, "seal": seal.of(content)}, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    record = Record.from_bytes(old)
    assert record.to_bytes() == old
    assert seal.holds(record.content())


def test_the_seal_covers_the_staged_versions() -> None:
    seal = Seal(b"k" * 32)
    waiting = replace(
        RECORD, staged=(StagedVersion("P/2.25.1/2.25.2/2.25.3.dcm", "run-1/s/0.dcm", "etag"),), unsearched=1
    )
    sealed = replace(waiting, seal=seal.of(waiting.content()))
    assert Record.from_bytes(sealed.to_bytes()) == sealed
    assert seal.holds(sealed.content())
    for change in ({"staged": (replace(sealed.staged[0], version="other"),)}, {"staged": ()}, {"unsearched": 0}):
        assert not seal.holds(replace(sealed, **change).content())


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"schema": "deident-ledger/99"}', b"\xff", b'"x"'])
def test_anything_else_is_no_record(data: bytes) -> None:
    with pytest.raises(LedgerError):
        Record.from_bytes(data)
    with pytest.raises(ManifestError):
        Manifest.from_bytes(data)


def test_the_latest_record_of_a_study_is_found_and_older_ones_stay(tmp_path: Path) -> None:
    ledger = Ledger(FolderStore(tmp_path, private=True))
    assert ledger.latest(RECORD.study) is None
    first = ledger.append(RECORD)
    second = ledger.append(RECORD)
    assert (first.number, second.number) == (1, 2)
    assert Ledger(FolderStore(tmp_path)).latest(RECORD.study) == second
    assert ledger.history(RECORD.study) == [first, second]
    assert ledger.studies() == [RECORD.study]


def test_the_records_of_a_writer_form_a_chain() -> None:
    store = MemoryStore()
    ledger = Ledger(store)
    records = [ledger.append(RECORD) for _ in range(3)]
    assert [record.sequence for record in records] == [1, 2, 3]
    assert records[0].previous == ""
    for number, record in enumerate(records[1:], 1):
        before = read_all(store, f"studies/{RECORD.study}/{number:08d}.json")
        assert record.previous == "sha256:" + hashlib.sha256(before).hexdigest()


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    def write() -> None:
        ledger = Ledger(FolderStore(tmp_path))
        for _ in range(10):
            ledger.append(RECORD)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    history = Ledger(FolderStore(tmp_path)).history(RECORD.study)
    assert [record.number for record in history] == list(range(1, 41))
    assert len({(record.writer, record.sequence) for record in history}) == 40


def test_a_record_under_a_foreign_name_is_noticed() -> None:
    store = MemoryStore()
    store.put("studies/other/00000001.json", RECORD.to_bytes())
    with pytest.raises(LedgerError):
        Ledger(store).latest("other")


def test_a_manifest_that_says_the_same_is_kept_and_another_supersedes_it() -> None:
    store = MemoryStore()
    folder = study_folder(RECORD.outputs[0].name)
    assert read_manifest(store, folder) is None
    assert publish(store, folder, MANIFEST) == MANIFEST
    before = read_all(store, folder + "manifest.json")
    publish(store, folder, MANIFEST)
    assert read_all(store, folder + "manifest.json") == before
    other = Manifest("P", "2.25.1", "sha256:22", "0.1.0", RECORD.outputs)
    assert publish(store, folder, other).version == 2
    assert read_manifest(store, folder) == Manifest("P", "2.25.1", "sha256:22", "0.1.0", RECORD.outputs, 2)
