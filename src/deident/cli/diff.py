"""`deident diff`: what changed between an original and its output, and which rule decided it."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deident.cli.comparison import Change, Content, Kind, compare, read
from deident.cli.exits import EXIT_OK
from deident.engine import Deidentifier
from deident.errors import Refusal, UsageProblem
from deident.profile import DEFAULT_PRESET, PixelRisk, Profile, preset
from deident.profile.rules import MARKERS
from deident.pseudonyms import ProjectKey, Pseudonyms
from deident.stores.files import open_file

__all__ = ["diff"]

_DIFFERENT: Final = 1
_COLOURS: Final = {Kind.REMOVED: "31", Kind.EMPTIED: "33", Kind.CHANGED: "36", Kind.ADDED: "32", Kind.SAME: "2"}
#: What deident writes by itself whatever a profile says (PS3.10 7.1); no decision about the original names it.
_META: Final = "rebuilt: file meta information"
_MARKER: Final = "marker: says what was done (PS3.15 E.1.1)"
_NO_RULE: Final = "no rule of this profile: another profile, or not made by deident"

#: (tags around it, tag) -> what decided, by the engine itself.
Because = Mapping[tuple[tuple[int, ...], int], tuple[str, ...]]


def diff(options: argparse.Namespace) -> int:
    """Print each difference; 0 when there is none, 1 otherwise. Values are shown on request alone."""
    profile = preset(options.profile or DEFAULT_PRESET)
    original, output = Path(options.original), Path(options.output)
    changes = [
        change
        for change in compare(_read(original, "the original"), _read(output, "the output"))
        if options.all or change.kind is not Kind.SAME
    ]
    because, note = _decisions(original, profile)
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    for change in changes:
        print(_line(change, because, colour=colour))
        if options.show_values and change.vr != "SQ" and change.kind is not Kind.SAME:
            print(f"          - {change.before}\n          + {change.after}")
    counts = Counter(change.kind for change in changes)
    different = sum(count for kind, count in counts.items() if kind is not Kind.SAME)
    words = ", ".join(f"{counts[kind]} {kind.value}" for kind in Kind if counts[kind] and kind is not Kind.SAME)
    print(f"{different} elements differ: {words}" if different else "No element differs.")
    if note and different:
        print(f"deident: {note}", file=sys.stderr)
    return _DIFFERENT if different else EXIT_OK


def _read(path: Path, name: str) -> Content:
    problem = ""
    try:
        return read(path.read_bytes())
    except OSError as error:
        problem = os.strerror(error.errno or 0)
    except Refusal as refusal:
        problem = refusal.reason.advice
    raise UsageProblem(f"{name} cannot be compared: {problem}")


def _decisions(original: Path, profile: Profile) -> tuple[Because, str]:
    """What the engine decides about the original with this profile, and a word when it decides nothing.

    The pseudonyms are of a key that nobody has: only the decisions count.
    """
    engine = Deidentifier(profile.changed(pixel_risk=PixelRisk.ACCEPT), Pseudonyms(ProjectKey.generate()))
    found: dict[tuple[tuple[int, ...], int], dict[str, None]] = defaultdict(dict)
    try:
        with open_file(str(original)) as source:
            for decision in engine.deidentify(source).decisions:
                found[decision.path, decision.tag][f"{decision.action.value} {decision.because}"] = None
    except Refusal as refusal:
        return {}, f"no rules can be named: with this profile the original is held ({refusal.reason.value})"
    return {place: tuple(names) for place, names in found.items()}, ""


def _line(change: Change, because: Because, *, colour: bool) -> str:
    indent = "  " * len(change.path)
    unit = "items" if change.vr == "SQ" else "bytes"
    old, new = change.length
    size = {
        Kind.REMOVED: f"{old} {unit}",
        Kind.EMPTIED: f"{old} {unit}",
        Kind.ADDED: f"{new} {unit}",
        Kind.SAME: f"{new} {unit}",
    }.get(change.kind, f"{old} -> {new} {unit}")
    word = f"{change.kind.value:<8}"
    if colour:
        word = f"\x1b[{_COLOURS[change.kind]}m{word}\x1b[0m"
    name = change.keyword or ("private" if change.tag >> 16 & 1 else "")
    return f"{word}  {indent}{change.place} {name} {change.vr} [{size}]  {_because(change, because)}".rstrip()


def _because(change: Change, because: Because) -> str:
    if not because or change.kind is Kind.SAME:
        return ""
    if change.tag >> 16 == 2:
        return _META
    if change.kind is Kind.ADDED and change.tag in MARKERS and not change.path:
        return _MARKER
    path = tuple(tag for tag, _ in change.path)
    names = because.get((path, change.tag), ())
    return " or ".join(names) if names else _NO_RULE
