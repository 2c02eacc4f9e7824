"""Folders opened component by component below a root, so that no link is ever followed."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import Final

__all__ = ["Directory", "Folders"]

_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_KEPT: Final = 4


class Directory:
    """An open folder; its descriptor is closed when nobody holds it any more."""

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __del__(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self.fd)


class Folders:
    """Opens folders below `root`, which itself may be reached through links: the user named it.

    The last few are kept open per thread, as objects of one folder come in a row. All methods raise OSError.
    """

    def __init__(self, root: str, mode: int) -> None:
        self.root = root
        self._mode = mode
        self._local = threading.local()

    def get(self, folder: str, *, create: bool = False) -> tuple[Directory, bool]:
        """The folder of that relative name, and whether it had been kept open (so that it may be gone by now)."""
        kept: dict[str, Directory] = self._kept()
        known = kept.get(folder)
        if known is not None:
            return known, True
        opened = self._open(folder, create)
        while len(kept) >= _KEPT:
            del kept[next(iter(kept))]
        kept[folder] = opened
        return opened, False

    def fresh(self, folder: str, *, create: bool = False) -> Directory:
        """Like `get`, but never one that was kept open."""
        self._kept().pop(folder, None)
        return self.get(folder, create=create)[0]

    def forget(self) -> None:
        """Close what this thread keeps open."""
        self._kept().clear()

    def _kept(self) -> dict[str, Directory]:
        try:
            kept: dict[str, Directory] = self._local.kept
        except AttributeError:
            kept = self._local.kept = {}
        return kept

    def _open(self, folder: str, create: bool) -> Directory:
        if create:
            os.makedirs(self.root, mode=self._mode, exist_ok=True)
        current = Directory(os.open(self.root, _FLAGS))
        for part in folder.split("/") if folder else ():
            current = Directory(self._step(current.fd, part, create))
        return current

    def _step(self, parent: int, part: str, create: bool) -> int:
        try:
            return os.open(part, _FLAGS | os.O_NOFOLLOW, dir_fd=parent)
        except FileNotFoundError:
            if not create:
                raise
        with contextlib.suppress(FileExistsError):
            os.mkdir(part, self._mode, dir_fd=parent)
        return os.open(part, _FLAGS | os.O_NOFOLLOW, dir_fd=parent)
