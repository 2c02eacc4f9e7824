"""One page per study: first, middle and last frame of every series, those at pixel risk first; and an index per run."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from deident.context import Context
from deident.engine.pixelrisk import pixel_risk
from deident.qa.thumbnails import Header, Thumbnail, read_header, thumbnail
from deident.report.html import Markup, code, page, section, table
from deident.report.page import style
from deident.report.words import counted
from deident.stores.protocol import Store
from deident.study.model import StagedInstance
from deident.validation.quiet import pydicom_kept_quiet

__all__ = ["write_index", "write_page"]

_RISKY: Final = re.compile(r'<main id="content" data-series="(\d+)" data-risky="(\d+)">')


@dataclass(frozen=True, slots=True)
class _Series:
    """The outputs of a series that can be shown, in order; `risk` says why they may show text."""

    uid: str
    instances: tuple[tuple[StagedInstance, Header], ...]
    others: int
    unreadable: int
    risk: str

    def frames(self) -> list[tuple[StagedInstance, int, int]]:
        """(output, its frame, position among all frames of the series) of the first, the middle and the last one."""
        total = sum(header.frames for _, header in self.instances)
        wanted = sorted({0, total // 2, total - 1}) if total else []
        found, start = [], 0
        for instance, header in self.instances:
            found += [(instance, n - start, n) for n in wanted if start <= n < start + header.frames]
            start += header.frames
        return found


def write_page(context: Context, study: str, staged: Sequence[StagedInstance]) -> None:
    """Write the page of a study whose outputs still lie in staging. What cannot be decoded is named on it."""
    with pydicom_kept_quiet():
        series = [_series(context.staging, uid, instances) for uid, instances in _grouped(staged).items()]
        series.sort(key=lambda one: (not one.risk, one.uid))
        parts = [_section(context.staging, number, one) for number, one in enumerate(series, 1)]
    risky = sum(bool(one.risk) for one in series)
    body = (
        '<a class="skip" href="#content">Skip to the content</a>\n'
        f"<header><h1>Outputs to look at</h1>\n<p>Study {code(study)}, run {code(context.run)}. Pictures of outputs: "
        "keep this page as you keep the originals until somebody has looked.</p>\n"
        '<p><a href="index.html">All studies of this run</a></p></header>\n'
        f'<main id="content" data-series="{len(series)}" data-risky="{risky}">\n' + "\n".join(parts) + "\n</main>"
    )
    html = page(f"Outputs to look at, study {study}", style(), body, images=True)
    context.qa.put(f"{context.run}/{study}.html", html.encode(), overwrite=True)


def write_index(context: Context) -> None:
    """Write the list of the run's pages, studies at pixel risk first; nothing when there are none."""
    found = []
    for entry in list(context.qa.list(f"{context.run}/")):
        with context.qa.open(entry.key) as opened:
            match = _RISKY.search(opened.read_at(0, 1 << 16).decode("utf-8", "ignore"))
        if match:
            study = entry.key.rpartition("/")[2].removesuffix(".html")
            found.append((study, int(match[1]), int(match[2])))
    if not found:
        return
    found.sort(key=lambda entry: (-entry[2], entry[0]))
    rows = [
        (Markup(f'<a href="{escape(study)}.html">{escape(study)}</a>'), f"{series:,}", f"{risky:,}")
        for study, series, risky in found
    ]
    listing = table("Studies, those at pixel risk first", ("Study", "Series", "Series at risk"), rows, numbers={1, 2})
    body = (
        f"<header><h1>Outputs to look at</h1>\n<p>Run {code(context.run)}</p></header>\n"
        f'<main id="content">{listing}</main>'
    )
    html = page(f"Outputs to look at, run {context.run}", style(), body)
    context.qa.put(f"{context.run}/index.html", html.encode(), overwrite=True)


def _grouped(staged: Sequence[StagedInstance]) -> dict[str, list[StagedInstance]]:
    found: dict[str, list[StagedInstance]] = defaultdict(list)
    for instance in staged:
        found[instance.name.split("/")[2]].append(instance)
    return found


def _series(store: Store, uid: str, instances: Sequence[StagedInstance]) -> _Series:
    shown, others, unreadable, risks = [], 0, 0, dict[str, None]()
    for instance in instances:
        try:
            with store.open(instance.key) as opened:
                header = read_header(opened)
        except Exception:  # noqa: BLE001 - it is counted and told; its text may quote the object
            unreadable += 1
            continue
        if header is None:
            others += 1
            continue
        shown.append((instance, header))
        if risk := pixel_risk(header.sop_class, header.risk):
            risks[risk] = None
    shown.sort(key=lambda entry: (entry[1].number, entry[0].name))
    return _Series(uid, tuple(shown), others, unreadable, "; ".join(risks))


def _section(store: Store, number: int, series: _Series) -> str:
    total = sum(header.frames for _, header in series.instances)
    risk = (
        f'<p><span class="mark quarantined">pixel risk</span> {escape(series.risk)}</p>'
        if series.risk
        else '<p class="quiet">Nothing says that these images show text.</p>'
    )
    if not series.instances:
        risk = ""
    pictures = []
    for instance, frame, position in series.frames():
        with store.open(instance.key) as opened:
            pictures.append(_figure(thumbnail(opened, frame), instance, position, total))
    others = f"<p>{counted(series.others, 'object')} without pictures.</p>" if series.others else ""
    others += (
        f"<p><strong>{counted(series.unreadable, 'output')} cannot be read.</strong></p>" if series.unreadable else ""
    )
    listing = f'<ul class="thumbs">{"".join(pictures)}</ul>' if pictures else ""
    outputs = len(series.instances) + series.others + series.unreadable
    title = f"Series {number}: {counted(outputs, 'output')}, {counted(total, 'frame')}"
    return section(f"series-{number}", title, f"<p>{code(series.uid)}</p>", risk, listing, others)


def _figure(picture: Thumbnail, instance: StagedInstance, position: int, total: int) -> str:
    caption = f"frame {position + 1:,} of {total:,}"
    name = instance.name.rpartition("/")[2]
    if picture.png:
        shown = f'<img src="data:image/png;base64,{picture.png}" alt="{caption}" loading="lazy">'
    else:
        shown = f"<p><strong>{escape(picture.problem)}</strong></p>"
    return f"<li><figure>{shown}<figcaption>{caption}<br>{code(name)}</figcaption></figure></li>"
