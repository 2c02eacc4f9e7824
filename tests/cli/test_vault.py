"""`deident vault` and `deident reidentify`, as they are typed."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from deident.cli import main
from deident.home import ProjectHome
from deident.pseudonyms import ProjectKey
from deident.stores import FolderStore
from deident.vault import ENV_KEY, ENV_KMS_KEY, LocalKey
from support.studies import PATIENT_ID, outputs, run, write_study

UID = "1.2.826.0.1.3680043.77"


@pytest.fixture(autouse=True)
def no_keys_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENV_KEY, raising=False)
    monkeypatch.delenv(ENV_KMS_KEY, raising=False)


@pytest.fixture
def home(tmp_path: Path) -> str:
    return str(tmp_path / "home")


@pytest.fixture
def released(tmp_path: Path, home: str, capsys: pytest.CaptureFixture[str]) -> Path:
    """A study that was released with a vault in the home; one of its outputs."""
    assert main(["vault", "init", "--home", home]) == 0
    write_study(tmp_path / "source", UID, 2)
    run(tmp_path)
    capsys.readouterr()
    return outputs(tmp_path)[0]


def lines(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    return [line.split("\t") for line in capsys.readouterr().out.splitlines()]


def test_an_output_file_leads_back_to_its_patient_and_uids(
    released: Path, home: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reidentify", str(released), "--home", home]) == 0
    found = {(domain, original) for _, domain, original in lines(capsys)}
    assert ("patient", PATIENT_ID) in found
    assert {("uid", UID), ("uid", f"{UID}.1")} < found
    assert len([original for _, original in found if original.startswith(f"{UID}.1.")]) == 1
    assert len(found) == 4


def test_a_pseudonym_and_a_uid_lead_back_too(
    released: Path, home: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patient, study = released.relative_to(tmp_path / "destination").parts[:2]
    assert main(["reidentify", patient, study, "--home", home]) == 0
    assert lines(capsys) == [[patient, "patient", PATIENT_ID], [study, "uid", UID]]
    assert main(["reidentify", "NOBODY", patient, "--home", home]) == 1
    shown = capsys.readouterr()
    assert "1 of 2 are not in this vault" in shown.err
    assert PATIENT_ID in shown.out


@pytest.mark.usefixtures("released")
def test_a_vault_is_checked_counted_and_compacted(home: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vault", "verify", "--home", home]) == 0
    assert "The vault is whole." in capsys.readouterr().out
    assert main(["vault", "status", "--home", home]) == 0
    shown = capsys.readouterr().out
    assert "segments     1 " in shown
    assert "local:" in shown
    assert main(["vault", "compact", "--home", home]) == 0
    assert PATIENT_ID not in shown


@pytest.mark.usefixtures("released")
def test_a_vault_that_is_not_whole_is_told_as_such(home: str, capsys: pytest.CaptureFixture[str]) -> None:
    store = FolderStore(f"{home}/vault")
    (name,) = (entry.key for entry in store.list("map/"))
    store.delete(name)
    for action in ("verify", "status"):
        assert main(["vault", action, "--home", home]) == 1
        assert name in capsys.readouterr().err
    assert main(["vault", "compact", "--home", home]) == 1
    assert main(["reidentify", "X", "--home", home]) == 1


@pytest.mark.usefixtures("released")
def test_a_map_goes_out_and_another_comes_in(home: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "map.csv"
    assert main(["vault", "export", "-o", str(target), "--home", home]) == 0
    assert PATIENT_ID not in capsys.readouterr().out
    with target.open(newline="") as file:
        assert any(row[:2] == ["patient", PATIENT_ID] for row in csv.reader(file))
    assert main(["vault", "export", "-o", str(target), "--home", home]) == 2
    own = tmp_path / "own.csv"
    own.write_text("id,subject\nMRN-1,SUBJ-1\n")
    assert main(["vault", "import", str(own), "--home", home]) == 0
    assert main(["reidentify", "SUBJ-1", "--home", home]) == 0
    assert capsys.readouterr().out.endswith("SUBJ-1\tpatient\tMRN-1\n")
    own.write_text("MRN-1,SUBJ-1\nMRN-1,SUBJ-2\n")
    assert main(["vault", "import", str(own), "--home", home]) == 2
    assert "MRN-1" not in capsys.readouterr().err


@pytest.mark.usefixtures("released")
def test_a_new_key_is_named_first_and_then_alone(home: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    LocalKey.load_or_create(tmp_path / "new-key")
    new, old = ["--key-file", str(tmp_path / "new-key")], ["--key-file", f"{home}/vault-key"]
    assert main(["vault", "verify", *new, "--home", home]) == 2
    assert main(["vault", "reseal", *new, *old, "--home", home]) == 0
    assert main(["vault", "verify", *new, "--home", home]) == 0
    assert main(["vault", "verify", *old, "--home", home]) == 2
    assert "none of the keys at hand" in capsys.readouterr().err


def test_without_a_vault_or_with_wrong_use_nothing_is_made(
    tmp_path: Path, home: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["vault", "status"], ["vault", "verify"], ["reidentify", "X"]):
        assert main([*arguments, "--home", home]) == 2
        assert "there is no vault" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()
    assert main(["reidentify", "some/where.dcm", "--home", home]) == 2
    with pytest.raises(SystemExit):
        main(["vault"])


def test_a_home_made_before_seals_its_key_and_goes_on(tmp_path: Path, home: str) -> None:
    write_study(tmp_path / "source", UID, 1)
    before = run(tmp_path).record.manifest
    key = ProjectHome(Path(home)).key
    secret = ProjectKey.load(key).reveal()
    assert main(["vault", "init", "--home", home]) == 0
    assert main(["vault", "init", "--home", home]) == 0, "again does nothing"
    assert key.exists()
    assert main(["vault", "init", "--remove-key-file", "--home", home]) == 0
    assert not key.exists()
    assert run(tmp_path, force=True).record.manifest == before
    assert not key.exists(), "the key comes from the vault, and no other is made"
    for path in Path(home).rglob("*"):
        assert path.is_dir() or secret.hex().encode() not in path.read_bytes()


def test_a_vault_can_lie_elsewhere(tmp_path: Path, home: str, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["--vault", str(tmp_path / "elsewhere"), "--home", home]
    assert main(["vault", "init", "--project", "lung-2026", *place]) == 0
    assert main(["vault", "status", *place]) == 0
    assert "lung-2026" in capsys.readouterr().out
    assert list((Path(home) / "vault").iterdir()) == []
    assert main(["vault", "status", "--vault", "gs://bucket/vault", "--home", home]) == 2


def test_control_characters_of_an_original_do_not_reach_the_terminal(
    tmp_path: Path, home: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["vault", "init", "--home", home])
    own = tmp_path / "own.csv"
    own.write_text("MRN\x1b[2J,SUBJ-1\n")
    main(["vault", "import", str(own), "--home", home])
    capsys.readouterr()
    assert main(["reidentify", "SUBJ-1", "--home", home]) == 0
    assert capsys.readouterr().out == "SUBJ-1\tpatient\tMRN\\x1b[2J\n"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from deident.cli.parser import build_parser; build_parser('0').format_help(); "
        "print({'aws_encryption_sdk', 'boto3', 'pydicom', 'deident.vault', 'deident.engine'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "set()\n"


def test_opening_a_vault_for_sealing_decrypts_nothing_and_imports_no_cryptography(tmp_path: Path, home: str) -> None:
    main(["vault", "init", "--home", home])
    ProjectKey.load_or_create(Path(tmp_path / "unused"))
    code = (
        "import sys; from pathlib import Path; from deident.home import ProjectHome; from deident.pseudonyms import *\n"
        "from deident.vault import home_vault, Vault, VaultWriter, keys_at_hand, home_store\n"
        f"home = ProjectHome(Path({home!r})); secret = ProjectKey(bytes.fromhex(sys.argv[1]))\n"
        "VaultWriter(home_vault(home, secret))\n"
        "print({'aws_encryption_sdk', 'boto3'} & set(sys.modules))"
    )
    from deident.vault import Vault, home_store, keys_at_hand

    place = ProjectHome(Path(home))
    secret = Vault.open(home_store(place), keys_at_hand(place)).secret.reveal().hex()
    answer = subprocess.run([sys.executable, "-c", code, secret], capture_output=True, text=True, check=True)
    assert answer.stdout == "set()\n"
