"""Validate the outputs of one study against its sources: every check, and findings that hold the study (DESIGN.md)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from deident.errors import Reason
from deident.validation.claims import claim_problems
from deident.validation.consistency import Links, StudyLinks, links_of
from deident.validation.elements import Node, Unreadable, place_of
from deident.validation.gathering import Gathering
from deident.validation.kinds import Exempt, kept_by_options, kept_concepts, tags_of
from deident.validation.leaks import Screen
from deident.validation.leftovers import leftovers, ruled_by_options
from deident.validation.model import Claims, DatePolicy, Finding, Kept, Pair
from deident.validation.objects import layout_problems, object_problems
from deident.validation.pixels import embedded_overlay_bits, pixel_problems, vouched_for
from deident.validation.private import places_of_creators, private_problems
from deident.validation.quiet import Warnings, pydicom_kept_quiet
from deident.validation.reading import Instance, read_instance
from deident.validation.temporal import TemporalCheck

__all__ = ["validate_study"]

#: Enough to see what is wrong; a study with one finding is held already.
_MOST_FINDINGS: Final = 1000


#: Parsed sources are kept between the passes up to about so many bytes; beyond, they are read again.
_KEPT_BYTES: Final = 64 << 20
_NODE_BYTES: Final = 250
_CONTENT_SEQUENCE: Final = 0x0040A730
_SOP_CLASS: Final = 0x00080016
_UID_NAME: Final = re.compile(r"[0-2](?:\.\d+)+")
_PADDING: Final = bytes(3)


@dataclass(slots=True)
class _Source:
    """A source after the first pass. `instance` is None when it has to be read again."""

    instance: Instance | None
    links: Links = field(repr=False)


def validate_study(
    pairs: Iterable[Pair], expected: Claims, unsearched: Callable[[str], object] = lambda _: None
) -> list[Finding]:
    """Check the outputs of one study; an empty list means that it may be released.

    Each pair is read twice at most. Findings hold tags, codes and counts only. `unsearched` is called with the reference of each
    output whose pixel data the store alone vouches for (`Pair.kept`): they were not searched for identifiers. Never raises for
    what an object holds; what its `read_at` raises passes through.
    """
    with pydicom_kept_quiet() as warnings:
        findings: list[Finding] = []
        for finding in _findings(list(pairs), expected, warnings, unsearched):
            findings.append(finding)
            if len(findings) >= _MOST_FINDINGS:
                break
        return findings


def _findings(
    pairs: list[Pair], claims: Claims, warnings: Warnings, unsearched: Callable[[str], object]
) -> Iterator[Finding]:
    study = _Study(claims, unsearched)
    sources: list[_Source | None] = []
    for pair in pairs:
        try:
            sources.append(study.gather(pair))
        except Unreadable as problem:
            sources.append(None)
            yield Finding(Reason.OBJECT_INVALID, "source", pair.reference, str(problem))
    screen = study.screen(warnings)
    for pair, source in zip(pairs, sources, strict=True):
        if source is None:
            continue
        try:
            yield from study.check(pair, source, screen)
        except Unreadable as problem:
            yield Finding(Reason.OBJECT_INVALID, "object", pair.reference, str(problem))
    for reference, detail in study.links.problems():
        yield Finding(Reason.STUDY_INCONSISTENT, "study", reference, detail)


class _Study:
    """What is known of a study between its two passes: first all sources, then every output."""

    def __init__(self, claims: Claims, unsearched: Callable[[str], object]) -> None:
        self._claims = claims
        self._unsearched = unsearched
        self._exempt = _exempt(claims)
        keeps_uids = claims.has("retain_uids")
        modifies_dates = claims.dates in (DatePolicy.SHIFTED, DatePolicy.YEAR)
        self._gathering = Gathering(self._exempt, keeps_uids, modifies_dates)
        self._temporal = TemporalCheck(claims.dates, claims.times)
        self.links = StudyLinks(keeps_uids=keeps_uids)
        self._layouts: dict[tuple[bytes, bytes], list[str]] = {}
        self._nodes: dict[Node, Node] = {}
        self._room = _KEPT_BYTES

    def gather(self, pair: Pair) -> _Source:
        """First pass: take up what identifies in a source."""
        instance = read_instance(pair.source)
        links = links_of(instance)
        if self._room <= 0 or instance.body is not pair.source:
            self._gathering.add(instance, instance.nodes)
            return _Source(None, links)
        instance.nodes, new = self._shared(instance.nodes)
        self._gathering.add(instance, instance.nodes if _CONTENT_SEQUENCE in instance.tops else new)
        return _Source(instance, links)

    def _shared(self, nodes: list[Node]) -> tuple[list[Node], list[Node]]:
        """One object for all equal elements of the study, and those elements that are new to it."""
        known = self._nodes
        new = [node for node in nodes if node not in known]
        known.update(zip(new, new, strict=True))
        shared = [known[node] for node in nodes]
        self._room -= sum(_NODE_BYTES + len(node[3] or b"") for node in new)
        return shared, new

    def screen(self, warnings: Warnings) -> Screen:
        matcher = self._gathering.matcher()
        days = self._gathering.day_matcher()
        compared = self._claims.dates is not DatePolicy.REMOVED
        return Screen(matcher, self._gathering.needles(), warnings, self._exempt, compared, days)

    def check(self, pair: Pair, source: _Source, screen: Screen) -> Iterator[Finding]:
        """Second pass: every check on one output."""
        before = source.instance or read_instance(pair.source)
        output = read_instance(pair.output)
        claims = self._claims.in_class(_class_of(output))
        self.links.add(pair.reference, source.links, links_of(output))
        look = _PixelLook(screen)
        planes = embedded_overlay_bits(before)
        kept = _kept(pair, before, output)
        pixels = pixel_problems(before, output, pair.pixel_data, planes, look, kept)
        if vouched_for(output, pair.pixel_data, kept):
            self._unsearched(pair.reference)
        leaking, undecodable = screen.leaks(output.nodes)
        if self._claims.creators:
            places = places_of_creators(output, self._claims.creators)
            leaking = [node for node in leaking if node[:2] not in places]
        had = {(node[1], node[3]) for node in before.nodes} if undecodable else set()
        checks = (
            (Reason.LEAK, "leak", [place_of(node) for node in leaking]),
            (Reason.LEAK, "leftover", [place_of(node) for node in self._leftovers(before, output)]),
            (Reason.LEAK, "leak", ["(7FE0,0010)"] if look.found else []),
            (Reason.LEAK, "leak", ["output-name"] if screen.matcher.in_text(self._name(pair)) else []),
            (Reason.PIXELS_CHANGED, "pixels", pixels),
            (Reason.OBJECT_INVALID, "object", self._object_problems(before, output)),
            (Reason.OBJECT_INVALID, "decode", [place_of(n) for n in undecodable if (n[1], n[3]) not in had]),
            (Reason.STUDY_INCONSISTENT, "dates", list(self._temporal.problems(before, output, _exempt(claims)))),
            (Reason.OBJECT_INVALID, "private", private_problems(output, self._claims)),
            (Reason.CLAIMS_WRONG, "claims", claim_problems(before, output, claims)),
        )
        for reason, check, details in checks:
            for detail in dict.fromkeys(details):
                yield Finding(reason, check, pair.reference, detail)

    def _leftovers(self, before: Instance, output: Instance) -> list[Node]:
        return leftovers(before.nodes, output.nodes, self._exempt, ruled_by_options(self._claims.options))

    def _name(self, pair: Pair) -> str:
        """The name of the output; without UIDs that the profile retains, whatever they are made of."""
        return _UID_NAME.sub("", pair.output_name) if self._claims.has("retain_uids") else pair.output_name

    def _object_problems(self, before: Instance, output: Instance) -> list[str]:
        layouts = (before.layout, output.layout)
        known = self._layouts.get(layouts)
        if known is None:
            known = self._layouts[layouts] = layout_problems(before, output)
        return object_problems(before, output) + known


def _exempt(claims: Claims) -> Exempt:
    return Exempt(kept_by_options(claims.options), tags_of(claims.kept), claims.vrs, kept_concepts(claims.options))


def _class_of(output: Instance) -> str:
    return output.tops.get(_SOP_CLASS, b"").strip(b"\0 ").decode("latin-1")


def _kept(pair: Pair, before: Instance, output: Instance) -> tuple[Kept, ...]:
    """Ranges that the store speaks for: of the objects themselves, not of what a deflated one inflates to."""
    return pair.kept if before.body is pair.source and output.body is pair.output else ()


class _PixelLook:
    """Looks for identifiers in consecutive blocks of pixel data, also where one block ends and the next begins."""

    __slots__ = ("_end", "_screen", "found")

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._end = b""
        self.found = False

    def __call__(self, block: bytes) -> None:
        if self.found:
            return
        needles = self._screen.needles
        self.found = needles.in_pixels(block) or needles.in_pixels(self._end + block[: needles.longest] + _PADDING)
        self._end = block[-needles.longest :] if needles.longest else b""
