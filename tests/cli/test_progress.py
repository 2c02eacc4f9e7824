"""Progress: a bar on a terminal, lines elsewhere, both on stderr."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from cli.instances import write_series
from deident.cli import progress as module
from deident.cli.progress import progress
from deident.cli.tally import Tally


def test_elsewhere_a_line_is_written_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "_LINE_SECONDS", 0.0)
    with progress(Tally(show_paths=False), 1200, quiet=False) as show:
        show()
    assert capsys.readouterr() == ("", "deident: 0 of 1,200 files: 0 released, 0 skipped, 0 quarantined\n")


def test_short_runs_and_quiet_ones_write_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    for total, quiet in ((1200, False), (1200, True), (1, False)):
        with progress(Tally(show_paths=False), total, quiet=quiet) as show:
            show()
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_a_bar(tmp_path: Path) -> None:
    write_series(tmp_path / "in", 300)
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "deident", "anonymize", "-b", "-i", tmp_path / "in", "-o", tmp_path / "out"]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "200"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=slave, env=environment) as child:
        os.close(slave)
        shown = b""
        while True:
            try:
                block = os.read(master, 65536)
            except OSError:  # Linux says EIO when the last writer of a terminal is gone
                break
            if not block:
                break
            shown += block
        os.close(master)
        assert child.stdout is not None
        assert child.stdout.read() == b"300 files: 300 released, 0 skipped, 0 quarantined.\n"
    assert child.returncode == 0
    assert b"/300" in shown
    assert b"released" in shown
