"""What earlier runs read of objects that have not changed, by keyed references: no header is read twice."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Final

from deident.cohort import Cohort
from deident.errors import AlreadyExists, NotFound, Reason
from deident.pseudonyms import Pseudonyms
from deident.seals.mac import Seal
from deident.stores.names import key_text
from deident.stores.protocol import Entry, Store, read_all

__all__ = ["INDEX", "Known", "Seen"]

#: Where the index stands in staging. It is no record of anything: without it headers are read again.
INDEX: Final = "seen/"
SCHEMA: Final = "deident-seen/1"
#: More segments than this are brought into one.
_SEGMENTS: Final = 20
#: Characters of a keyed reference that are kept: 128 bits, and few enough for a hundred thousand.
_REFERENCE: Final = 32
#: These can pass by themselves: looked at again by every run.
_PASSING: Final = frozenset({Reason.UNREADABLE, Reason.CHANGED, Reason.INTERNAL, Reason.ARRIVING})


@dataclass(frozen=True, slots=True)
class Known:
    """What the header of an object told: its study by opaque id and its modality, or why it belongs to none."""

    study: str = ""
    modality: str = ""
    reason: Reason | None = None
    detail: str = ""

    def to_text(self) -> str:
        return f"{self.study} {self.modality}" if self.reason is None else f"- {self.reason.value} {self.detail}"

    @classmethod
    def from_text(cls, text: str) -> Known:
        first, second, *rest = text.split(" ", 2)
        return cls(first, second) if first != "-" else cls(reason=Reason(second), detail=rest[0] if rest else "")


class Seen:
    """The index of one source for one cohort. Nothing in it tells of a patient to who lacks the project key.

    `seen/<scope>/<run>`: one object for each run that found something new. Each is sealed: one that was changed, or is of
    another source, cohort or version, counts as nothing.
    """

    def __init__(self, store: Store, seal: Seal, pseudonyms: Pseudonyms, place: str, cohort: Cohort) -> None:
        self._store = store
        self._seal = seal
        self._pseudonyms = pseudonyms
        scope = json.dumps([SCHEMA, place, asdict(cohort)], default=str, sort_keys=True)
        self._scope = pseudonyms.reference(scope).partition(":")[2][:_REFERENCE]
        self._known: dict[str, Known] = {}
        self._new: dict[str, Known] = {}
        self._segments: list[str] = []
        self._load()

    def reference(self, entry: Entry) -> str:
        """Keyed reference of a version of an object."""
        text = f"seen\0{key_text(entry.key)}\0{entry.version}\0{entry.size}"
        return self._pseudonyms.reference(text).partition(":")[2][:_REFERENCE]

    def get(self, reference: str) -> Known | None:
        return self._known.get(reference)

    def add(self, reference: str, known: Known) -> None:
        if known.reason not in _PASSING:
            self._new[reference] = known

    def save(self, run: str) -> None:
        """Write what is new; and everything as one segment, when there have come to be many."""
        if self._new:
            self._write(f"{INDEX}{self._scope}/{run}", self._new)
        if len(self._segments) >= _SEGMENTS:
            # All of the old ones are in the new one before they go; who reads meanwhile finds some twice or reads a header.
            self._write(f"{INDEX}{self._scope}/{run}-all", self._known | self._new)
            for name in self._segments:
                self._store.delete(name)
        self._known |= self._new
        self._new = {}

    def _write(self, name: str, entries: dict[str, Known]) -> None:
        body = "".join(f"{reference} {known.to_text()}\n" for reference, known in entries.items()).encode()
        head = {"schema": SCHEMA, "scope": self._scope, "digest": hashlib.sha256(body).hexdigest()}
        head["seal"] = self._seal.of(head)
        with contextlib.suppress(AlreadyExists):
            self._store.put(name, json.dumps(head, sort_keys=True).encode() + b"\n" + body)

    def _load(self) -> None:
        for entry in list(self._store.list(f"{INDEX}{self._scope}/")):
            if entry.irregular:
                continue
            self._segments.append(entry.key)
            with contextlib.suppress(NotFound):
                self._take(read_all(self._store, entry.key))

    def _take(self, data: bytes) -> None:
        shared: dict[str, Known] = {}
        try:
            line, _, body = data.partition(b"\n")
            head = json.loads(line)
            if head["scope"] != self._scope or not self._seal.holds(head):
                return
            if head["digest"] != hashlib.sha256(body).hexdigest():
                return
            for text in body.decode().splitlines():
                reference, _, rest = text.partition(" ")
                known = shared.get(rest)
                self._known[reference] = known if known is not None else shared.setdefault(rest, Known.from_text(rest))
        except (ValueError, KeyError, TypeError, AttributeError):
            return
