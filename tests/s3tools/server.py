"""A real S3 server, SeaweedFS from PyPI, as a process of the tests: started, killed and started again on the same data."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from s3tools.ports import free_ports, wait_until

__all__ = ["ADMIN", "REGION", "SECRETS", "S3Server", "client", "secret_of", "session"]

REGION: Final = "us-east-1"
ADMIN: Final = "admin"
_PROBE: Final = "probe-of-the-tests"
#: Access keys are the roles' names; the secrets are made for each run of the tests and are worth nothing.
SECRETS: Final[dict[str, str]] = {}


def secret_of(role: str) -> str:
    """The secret key of a role of the test server."""
    return SECRETS.setdefault(role, os.urandom(15).hex())


class S3Server:
    """SeaweedFS in `folder`; `roles` maps a role to SeaweedFS actions (`Read:bucket`, `Write:bucket/prefix*`, ...).

    `policies` maps a role to the statements of IAM policies instead. With `kms`, the endpoint of a KMS, the server can
    carry out SSE-KMS.
    """

    def __init__(
        self,
        folder: Path,
        roles: Mapping[str, Sequence[str]] | None = None,
        kms: str | None = None,
        policies: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    ) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        names = ("master", "master.grpc", "volume", "volume.grpc", "filer", "filer.grpc", "s3", "s3.grpc")
        self._ports = dict(zip(names, free_ports(len(names)), strict=True))
        self._kms = kms
        self.endpoint = f"http://127.0.0.1:{self._ports['s3']}"
        (folder / "data").mkdir(parents=True)
        self._write_config({ADMIN: ["Admin"], **(roles or {})}, policies or {})

    def start(self) -> None:
        """Start, and return when the server answers; again after `kill` it finds its data."""
        with open(self._folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                self._command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self._environment()
            )
        wait_until(self._answers, "the S3 server")

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nobody is told."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    stop = kill  # the data are thrown away anyway

    def client(self, role: str = ADMIN, **config: Any) -> Any:
        """A plain boto3 client."""
        return client(self.endpoint, role, **config)

    def make_bucket(self, name: str, *, versioned: bool = False) -> str:
        admin = self.client()
        admin.create_bucket(Bucket=name)
        if versioned:
            admin.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError(f"the S3 server ended: {(self._folder / 'log').read_text()[-2000:]}")
        try:
            quick = self.client(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1})
            if _PROBE not in {bucket["Name"] for bucket in quick.list_buckets()["Buckets"]}:
                quick.create_bucket(Bucket=_PROBE)
            # The gateway answers before a volume can be written to.
            quick.put_object(Bucket=_PROBE, Key="probe", Body=b"1" * 2000)
        except (BotoCoreError, ClientError):
            return False
        return True

    def _command(self) -> list[str]:
        port = self._ports
        # A run of the tests that is killed must not leave a server behind.
        tied = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        return [
            *tied,
            str(Path(sysconfig.get_path("scripts")) / "weed"),
            "-logtostderr=true",
            "server",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-dir={self._folder / 'data'}",
            "-master.telemetry=false",
            "-master.volumeSizeLimitMB=30000",
            "-master.volumePreallocate=false",
            "-master.electionTimeout=1s",
            "-master.resumeState=false",
            "-volume.max=200",
            "-volume.minFreeSpace=1",
            "-volume.fileSizeLimitMB=1024",
            "-s3",
            "-s3.autoCreateBucket=false",
            "-s3.iam=false",
            f"-s3.config={self._folder / 's3.json'}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            f"-s3.localSocket={self._folder / 's3.sock'}",
            f"-filer.localSocket={self._folder / 'filer.sock'}",
            f"-master.port={port['master']}",
            f"-master.port.grpc={port['master.grpc']}",
            f"-volume.port={port['volume']}",
            f"-volume.port.grpc={port['volume.grpc']}",
            f"-filer.port={port['filer']}",
            f"-filer.port.grpc={port['filer.grpc']}",
            f"-s3.port={port['s3']}",
            f"-s3.port.grpc={port['s3.grpc']}",
        ]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "WEED_"))}
        # The server's own client for KMS; no profile of whoever runs the tests may get in.
        return kept | {"HOME": str(self._folder), "AWS_EC2_METADATA_DISABLED": "true"}

    def _write_config(
        self, roles: Mapping[str, Sequence[str]], policies: Mapping[str, Sequence[Mapping[str, Any]]]
    ) -> None:
        rights: dict[str, dict[str, Any]] = {role: {"actions": list(actions)} for role, actions in roles.items()}
        rights |= {role: {"actions": [], "policyNames": [role]} for role in policies}
        identities = [
            {"name": role, "credentials": [{"accessKey": role, "secretKey": secret_of(role)}], **given}
            for role, given in rights.items()
        ]
        documents = [
            {"name": role, "content": json.dumps({"Version": "2012-10-17", "Statement": statements})}
            for role, statements in policies.items()
        ]
        config: dict[str, Any] = {"identities": identities, "policies": documents}
        if self._kms is not None:
            provider = {
                "type": "aws",
                "region": REGION,
                "endpoint": self._kms,
                "access_key": "test",
                "secret_key": "test",
            }
            config["kms"] = {"default_provider": "moto", "providers": {"moto": provider}}
        (self._folder / "s3.json").write_text(json.dumps(config))


def session(role: str = ADMIN) -> boto3.session.Session:
    """A boto3 session with the key of a role."""
    return boto3.session.Session(aws_access_key_id=role, aws_secret_access_key=secret_of(role), region_name=REGION)


def client(endpoint: str, role: str = ADMIN, **config: Any) -> Any:
    """A plain boto3 client for `endpoint` with the key of `role`."""
    return session(role).client("s3", endpoint_url=endpoint, config=Config(**config))
