"""The plots of the report: studies by modality and outcome, actions by kind, time by stage."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from deident.report.html import Bar, bars
from deident.report.model import ActionLine, StageTiming, StudyLine

__all__ = ["ACTIONS", "actions_by_kind", "duration", "studies_by_modality", "time_by_stage"]

_ENDINGS: Final = ("released", "released in part", "awaiting review", "skipped", "quarantined")
_MOST_ROWS: Final = 15

#: The letters of PS3.15 Table E.1-1, in words.
ACTIONS: Final = {
    "X": "removed",
    "Z": "emptied",
    "D": "replaced",
    "U": "UID remapped",
    "C": "cleaned",
    "K": "kept",
}


def studies_by_modality(studies: Iterable[StudyLine]) -> str:
    """How many studies of which modalities ended in which way; rare combinations are put together."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for study in studies:
        found[" + ".join(study.modalities) or "unknown"][study.ending] += 1
    order = sorted(found, key=lambda name: (-found[name].total(), name))
    if len(order) > _MOST_ROWS:
        rest = Counter[str]()
        for name in order[_MOST_ROWS - 1 :]:
            rest.update(found[name])
        found[label := f"{len(order) - _MOST_ROWS + 1} others"] = rest
        order = [*order[: _MOST_ROWS - 1], label]
    endings = [ending for ending in _ENDINGS if any(found[name][ending] for name in order)]
    rows = [
        Bar(
            name,
            [(ending, found[name][ending]) for ending in endings],
            [f"{found[name][ending]:,}" for ending in endings],
        )
        for name in order
    ]
    return bars("Studies by modality and outcome", "Modality", [(ending, ending) for ending in endings], rows)


def actions_by_kind(actions: Iterable[ActionLine]) -> str:
    """How many elements were removed, emptied, replaced, and so on."""
    counts: Counter[str] = Counter()
    private = 0
    for line in actions:
        if line.tag or line.action != "X":
            counts[line.action] += line.count
        else:
            private += line.count
    rows = [
        Bar(f"{words} ({letter})", [("action", counts[letter])], [f"{counts[letter]:,}"])
        for letter, words in ACTIONS.items()
        if counts[letter]
    ]
    if private:
        rows.insert(0, Bar("private, removed (X)", [("action", private)], [f"{private:,}"]))
    return bars("Elements by what was done to them, at all levels of all instances", "Action", [("Elements", "")], rows)


def time_by_stage(timings: Sequence[StageTiming]) -> str:
    """Seconds of all studies together per stage; stages of different studies overlap."""
    rows = [
        Bar(
            timing.stage,
            [("action", timing.total)],
            [
                f"{timing.studies:,}",
                duration(timing.total),
                duration(timing.median) if timing.stage != "discovery" else "–",
                duration(timing.longest) if timing.stage != "discovery" else "–",
            ],
        )
        for timing in timings
    ]
    head = [("Studies", ""), ("In all", ""), ("Median", ""), ("Slowest", "")]
    return bars("Time by stage; studies overlap, so that the sum is more than the clock says", "Stage", head, rows)


def duration(seconds: float) -> str:
    """`340 ms`, `12.5 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60:,} h {minutes % 60} min"
