"""Runs the engine on bytes in tests: one fixed key, whole outputs in memory, endings as words."""

from __future__ import annotations

from functools import cache
from typing import Any

from deident.engine import Deidentified, Deidentifier, Limits, materialise
from deident.engine.part10 import BytesSource
from deident.errors import Refusal
from deident.profile import Profile, preset
from deident.pseudonyms import ProjectKey, Pseudonyms

__all__ = ["KEY", "deidentified", "deidentifier", "ending", "fresh", "output", "profile_named"]

KEY = ProjectKey(bytes(range(32)))
"""The key of all tests: outputs can be compared with what is committed."""


def fresh(name: str = "basic", limits: Limits = Limits(), **changes: Any) -> Deidentifier:
    """A new engine for a profile (`profile_named`) with changes; images that may show text are accepted unless told."""
    profile = profile_named(name).changed(**{"pixel_risk": "accept", **changes})
    days = {"date_range_days": profile.date_range_days, "date_multiple": profile.date_multiple}
    days["shift_times"] = profile.times == "shift"
    return Deidentifier(profile, Pseudonyms(KEY, prefix=profile.patient_prefix, **days), limits)


def profile_named(name: str) -> Profile:
    """A preset, or `basic+option+option`: the Basic Profile with these options."""
    base, *options = name.split("+")
    return preset(base).changed(options=frozenset(options)) if options else preset(base)


@cache
def deidentifier(name: str = "basic", risk: str = "accept") -> Deidentifier:
    """The engine for a profile (`profile_named`) that all tests share, with caches as warm as a long run makes them."""
    return fresh(name, pixel_risk=risk)


def deidentified(engine: Deidentifier, data: bytes) -> tuple[Deidentified, bytes]:
    """What the engine says of an instance, and the output. Raises Refusal."""
    source = BytesSource(data)
    result = engine.deidentify(source)
    return result, b"".join(materialise(result.segments, source))


def output(engine: Deidentifier, data: bytes) -> bytes:
    """The output for an instance. Raises Refusal."""
    return deidentified(engine, data)[1]


def ending(engine: Deidentifier, data: bytes) -> str:
    """`released`, or the reason code with which the instance is held or skipped."""
    try:
        output(engine, data)
    except Refusal as refusal:
        return refusal.reason.value
    return "released"
