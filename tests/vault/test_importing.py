"""A site's own map: taken whole, or refused with lines and without values."""

from __future__ import annotations

from pathlib import Path

import pytest

from deident.engine.result import MapEntry
from deident.errors import ConfigurationError
from deident.vault import Vault, VaultWriter, export, import_map, read_map, reidentify
from support.vaults import everything, fill

SECRET = "MRN-4711"


def csv_file(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "map.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("heading", ["", "original,pseudonym\n", "Patient ID,Subject\n", "\ufefforiginal id,x\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_map_of_two_columns_is_sealed_and_found_again(vault: Vault, tmp_path: Path, heading: str, end: str) -> None:
    text = f'{heading}{SECRET},SUBJ-001\n\n"O\'Brien, 7",SUBJ-002\n{SECRET},SUBJ-001\n'
    count, ref = import_map(VaultWriter(vault, "import"), csv_file(tmp_path, text.replace("\n", end)))
    assert count == 3
    assert ref is not None
    assert ref.entries == 2
    assert reidentify(vault, ["SUBJ-002"]) == {"SUBJ-002": [MapEntry("patient", "O'Brien, 7", "SUBJ-002")]}


def test_an_export_can_be_imported_into_another_vault(vault: Vault, tmp_path: Path) -> None:
    from deident.stores import MemoryStore

    fill(vault, range(5))
    export(vault, tmp_path / "out.csv")
    other = Vault.create(MemoryStore(), vault.keys)
    import_map(VaultWriter(other, "import"), tmp_path / "out.csv")
    assert everything(other) == everything(vault)


@pytest.mark.parametrize("separator", [",", ";"])
def test_the_patient_list_of_a_run_is_a_map_too(vault: Vault, tmp_path: Path, separator: str) -> None:
    """In its own form: any order of columns, two ids of one subject, offsets that are none of the vault's business."""
    rows = ("Subject_ID,patient_id,date_offset_days", f"T-1,{SECRET},-3", "T-1,OLD-99-X,-3", 'T-2,"MRN  5",4')
    path = csv_file(tmp_path, "\n".join(rows).replace(",", separator))
    assert import_map(VaultWriter(vault, "import"), path)[0] == 3
    found = reidentify(vault, ["T-1", "T-2"])
    assert {entry.original for entry in found["T-1"]} == {SECRET, "OLD-99-X"}
    assert [entry.original for entry in found["T-2"]] == ["MRN 5"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no entry"),
        ("original,pseudonym\n", "holds no entry"),
        (f"patient_id,subject_id\n{SECRET}\n", "line 2: 1 columns where the header has 2"),
        (f"patient_id,subject_id\n{SECRET},A\n{SECRET},B\n", "the patient list: line"),
        (f"{SECRET}\n", "line 1: two columns are needed"),
        (f"{SECRET},A\n{SECRET}-2,B,C\n", "line 2: 3 columns instead of 2"),
        (f"{SECRET},A\n{SECRET},B\n", "line 2: another pseudonym than in line 1"),
        (f"{SECRET},A\nX-{SECRET},A\n", "line 2: the same pseudonym as in line 1"),
        (f"{SECRET},A\n,B\n", "line 2: a value is empty"),
        (f"{SECRET},A\n{SECRET}-2, \n", "line 2: a value is empty"),
        (f"{SECRET},{SECRET}\n", "line 1: the pseudonym is the original"),
        (f"{SECRET},{'A' * 65}\n", "line 1: a value is too long"),
        (f"{SECRET},A\\B\n", "line 1: the pseudonym holds a character"),
        (f"{SECRET},A\tB\n", "line 1: the pseudonym holds a character"),
        (f'{SECRET},A\n"{SECRET}-2,B\n', "line 2: it is no CSV"),
        (f'{SECRET},A\n"{SECRET}"x,B\n', "line 2: it is no CSV"),
        (f"domain,original,pseudonym\nname,{SECRET},A\n", "line 2: the domain is unknown"),
        (f'"{SECRET}\n2",A\n{SECRET},\n', "line 3: a value is empty"),
    ],
)
def test_a_wrong_map_is_refused_with_its_line_and_no_value(
    vault: Vault, tmp_path: Path, text: str, message: str
) -> None:
    before = [entry.key for entry in vault.store.list()]
    with pytest.raises(ConfigurationError, match=message) as caught:
        import_map(VaultWriter(vault, "import"), csv_file(tmp_path, text))
    assert SECRET not in str(caught.value)
    assert [entry.key for entry in vault.store.list()] == before


def test_all_wrong_lines_are_told_at_once_up_to_a_number(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_map(csv_file(tmp_path, "MRN,A\n" + ",B\n" * 100))
    assert str(caught.value).count("line ") == 20
    assert str(caught.value).endswith("and 80 more")


@pytest.mark.parametrize("content", [b"MRN-4711,\xff\n", "MRN-4711,A\n".encode("utf-16")])
def test_a_map_that_is_not_utf_8_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ConfigurationError, match="UTF-8"):
        read_map(csv_file(tmp_path, content))


def test_a_missing_map_is_said_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_map(tmp_path / "smith.csv")
    assert "smith" not in str(caught.value)
