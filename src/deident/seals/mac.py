"""A keyed seal (HMAC-SHA-256, RFC 2104) on what is written down: whoever lacks the project key can neither change nor add."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["PURPOSE", "Seal"]

#: For `ProjectKey.derive`: a key of its own, so that a seal says nothing of a pseudonym.
PURPOSE: Final = "deident-seal/1"
_PREFIX: Final = "hmac-sha256:"


class Seal:
    """Makes and checks seals with one key. The key is never shown."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __repr__(self) -> str:
        return "Seal(<keyed>)"

    def of(self, content: Mapping[str, Any]) -> str:
        """The seal of a JSON object, its key `seal` left out. The object's `schema` keeps kinds of records apart."""
        rest = {name: value for name, value in content.items() if name != "seal"}
        text = json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()
        return _PREFIX + hmac.digest(self._key, text, "sha256").hex()

    def holds(self, content: Mapping[str, Any]) -> bool:
        """Whether the object carries its own seal."""
        return hmac.compare_digest(str(content.get("seal", "")), self.of(content))
