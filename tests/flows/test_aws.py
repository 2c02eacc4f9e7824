"""Credentials for S3 from a block of Prefect: named in the run, loaded where they are needed, in no record of the run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deident.errors import PlaceProblem
from deident.flows.aws import BlockSession
from deident.flows.parameters import DeidentifyParameters
from deident.flows.server import Server
from deident.home import ProjectHome
from deident.stores import FolderStore
from flowtools.server import run_python
from s3tools.fixtures import BUCKET, S3Maker, kms, make_s3, s3_server
from s3tools.server import ADMIN, S3Server, secret_of
from support.studies import write_study

__all__ = ["kms", "make_s3", "s3_server"]

UID = "1.2.826.0.1.3680043.94"

#: Registers a block with the keys of the test server, then runs the flow with its name and without keys in the environment.
SCRIPT = """
import os, sys
from prefect_aws import AwsCredentials
from deident.flows.deidentification import deidentify
key, secret, source, destination = sys.argv[1:]
block = AwsCredentials(aws_access_key_id=key, aws_secret_access_key=secret, region_name="us-east-1")
block.save("site", overwrite=True)
job = {"source": source, "destination": destination, "workers": 2, "aws_block": "aws-credentials/site"}
state = deidentify(job, return_state=True)
print(state.name, state.message)
"""


@pytest.mark.slow
def test_a_run_takes_its_credentials_from_a_block(
    home: ProjectHome,
    server: Server,
    s3_server: S3Server,
    make_s3: S3Maker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_study(tmp_path / "local", UID, 40)
    local, source = FolderStore(tmp_path / "local"), make_s3("blocks-in")
    for entry in local.list():
        source.copy_from(local, entry.key, entry.key)
    table = f'[places]\nblock-in = "s3://{BUCKET}/blocks-in"\nblock-out = "s3://{BUCKET}/blocks-out"\n'
    (home.root / "sources.toml").write_text(table)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_server.endpoint)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    done = run_python(home, server, "-c", SCRIPT, ADMIN, secret_of(ADMIN), "block-in", "block-out")
    assert "Completed 40 released, 0 skipped, 0 quarantined" in done.stdout, done.stdout + done.stderr
    assert secret_of(ADMIN) not in done.stdout + done.stderr
    outputs = [entry.key for entry in make_s3("blocks-out").list() if entry.key.endswith(".dcm")]
    assert len(outputs) == 40
    assert not any(secret_of(ADMIN).encode() in path.read_bytes() for path in _kept(home))


def _kept(home: ProjectHome) -> list[Path]:
    folders = (home.ledger, home.audit, home.reports, home.staging)
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def test_a_block_is_named_by_its_kind_and_name_and_by_nothing_else() -> None:
    job = DeidentifyParameters(source="a", destination="b", aws_block="s3-bucket/site")
    assert job.sessions() == BlockSession("s3-bucket/site")
    assert DeidentifyParameters(source="a", destination="b").sessions() is None
    for wrong in ("site", "secret/site", "aws-credentials/Site", "aws-credentials/AKIA SECRET", "json/x"):
        with pytest.raises(ValueError, match="aws_block"):
            DeidentifyParameters(source="a", destination="b", aws_block=wrong)


def test_a_block_that_is_not_there_is_a_problem_of_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    with pytest.raises(PlaceProblem, match="block") as caught:
        BlockSession("aws-credentials/none")()
    assert caught.value.__context__ is None
    assert "none" not in str(caught.value)
