"""What a segment of the map holds: entries, in columns by domain, compressed; nothing more."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable
from typing import Any, Final

from deident.engine.result import MapEntry
from deident.errors import VaultSchemaUnknown, VaultTampered

__all__ = ["DOMAINS", "MAP_SCHEMA", "decode", "encode", "fingerprint"]

MAP_SCHEMA: Final = "deident-map/1"
DOMAINS: Final = ("patient", "accession", "study-id", "uid")


def encode(entries: Iterable[MapEntry]) -> bytes:
    """The plaintext of a segment: the same for the same entries, in whatever order. Raises ValueError for a strange domain."""
    pairs = sorted({(DOMAINS.index(entry.domain), entry.original, entry.pseudonym) for entry in entries})
    columns: dict[str, list[tuple[str, str]]] = {}
    for domain, original, pseudonym in pairs:
        columns.setdefault(DOMAINS[domain], []).append((original, pseudonym))
    # Columns compress better than pairs: neighbours in a column resemble each other.
    content = {"schema": MAP_SCHEMA, **{domain: list(zip(*column, strict=True)) for domain, column in columns.items()}}
    return zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 6)


def decode(data: bytes, name: str = "") -> list[MapEntry]:
    """The entries of a segment. Raises VaultSchemaUnknown, or VaultTampered for anything that encode() did not make."""
    try:
        content: Any = json.loads(zlib.decompress(data))
        known = content.pop("schema") == MAP_SCHEMA
        if known:
            return [
                MapEntry(_domain(domain), _text(original), _text(pseudonym))
                for domain, (originals, pseudonyms) in content.items()
                for original, pseudonym in zip(originals, pseudonyms, strict=True)
            ]
    except (zlib.error, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        known = True
    if known:
        raise VaultTampered("the content of a segment is damaged", name)
    raise VaultSchemaUnknown("the content of a segment has an unknown schema", name)


def _domain(value: Any) -> str:
    if value not in DOMAINS:
        raise ValueError("unknown domain")
    return str(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def fingerprint(entry: MapEntry) -> bytes:
    """16 bytes that stand for an entry in memory, where a whole map would not fit."""
    original = entry.original
    text = f"{entry.domain}\0{len(original)}\0{original}{entry.pseudonym}"  # the length keeps the two apart
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
