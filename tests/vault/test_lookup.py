"""Getting originals back, and the record of it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from deident.engine.result import MapEntry
from deident.errors import AlreadyExists, PlaceProblem, TransientProblem
from deident.pseudonyms import Pseudonyms
from deident.stores import MemoryStore, read_all
from deident.stores.protocol import Written
from deident.vault import Keys, Vault, VaultWriter, export, reidentify
from support.vaults import KEY, entries_of, fill


def test_every_pseudonym_leads_to_its_original(vault: Vault) -> None:
    fill(vault, range(6, 10))
    for entry in entries_of(vault, 7):
        assert reidentify(vault, [entry.pseudonym]) == {entry.pseudonym: [entry]}


def test_a_pseudonym_with_several_originals_gives_all_of_them(vault: Vault) -> None:
    """Spellings of one id are one patient, and have one pseudonym."""
    spellings = [MapEntry("patient", text, "P") for text in ("MRN 1", "MRN  1", "MRN 1 ")]
    VaultWriter(vault).seal(spellings[:2])
    VaultWriter(vault).seal(spellings[1:])
    assert sorted(entry.original for entry in reidentify(vault, ["P"])["P"]) == ["MRN  1", "MRN 1", "MRN 1 "]


def test_an_unknown_one_has_no_original(vault: Vault) -> None:
    fill(vault, [1])
    assert reidentify(vault, ["NOBODY", ""]) == {"NOBODY": [], "": []}


def test_each_use_is_on_record_without_any_identifier(vault: Vault, tmp_path: Path) -> None:
    fill(vault, [1, 2])
    patient = entries_of(vault, 1)[0]
    reidentify(vault, [patient.pseudonym, "NOBODY"])
    export(vault, tmp_path / "map.csv")
    first, second = vault.audit.read()
    assert (first["what"], first["asked"], first["told"]) == ("reidentify", 2, 1)
    assert (second["what"], second["told"]) == ("export", 2 * len(entries_of(vault, 1)))
    assert first["who"] == second["who"]
    assert first["who"].startswith("hmac-sha256:")
    text = "".join(read_all(vault.store, entry.key).decode() for entry in vault.store.list("audit/"))
    assert patient.original not in text
    assert patient.pseudonym not in text
    assert set(json.loads(read_all(vault.store, "audit/00000001.json"))["body"]) == {
        *("what", "who", "time", "asked", "told", "number", "previous")
    }


def test_the_holder_of_the_secret_can_tell_who_it_was(vault: Vault) -> None:
    import os
    import pwd

    reidentify(vault, ["NOBODY"])
    user = pwd.getpwuid(os.geteuid())
    expected = Pseudonyms(vault.secret).reference(f"user\0{user.pw_uid}\0{user.pw_name}")
    assert vault.audit.read()[0]["who"] == expected


@pytest.mark.parametrize("what", ["reidentify", "export"])
def test_what_cannot_be_recorded_is_not_answered(what: str, tmp_path: Path) -> None:
    class NoAudit(MemoryStore):
        def put(self, key: str, data: bytes, *, overwrite: bool = False) -> Written:
            if key.startswith("audit/"):
                raise TransientProblem("full")
            return super().put(key, data, overwrite=overwrite)

    vault = Vault.create(NoAudit(), Keys([KEY]))
    fill(vault, [1])
    use = {"export": lambda: export(vault, tmp_path / "map.csv"), "reidentify": lambda: reidentify(vault, ["NOBODY"])}
    with pytest.raises(TransientProblem):
        use[what]()
    assert list(tmp_path.iterdir()) == []


def test_an_export_holds_every_entry_once_for_its_owner_alone(vault: Vault, tmp_path: Path) -> None:
    odd = [MapEntry("patient", text, f"P{n}") for n, text in enumerate(('a,"b"', "two\nlines", "Ärger", "\ud800"))]
    fill(vault, [1, 2])
    fill(vault, [2, 3])
    VaultWriter(vault).seal(odd)
    path = tmp_path / "map.csv"
    count = export(vault, path)
    assert path.stat().st_mode & 0o777 == 0o600
    with path.open(newline="", encoding="utf-8") as file:
        heading, *rows = csv.reader(file)
    assert heading == ["domain", "original", "pseudonym"]
    expected = {(e.domain, e.original, e.pseudonym) for n in (1, 2, 3) for e in entries_of(vault, n)}
    expected |= {(e.domain, e.original.replace("\ud800", "\\ud800"), e.pseudonym) for e in odd}
    assert len(rows) == count == len(expected)
    assert {tuple(row) for row in rows} == expected


def test_an_export_replaces_nothing_and_makes_no_folders(vault: Vault, tmp_path: Path) -> None:
    fill(vault, [1])
    path = tmp_path / "map.csv"
    path.write_text("mine")
    with pytest.raises(AlreadyExists):
        export(vault, path)
    assert path.read_text() == "mine"
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AlreadyExists):
        export(vault, path)
    with pytest.raises(PlaceProblem):
        export(vault, tmp_path / "nowhere" / "map.csv")
    assert vault.audit.count() == 0
