"""Actions as data: what is done to an attribute, and which table, option or override decided it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Action", "Decision"]


class Action(StrEnum):
    """What is carried out. The letters are those of PS3.15 Table E.1-1, compound codes already resolved."""

    KEEP = "K"
    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    UID = "U"
    CLEAN = "C"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for the attribute `tag` at one place of the data set.

    `path` is the sequences around it, outermost first (item numbers do not matter to a rule); `tag` and `path` are
    (group << 16 | element). `keyword` is PS3.6's, empty for private elements. `because` names the deciding table, option or
    override (`E.1-1`, `gaps`, `private`, `option:retain_patient_characteristics`, `known-identifier`, ...). `identifying`
    says that the value counts as a known identifier of the instance (RULES section 14), as `kind` ("" = none).
    """

    tag: int
    path: tuple[int, ...]
    keyword: str
    action: Action
    because: str
    kind: str = field(default="")

    @property
    def place(self) -> str:
        """`(gggg,eeee)` with the sequences around it: `(0008,1140)>(0008,1155)`."""
        return ">".join(f"({t >> 16:04X},{t & 0xFFFF:04X})" for t in (*self.path, self.tag))
