"""`deident audit verify` and `deident quarantine`: what they print, and with which exit code they end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deident.cli import main
from deident.flows.places import register
from deident.home import ProjectHome
from support.studies import NAME, PATIENT_ID, open_job, outputs, whole_run, write_instance, write_study


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project after its first run: one study of two held, its folder named after the patient."""
    write_study(tmp_path / "source" / NAME, "1.2.3", 2, BurnedInAnnotation="YES")
    write_instance(tmp_path / "source" / PATIENT_ID, "1.2.4", 1)
    whole_run(tmp_path, "first")
    return tmp_path


def study_id(place: Path, uid: str) -> str:
    with open_job(place) as context:
        return context.pseudonyms.study_reference(uid)


def spoken(capsys: pytest.CaptureFixture[str]) -> str:
    """What was printed; it never holds an identifier or a path."""
    captured = capsys.readouterr()
    text = captured.out + captured.err
    for secret in (*NAME.split("^"), PATIENT_ID, "1.2.3", "source/"):
        assert secret not in text
    return text


def at(place: Path) -> list[str]:
    return ["--home", str(place / "home")]


def test_an_intact_ledger_ends_with_0(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "verify", *at(place)]) == 0
    text = spoken(capsys)
    assert "2 records of 2 studies in 1 finished run: intact." in text
    assert "sha256:" in text


def test_a_changed_ledger_ends_with_1_and_says_what_is_wrong_where(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = study_id(place, "1.2.4")
    record = place / "home" / "ledger" / "studies" / study / "00000001.json"
    record.write_text(record.read_text().replace('"released":1', '"released":2', 1))
    assert main(["audit", "verify", *at(place)]) == 1
    text = spoken(capsys)
    assert f"record-changed: study {study}, record 1\n" in text
    assert "not as it was written" in text


def test_a_verdict_that_nobody_waited_for_is_not_taken_for_intact(place: Path) -> None:
    study = study_id(place, "1.2.4")
    (place / "home" / "ledger" / "studies" / study / "00000001.json").unlink()
    command = f"{sys.executable} -m deident audit verify --home {place / 'home'} | true"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode in {1, 141}  # 141: nobody read what it printed
    assert "Traceback" not in done.stderr


def test_a_killed_run_ends_with_1_and_is_no_tampering(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "home" / "ledger" / "runs" / "00000001.json").unlink()
    for path in (place / "home" / "reports" / "first").iterdir():
        path.unlink()
    assert main(["audit", "verify", *at(place)]) == 1
    text = spoken(capsys)
    assert text.startswith("run-unfinished: run first\n")
    assert "nothing was changed" in text


def test_no_home_is_wrong_use_and_none_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["audit", "verify"], ["quarantine", "list"], ["quarantine", "retry", "--all"]):
        assert main([*command, "--home", str(tmp_path / "none")]) == 2
        assert "there is no project home in that place" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_list_names_what_is_held_why_and_what_to_do(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quarantine", "list", *at(place)]) == 0
    text = spoken(capsys)
    (line,) = [line for line in text.splitlines() if line.startswith(study_id(place, "1.2.3"))]
    assert line.split()[1:] == ["CT", "2", "-", "first", "pixel-risk", "(2)"]
    assert study_id(place, "1.2.4") not in text
    assert "     2  pixel-risk: The image may show text" in text


def test_show_names_every_held_input(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quarantine", "show", study_id(place, "1.2.3"), *at(place)]) == 0
    text = spoken(capsys)
    assert text.count("hmac-sha256:") == 2
    assert text.count("(0028,0301) is YES") == 2
    assert main(["quarantine", "show", study_id(place, "1.2.4"), *at(place)]) == 2


def test_nothing_held_is_said(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole_run(place, pixel_risk="accept")
    assert main(["quarantine", "list", *at(place)]) == 0
    assert main(["quarantine", "retry", "--all", *at(place)]) == 0
    assert spoken(capsys) == "Nothing is held.\n" * 2


def test_a_retry_does_only_what_is_held_and_the_ledger_stays_intact(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = ["--source", str(place / "source"), "--dest", str(place / "destination"), "--workers", "1"]
    assert len(outputs(place)) == 1
    assert main(["quarantine", "retry", "--reason", "pixel-risk", *places, *at(place)]) == 1
    assert "pixel-risk (2)" in spoken(capsys)
    again = ["quarantine", "retry", study_id(place, "1.2.3"), "--pixel-risk", "accept", *places, *at(place)]
    assert main(again) == 0
    text = spoken(capsys)
    assert f"{study_id(place, '1.2.3')}  released\n" in text
    assert "1 studies done again" in text
    assert study_id(place, "1.2.4") not in text
    assert len(outputs(place)) == 3
    assert main(["audit", "verify", *at(place)]) == 0
    assert main(again) == 2, "it is held no more"


def test_a_retry_finds_the_folders_of_the_run_by_their_names(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["quarantine", "retry", "--all", "--pixel-risk", "accept", "--workers", "1", *at(place)]
    assert main(command) == 2
    assert "give --source" in spoken(capsys)
    home = ProjectHome.open(place / "home")
    register(home, place / "elsewhere", "other")
    register(home, place / "source", "incoming")
    register(home, place / "destination", "outgoing")
    assert main(command) == 0
    assert len(outputs(place)) == 3


def test_a_folder_may_be_given_by_its_name(place: Path) -> None:
    home = ProjectHome.open(place / "home")
    register(home, place / "source", "incoming")
    register(home, place / "destination", "outgoing")
    named = ["--source", "incoming", "--dest", "outgoing", "--workers", "1", "--pixel-risk", "accept"]
    assert main(["quarantine", "retry", "--all", *named, *at(place)]) == 0


def test_a_study_that_is_gone_from_the_source_is_missing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (place / "source" / NAME).iterdir():
        path.unlink()
    places = ["--source", str(place / "source"), "--dest", str(place / "destination")]
    assert main(["quarantine", "retry", "--all", *places, *at(place)]) == 1
    assert "1 of the studies are not in this source" in spoken(capsys)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "choose by study, by reason or all"),
        (["--all", "--reason", "pixel-risk"], "choose by study, by reason or all"),
        (["--reason", "because"], "--reason: one of broken, truncated"),
        (["a" * 16], "a study of that id is not held"),
    ],
)
def test_a_choice_that_is_none_is_wrong_use(
    place: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["quarantine", "retry", *arguments, *at(place)]) == 2
    assert message in spoken(capsys)
