from __future__ import annotations

import errno
import json
import os
import stat
import tracemalloc
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from deident.audit import AuditLog, AuditRecord, held, released, tags_fragment, withdrawn
from deident.engine import Deidentifier
from deident.engine.result import Deidentified
from deident.errors import AlreadyExists, PlaceProblem, Reason, TransientProblem
from deident.profile import Action, Decision, preset
from deident.pseudonyms import ProjectKey, Pseudonyms
from deident.stores import MemoryStore
from support.studies import NAME, PATIENT_ID, write_instance

PROFILE = preset("research")
PSEUDONYMS = Pseudonyms(ProjectKey(bytes(range(32))))
REFERENCE = PSEUDONYMS.reference("some/path")


@pytest.fixture
def result(tmp_path: Path) -> Deidentified:
    store = MemoryStore()
    store.put("a", write_instance(tmp_path / "source" / "a", "1.2.3", 1).read_bytes())
    with store.open("a") as source:
        return Deidentifier(PROFILE, PSEUDONYMS).deidentify(source)


def of(result: Deidentified) -> AuditRecord:
    return released(result, reference=REFERENCE, output=result.identity.output_name, pseudonyms=PSEUDONYMS)


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def test_a_log_is_one_valid_document_with_a_summary(tmp_path: Path, result: Deidentified) -> None:
    path = tmp_path / "audit.json"
    with AuditLog(path, profile=PROFILE, run="run-1") as log:
        log.add(of(result))
        log.add(held(REFERENCE, Reason.NOT_DICOM))
        log.add(held(REFERENCE, Reason.PIXEL_RISK, "(0028,0301)"))
        assert not path.exists()
    document = read(path)
    assert document["schema"] == "deident-audit/1"
    assert document["profile"] == {"name": "research", "digest": PROFILE.digest()}
    assert [file["ending"] for file in document["files"]] == ["released", "skipped", "quarantined"]
    summary = document["summary"]
    assert {k: summary[k] for k in ("complete", "files", "released", "skipped", "quarantined")} == {
        "complete": True,
        "files": 3,
        "released": 1,
        "skipped": 1,
        "quarantined": 1,
    }
    assert summary["reasons"] == {"not-dicom": 1, "pixel-risk": 1}
    assert list(tmp_path.glob(".*")) == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_record_says_what_was_done_and_to_whom_only_by_keyed_reference(tmp_path: Path, result: Deidentified) -> None:
    with AuditLog(tmp_path / "audit.json", profile=PROFILE) as log:
        log.add(of(result))
    (record,) = read(tmp_path / "audit.json")["files"]
    assert record["input"] == REFERENCE
    assert record["original_patient_id_hash"] == PSEUDONYMS.reference(PATIENT_ID)
    assert record["pseudonym"] == PSEUDONYMS.patient(PATIENT_ID, "", "1.2.3")
    assert record["output"].startswith(record["pseudonym"] + "/2.25.")
    assert record["statistics"]["image_data_preserved"] is True
    assert record["statistics"]["total_tags_processed"] > 100
    names = {tag["attribute"]: tag for tag in record["tags_anonymized"]}
    assert names["PatientName"]["tag"] == "(0010,0010)"
    assert set(names["PatientName"]) >= {"tag", "attribute", "action", "because"}
    text = (tmp_path / "audit.json").read_text()
    assert PATIENT_ID not in text
    assert not any(part in text for part in NAME.split("^"))


def test_equal_decisions_become_one_entry_with_a_count() -> None:
    nested = [Decision(0x00081155, (0x00081140,), "ReferencedSOPInstanceUID", Action.UID, "E.1-1") for _ in range(3)]
    name = Decision(0x00100010, (), "PatientName", Action.EMPTY, "E.1-1")
    assert json.loads(tags_fragment((name, *nested))) == [
        {"tag": "(0010,0010)", "attribute": "PatientName", "action": "Z", "because": "E.1-1"},
        {
            "tag": "(0008,1155)",
            "path": "(0008,1140)",
            "attribute": "ReferencedSOPInstanceUID",
            "action": "U",
            "because": "E.1-1",
            "count": 3,
        },
    ]
    assert json.loads(tags_fragment(())) == []


def test_short_lived_decisions_are_never_mistaken_for_others() -> None:
    for tag in range(0x00100000, 0x00100000 + 3_000):
        (entry,) = json.loads(tags_fragment((Decision(tag, (), "", Action.REMOVE, "private"),)))
        assert entry["tag"] == f"(0010,{tag & 0xFFFF:04X})"


def test_a_detail_is_escaped(tmp_path: Path) -> None:
    with AuditLog(tmp_path / "audit.json", profile=PROFILE) as log:
        log.add(held(REFERENCE, Reason.BROKEN, 'quote " and \\ and \n'))
    assert read(tmp_path / "audit.json")["files"][0]["detail"] == 'quote " and \\ and \n'


def test_a_withdrawn_record_says_nothing_of_an_output(result: Deidentified) -> None:
    record = json.loads(withdrawn(of(result), Reason.DUPLICATE).to_json())
    assert (record["ending"], record["output"], record["pseudonym"]) == ("skipped", None, None)
    assert record["tags_anonymized"] == []


def test_an_existing_log_is_not_replaced_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "audit.json"
    path.write_text("mine")
    with pytest.raises(AlreadyExists), AuditLog(path, profile=PROFILE):
        pass
    assert path.read_text() == "mine"
    with AuditLog(path, profile=PROFILE, overwrite=True):
        pass
    assert read(path)["files"] == []


def test_after_an_error_the_log_holds_what_was_done_until_then(tmp_path: Path) -> None:
    def interrupted() -> None:
        with AuditLog(tmp_path / "audit.json", profile=PROFILE) as log:
            log.add(held(REFERENCE, Reason.EMPTY))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    document = read(tmp_path / "audit.json")
    assert document["summary"]["complete"] is False
    assert len(document["files"]) == 1


def test_a_place_that_cannot_be_written_is_named_without_its_path(tmp_path: Path) -> None:
    with (
        pytest.raises(PlaceProblem) as caught,
        AuditLog(tmp_path / "Doe^John" / "audit.json", profile=PROFILE),
    ):
        pass
    assert "Doe" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_full_disk_may_pass_and_leaves_no_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "", "/data/Doe^John")

    log = AuditLog(tmp_path / "audit.json", profile=PROFILE)
    with monkeypatch.context() as patch:
        patch.setattr(os, "link", full)
        with log as opened:
            opened.add(held(REFERENCE, Reason.EMPTY))
            with pytest.raises(TransientProblem) as caught:
                opened.__exit__(None, None, None)
    assert "Doe" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_memory_stays_flat_and_a_record_is_cheap(tmp_path: Path, result: Deidentified) -> None:
    with AuditLog(tmp_path / "audit.json", profile=PROFILE) as log:
        log.add(of(result))
        start = process_time()
        for _ in range(2_000):
            log.add(of(result))
        cost = (process_time() - start) / 2_000
        tracemalloc.start()
        for _ in range(500):
            log.add(of(result))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 1_000_000
    assert cost < 200e-6  # about 20 microseconds on a quiet machine
    assert read(tmp_path / "audit.json")["summary"]["files"] == 2_501
