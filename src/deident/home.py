"""The project home: the one private folder with key, staging, ledger, reports, audit, vault and Prefect's own data."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from types import TracebackType
from typing import Final

from deident.errors import PlaceProblem, TransientProblem

__all__ = ["Busy", "Lock", "ProjectHome", "check_apart", "default_home"]

_MARKER: Final = "deident-home"
_FOLDERS: Final = ("staging", "ledger", "reports", "audit", "qa", "prefect", "profiles", "runs", "vault")
#: What may stand in a folder that becomes a project home; anything else means that the folder is something else.
_OWN: Final = frozenset({_MARKER, "key", "vault-key", "sources.toml", "places.toml", *_FOLDERS})


def default_home() -> Path:
    """`$DEIDENT_HOME`, else `deident/default` under `$XDG_DATA_HOME` or `~/.local/share`."""
    if named := os.environ.get("DEIDENT_HOME"):
        return Path(named)
    data = os.environ.get("XDG_DATA_HOME", "")
    # The XDG specification wants relative values ignored.
    base = Path(data) if os.path.isabs(data) else Path.home() / ".local" / "share"
    return base / "deident" / "default"


@dataclass(frozen=True, slots=True)
class ProjectHome:
    """The places in a home. Every folder has mode 0700; nothing here is ever part of a deliverable."""

    root: Path

    @property
    def key(self) -> Path:
        """The project key file (mode 0600)."""
        return self.root / "key"

    @property
    def staging(self) -> Path:
        """Outputs that are not validated yet: to be treated like the originals."""
        return self.root / "staging"

    @property
    def ledger(self) -> Path:
        return self.root / "ledger"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def audit(self) -> Path:
        return self.root / "audit"

    @property
    def qa(self) -> Path:
        """Pages with thumbnails of outputs: to be treated like staging, and removed by whoever has looked at them."""
        return self.root / "qa"

    @property
    def prefect(self) -> Path:
        """PREFECT_HOME of this project."""
        return self.root / "prefect"

    @property
    def profiles(self) -> Path:
        """Profile files of the site: `<name>.toml`."""
        return self.root / "profiles"

    @property
    def runs(self) -> Path:
        """One lock file for each run that is at work and for each study that is being released."""
        return self.root / "runs"

    @property
    def vault(self) -> Path:
        """The sealed pseudonym map, when there is one."""
        return self.root / "vault"

    @property
    def vault_key(self) -> Path:
        """The local wrapping key of the vault (mode 0600), where no other is named."""
        return self.root / "vault-key"

    def lock(self, name: str, *, shared: bool = False, wait: bool = True) -> Lock:
        """Lock `name` for this process, or thread. Raises Busy when another has it and `wait` is off.

        A killed process loses its locks. Raises TransientProblem where the file system fails.
        """
        return Lock(self.runs / name, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, wait=wait)

    def at_work(self, run: str) -> bool:
        """Whether a process that is alive has the run open."""
        if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", run):
            return False
        try:
            self.lock(run, wait=False).release()
        except Busy:
            return True
        return False

    @classmethod
    def existing(cls, root: Path | str | None = None) -> ProjectHome:
        """Like `open`, for a home that must be there. Raises PlaceProblem when there is none."""
        path = Path(root).expanduser() if root is not None else default_home()
        if not (path / _MARKER).is_file():
            raise PlaceProblem("there is no project home in that place")
        return cls.open(path)

    @classmethod
    def open(cls, root: Path | str | None = None) -> ProjectHome:
        """Create what is missing. Raises PlaceProblem for a folder that is something else or somebody else's."""
        path = Path(os.path.realpath(Path(root).expanduser() if root is not None else default_home()))
        home = cls(path)
        failure = ""
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _check_own(path)
            os.close(os.open(path / _MARKER, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
            for name in _FOLDERS:
                (path / name).mkdir(mode=0o700, exist_ok=True)
        except OSError as problem:
            failure = os.strerror(problem.errno or 0)
        if failure:
            raise PlaceProblem(f"the project home cannot be used: {failure}")
        return home


class Busy(TransientProblem):
    """Another process holds the lock."""


class Lock:
    """A lock on a name, held from its making to `release`; the last to release a shared one removes its file."""

    def __init__(self, path: Path, kind: int, *, wait: bool) -> None:
        self._path = path
        self._fd = -1
        while self._fd < 0:
            fd = _lock_file(path, kind if wait else kind | fcntl.LOCK_NB)
            if os.fstat(fd).st_nlink:
                self._fd = fd
            else:
                os.close(fd)  # removed by its holder while we waited: nobody else would see a lock on it

    def release(self) -> None:
        """Give the lock up; again does nothing."""
        fd, self._fd = self._fd, -1
        if fd < 0:
            return
        with contextlib.suppress(OSError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._path.unlink()
        os.close(fd)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _lock_file(path: Path, operation: int) -> int:
    failure: TransientProblem
    fd = -1
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        fcntl.flock(fd, operation)
        return fd
    except BlockingIOError:
        failure = Busy("another process holds the lock")
    except OSError as problem:
        failure = TransientProblem(f"locking failed: {os.strerror(problem.errno or 0)}")
    if fd >= 0:
        os.close(fd)
    raise failure


def _check_own(path: Path) -> None:
    """A home belongs to its user alone and holds nothing but a project."""
    status = path.stat()
    if status.st_uid != os.geteuid():
        raise PlaceProblem("the project home belongs to another user")
    names = set(os.listdir(path))
    if _MARKER not in names and not names <= _OWN:
        raise PlaceProblem("the project home is a folder that holds other things; name a new or empty folder")
    if stat.S_IMODE(status.st_mode) & 0o077:
        os.chmod(path, 0o700)


def check_apart(places: Mapping[str, Path | str]) -> None:
    """Raise PlaceProblem when one of the named places is, or lies inside, another, however it is spelled or linked.

    Places that do not exist yet are compared by where they would be. The message holds the names, never a path.
    """
    found = {name: Path(os.path.realpath(Path(place).expanduser())) for name, place in places.items()}
    for (inner, inner_path), (outer, outer_path) in permutations(found.items(), 2):
        if _inside(inner_path, outer_path):
            same = inner_path == outer_path
            raise PlaceProblem(f"{inner} and {outer} are the same place" if same else f"{inner} lies inside {outer}")


def _inside(inner: Path, outer: Path) -> bool:
    if inner == outer or outer in inner.parents:
        return True
    # Bind mounts and file systems that ignore case give one folder several names: compare what the folders are.
    identity = next(_identities(outer), None) if outer.exists() else None
    return identity is not None and identity in _identities(inner)


def _identities(path: Path) -> Iterator[tuple[int, int]]:
    for place in (path, *path.parents):
        try:
            status = place.stat()
        except OSError:
            continue
        yield status.st_dev, status.st_ino
