"""Places: outputs never where originals lie, nothing through links, nothing that is no file, no partial file ever."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.instances import CANARY, deident, drop_root_powers, outputs, write_ct, write_series
from deident.anonymizer.staging import PREFIX, staging_folder
from deident.cli import main


def _run(*arguments: str | Path) -> int:
    return main(["anonymize", *map(str, arguments)])


def _prepare(root: Path) -> None:
    """A folder `in` with one instance, links to it and from it, a folder `empty`, a pipe, and an audit log."""
    write_ct(root / "in" / "deep" / "a.dcm")
    (root / "in" / "link").symlink_to(root / "in" / "deep")
    (root / "to-in").symlink_to(root / "in")
    (root / "to-a").symlink_to(root / "in" / "deep" / "a.dcm")
    (root / "empty").mkdir()
    os.mkfifo(root / "pipe")
    (root / "audit.json").write_text("{}")
    os.link(root / "in" / "deep" / "a.dcm", root / "same.dcm")


@pytest.mark.parametrize(
    ("source", "output", "more", "message"),
    [
        ("gone", "out", [], "the input does not exist or cannot be reached"),
        ("gone", "out", ["-b"], "the input does not exist or cannot be reached"),
        ("in", "out", [], "the input is a folder: use --batch (anonymize_directory in Python)"),
        ("in/deep/a.dcm", "out", ["-b"], "the input is no folder: leave --batch out (anonymize_file in Python)"),
        ("in", "in", ["-b"], "the input and the output are the same place"),
        ("in", "in/new/out", ["-b"], "the output lies inside the input"),
        ("in/deep", "in", ["-b"], "the input lies inside the output"),
        ("in", "to-in", ["-b"], "the input and the output are the same place"),
        ("in", "to-in/new", ["-b"], "the output lies inside the input"),
        ("to-in", "in/new", ["-b"], "the output lies inside the input"),
        ("in/link", "in", ["-b"], "the input lies inside the output"),
        ("in/deep/a.dcm", "in", [], "the input lies inside the output folder: name an output file, or another folder"),
        (
            "in/deep/a.dcm",
            "to-in",
            [],
            "the input lies inside the output folder: name an output file, or another folder",
        ),
        ("in/deep/a.dcm", "in/deep/a.dcm", ["--overwrite"], "input and output are the same file"),
        ("in/deep/a.dcm", "same.dcm", ["--overwrite"], "input and output are the same file"),
        ("in/deep/a.dcm", "to-a", ["--overwrite"], "the output is a folder, link, pipe or device and no regular file"),
        ("in/deep/a.dcm", "pipe", ["--overwrite"], "the output is a folder, link, pipe or device and no regular file"),
        ("in/deep/a.dcm", "/dev/null", ["--overwrite"], "the output is a folder, link, pipe or device"),
        ("in/deep/a.dcm", "gone/out.dcm", [], "the folder of the output does not exist"),
        ("in/deep/a.dcm", "gone/", [], "the output folder does not exist"),
        ("in", "same.dcm", ["-b"], "the output is no folder"),
        ("in", "out", ["-b", "--audit-log", "in/audit"], "the audit log lies inside the input"),
        ("in", "out", ["-b", "--audit-log", "to-in/audit"], "the audit log lies inside the input"),
        ("in", "out", ["-b", "--audit-log", "gone/audit"], "the folder of the audit log does not exist"),
        ("in", "out", ["-b", "--audit-log", "audit.json"], "the audit log exists already: use --overwrite"),
        ("in", "out", ["-b", "--overwrite", "--audit-log", "pipe"], "the audit log is a folder, link, pipe or device"),
        ("in/deep/a.dcm", "out", ["--overwrite", "--audit-log", "same.dcm"], "the audit log is the input"),
        ("in/deep/a.dcm", "out", ["--audit-log", "out"], "the audit log is the output"),
        ("in", "out", ["-b", "--preserve-studies", "--home", "in/home"], "the project home lies inside the input"),
        (
            "in",
            "out",
            ["-b", "--preserve-studies", "--home", "out"],
            "the project home and the output are the same place",
        ),
    ],
)
def test_a_place_that_cannot_be_used_is_refused_before_anything_is_written(
    source: str,
    output: str,
    more: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = outputs(tmp_path)
    assert _run("-i", source, "-o", output, *more) == 2
    assert capsys.readouterr().err.startswith(f"deident: {message}")
    after = outputs(tmp_path)
    assert {name: after.get(name) for name in before} == before
    assert not any(name.endswith(".dcm") for name in after.keys() - before.keys())


@pytest.mark.parametrize("workers", ["1", "2"])
def test_links_pipes_and_sockets_are_skipped_and_never_opened(
    workers: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = write_ct(tmp_path / "outside" / "b.dcm", patient="2")
    write_ct(tmp_path / "in" / "a.dcm")
    (tmp_path / "in" / "file-link").symlink_to(outside)
    (tmp_path / "in" / "folder-link").symlink_to(outside.parent)
    (tmp_path / "in" / "broken-link").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "in" / "pipe")
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(os.path.relpath(tmp_path / "in" / "socket"))
    assert _run("-i", tmp_path / "in", "-o", tmp_path / "out", "-b", "--workers", workers) == 1
    assert "skipped not-a-regular-file: 5. Links, pipes and devices are never followed" in capsys.readouterr().err
    assert len(outputs(tmp_path / "out")) == 1


@pytest.mark.parametrize("kind", ["link", "pipe", "/dev/zero"])
def test_an_input_that_is_no_regular_file_is_skipped(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "x" if not kind.startswith("/") else Path(kind)
    if kind == "link":
        target.symlink_to(write_ct(tmp_path / "a.dcm"))
    elif kind == "pipe":
        os.mkfifo(target)
    assert _run("-i", target, "-o", tmp_path / "out.dcm") == 1
    assert not (tmp_path / "out.dcm").exists()


def test_links_in_the_output_are_not_followed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_ct(tmp_path / "in" / "a")
    call = ("-i", source.parent, "-o", tmp_path / "out", "-b", "--preserve-studies", "--home", tmp_path / "home")
    assert _run(*call) == 0
    (patient,) = (tmp_path / "out").iterdir()
    patient.rename(tmp_path / "elsewhere")
    patient.symlink_to(tmp_path / "elsewhere")
    capsys.readouterr()
    before = outputs(tmp_path / "elsewhere")
    assert _run(*call, "--overwrite") == 2
    assert capsys.readouterr().err == "deident: a link or file stands where a folder is needed\n"
    assert outputs(tmp_path / "elsewhere") == before


def test_what_cannot_be_read_is_quarantined_and_the_rest_goes_on(tmp_path: Path) -> None:
    write_ct(tmp_path / "in" / "good")
    write_ct(tmp_path / "in" / "secret", number="2").chmod(0)
    write_ct(tmp_path / "in" / "closed" / "a", number="3")
    (tmp_path / "in" / "closed").chmod(0)
    result = deident("anonymize", "-b", "-i", tmp_path / "in", "-o", tmp_path / "out", before=drop_root_powers)
    (tmp_path / "in" / "closed").chmod(0o700)
    assert result.returncode == 1
    assert "quarantined unreadable: 2. The file could not be read; check permissions" in result.stderr
    assert len(outputs(tmp_path / "out")) == 1


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_output_that_cannot_be_written_to_is_told_in_plain_words(workers: str, tmp_path: Path) -> None:
    for number in "12":
        write_ct(tmp_path / "in" / number, number=number)
    (tmp_path / "out").mkdir(mode=0o500)
    call = ("anonymize", "-b", "-i", tmp_path / "in", "-o", tmp_path / "out", "--workers", workers)
    result = deident(*call, before=drop_root_powers)
    assert result.returncode == 2
    assert result.stderr == "deident: writing is not possible: Permission denied\n"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_disk_that_takes_no_more_ends_the_run_with_whole_files_on_record(workers: str, tmp_path: Path) -> None:
    for number in "123":
        write_ct(tmp_path / "in" / number, number=number, PixelData=bytes(200_000 if number == "2" else 128))
    limit: Callable[[], None] = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # noqa: E731
    call = ("-i", tmp_path / "in", "-o", tmp_path / "out", "--workers", workers, "--audit-log", tmp_path / "audit")
    result = deident("anonymize", "-b", *call, before=limit)
    assert result.returncode == 2
    assert result.stderr == "deident: writing is not possible: File too large\n"
    assert "Traceback" not in result.stderr
    assert len(outputs(tmp_path / "out")) == 1
    assert '"complete": false' in (tmp_path / "audit").read_text()
    assert (tmp_path / "audit").read_text().count('"released", "reason"') == 1


def test_staging_is_private_whatever_the_umask_and_what_killed_calls_left_goes(tmp_path: Path) -> None:
    left = tmp_path / f"{PREFIX}left"
    left.mkdir()
    (left / "1").write_text("x")
    before = os.umask(0)
    try:
        with staging_folder(str(tmp_path)) as folder:
            assert os.stat(folder).st_mode & 0o777 == 0o700
            assert not left.exists()
            with staging_folder(str(tmp_path)):
                assert os.path.isdir(folder)
    finally:
        os.umask(before)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_whole_files_alone_and_says_so(
    workers: str, number: signal.Signals, tmp_path: Path
) -> None:
    write_series(tmp_path / "in" / CANARY, 4000)
    command = [sys.executable, "-m", "deident", "anonymize", "-b", "-i", tmp_path / "in", "-o", tmp_path / "out"]
    command += ["--workers", workers, "--audit-log", tmp_path / "audit"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        while child.poll() is None and not list((tmp_path / "out").glob("*/*/*/*.dcm")):
            time.sleep(0.002)
        child.send_signal(number)
        _, told = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "stopping after the file at hand" in told
    assert "interrupted; what was released until then is whole" in told
    assert "Traceback" not in told
    found = outputs(tmp_path / "out")
    assert 0 < len(found) < 4000
    assert all(name.endswith(".dcm") and data[-128:] == bytes(range(128)) for name, data in found.items())
    text = (tmp_path / "audit").read_text()
    assert text.count('"ending": "released"') == len(found)
    assert '"complete": false' in text
