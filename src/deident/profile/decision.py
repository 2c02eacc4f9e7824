"""Actions as data: what is done to an attribute, and which table, option or override decided it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

__all__ = ["KEPT_BY_USER", "Action", "Decision", "Method"]

KEPT_BY_USER: Final = "override:keep_tags"


class Action(StrEnum):
    """What is carried out. The letters are those of PS3.15 Table E.1-1, compound codes already resolved."""

    KEEP = "K"
    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    UID = "U"
    CLEAN = "C"


class Method(StrEnum):
    """How an action is carried out."""

    PLAIN = ""
    PATIENT_NAME = "patient-name"
    PATIENT_ID = "patient-id"
    ACCESSION = "accession"
    STUDY_ID = "study-id"
    AGE = "age"
    MARKER = "marker"
    DUMMY_ITEM = "dummy-item"
    SHIFT = "shift"
    YEAR = "year"
    TEXT = "text"
    ALLOWED = "allowed"
    CODES = "codes"
    CONTENT = "content"
    CODE_MEANING = "code-meaning"
    UNITS = "units"
    CAP = "cap"
    HASH = "hash"
    CONSTANT = "constant"
    PSEUDONYM = "pseudonym"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for the attribute `tag` at one place of the data set.

    `path` is the sequences around it, outermost first (item numbers do not matter to a rule); `tag` and `path` are
    (group << 16 | element). `keyword` is PS3.6's, empty for private elements. `because` names the deciding table, option or
    override (`E.1-1`, `gaps`, `private`, `option:retain_patient_characteristics`, `known-identifier`, ...). `kind`
    says that the value counts as a known identifier of the instance (RULES section 14) and of which kind ("" = it does not).
    `method` names the way in which the action is carried out where the letter alone does not say it; `value` is what the
    methods CONSTANT and CODE_MEANING write, where CAP caps, and what HASH takes in beside the value.
    """

    tag: int
    path: tuple[int, ...]
    keyword: str
    action: Action
    because: str
    kind: str = field(default="")
    method: Method = field(default=Method.PLAIN)
    value: str = field(default="", repr=False)

    @property
    def overridden(self) -> bool:
        """Whether the user keeps what the standard protects; known identifiers may then stay in it (RULES 14.6)."""
        return self.action is Action.KEEP and self.because.startswith("override:")

    @property
    def by_option(self) -> bool:
        """Whether an option of the profile lets the value stay."""
        return self.action is Action.KEEP and self.because.startswith("option:")

    @property
    def place(self) -> str:
        """`(gggg,eeee)` with the sequences around it: `(0008,1140)>(0008,1155)`."""
        return ">".join(f"({t >> 16:04X},{t & 0xFFFF:04X})" for t in (*self.path, self.tag))
