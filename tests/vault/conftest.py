"""Vaults over every store that there is, and a real KMS server on a free port."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deident.stores import FolderStore, MemoryStore, Store
from deident.vault import Keys, Vault
from support.vaults import KEY

MAKERS: dict[str, Callable[[Path], Store]] = {
    "memory": lambda _: MemoryStore(),
    "folder": lambda path: FolderStore(path, private=True),
}


@pytest.fixture(params=sorted(MAKERS))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return MAKERS[request.param](tmp_path / "vault")


@pytest.fixture
def vault(store: Store) -> Vault:
    return Vault.create(store, Keys([KEY]))


@pytest.fixture(scope="session")
def kms_address() -> Iterator[str]:
    """moto's server: everything that it knows is forgotten with it."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def kms(kms_address: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Makes KMS keys, and gives their ARNs; the environment leads boto3 to the server."""
    import boto3

    for name, value in {
        "AWS_ENDPOINT_URL_KMS": kms_address,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    client = boto3.client("kms")
    return lambda: str(client.create_key()["KeyMetadata"]["Arn"])
