"""Records in clear that only the holder of the project secret can make: the index of the vault and its own audit."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from deident.errors import (
    AlreadyExists,
    TransientProblem,
    VaultSchemaUnknown,
    VaultSegmentMissing,
    VaultSwapped,
    VaultTampered,
    VaultTruncated,
)
from deident.pseudonyms import ProjectKey
from deident.stores.protocol import Store
from deident.vault.envelope import SCHEMA, digest, fetch

__all__ = ["Chain", "Signer", "numbers"]

_ATTEMPTS: Final = 200


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes and checks records of one vault: JSON with an HMAC under a key derived from the project secret."""

    store_id: str
    key: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: ProjectKey, store_id: str) -> Signer:
        return cls(store_id, secret.derive(f"{SCHEMA}|records"))

    def record(self, name: str, body: Mapping[str, Any]) -> bytes:
        """The record `body` that is to stand under `name`."""
        content = {"schema": SCHEMA, "store": self.store_id, "object": name, "body": body}
        return _canonical({**content, "mac": self._mac(content)}) + b"\n"

    def check(self, name: str, data: bytes) -> dict[str, Any]:
        """The body of the record found under `name`. Raises the VaultProblem that says what is wrong with it."""
        if not data.endswith(b"}\n"):
            raise VaultTruncated("a record of the vault ends too early", name)
        try:
            content = json.loads(data)
            mac = content.pop("mac")
            intact = set(content) == {"schema", "store", "object", "body"} and isinstance(content["body"], dict)
            schema = content.get("schema")
        except (ValueError, TypeError, KeyError, AttributeError):
            intact, schema = False, SCHEMA
        if schema != SCHEMA:
            raise VaultSchemaUnknown("a record of the vault has an unknown schema", name)
        if not intact or not hmac.compare_digest(str(mac).encode(), self._mac(content).encode()):
            raise VaultTampered("a record of the vault is not what was written with this project's secret", name)
        if content["object"] != name or content["store"] != self.store_id:
            raise VaultSwapped("a record of the vault stands under a name that is not its own", name)
        body: dict[str, Any] = content["body"]
        return body

    def _mac(self, content: Mapping[str, Any]) -> str:
        return "hmac-sha256:" + hmac.digest(self.key, _canonical(content), "sha256").hex()


def _canonical(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def numbers(store: Store, folder: str, suffix: str = "") -> list[int]:
    """The numbers of the objects `<folder>/<number><suffix>`, sorted; other names are nobody's."""
    names = (entry.key.rpartition("/")[2] for entry in store.list(f"{folder}/"))
    stems = (name.removesuffix(suffix) for name in names if name.endswith(suffix))
    return sorted(int(stem) for stem in stems if len(stem) == 8 and stem.isascii() and stem.isdigit())


@dataclass(frozen=True, slots=True)
class Chain:
    """Numbered records, each created once and linked to the one before, so that a gap or a change shows.

    Any number of processes append; what nobody can see is that the *last* records are gone.
    """

    store: Store = field(repr=False)
    signer: Signer
    folder: str

    def name(self, number: int) -> str:
        return f"{self.folder}/{number:08d}.json"

    def count(self) -> int:
        """How many records there are. Raises VaultSegmentMissing for a gap."""
        found = numbers(self.store, self.folder, ".json")
        for expected, number in enumerate(found, start=1):
            if number != expected:
                raise VaultSegmentMissing("a record of the vault is missing", self.name(expected))
        return len(found)

    def append(self, body: Mapping[str, Any], *, after: int | None = None) -> int:
        """Append, and return the number. With `after`, raise AlreadyExists when others appended since that count."""
        number = self.count() if after is None else after
        for _ in range(_ATTEMPTS):
            previous = digest(fetch(self.store, self.name(number))) if number else ""
            number += 1
            name = self.name(number)
            data = self.signer.record(name, {**body, "number": number, "previous": previous})
            try:
                self.store.put(name, data)
            except AlreadyExists:
                # A lost answer to our own request looks the same: what is stored is the truth.
                if fetch(self.store, name) != data:
                    if after is not None:
                        raise
                    continue
            return number
        raise TransientProblem("too many processes write to the vault at the same time")

    def read(self) -> list[dict[str, Any]]:
        """Every record, checked with its link."""
        previous = ""
        bodies = []
        for number in range(1, self.count() + 1):
            name = self.name(number)
            data = fetch(self.store, name)
            body = self.signer.check(name, data)
            if body.get("previous") != previous or body.get("number") != number:
                raise VaultTampered("a record of the vault does not follow the one before it", name)
            previous = digest(data)
            bodies.append(body)
        return bodies

    def latest(self) -> tuple[int, dict[str, Any]]:
        """The number and the body of the last record; (0, {}) when there is none."""
        number = self.count()
        if not number:
            return 0, {}
        name = self.name(number)
        return number, self.signer.check(name, fetch(self.store, name))
