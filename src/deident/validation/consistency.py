"""Check that the outputs of a study fit together: one patient, one study, and references that resolve (RULES 5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from deident.validation.elements import Path
from deident.validation.gathering import uids_of
from deident.validation.kinds import is_class_uid, well_known
from deident.validation.reading import Instance

__all__ = ["Links", "StudyLinks", "links_of"]

_PATIENT_ID: Final = 0x00100020
_STUDY_UID: Final = 0x0020000D
_SOP_UID: Final = 0x00080018
_ROUTES: Final = dict[tuple[Path, int], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Links:
    """The names of one instance: patient id, and every UI value by its place."""

    patient: bytes = field(repr=False)
    uids: dict[tuple[Path, int], tuple[str, ...]] = field(repr=False)

    def one(self, tag: int) -> str:
        return "".join(self.uids.get(((), tag), ())[:1])


def links_of(instance: Instance) -> Links:
    """The names in one instance, source or output."""
    patient = instance.tops.get(_PATIENT_ID, b"").strip(b" \0")
    uids: dict[tuple[Path, int], list[str]] = defaultdict(list)
    for path, tag, _, value, _, _ in [node for node in instance.nodes if node[2] == "UI"]:
        if value and not (tag >> 16) & 1 and not is_class_uid(tag):
            uids[path, tag] += uids_of(value)
    return Links(patient, {place: tuple(values) for place, values in uids.items()})


class StudyLinks:
    """Collects the names of all pairs of a study, then says what does not fit."""

    def __init__(self, *, keeps_uids: bool) -> None:
        self._keeps_uids = keeps_uids
        self._pairs: list[tuple[str, Links, Links]] = []

    def add(self, reference: str, source: Links, output: Links) -> None:
        self._pairs.append((reference, source, output))

    def problems(self) -> Iterator[tuple[str, str]]:
        """(reference, `code:tag`); the reference is empty for what concerns the study as a whole."""
        if len({output.patient for _, _, output in self._pairs}) > 1:
            yield "", "several-patients:(0010,0020)"
        if len({output.one(_STUDY_UID) for _, _, output in self._pairs}) > 1:
            yield "", "several-studies:(0020,000D)"
        seen = set()
        for reference, _, output in self._pairs:
            uid = output.one(_SOP_UID)
            if not uid or uid in seen:
                yield reference, "duplicate-instance:(0008,0018)" if uid else "instance-uid-missing:(0008,0018)"
            seen.add(uid)
        yield from self._mapping_problems()

    def _mapping_problems(self) -> Iterator[tuple[str, str]]:
        """One original UID has one replacement, everywhere in the study, and no two share one."""
        forward: dict[str, str] = {}
        back: dict[str, str] = {}
        for _, source, output in self._pairs:
            for tag in (_SOP_UID, _STUDY_UID):
                forward.setdefault(source.one(tag), output.one(tag))
                back.setdefault(output.one(tag), source.one(tag))
        instances = {output.one(_SOP_UID) for _, _, output in self._pairs}
        for reference, source, output in self._pairs:
            for (path, tag), news in output.uids.items():
                if not self._fits(source.uids.get((path, tag), ()), news, forward, back, instances):
                    yield reference, f"reference:{'>'.join(f'({t >> 16:04X},{t & 0xFFFF:04X})' for t in (*path, tag))}"

    def _fits(
        self,
        olds: tuple[str, ...],
        news: tuple[str, ...],
        forward: dict[str, str],
        back: dict[str, str],
        known: set[str],
    ) -> bool:
        if len(olds) != len(news):
            # Items were removed: what is left are replacements of what stood here, or names from outside the study.
            expected = {forward[old] for old in olds if old in forward}
            others = [new for new in news if new not in expected]
            return known.isdisjoint(others) and len(others) <= sum(old not in forward for old in olds)
        for old, new in zip(olds, news, strict=True):
            if well_known(old) or (self._keeps_uids and old == new):
                continue
            if forward.setdefault(old, new) != new or back.setdefault(new, old) != old:
                return False
        return True
