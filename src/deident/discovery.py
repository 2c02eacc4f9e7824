"""Discovery: read the headers of everything in the source and group them by study."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

from deident.context import Context
from deident.engine import Limits
from deident.engine.headers import read_header
from deident.errors import Ending, NotFound, PlaceProblem, Reason, Refusal, TransientProblem
from deident.roots import absolute
from deident.seen import Known, Seen
from deident.stores.names import key_text
from deident.stores.places import is_s3
from deident.stores.protocol import Entry, Store

__all__ = ["Discovery", "InputOutcome", "InstanceRef", "StudyRef", "discover"]

#: The defined terms of Modality (0008,0060) in PS3.3 C.7.3.1.1.1, retired ones included. Others are shown as `other`: a
#: code string could hold anything, and this one goes into names and reports.
_TERMS: Final = (
    "ANN AR ASMT AU BDUS BI BMD CD CF CFM CP CR CS CT CTPROTOCOL DD DF DG DM DMS DOC DS DX EC ECG EEG EMG EOG EPS "
    "ES FA FID FS GM HC HD IO IOL IVOCT IVUS KER KO LEN LP LS M3D MA MG MR MS NM OAM OCT OP OPM OPMAP OPT OPTBSV "
    "OPTENF OPV OSS OT PA PLAN POS PR PT PX REG RESP RF RG RTDOSE RTIMAGE RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN "
    "RTSTRUCT RWV SEG SM SMR SR SRF ST STAIN TEXTUREMAP TG US VA VF VIDD XA XAPROTOCOL XC"
)
_MODALITIES: Final = frozenset(_TERMS.split())
#: Threads that read headers from S3, and entries of the listing that they may be ahead of what is grouped.
THREADS: Final = 24
_AHEAD: Final = 4 * THREADS


@dataclass(frozen=True, slots=True)
class InstanceRef:
    """One input of a study: where it lies in the source store. `size` in bytes."""

    key: str = field(repr=False)
    version: str = field(repr=False)
    size: int


@dataclass(frozen=True, slots=True)
class StudyRef:
    """A study of the source. `id` is opaque; `fingerprint` changes when any of its inputs does."""

    id: str
    fingerprint: str
    modalities: tuple[str, ...]
    instances: tuple[InstanceRef, ...] = field(repr=False)

    @property
    def count(self) -> int:
        return len(self.instances)

    @property
    def size(self) -> int:
        """Bytes of all inputs."""
        return sum(instance.size for instance in self.instances)


@dataclass(frozen=True, slots=True)
class InputOutcome:
    """An input that belongs to no study. `reference` is the keyed reference of its path."""

    reference: str
    reason: Reason
    detail: str = ""

    @property
    def ending(self) -> Ending:
        return self.reason.ending


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a source holds: studies, sorted by their opaque id, and the inputs in none of them; found in `seconds`."""

    studies: tuple[StudyRef, ...]
    others: tuple[InputOutcome, ...]
    seconds: float = 0.0

    @property
    def inputs(self) -> int:
        return len(self.others) + sum(study.count for study in self.studies)


@dataclass(slots=True)
class _Study:
    instances: list[InstanceRef] = field(default_factory=list, repr=False)
    modalities: set[str] = field(default_factory=set)
    youngest: float = 0.0


def discover(context: Context, progress: Callable[[int], None] | None = None) -> Discovery:
    """Walk the whole source, header by header. `progress` is called with the number of inputs seen so far.

    In S3 several threads read headers, and those of objects that an earlier run has read are not read again. A study whose
    youngest object is younger than `quiet_seconds` is left for a later run. Raises TransientProblem when the source
    cannot be listed for now; everything about single inputs is an outcome.
    """
    started = time.monotonic()
    found: dict[str, _Study] = {}
    others: list[InputOutcome] = []
    seen = _seen(context)
    for number, (entry, known) in enumerate(_identified(context, seen), 1):
        if known.reason is not None:
            others.append(_other(context, entry.key, known.reason, known.detail))
        else:
            study = found.setdefault(known.study, _Study())
            study.instances.append(InstanceRef(entry.key, entry.version, entry.size))
            study.modalities.add(known.modality)
            study.youngest = max(study.youngest, entry.modified or 0.0)
        if progress is not None:
            progress(number)
    if seen is not None:
        seen.save(context.run)
    others += (_other(context, key, Reason.ARRIVING, "an upload") for key in _uploads(context.source))
    quiet_since = time.time() - context.job.quiet_seconds
    for identifier in [name for name, study in found.items() if study.youngest > quiet_since]:
        if context.job.quiet_seconds:
            others += (_other(context, i.key, Reason.ARRIVING) for i in found.pop(identifier).instances)
    studies = (_reference(context, identifier, study) for identifier, study in found.items())
    ordered = tuple(sorted(studies, key=lambda study: study.id))
    return Discovery(ordered, tuple(others), seconds=time.monotonic() - started)


def _other(context: Context, key: str, reason: Reason, detail: str = "") -> InputOutcome:
    return InputOutcome(context.pseudonyms.reference(key_text(key)), reason, detail)


def _seen(context: Context) -> Seen | None:
    """The index of what was read before. A header in a folder costs less than looking it up."""
    if not is_s3(context.job.source) or not context.job.preserve_studies or context.ledger.seal is None:
        return None
    place = absolute(context.job.source)
    return Seen(context.staging, context.ledger.seal, context.pseudonyms, place, context.job.cohort)


def _uploads(source: Store) -> Iterator[str]:
    """Keys of uploads that nobody has completed so far, where the source knows of such and may tell."""
    if isinstance(source, HoldsUploads):
        with contextlib.suppress(PlaceProblem):
            yield from source.uploads()


def _identified(context: Context, seen: Seen | None) -> Iterator[tuple[Entry, Known]]:
    """Every input of the source with what its header tells, in the order of the listing."""
    limits = Limits()

    def identify(entry: Entry, reference: str) -> Known:
        known = _identify(context, entry, limits)
        if seen is not None:
            seen.add(reference, known)
        return known

    if not is_s3(context.job.source):
        for entry in context.source.list():
            yield entry, identify(entry, "")
        return
    waiting: deque[tuple[Entry, Known | Future[Known]]] = deque()
    with ThreadPoolExecutor(THREADS, thread_name_prefix="deident-headers") as pool:
        try:
            for entry in context.source.list():
                reference = seen.reference(entry) if seen is not None else ""
                before = seen.get(reference) if seen is not None else None
                waiting.append((entry, before or pool.submit(identify, entry, reference)))
                while waiting and (len(waiting) > _AHEAD or isinstance(waiting[0][1], Known)):
                    yield _result(*waiting.popleft())
            while waiting:
                yield _result(*waiting.popleft())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _result(entry: Entry, known: Known | Future[Known]) -> tuple[Entry, Known]:
    return entry, known if isinstance(known, Known) else known.result()


def _identify(context: Context, entry: Entry, limits: Limits) -> Known:
    """Study and modality of an input, or why it has none. Raises TransientProblem and nothing else.

    An instance outside of the cohort has none here: its study goes on as if it did not lie in the source.
    """
    if entry.problem is not None:
        return Known(reason=entry.problem)
    try:
        with context.source.open(entry.key) as opened:
            if opened.version != entry.version:
                return Known(reason=Reason.CHANGED)
            header = read_header(opened, limits)
        if not context.job.cohort.holds(header):
            return Known(reason=Reason.NOT_IN_COHORT)
        modality = header.modality.strip("\0 ")
        study = context.pseudonyms.study_reference(header.study_uid.strip("\0 "))
        return Known(study, modality if modality in _MODALITIES else "other")
    except Refusal as refusal:
        return Known(reason=refusal.reason, detail=refusal.detail)
    except TransientProblem:
        raise
    except NotFound:
        reason = Reason.CHANGED
    except Exception:  # noqa: BLE001 - whatever it is: its text may quote the file
        reason = Reason.INTERNAL
    return Known(reason=reason)


def _reference(context: Context, identifier: str, study: _Study) -> StudyRef:
    instances = tuple(sorted(study.instances, key=lambda instance: instance.key))
    content = "\n".join(f"{key_text(instance.key)}\0{instance.version}" for instance in instances)
    return StudyRef(
        id=identifier,
        fingerprint=context.pseudonyms.reference(content),
        modalities=tuple(sorted(study.modalities)),
        instances=instances,
    )


@runtime_checkable
class HoldsUploads(Protocol):
    """A store that can tell of uploads in parts that are not complete."""

    def uploads(self) -> Iterator[str]: ...
