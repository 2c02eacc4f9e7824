"""Write the tokens that stay so that the text reads well: single blanks, no dangling separators or brackets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from deident.engine.descriptor_tokens import DROP

__all__ = ["Piece", "join"]

#: Punctuation that may stay between tokens; everything else becomes a blank.
_ALLOWED: Final = frozenset(" -_/+.,:;()[]<>=*%^&'!?\r\n")
#: Separators that still separate when what stood between two of them is gone.
_KEPT_SEPARATORS: Final = frozenset({"_", ",", "/"})
#: Longer rules and heaps of empty lines say nothing.
_LONGEST_GAP: Final = 12
_BREAK: Final = re.compile(r"\r\n|\r|\n")
_ENDS: Final = re.compile(r"(?:[ \-_/,;=^&|<(\[']|(?<= )\+)+(?=[\r\n])|(?:[ \-_/,:;=^&|<(\[']|(?<= )\+)+$")
_STARTS: Final = re.compile(r"(?:^|(?<=[\r\n]))[ \-_/,:;.=^&|)\]'!?%]+")
_BRACKETS: Final = {")": "(", "]": "["}


@dataclass(slots=True, repr=False)
class Piece:
    """A token, the text between it and the one before, where it ends, and its kind so far."""

    token: str
    gap: str
    end: int
    kind: int
    lower: str = field(init=False)

    def __post_init__(self) -> None:
        self.lower = self.token.lower()


def join(pieces: list[Piece], rest: str) -> str:
    """The pieces that were not dropped. `rest`: what follows the last token."""
    out: list[str] = []
    dropped: list[str] = []
    for piece in pieces:
        if piece.kind == DROP:
            dropped.append(piece.gap)
            continue
        if dropped:
            out.append(_bridge([*dropped, piece.gap]) if out else "")
            dropped = []
        else:
            out.append(_gap(piece.gap))
        out.append(piece.token)
    if not out:
        return ""
    if not dropped:
        out.append(_gap(rest))
    return _tidied("".join(out))


@lru_cache(maxsize=1024)
def _gap(gap: str) -> str:
    if gap in (" ", ""):
        return gap
    kept = "".join(c if c in _ALLOWED else " " for c in gap)
    kept = re.sub(r" {2,}", " ", kept)
    kept = re.sub(r" *([\r\n]+) *", r"\1", kept)
    if len(kept) > _LONGEST_GAP:
        found = _BREAK.search(kept)
        return found.group() if found else " "
    return kept


def _bridge(gaps: list[str]) -> str:
    """What stands in place of dropped tokens: a line break, the separator on both sides of them, or a blank."""
    breaks = [found.group() for gap in gaps if (found := _BREAK.search(gap))]
    if breaks:
        stop = gaps[0][0] if gaps[0] and gaps[0][0] in ".:!?" and _BREAK.match(gaps[0], 1) else ""
        return stop + breaks[0]
    first, last = gaps[0].strip(" "), gaps[-1].strip(" ")
    if first == last and first in _KEPT_SEPARATORS:
        return ", " if first == "," else first
    return " "


def _tidied(text: str) -> str:
    if "(" in text or ")" in text or "[" in text or "]" in text:
        text = _balanced(text)
    text = _STARTS.sub("", _ENDS.sub("", text))
    return text.strip(" \r\n")


def _balanced(text: str) -> str:
    """Brackets that lost their partner or their content go."""
    opened: list[tuple[str, int]] = []
    unmatched: set[int] = set()
    for index, character in enumerate(text):
        if character in "([":
            opened.append((character, index))
        elif character in ")]":
            if opened and opened[-1][0] == _BRACKETS[character]:
                opened.pop()
            else:
                unmatched.add(index)
    unmatched.update(index for _, index in opened)
    text = "".join(" " if index in unmatched else c for index, c in enumerate(text))
    while (emptied := re.sub(r"\([ ,;.\-/]*\)|\[[ ,;.\-/]*\]", " ", text)) != text:
        text = emptied
    return re.sub(r" {2,}", " ", text)
