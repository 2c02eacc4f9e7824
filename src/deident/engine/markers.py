"""What deident writes into every output: the de-identification markers and a Patient's Age (RULES sections 6 and 12)."""

from __future__ import annotations

from deident import __version__
from deident.engine import entries as p
from deident.engine.ages import age_at_study
from deident.engine.dummies import pad
from deident.engine.level import Level
from deident.engine.notes import Notes
from deident.engine.syntax import Syntax
from deident.profile.model import Option
from deident.profile.rules import PATIENT_AGE, Rules
from deident.standard import confidentiality

__all__ = ["Insertions"]


class Insertions:
    """The elements to insert at the top level, by phase. Called by the scanner at each insertion point."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._retains_age = Option.RETAIN_PATIENT_CHARACTERISTICS in rules.profile.options
        self._codes: dict[tuple[str, frozenset[Option]], tuple[str, ...]] = {}
        self._methods: dict[tuple[Syntax, tuple[str, ...]], bytes] = {}

    def __call__(self, level: Level, notes: Notes) -> bytes:
        if level.phase == 0:
            return self._age(level.syntax, notes)
        if level.phase == 1:
            codes = self.declared(notes, level.plan.sop_class)
            key = (level.syntax, codes)
            if key not in self._methods:
                self._methods[key] = self._markers(level.syntax, codes)
            return self._methods[key]
        modified = self._longitudinal(notes, level.plan.sop_class)
        return level.syntax.element(0x00280303, "CS", pad(modified, "CS"))

    def rest(self, level: Level | None, notes: Notes) -> bytes:
        """What is still to be written where the data set ends before the last insertion point."""
        parts = []
        while level is not None and level.after is not None:
            parts.append(self(level, notes))
            level = level.after
        return b"".join(parts)

    def declared(self, notes: Notes, sop_class: str) -> tuple[str, ...]:
        """The code values in (0012,0064): those of an earlier de-identification and our own, 113100 first."""
        key = (sop_class, notes.expected)
        if key not in self._codes:
            self._codes[key] = self._rules.codes(sop_class, notes.expected)
        codes, earlier = self._codes[key], notes.inside.get(p.METHOD_CODE)
        if not codes or not earlier:
            return codes
        known = {method.code for method in confidentiality.methods().values()}
        return tuple(sorted({*codes, *({code.decode("latin-1") for code in earlier} & known)}))

    def _age(self, syntax: Syntax, notes: Notes) -> bytes:
        """Patient's Age, where the data set has none and the option to retain it is on."""
        if not self._retains_age or PATIENT_AGE in notes.seen:
            return b""
        age = age_at_study(notes.seen)
        cap = self._rules.profile.age_cap
        if age and cap is not None and age.endswith(b"Y") and int(age[:3]) >= cap:
            age = b"%03dY" % cap
        return syntax.element(PATIENT_AGE, "AS", age) if age else b""

    def _longitudinal(self, notes: Notes, sop_class: str) -> bytes:
        """Longitudinal Temporal Information Modified; an input that had less left keeps saying so (RULES section 6)."""
        options = self._rules.profile.options
        stated = notes.seen.get(0x00280303, b"").strip(b"\0 ")
        if Option.RETAIN_LONGITUDINAL_FULL_DATES in options:
            return stated if stated in (b"MODIFIED", b"REMOVED") else b"UNMODIFIED"
        if Option.RETAIN_LONGITUDINAL_MODIFIED_DATES in options or self._rules.leaves_dates(sop_class):
            return b"REMOVED" if stated == b"REMOVED" else b"MODIFIED"
        return b"REMOVED"

    def _markers(self, syntax: Syntax, codes: tuple[str, ...]) -> bytes:
        """Patient Identity Removed, De-identification Method and its codes (PS3.3 C.7.1.1)."""
        if not codes:
            return syntax.element(0x00120062, "CS", b"NO")
        by_code = {method.code: method for method in confidentiality.methods().values()}
        items = (
            syntax.element(0x00080100, "SH", pad(code.encode(), "SH"))
            + syntax.element(0x00080102, "SH", pad(b"DCM", "SH"))
            + syntax.element(0x00080104, "LO", pad(by_code[code].meaning.encode(), "LO"))
            for code in codes
        )
        method = f"deident {__version__} PS3.15-{confidentiality.EDITION}".encode()
        return (
            syntax.element(0x00120062, "CS", pad(b"YES", "CS"))
            + syntax.element(0x00120063, "LO", pad(method, "LO"))
            + syntax.sequence(0x00120064, *items)
        )
