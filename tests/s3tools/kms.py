"""A KMS for the tests: moto's, on a port of its own."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Any, Self

import boto3
from moto.server import ThreadedMotoServer

from s3tools.server import REGION

__all__ = ["KMS"]


class KMS:
    """Keys are made and used over HTTP, as AWS's would be; moto accepts any credentials."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.endpoint = ""

    def __enter__(self) -> Self:
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.endpoint = f"http://{host}:{port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    def client(self) -> Any:
        return boto3.session.Session().client(
            "kms",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def make_key(self) -> str:
        """The ARN of a new key."""
        return str(self.client().create_key()["KeyMetadata"]["Arn"])
