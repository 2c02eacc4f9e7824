"""Options: what is understood, what is refused, and how soon."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.instances import deident, write_ct
from deident import __version__
from deident.cli import main
from deident.cli.parser import keep_tag_names, split_strategies

_HEAVY = ("boto3", "loky", "numpy", "prefect", "pydantic", "pydicom", "rich")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, contextlib\nfrom deident.cli import main\n"
        "with contextlib.suppress(SystemExit): main(['--help'])\n"
        f"print([name for name in {_HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr.strip() == "[]"


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert (end.value.code, capsys.readouterr().out) == (0, f"deident {__version__}\n")


def test_no_command_is_wrong_use_and_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "anonymize" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["anonymize"],
        ["anonymize", "-i", "x"],
        ["anonymize", "-i", "x", "-o", "y", "--workers", "0"],
        ["anonymize", "-i", "x", "-o", "y", "--workers", "many"],
        ["anonymize", "-i", "x", "-o", "y", "--pixel-risk", "maybe"],
        ["anonymize", "-i", "x", "-o", "y", "--remove-private", "--keep-private"],
        ["anonymize", "-i", "x", "-o", "y", "--over"],
        ["plan", "--conformance", "--sop-class", "CT"],
        ["unknown"],
    ],
)
def test_wrong_options_end_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("usage: deident")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--strategy", "burn"], "--strategy: the kind must be one of remove, hash, replace"),
        (["--strategy", "=hash"], "--strategy: a keyword must stand before '='"),
        (["--strategy", "hash", "--strategy", "remove"], "--strategy: two different kinds for all"),
        (
            ["--strategy", "PatientID=hash", "--strategy", "PatientID=remove"],
            "two different kinds for the same keyword",
        ),
        (
            ["--strategy", "Modality=hash"],
            "a strategy can be given for PatientName, PatientID, AccessionNumber, StudyID",
        ),
        (["--keep-tags", "NoSuchKeyword"], "a tag or keyword of the profile is not in PS3.6"),
        (["--profile", "nobody"], "unknown profile; there are: basic, longitudinal, "),
    ],
)
def test_choices_that_cannot_be_carried_out_end_with_2_and_the_reason(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_ct(tmp_path / "in.dcm")
    assert main(["anonymize", "-i", str(source), "-o", str(tmp_path / "out.dcm"), *options]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.startswith("deident: ")
    assert not (tmp_path / "out.dcm").exists()


def test_a_tag_in_a_list_of_names_may_hold_the_comma() -> None:
    assert keep_tag_names(["PatientName,0008,0080,(0010,1010)", "00081030", "PatientName"]) == (
        "PatientName",
        "0008,0080",
        "0010,1010",
        "00081030",
    )
    assert keep_tag_names(["0008,00ab, ,"]) == ("0008,00AB",)


def test_strategies_are_one_for_all_and_one_for_each_keyword() -> None:
    assert split_strategies([]) == (None, {})
    assert split_strategies(["remove", "PatientID=hash", "remove"]) == ("remove", {"PatientID": "hash"})


def test_plan_prints_what_happens_to_attributes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--sop-class", "CT"]) == 0
    assert "PatientName" in capsys.readouterr().out


def test_plan_prints_json_and_refuses_it_for_the_conformance_statement(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--profile", "safe-harbor", "--sop-class", "SR", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["profile"], len(plan["concepts"])) == ("safe-harbor", 214)
    assert main(["plan", "--conformance", "--json"]) == 2
    assert "--json is for the plan" in capsys.readouterr().err


def test_plan_of_an_unknown_profile_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--profile", "nobody"]) == 2
    assert capsys.readouterr().err.startswith("deident: unknown profile; there are: basic, longitudinal, ")


def test_plan_reads_a_profile_file_and_tells_what_is_wrong_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "trial.toml"
    path.write_text('[[override]]\ntag = "StudyDescription"\nstrategy = "keep"\n')
    assert main(["plan", "--profile", str(path)]) == 0
    assert re.search("StudyDescription .* K keep +override:keep\n", capsys.readouterr().out)
    path.write_text('base = "Doe^Jane"\noptions = ["retain_uid"]\n')
    assert main(["plan", "--profile", str(path)]) == 2
    told = capsys.readouterr().err
    assert 'options "retain_uid" (line 2): did you mean retain_uids?' in told
    assert "Doe" not in told


def test_plan_finds_the_profiles_of_a_home_by_name_and_prints_their_conformance_statement(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "trial.toml").write_text('base = "longitudinal"\n')
    assert main(["plan", "--home", str(tmp_path), "--profile", "trial", "--conformance"]) == 0
    assert "for the profile `trial`" in capsys.readouterr().out


def test_plan_into_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m deident plan | head -1"
    result = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_run_hands_its_arguments_to_the_flow() -> None:
    result = deident("run", "--help")
    assert result.returncode == 0
    assert "--source" in result.stdout
