"""Which keys a store accepts, and how a key is shown to keyed functions."""

from __future__ import annotations

from deident.errors import UsageProblem

__all__ = ["check_key", "check_prefix", "key_text", "split_key"]


def check_key(key: str) -> str:
    """The key itself when it is a relative name without empty, `.` or `..` parts and without NUL; else UsageProblem."""
    if not key or "\0" in key or f"/{key}/".find("//") >= 0 or not _plain(key):
        raise UsageProblem("a key must be a relative name without '.', '..', empty parts or NUL")
    return key


def check_prefix(prefix: str) -> str:
    """The prefix itself when keys can start with it."""
    if prefix and (prefix.startswith("/") or "\0" in prefix or "//" in prefix or not _plain(prefix.rstrip("/"))):
        raise UsageProblem("a prefix must be the start of a relative name")
    return prefix


def _plain(key: str) -> bool:
    return "." not in key or not any(part in (".", "..") for part in key.split("/"))


def split_key(key: str) -> tuple[str, str]:
    """Folder ("" for none) and last part."""
    folder, _, name = key.rpartition("/")
    return folder, name


def key_text(key: str) -> str:
    """The key as text that UTF-8 can carry: bytes of a file name that are no UTF-8 become escapes, all else stays."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return key.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return key
