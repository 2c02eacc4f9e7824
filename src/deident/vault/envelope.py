"""A sealed object: one line that says in clear what it is, and a message that opens for exactly that line and place."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Final

from deident.errors import (
    DeidentError,
    NotFound,
    Refusal,
    VaultProblem,
    VaultSchemaUnknown,
    VaultSegmentMissing,
    VaultSwapped,
    VaultTampered,
    VaultTruncated,
    WrongVaultKey,
)
from deident.stores.protocol import Store, read_all
from deident.vault.keys import Keys

__all__ = ["SCHEMA", "Bound", "Head", "digest", "fetch", "open_sealed", "read_head", "seal"]

#: Version of the objects of a vault, and of what they are bound to.
SCHEMA: Final = "deident-vault/1"
_LONGEST_HEAD: Final = 4096
#: Where the encrypted data key, which names its wrapping key, stands in a message.
_MESSAGE_START: Final = 4096


@dataclass(frozen=True, slots=True)
class Bound:
    """What a sealed object is bound to: it opens for the same project, store, name and purpose alone.

    `previous` is the digest of the object before it in its writer's chain, "" for the first.
    """

    project: str
    store: str
    name: str
    purpose: str
    previous: str = ""

    def context(self, key: str) -> dict[str, str]:
        """The encryption context; KMS writes it into its own log, so it holds opaque names only."""
        return {
            "deident-schema": SCHEMA,
            "deident-project": self.project,
            "deident-store": self.store,
            "deident-object": self.name,
            "deident-purpose": self.purpose,
            "deident-previous": self.previous or "none",
            "deident-key": key,
        }


@dataclass(frozen=True, slots=True)
class Head:
    """The clear line of a sealed object. Nothing in it is believed until the message has opened for it."""

    bound: Bound
    key: str
    size: int
    message: bytes = field(repr=False)


def digest(data: bytes) -> str:
    """`sha256:` and the hex digest."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def fetch(store: Store, name: str) -> bytes:
    """An object of the vault. Raises VaultSegmentMissing, VaultTampered (a link, say) or TransientProblem."""
    failure: VaultProblem
    try:
        return read_all(store, name)
    except NotFound:
        failure = VaultSegmentMissing("an object of the vault is missing", name)
    except Refusal as refusal:
        failure = VaultTampered(f"an object of the vault cannot be read: {refusal.reason.value}", name)
    raise failure


def seal(keys: Keys, bound: Bound, plaintext: bytes) -> bytes:
    """The object that holds `plaintext`. Raises WrongVaultKey or TransientProblem when the key service does not help."""
    from deident.vault import sdk  # noqa: PLC0415 - takes a second to import

    key = keys.sealing
    try:
        message = sdk.encrypt(key.keyring(), bound.context(key.id), plaintext)
    except DeidentError:
        raise
    except Exception:  # noqa: BLE001 - the SDK raises many kinds, and quotes in them what it was given
        message = b""
    if not message:
        raise key.failure() or VaultProblem("sealing failed")
    head = {
        "schema": SCHEMA,
        "purpose": bound.purpose,
        "project": bound.project,
        "store": bound.store,
        "object": bound.name,
        "previous": bound.previous,
        "key": key.id,
        "size": len(message),
    }
    return json.dumps(head, separators=(",", ":")).encode() + b"\n" + message


def read_head(data: bytes, name: str) -> Head:
    """Split a whole object into its clear line and its message; `name` is where it stands.

    Raises VaultTruncated, VaultTampered or VaultSchemaUnknown.
    """
    line, newline, message = data[:_LONGEST_HEAD].partition(b"\n")
    if not newline:
        if len(data) < _LONGEST_HEAD and data[:1] in (b"", b"{"):
            raise VaultTruncated("an object of the vault ends too early", name)
        raise VaultTampered("an object of the vault does not start as one", name)
    message = data[len(line) + 1 :]
    values = _values(line, name)
    if len(message) < values["size"]:
        raise VaultTruncated("an object of the vault ends too early", name)
    if len(message) > values["size"]:
        raise VaultTampered("an object of the vault goes on after its end", name)
    bound = Bound(*(values[part] for part in ("project", "store", "object", "purpose", "previous")))
    return Head(bound, values["key"], values["size"], message)


def _values(line: bytes, name: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except ValueError:
        values = None
    if isinstance(values, dict) and values.get("schema", SCHEMA) != SCHEMA:
        raise VaultSchemaUnknown("an object of the vault has an unknown schema", name)
    texts = ("schema", "purpose", "project", "store", "object", "previous", "key")
    if (
        not isinstance(values, dict)
        or set(values) != {*texts, "size"}
        or not all(isinstance(values[text], str) for text in texts)
        or type(values["size"]) is not int
        or json.dumps(values, separators=(",", ":")).encode() != line
    ):
        raise VaultTampered("the first line of an object of the vault is damaged", name)
    return values


def open_sealed(keys: Keys, expected: Bound, data: bytes) -> tuple[bytes, Head]:
    """The plaintext and the clear line of an object that must be `expected`; of its chain only the link is taken as found.

    Raises a VaultProblem that says what is wrong, or TransientProblem when the key service does not answer.
    """
    head = read_head(data, expected.name)
    if (head.bound.project, head.bound.store) != (expected.project, expected.store):
        raise VaultSwapped("an object of the vault belongs to another vault", expected.name)
    if (head.bound.name, head.bound.purpose) != (expected.name, expected.purpose):
        raise VaultSwapped("an object of the vault stands under a name that is not its own", expected.name)
    key = keys.named(head.key)
    if key is None:
        # The message names its key as well: when that one is at hand, the clear line was changed.
        if any(other.id.encode() in head.message[:_MESSAGE_START] for other in keys):
            raise VaultTampered("an object of the vault is not what was written", expected.name)
        raise WrongVaultKey("none of the keys at hand opens this object of the vault", expected.name)
    from deident.vault import sdk  # noqa: PLC0415 - takes a second to import

    failure: DeidentError
    try:
        return sdk.decrypt(key.keyring(), head.bound.context(head.key), head.message), head
    except DeidentError:
        raise
    except Exception:  # noqa: BLE001 - the SDK raises many kinds; which, says little
        failure = key.failure() or VaultTampered("an object of the vault is not what was written", expected.name)
    raise failure
