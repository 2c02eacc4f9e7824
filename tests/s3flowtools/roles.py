"""A project in the buckets of the stack, on a server that holds each role to what the stack's own policies say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from deident.stores import Store
from deident.stores.places import parse_s3
from deident.stores.s3 import S3Settings, S3Store
from infratools.roles import PROJECT, ROLES
from infratools.template import Stack
from s3flowtools import Site
from s3tools.server import ADMIN, REGION, S3Server, secret_of, session

__all__ = ["Machine", "RoleSite", "empty", "role_server"]

_STACK: Final = Stack()
_PLACES: Final = _STACK.outputs()
_BUCKETS: Final = ("Source", "Staging", "Released", "Vault", "Audit")


def role_server(folder: Path) -> S3Server:
    """The server, started, with the stack's buckets; access keys are the names of roles."""
    policies: dict[str, list[Mapping[str, Any]]] = {role: [] for role in ROLES}
    for policy in _STACK.of_type("AWS::IAM::ManagedPolicy").values():
        # KMS is not this server's.
        said = [s for s in policy["PolicyDocument"]["Statement"] if "kms:" not in str(s["Action"])]
        for name in policy["Roles"]:
            policies[name.removeprefix(f"{PROJECT}-")] += said
    server = S3Server(folder, policies=policies)
    server.start()
    for name in _BUCKETS:
        server.make_bucket(parse_s3(_PLACES[name]).bucket, versioned=True)
    return server


def empty(server: S3Server) -> None:
    """Take everything out of its buckets, older versions included."""
    client = server.client()
    for name in _BUCKETS:
        bucket = parse_s3(_PLACES[name]).bucket
        for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                client.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])


@dataclass
class RoleSite(Site):
    """A machine: `aws` in its home says as whom it reaches each place, and `profiles` are all that it has keys of."""

    aws: Mapping[str, str] = field(default_factory=lambda: {"default": "worker", "destination": "releaser"})
    profiles: tuple[str, ...] = ("worker", "releaser")

    def place(self, name: str, part: str = "") -> str:
        return _PLACES["Reports" if part == "/reports" else name.capitalize()]

    def places(self) -> dict[str, str]:
        return {name: place for name, place in super().places().items() if name != "qa"}

    def write_places(self, folder: Path | None = None) -> None:
        super().write_places(folder)
        lines = [f'{place} = "{profile}"\n' for place, profile in self.aws.items()]
        with ((folder or self.home) / "places.toml").open("a") as file:
            file.write("[aws_profiles]\n" + "".join(lines))

    def store(self, name: str, part: str = "", role: str = ADMIN) -> Store:
        place = parse_s3(self.place(name, part))
        return S3Store(place.bucket, place.prefix, S3Settings(self.server.endpoint, REGION), session(role))

    def configuration(self) -> dict[str, str]:
        """The variables that lead to the machine's AWS configuration."""
        config, keys = self.folder / "aws-config", self.folder / "aws-credentials"
        endpoint = f"region = {REGION}\nendpoint_url = {self.server.endpoint}\n"
        config.write_text("".join(f"[profile {name}]\n{endpoint}" for name in self.profiles))
        keys.write_text(
            "".join(
                f"[{name}]\naws_access_key_id = {name}\naws_secret_access_key = {secret_of(name)}\n"
                for name in self.profiles
            )
        )
        return {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(keys)}

    def keys(self, name: str, part: str = "") -> list[str]:
        """What stands in a place now."""
        return [entry.key for entry in self.store(name, part).list()]

    def deleted(self, name: str) -> set[str]:
        """Keys in a bucket of which older versions stand behind a delete marker."""
        client = self.server.client()
        pages = client.get_paginator("list_object_versions").paginate(Bucket=parse_s3(self.place(name)).bucket)
        listed = list(pages)
        markers = {m["Key"] for page in listed for m in page.get("DeleteMarkers", ()) if m["IsLatest"]}
        return {v["Key"] for page in listed for v in page.get("Versions", ())} & markers


#: Makes a machine: its name, as whom it reaches each place, and the profiles that it has keys of.
Machine = Callable[..., RoleSite]
