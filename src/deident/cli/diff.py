"""`deident diff`: what changed between an original and its output, and which rule decided it."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Final

from deident.cli.comparison import Change, Content, Kind, compare, read
from deident.cli.exits import EXIT_OK
from deident.engine import Deidentifier
from deident.errors import NotFound, Refusal, UsageProblem
from deident.profile import DEFAULT_PRESET, PixelRisk, Profile, preset
from deident.profile.rules import MARKERS
from deident.pseudonyms import ProjectKey, Pseudonyms
from deident.stores.places import is_s3, open_object

__all__ = ["NO_RULE", "Explanation", "diff"]

_DIFFERENT: Final = 1
_COLOURS: Final = {Kind.REMOVED: "31", Kind.EMPTIED: "33", Kind.CHANGED: "36", Kind.ADDED: "32", Kind.SAME: "2"}
#: What deident writes by itself whatever a profile says (PS3.10 7.1); no decision about the original names it.
_META: Final = "rebuilt: file meta information"
_MARKER: Final = "marker: says what was done (PS3.15 E.1.1)"
_PIXEL_DATA: Final = 0x7FE00010
#: Top-level elements that deident writes where the original has none.
_WRITTEN: Final = {**dict.fromkeys(MARKERS, _MARKER), 0x00101010: "age: derived from the birth date, which goes"}
NO_RULE: Final = "no rule of this profile: another profile, or not made by deident"

#: (tags of the sequences around it, tag).
_Place = tuple[tuple[int, ...], int]


def diff(options: argparse.Namespace) -> int:
    """Print each difference; 0 when there is none, 1 otherwise. Values are shown on request alone."""
    profile = preset(options.profile or DEFAULT_PRESET)
    original, output = options.original, options.output
    changes = [
        change
        for change in compare(_read(original, "the original"), _read(output, "the output"))
        if options.all or change.kind is not Kind.SAME
    ]
    explanation = Explanation(original, profile)
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    for change in changes:
        print(_line(change, explanation.of(change), colour=colour))
        if options.show_values and change.vr != "SQ" and change.kind is not Kind.SAME:
            print(f"          - {change.before}\n          + {change.after}")
    counts = Counter(change.kind for change in changes)
    different = sum(count for kind, count in counts.items() if kind is not Kind.SAME)
    words = ", ".join(f"{counts[kind]} {kind.value}" for kind in Kind if counts[kind] and kind is not Kind.SAME)
    print(f"{different} elements differ: {words}" if different else "No element differs.")
    if explanation.note and different:
        print(f"deident: {explanation.note}", file=sys.stderr)
    return _DIFFERENT if different else EXIT_OK


def _read(place: str, name: str) -> Content:
    problem = ""
    try:
        return read(_bytes(place))
    except OSError as error:
        problem = os.strerror(error.errno or 0)
    except NotFound:
        problem = os.strerror(errno.ENOENT)
    except Refusal as refusal:
        problem = refusal.reason.advice
    raise UsageProblem(f"{name} cannot be compared: {problem}")


def _bytes(place: str) -> bytes:
    if not is_s3(place):
        return Path(place).read_bytes()
    with open_object(place) as stored:
        return stored.read_at(0, stored.size)


class Explanation:
    """Which rule decided what became of an element: asked of the engine itself, with this profile.

    The pseudonyms are of a key that nobody has: only the decisions count. `note` says why there are none.
    """

    def __init__(self, original: str, profile: Profile) -> None:
        self._found: dict[_Place, dict[str, None]] = defaultdict(dict)
        self._pixels = ""
        self.note = ""
        engine = Deidentifier(profile.changed(pixel_risk=PixelRisk.ACCEPT), Pseudonyms(ProjectKey.generate()))
        try:
            with open_object(original) as source:
                result = engine.deidentify(source)
        except Refusal as refusal:
            self.note = f"no rules can be named: with this profile the original is held ({refusal.reason.value})"
            return
        self._pixels = result.statistics.pixel_data
        for decision in result.decisions:
            self._found[decision.path, decision.tag][f"{decision.action.value} {decision.because}"] = None

    def of(self, change: Change) -> str:
        """The action and what decided it; "" for an element that is equal, or when no rules can be named."""
        if self.note or change.kind is Kind.SAME:
            return ""
        if change.tag >> 16 == 2:
            return _META
        path = tuple(tag for tag, _ in change.path)
        if not path and change.tag in _WRITTEN and change.kind is Kind.ADDED:
            return _WRITTEN[change.tag]
        if not path and change.tag == _PIXEL_DATA:
            return f"pixel data: {self._pixels}"
        if (path, change.tag) in self._found:
            return " or ".join(self._found[path, change.tag])
        # A sequence that is replaced takes what is in it along.
        for depth in range(len(path), 0, -1):
            around = (path[: depth - 1], path[depth - 1])
            if around in self._found:
                return f"{' or '.join(self._found[around])}, by ({around[1] >> 16:04X},{around[1] & 0xFFFF:04X})"
        return NO_RULE


def _line(change: Change, because: str, *, colour: bool) -> str:
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
    return f"{word}  {indent}{change.place} {name} {change.vr} [{size}]  {because}".rstrip()
