"""Which segments there must be, so that one that is missing, changed or out of its place is noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from deident.engine.result import MapEntry
from deident.errors import TransientProblem, VaultProblem, VaultSegmentMissing, VaultTampered
from deident.vault.envelope import digest, fetch, open_sealed, read_head
from deident.vault.place import Vault
from deident.vault.segments import decode

__all__ = ["Index", "Opened", "WriterState", "head_name", "open_segments", "read_index", "segment_name"]

_ATTEMPTS: Final = 10
_MAP: Final = "map"


def segment_name(writer: str, number: int) -> str:
    return f"{_MAP}/{writer}/{number:08d}"


def head_name(writer: str) -> str:
    """The record that says how far a writer has come."""
    return f"heads/{writer}.json"


@dataclass(frozen=True, slots=True)
class WriterState:
    """One writer's segments: those up to `through` were replaced by others (`through_digest`: the last of them).

    `last` is the highest number; `count` and `digest` are what the writer's head says, at most one behind it.
    """

    id: str
    kind: str
    key: str
    registered: int
    through: int
    through_digest: str
    last: int
    count: int
    digest: str

    @property
    def live(self) -> range:
        return range(self.through + 1, self.last + 1)


@dataclass(frozen=True, slots=True)
class Index:
    """The segments of a vault, by writer, and what is wrong with them at first sight.

    `checkpoint` numbers the last checkpoint, and `merged` how many writers were registered when it was made.
    """

    writers: tuple[WriterState, ...]
    checkpoint: int
    merged: int
    problems: tuple[VaultProblem, ...]

    @property
    def segments(self) -> int:
        return sum(len(writer.live) for writer in self.writers)

    def whole(self) -> Index:
        """The index itself. Raises the first problem when there is one: an answer from a part is a wrong answer."""
        for problem in self.problems:
            raise problem
        return self


@dataclass(frozen=True, slots=True)
class Opened:
    """A segment that was read and opened, with its place in the chain checked. `size` in bytes as stored."""

    writer: str
    number: int
    digest: str
    key: str
    size: int
    entries: list[MapEntry] = field(repr=False)


def read_index(vault: Vault) -> Index:
    """Read register, checkpoints, heads and the names of the segments; others may be writing meanwhile."""
    for _ in range(_ATTEMPTS):
        before = (vault.checkpoints.count(), vault.writers.count())
        index = _read(vault)
        if before == (vault.checkpoints.count(), vault.writers.count()):
            return index
    raise TransientProblem("the vault keeps changing while it is read")


def _read(vault: Vault) -> Index:
    problems: list[VaultProblem] = []
    checkpoints = vault.checkpoints.read()
    latest = checkpoints[-1] if checkpoints else {}
    frontier = latest.get("frontier", {})
    register: dict[str, tuple[int, str, str]] = {}
    for body in vault.writers.read():
        register.setdefault(body["writer"], (body["number"], body["kind"], body["key"]))
    heads = {writer: _read_head(vault, writer, problems) for writer in register}
    present = _listed(vault, register, problems)  # after the heads: a writer may go on meanwhile
    writers = []
    for writer, (number, kind, key) in register.items():
        through, through_digest = frontier.get(writer, (0, ""))
        count, last_digest = heads[writer] or (0, "")
        found = sorted(n for n in present.get(writer, ()) if n > through)
        last = max(found[-1] if found else through, count)
        have = set(found)
        problems += [
            VaultSegmentMissing("a segment is missing", segment_name(writer, n))
            for n in range(through + 1, last + 1)
            if n not in have
        ]
        if heads[writer] and last - max(count, through) > 1:
            problems.append(VaultTampered("the head of a writer is older than its segments", head_name(writer)))
        state = WriterState(writer, kind, key, number, through, through_digest, last, count, last_digest)
        writers.append(state)
    return Index(tuple(writers), len(checkpoints), int(latest.get("register", 0)), tuple(problems))


def _read_head(vault: Vault, writer: str, problems: list[VaultProblem]) -> tuple[int, str] | None:
    name = head_name(writer)
    try:
        body = vault.signer.check(name, fetch(vault.store, name))
        return int(body["count"]), str(body["digest"])
    except VaultProblem as problem:
        problems.append(problem)
    return None


def _listed(vault: Vault, register: Iterable[str], problems: list[VaultProblem]) -> dict[str, set[int]]:
    """The numbers of the segments that are there, by writer. A segment of nobody in the register is a problem."""
    found: dict[str, set[int]] = {}
    for entry in vault.store.list(f"{_MAP}/"):
        _, _, rest = entry.key.partition("/")
        writer, _, number = rest.partition("/")
        if len(number) == 8 and number.isascii() and number.isdigit():
            found.setdefault(writer, set()).add(int(number))
        elif not number.startswith("."):  # a store's own temporary file of a killed process
            problems.append(VaultTampered("an object among the segments is none", f"{_MAP}/<other>"))
    known = set(register)
    strangers = Counter({writer: len(numbers) for writer, numbers in found.items() if writer not in known})
    if strangers:
        problems.append(VaultTampered(f"{strangers.total()} segments are of no registered writer", _MAP))
    return found


def open_segments(
    vault: Vault, writers: Iterable[WriterState], problems: list[VaultProblem] | None = None
) -> Iterator[Opened]:
    """Read and open every live segment in the order of its chain. Memory: one segment at a time.

    Problems are raised, or with `problems` collected there, and the segment is left out.
    """
    for writer in writers:
        previous: str | None = writer.through_digest
        for number in writer.live:
            name = segment_name(writer.id, number)
            found = ""
            try:
                data = fetch(vault.store, name)
                found = digest(data)
                _check_link(writer, number, read_head(data, name).bound.previous, previous, found)
                plaintext, head = open_sealed(vault.keys, vault.bound(name, "map"), data)
                if head.key != writer.key:
                    raise VaultTampered("a segment is sealed under another key than its writer's", name)
                yield Opened(writer.id, number, found, head.key, len(data), decode(plaintext, name))
            except VaultProblem as problem:
                if problems is None:
                    raise
                problems.append(problem)
            previous = found or None


def _check_link(writer: WriterState, number: int, link: str, previous: str | None, found: str) -> None:
    """The segment follows the one before it, and is the one that the head of the writer names."""
    name = segment_name(writer.id, number)
    if previous is not None and link != previous:
        raise VaultTampered("a segment does not follow the one before it", name)
    if number == writer.count and found != writer.digest:
        raise VaultTampered("a segment is not the one that its writer recorded", name)
