"""What the scan of one instance found, beside its edits: for the scans after it, for later steps, for what is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deident.engine.private import Blocks
from deident.profile.decision import Method
from deident.profile.model import Option

if TYPE_CHECKING:
    from deident.engine.known import KnownIdentifiers
    from deident.pseudonyms import Subject

__all__ = ["Deferred", "Notes"]

#: (method, tag, VR, original value, character set in force)
Deferred = tuple[Method, int, str, bytes, bytes]


class Notes:
    """What the scan of an instance found, beside its edits.

    `texts`, `numbers` and `blobs` are kept values that may hold a known identifier; `gathered` are (kind, value,
    character set) of those that identify; `uids` the original UID values with their replacements; `deferred` values whose
    pseudonym depends on more than one element, and `deferred_at` where they stand; `originals` (domain, original,
    pseudonym) of those already written; `seen` top-level values that later steps need and `places` where they
    stand; `inside` wanted values out of sequences that are replaced; `marks` the tags that put modules in force; `done`
    the numbers of the decisions that were carried out; `hits` the values that must not stay,
    `blanked` those of them that were met; `known` the identifiers that were found in them; `subject` the patient as far
    as known before the scan, and `subject_used` whether anything depended on it; `concept` the concept name of the
    content item under way; `by_reference` whether a content item refers to another one by its position; `blocks` the
    private blocks that are reserved there; `beside` the time that belongs to the date under way; `met` the options of one kind
    of object alone that there was something for, and `expected` those that are declared.
    """

    def __init__(
        self,
        hits: frozenset[bytes] = frozenset(),
        known: KnownIdentifiers | None = None,
        subject: Subject | None = None,
        expected: frozenset[Option] = frozenset(),
    ) -> None:
        self.expected = expected
        self.met: set[Option] = set()
        self.hits = hits
        self.known = known
        self.subject = subject
        self.subject_used = False
        self.by_reference = False
        self.texts: list[bytes] = []
        self.numbers: list[bytes] = []
        self.blobs: list[bytes] = []
        self.gathered: list[tuple[str, bytes, bytes]] = []
        self.uids: dict[bytes, bytes] = {}
        self.deferred: list[Deferred] = []
        self.deferred_at: list[tuple[int, int]] = []
        self.originals: list[tuple[str, str, str]] = []
        self.seen: dict[int, bytes] = {}
        self.places: dict[int, tuple[int, int]] = {}
        self.inside: dict[int, list[bytes]] = {}
        self.marks: set[int] = set()
        self.done: list[int] = []
        self.charset = b""
        self.charsets: set[bytes] = set()
        self.elements = 0
        self.un_sequence = False
        self.concept: dict[int, bytes] = {}
        self.blanked: set[bytes] = set()
        self.beside = b""
        self.blocks = Blocks()

    def take_charset(self, value: bytes, charset: bytes, *, top: bool) -> None:
        """Note a Specific Character Set; that of the top level holds for what has none of its own."""
        self.texts.append(value)
        self.charsets.add(charset)
        if top:
            self.charset = charset
