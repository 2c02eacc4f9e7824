"""The decisions on an instance as JSON text for the audit log, made once for files of one layout."""

from __future__ import annotations

import json
from collections import Counter
from typing import Final

from deident.profile.decision import Decision

__all__ = ["tags_fragment"]

_TUPLES: Final = 512
_DECISIONS: Final = 65_536


class _Fragments:
    """Serialised decisions. The engine gives files of one layout the same tuple, so most files cost one look-up.

    The caches are keyed by identity and hold what they know, so that an identity cannot come to mean something else.
    """

    def __init__(self) -> None:
        self._tuples: dict[int, tuple[tuple[Decision, ...], str]] = {}
        self._decisions: dict[int, tuple[Decision, str]] = {}

    def of(self, decisions: tuple[Decision, ...]) -> str:
        known = self._tuples.get(id(decisions))
        if known is not None:
            return known[1]
        counts = Counter(self._one(decision) for decision in decisions)
        text = "[" + ", ".join(_close(opening, count) for opening, count in counts.items()) + "]"
        if len(self._tuples) >= _TUPLES:
            self._tuples = {}
        self._tuples[id(decisions)] = (decisions, text)
        return text

    def _one(self, decision: Decision) -> str:
        known = self._decisions.get(id(decision))
        if known is not None:
            return known[1]
        entry = {
            "tag": _tag(decision.tag),
            **({"path": ">".join(map(_tag, decision.path))} if decision.path else {}),
            "attribute": decision.keyword,
            "action": decision.action.value,
            "because": decision.because,
        }
        text = json.dumps(entry)[:-1]
        if len(self._decisions) >= _DECISIONS:
            self._decisions = {}
        self._decisions[id(decision)] = (decision, text)
        return text


_fragments: Final = _Fragments()


def tags_fragment(decisions: tuple[Decision, ...]) -> str:
    """`decisions` as the JSON list `tags_anonymized`; equal entries become one with a `count`."""
    return _fragments.of(decisions)


def _tag(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _close(opening: str, count: int) -> str:
    return f'{opening}, "count": {count}}}' if count > 1 else opening + "}"
