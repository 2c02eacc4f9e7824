"""Wrapping keys in AWS KMS (or whatever speaks its protocol at the endpoint that the environment names)."""

from __future__ import annotations

import functools
import logging
import threading
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from deident.errors import DeidentError, KeyProblem, TransientProblem, WrongVaultKey
from deident.roots import Session
from deident.stores.s3.client import service_client, usual_session

__all__ = ["KmsKey"]

_CONFIG: Final = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=20)
#: The service may do it later. Whatever else it says is a refusal, or about the ciphertext.
_PASSING: Final = frozenset(
    {"DependencyTimeoutException", "KMSInternalException", "KeyUnavailableException", "LimitExceededException"}
    | {"RequestTimeout", "ServiceUnavailable", "Throttling", "ThrottlingException", "TooManyRequestsException"}
)
#: What KMS says of a data key that it did not wrap, or not for this encryption context.
_CIPHERTEXT: Final = frozenset({"InvalidCiphertextException"})

# Requests and answers at DEBUG hold data keys.
logging.getLogger("botocore").setLevel(logging.WARNING)


@dataclass(frozen=True)
class KmsKey:
    """A KMS key by ARN, id or alias. Endpoint, region, profile and role come by the usual AWS means, or with a session."""

    name: str
    session: Session | None = field(default=None, repr=False, compare=False)
    _seen: threading.local = field(default_factory=threading.local, repr=False, compare=False)

    @functools.cached_property
    def id(self) -> str:
        """The ARN of the key: an alias may move, an object must name the key that sealed it.

        Raises KeyProblem or TransientProblem when the key service has to be asked and does not tell.
        """
        if self.name.startswith("arn:") and ":key/" in self.name:
            return self.name
        failure: DeidentError
        try:
            return str(self._client.describe_key(KeyId=self.name)["KeyMetadata"]["Arn"])
        except ClientError as problem:
            failure = _failure(_code(problem.response), _status(problem.response)) or _refused("")
        except BotoCoreError:
            failure = TransientProblem("the key service cannot be reached")
        raise failure

    @functools.cached_property
    def _client(self) -> Any:
        region = self.name.split(":")[3] if self.name.startswith("arn:") else None
        failure = ""
        try:
            session = self.session or usual_session()
            client = service_client(session, "kms", region_name=region, config=_CONFIG)
        except (BotoCoreError, ValueError) as problem:
            failure = type(problem).__name__
        if failure:
            raise KeyProblem(f"the key service is not configured ({failure})")
        events = client.meta.events
        events.register("before-call.kms", self._asked)
        events.register("after-call.kms", self._answered)
        return client

    def keyring(self) -> Any:
        from deident.vault.sdk import kms_keyring  # noqa: PLC0415 - takes a second to import

        self._seen.answer = None
        return kms_keyring(self.id, self._client)

    def failure(self) -> DeidentError | None:
        answer: tuple[str, int] | None = getattr(self._seen, "answer", None)
        return _failure(*answer) if answer is not None else None

    def _asked(self, **_: Any) -> None:
        # A request that is not answered, whatever the reason, did not reach the service.
        self._seen.answer = ("", 0)

    def _answered(self, *, parsed: dict[str, Any], **_: Any) -> None:
        self._seen.answer = (_code(parsed), _status(parsed)) if _status(parsed) >= 300 else None


def _failure(code: str, status: int) -> DeidentError | None:
    """The error for an answer of the service, by its code alone; None when the ciphertext is what is wrong."""
    if code in _CIPHERTEXT:
        return None
    if not status:
        return TransientProblem("the key service cannot be reached, or access to it is not configured")
    if code in _PASSING or status >= 500 or status == 429:
        return TransientProblem("the key service is busy or out of order")
    return _refused(code)


def _refused(code: str) -> WrongVaultKey:
    shown = code if code.isalnum() and len(code) < 60 else "refused"
    return WrongVaultKey(f"the key service does not use the key for us: {shown}")


def _code(parsed: dict[str, Any]) -> str:
    return str(parsed.get("Error", {}).get("Code", "")).rpartition("#")[2]


def _status(parsed: dict[str, Any]) -> int:
    return int(parsed.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
