"""Pieces of a page: sections, tables and bars. Every text that is handed in is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

__all__ = ["Bar", "Markup", "bars", "code", "details", "mark", "page", "section", "table"]

_WIDTH: Final = 1000
_HEIGHT: Final = 20


def page(title: str, style: str, body: str, *, images: bool = False) -> str:
    """A whole document that may load nothing; with `images`, pictures that it holds itself may be shown."""
    policy = "default-src 'none'; style-src 'unsafe-inline'" + ("; img-src data:" if images else "")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def section(name: str, title: str, *content: str) -> str:
    """A section with a heading; `name` is where links lead."""
    inner = "\n".join(filter(None, content))
    return (
        f'<section id="{name}" aria-labelledby="{name}-h">\n<h2 id="{name}-h">{escape(title)}</h2>\n{inner}\n</section>'
    )


def details(summary: str, content: str) -> str:
    """Content that is folded away until asked for."""
    return f"<details>\n<summary>{escape(summary)}</summary>\n{content}\n</details>"


class Markup(str):
    """Text of a cell that is markup already."""

    __slots__ = ()


def code(text: str) -> Markup:
    return Markup(f"<code>{escape(text)}</code>")


def mark(kind: str, more: str = "") -> Markup:
    """An ending as a coloured label, and text beside it; the word says it all, the colour helps."""
    return Markup(f'<span class="mark {_class(kind)}">{escape(kind)}</span>{escape(more)}')


def _class(kind: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in kind)


def table(
    caption: str,
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: frozenset[int] | set[int] = frozenset(),
) -> str:
    """A table; the columns in `numbers` are right-aligned, the first of the others heads its row.

    Cells are escaped unless they are Markup.
    """
    first = next((n for n in range(len(head)) if n not in numbers), 0)
    titles = "".join(f'<th scope="col"{_align(n, numbers)}>{escape(title)}</th>' for n, title in enumerate(head))
    lines = "".join(_row(row, numbers, first) for row in rows)
    return (
        f'<div class="scroll" role="region" aria-label="{escape(caption)}" tabindex="0"><table>'
        f"<caption>{escape(caption)}</caption>\n<thead><tr>{titles}</tr></thead>\n<tbody>\n{lines}</tbody></table></div>"
    )


def _row(row: Sequence[str], numbers: frozenset[int] | set[int], first: int) -> str:
    cells = "".join(
        f'<th scope="row">{_cell(cell)}</th>' if n == first else f"<td{_align(n, numbers)}>{_cell(cell)}</td>"
        for n, cell in enumerate(row)
    )
    return f"<tr>{cells}</tr>\n"


def _align(column: int, numbers: frozenset[int] | set[int]) -> str:
    return ' class="number"' if column in numbers else ""


def _cell(cell: str) -> str:
    return cell if isinstance(cell, Markup) else escape(cell)


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a plot: `parts` are lengths along the bar by kind, `cells` what stands beside it as text."""

    label: str
    parts: Sequence[tuple[str, float]]
    cells: Sequence[str]


def bars(caption: str, label: str, head: Sequence[tuple[str, str]], rows: Sequence[Bar]) -> str:
    """Horizontal bars as a table, so that every figure can be read and heard; the drawing itself is decoration.

    `head` are title and kind ("" for none) of the text columns; the kind's colour is shown beside the title.
    """
    longest = max((sum(value for _, value in row.parts) for row in rows), default=0) or 1
    titles = "".join(f'<th scope="col" class="number">{_swatch(kind)}{escape(title)}</th>' for title, kind in head)
    lines = "".join(
        f'<tr><th scope="row">{escape(row.label)}</th><td class="drawing">{_drawing(row, longest)}</td>'
        + "".join(f'<td class="{"number none" if cell == "0" else "number"}">{escape(cell)}</td>' for cell in row.cells)
        + "</tr>\n"
        for row in rows
    )
    return (
        f'<div class="scroll" role="region" aria-label="{escape(caption)}" tabindex="0"><table class="plot">'
        f'<caption>{escape(caption)}</caption>\n<thead><tr><th scope="col">{escape(label)}</th>'
        f'<td class="drawing"></td>{titles}</tr></thead>\n<tbody>\n{lines}</tbody></table></div>'
    )


def _swatch(kind: str) -> str:
    if not kind:
        return ""
    return (
        f'<svg class="swatch" viewBox="0 0 10 10" aria-hidden="true" focusable="false">'
        f'<rect class="{_class(kind)}" width="10" height="10" rx="2"/></svg> '
    )


def _drawing(row: Bar, longest: float) -> str:
    shapes = []
    x = 0.0
    for kind, value in row.parts:
        if value <= 0:
            continue
        # What is there is seen: a part that would be thinner than a line is drawn as one.
        width = max(value / longest * _WIDTH, 3)
        shapes.append(f'<rect class="{_class(kind)}" x="{x:.1f}" width="{width:.1f}" height="{_HEIGHT}"/>')
        x += width
    return (
        f'<svg class="bar" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" aria-hidden="true" '
        f'focusable="false">{"".join(shapes)}</svg>'
    )
