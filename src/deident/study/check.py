"""Hand a staged study to independent validation."""

from __future__ import annotations

import functools
import time
from collections import OrderedDict
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Final

from deident.context import Context, worker_context
from deident.errors import NotFound, Reason, Refusal, TransientProblem
from deident.job import Job, PixelProof
from deident.profile import DateMethod, Option, OverrideStrategy, Profile, TimeMethod
from deident.profile.rules import Rules
from deident.roots import Sessions
from deident.stores.protocol import OpenObject, Store
from deident.study.model import StagedInstance, StagedStudy, ValidatedStudy
from deident.study.pool import WorkerPool
from deident.validation import Claims, DatePolicy, Finding, Pair

__all__ = ["claims_of", "validate"]

_OPEN_AT_ONCE: Final = 32
#: What an audit record says of pixel data for which only the store speaks.
_COPIED: Final = PixelProof.COPIED.value
_LEAVES_SOMETHING: Final = frozenset({OverrideStrategy.KEEP, OverrideStrategy.SHIFT, OverrideStrategy.CLEAN})


@dataclass(frozen=True, slots=True)
class _Request:
    """What validation in a worker needs: references, where the pairs lie, and how many instances were held."""

    references: tuple[str, ...]
    staged: tuple[StagedInstance, ...] = field(repr=False)
    exclusions: int


@dataclass(frozen=True, slots=True)
class _Answer:
    """What validation found, and the references of outputs whose pixel data it did not search."""

    findings: tuple[Finding, ...]
    unsearched: tuple[str, ...] = ()


def validate(context: Context, staged: StagedStudy, pool: WorkerPool | None = None) -> ValidatedStudy:
    """Check every staged output and the study as a whole against the source. Any finding holds the study.

    A validation that cannot be finished is a finding too. Raises TransientProblem for what may pass.
    """
    started = time.monotonic()
    pairs = [(instance.reference, instance.staged) for instance in staged.instances if instance.staged is not None]
    if not pairs:
        return ValidatedStudy(staged, ())
    request = _Request(
        references=tuple(reference for reference, _ in pairs),
        # Validation gathers identifiers by itself: the map is none of its business.
        staged=tuple(replace(instance, entries=()) for _, instance in pairs),
        exclusions=len(staged.instances) - len(pairs),
    )
    if pool is None:
        answer = _validate(context, request)
    else:
        work = functools.partial(_validate_in_worker, context.job, context.run, context.sessions)
        (answer,) = pool.map(work, [request], lambda _: _unfinished(Reason.INTERNAL))
    return ValidatedStudy(_stated(staged, answer.unsearched), answer.findings, seconds=time.monotonic() - started)


def _stated(staged: StagedStudy, unsearched: Collection[str]) -> StagedStudy:
    """The study with the proof of their pixel data on the records of those outputs that were not searched."""
    if not unsearched:
        return staged
    instances = tuple(
        replace(instance, record=replace(instance.record, pixel_proof=_COPIED))
        if instance.reference in unsearched
        else instance
        for instance in staged.instances
    )
    return replace(staged, instances=instances)


def _validate_in_worker(job: Job, run: str, sessions: Sessions | None, requests: Sequence[_Request]) -> list[_Answer]:
    context = worker_context(job, run, sessions)
    with context.at_work():
        return [_validate(context, request) for request in requests]


def _validate(context: Context, request: _Request) -> _Answer:
    from deident.validation import validate_study  # noqa: PLC0415 - loads pydicom and numpy, for who validates alone

    sources, outputs = _Opened(context.source), _Opened(context.staging)
    pairs = (
        Pair(
            reference=reference,
            source=_Lazy(sources, staged.source.key, staged.source.version, staged.source.size),
            output=_Lazy(outputs, staged.key, staged.version, staged.size),
            output_name=staged.name,
            pixel_data=staged.pixel_data,
            kept=staged.kept,
        )
        for reference, staged in zip(request.references, request.staged, strict=True)
    )
    reason: Reason | None
    claims = claims_of(context.profile, request.exclusions)
    with sources, outputs:
        try:
            unsearched: list[str] = []
            return _Answer(tuple(validate_study(pairs, claims, unsearched.append)), tuple(unsearched))
        except TransientProblem:
            raise
        except Refusal as refusal:
            reason = refusal.reason
        except NotFound:
            reason = Reason.CHANGED
        except MemoryError:
            reason = None
        except Exception:  # noqa: BLE001 - whatever it is: its text may quote the instance
            reason = Reason.INTERNAL
    if reason is None:
        raise TransientProblem("the machine ran out of memory")
    return _unfinished(reason)


def claims_of(profile: Profile, exclusions: int = 0) -> Claims:
    """What a profile says was done, in the words of validation: all of it, and by SOP class where overrides name some."""
    rules = Rules(profile)
    claims = _claims(profile, rules, exclusions, None)
    if not rules.limits:
        return claims
    return replace(
        claims, by_class=tuple((c, _claims(profile, rules, exclusions, c)) for c in ("", *sorted(rules.limits)))
    )


def _claims(profile: Profile, rules: Rules, exclusions: int, sop_class: str | None) -> Claims:
    """The same for one SOP class ("": those that no override names), for all of them without one."""
    kept = [
        override
        for override in profile.overrides
        if override.strategy in _LEAVES_SOMETHING and (sop_class is None or override.sop_class in ("", sop_class))
    ]
    dates = DatePolicy.REMOVED
    if Option.RETAIN_LONGITUDINAL_FULL_DATES in profile.options:
        dates = DatePolicy.FULL
    elif Option.RETAIN_LONGITUDINAL_MODIFIED_DATES in profile.options:
        dates = DatePolicy.SHIFTED if profile.dates is DateMethod.SHIFT else DatePolicy.YEAR
    return Claims(
        codes=rules.codes(sop_class or ""),
        kept=profile.keep_tags | {f"{o.tags[-1]:08X}" for o in kept if o.tags},
        exclusions=exclusions,
        vrs=frozenset(o.vr for o in kept if o.vr),
        withheld=not (rules.conforms if sop_class is None else rules.conforms_in(sop_class)),
        options=frozenset(option.value for option in profile.options),
        dates=dates,
        times=dates is DatePolicy.SHIFTED and profile.times is TimeMethod.SHIFT,
        private=frozenset((p.creator, p.group, p.element) for p in profile.private),
        creators=frozenset(o.creator for o in kept if o.creator),
    )


def _unfinished(reason: Reason) -> _Answer:
    return _Answer((Finding(reason, "unfinished", "", ""),))


class _Opened:
    """Objects kept open, the last few used: a study can have more instances than a process may open files."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: OrderedDict[str, tuple[OpenObject, ExitStack]] = OrderedDict()

    def get(self, key: str, version: str) -> OpenObject:
        """The open object. Raises Refusal(CHANGED) when it is not the version that was de-identified."""
        found = self._open.get(key)
        if found is not None:
            self._open.move_to_end(key)
            return found[0]
        stack = ExitStack()
        opened = stack.enter_context(self._store.open(key))
        if opened.version != version:
            stack.close()
            raise Refusal(Reason.CHANGED)
        self._open[key] = (opened, stack)
        if len(self._open) > _OPEN_AT_ONCE:
            self._open.popitem(last=False)[1][1].close()
        return opened

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        while self._open:
            self._open.popitem()[1][1].close()


@dataclass(frozen=True, slots=True)
class _Lazy:
    """A source that is opened when it is read."""

    opened: _Opened = field(repr=False)
    key: str = field(repr=False)
    version: str = field(repr=False)
    size: int

    def read_at(self, offset: int, length: int) -> bytes:
        return self.opened.get(self.key, self.version).read_at(offset, length)
