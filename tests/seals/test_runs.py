"""Run records: one chain over all runs of a project, also when runs end at once and answers of the store are lost."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from deident.errors import TransientProblem
from deident.ledger import Ledger, LedgerError, Outcome, Record
from deident.seals.mac import Seal
from deident.seals.runs import RunRecord, RunRecords, seal_run
from deident.seals.troubles import Trouble
from deident.seals.verify import verify
from deident.stores import FolderStore, MemoryStore, Written

SEAL = Seal(bytes(range(32)))
RECORD = Record(
    study="abcdefgh23456722",
    run="run-1",
    outcome=Outcome.RELEASED,
    fingerprint="hmac-sha256:00",
    profile_digest="sha256:00",
    code_version="0.1.0",
    counts={"released": 2},
    reasons={},
)
RUN = RunRecord(
    run="run-1",
    finished="2026-11-22T17:00:01.000Z",
    code_version="0.1.0",
    profile="research",
    profile_digest="sha256:00",
    source="hmac-sha256:01",
    destination="hmac-sha256:02",
    studies={"released": 1},
    unchanged=0,
    inputs={"released": 2},
)


def nobody(_run: str) -> bool:
    return False


def test_a_seal_holds_for_its_content_and_its_key_alone() -> None:
    content = {"schema": "x/1", "a": 1, "b": ["ä", {"c": None}]}
    sealed = {**content, "seal": SEAL.of(content)}
    assert SEAL.holds(sealed)
    assert not SEAL.holds({**sealed, "a": 2})
    assert not SEAL.holds({**sealed, "more": 2})
    assert not SEAL.holds(content)
    assert not Seal(bytes(32)).holds(sealed)
    assert str(bytes(range(32)).hex()) not in repr(SEAL)


def test_a_run_record_survives_writing_and_reading() -> None:
    store = MemoryStore()
    ledger = Ledger(store, SEAL)
    ledger.append(RECORD)
    written = seal_run(ledger, RUN, nobody)
    assert RunRecord.from_bytes(written.to_bytes()) == written
    assert (written.number, written.previous) == (1, "")
    again = seal_run(Ledger(store, SEAL), replace(RUN, run="run-2"), nobody)
    assert (again.number, again.previous, again.heads) == (2, written.digest, ())
    assert verify(store, SEAL).intact


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"schema": "deident-run/99"}', b"\xff", b'"x"'])
def test_anything_else_is_no_run_record(data: bytes) -> None:
    with pytest.raises(LedgerError):
        RunRecord.from_bytes(data)


def test_a_ledger_without_a_key_cannot_be_sealed() -> None:
    with pytest.raises(LedgerError):
        seal_run(Ledger(MemoryStore()), RUN, nobody)


def test_a_run_that_is_resumed_seals_what_it_had_done_before() -> None:
    store = MemoryStore()
    Ledger(store, SEAL).append(RECORD)
    resumed = Ledger(store, SEAL)
    resumed.append(RECORD)
    written = seal_run(resumed, RUN, lambda run: run == "run-1")
    assert [head.sequence for head in written.heads] == [1, 1]
    assert verify(store, SEAL).intact


def test_a_chain_that_was_begun_and_never_used_is_sealed_as_empty() -> None:
    store = MemoryStore()
    killed = Ledger(store, SEAL)
    killed._register("killed")
    assert {problem.trouble for problem in verify(store, SEAL).problems} == {Trouble.UNFINISHED}
    written = seal_run(Ledger(store, SEAL), RUN, nobody)
    assert [(head.run, head.sequence, head.digest) for head in written.heads] == [("killed", 0, "")]
    assert verify(store, SEAL).intact


def test_a_chain_whose_beginning_is_forged_is_not_asked_for(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put(f"chains/{'0' * 16}.json", json.dumps({"run": "../../x", "writer": "0" * 16}).encode())
    asked: list[str] = []
    assert seal_run(Ledger(store, SEAL), RUN, lambda run: bool(asked.append(run))).heads == ()
    assert asked == []


def test_runs_that_end_at_once_form_one_chain(tmp_path: Path) -> None:
    def work(number: int) -> None:
        ledger = Ledger(FolderStore(tmp_path), SEAL)
        for _ in range(3):
            ledger.append(replace(RECORD, run=f"run-{number}"))
        seal_run(ledger, replace(RUN, run=f"run-{number}"), lambda _: True)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert RunRecords(FolderStore(tmp_path), SEAL).numbers() == list(range(1, 9))
    found = verify(FolderStore(tmp_path), SEAL)
    assert found.problems == ()
    assert (found.records, found.runs) == (24, 8)


class Losing(MemoryStore):
    """A store that carries `put` out and then, for every other new object, loses the answer."""

    def __init__(self, *, quietly: bool) -> None:
        super().__init__()
        self._quietly = quietly
        self.turn = 0

    def put(self, key: str, data: bytes, *, overwrite: bool = False) -> Written:
        self.turn += 1
        written = super().put(key, data, overwrite=overwrite)
        if self.turn % 2:
            if self._quietly:  # the client tries again by itself, and meets its own object
                return super().put(key, data, overwrite=overwrite)
            raise TransientProblem("the answer was lost")
        return written


@pytest.mark.parametrize("quietly", [True, False])
def test_a_lost_answer_breaks_no_chain(quietly: bool) -> None:
    store = Losing(quietly=quietly)
    ledger = Ledger(store, SEAL)
    done = 0
    while done < 6:
        try:
            ledger.append(RECORD)
            done += 1
        except TransientProblem:
            continue
    for _ in range(2):
        try:
            seal_run(ledger, RUN, nobody)
        except TransientProblem:
            continue
    assert verify(store, SEAL).problems == ()
