"""The profile compiled for one kind of instance: one IOD with one set of modules in force, in one encoding."""

from __future__ import annotations

from deident.engine.level import Level
from deident.engine.syntax import Syntax
from deident.profile.decision import Decision
from deident.profile.rules import Rules
from deident.standard.iods import Iod

__all__ = ["Decisions", "Plan"]


class Decisions:
    """The decisions met so far, numbered, so that what was done to an instance is a tuple of small integers."""

    def __init__(self) -> None:
        self.all: list[Decision] = []
        self._numbers: dict[Decision, int] = {}

    def number(self, decision: Decision) -> int:
        known = self._numbers.get(decision)
        if known is None:
            known = self._numbers[decision] = len(self.all)
            self.all.append(decision)
        return known


class Plan:
    """Rules for the instances of one IOD (and, where overrides name it, one SOP class) with one set of modules in force, in one
    encoding.

    `trust_un`: a public sequence that the wire calls UN is walked as implicit VR little endian (PS3.5 6.2.2); where that
    proves impossible the instance is scanned again without trust, and the element is replaced as a whole.
    `fixed`: content items stay where they are, because others refer to them by position (PS3.3 C.17.3.2.5).
    """

    def __init__(
        self,
        rules: Rules,
        iod: Iod,
        in_force: frozenset[int],
        syntax: Syntax,
        decisions: Decisions,
        *,
        sop_class: str = "",
        trust_un: bool = True,
        fixed: bool = False,
    ) -> None:
        self.fixed = fixed
        self.trust_un = trust_un
        self.rules = rules
        self.keeps_private = rules.private.active
        self.iod = iod
        self.sop_class = sop_class
        self.in_force = in_force
        self.syntax = syntax
        self.decisions = decisions
        self.instances = self.instances_of_study = 0
        self.study = b""
        self.root = Level(self, (), syntax, phase=0)
