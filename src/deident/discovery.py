"""Discovery: read the headers of everything in the source and group them by study."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from deident.cohort import Cohort
from deident.context import Context
from deident.engine import Limits
from deident.engine.headers import read_header
from deident.errors import Ending, NotFound, Reason, Refusal, TransientProblem
from deident.stores.names import key_text
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


def discover(context: Context, progress: Callable[[int], None] | None = None) -> Discovery:
    """Walk the whole source, header by header. `progress` is called with the number of inputs seen so far.

    Raises TransientProblem when the source cannot be listed for now; everything about single inputs is an outcome.
    """
    started = time.monotonic()
    found: dict[str, _Study] = {}
    others: list[InputOutcome] = []
    limits = Limits()
    for number, entry in enumerate(context.source.list(), 1):
        try:
            study_uid, modality = _identify(context.source, entry, limits, context.job.cohort)
        except Refusal as refusal:
            reference = context.pseudonyms.reference(key_text(entry.key))
            others.append(InputOutcome(reference, refusal.reason, refusal.detail))
        else:
            study = found.setdefault(study_uid, _Study())
            study.instances.append(InstanceRef(entry.key, entry.version, entry.size))
            study.modalities.add(modality)
        if progress is not None:
            progress(number)
    studies = (_reference(context, uid, study) for uid, study in found.items())
    ordered = tuple(sorted(studies, key=lambda study: study.id))
    return Discovery(ordered, tuple(others), seconds=time.monotonic() - started)


def _identify(source: Store, entry: Entry, limits: Limits, cohort: Cohort) -> tuple[str, str]:
    """Study Instance UID and modality of an input. Raises Refusal or TransientProblem and nothing else.

    An instance outside of the cohort is refused here: its study goes on as if it did not lie in the source.
    """
    if entry.problem is not None:
        raise Refusal(entry.problem)
    try:
        with source.open(entry.key) as opened:
            header = read_header(opened, limits)
        if not cohort.holds(header):
            raise Refusal(Reason.NOT_IN_COHORT)
        modality = header.modality.strip("\0 ")
        return header.study_uid.strip("\0 "), modality if modality in _MODALITIES else "other"
    except (Refusal, TransientProblem):
        raise
    except NotFound:
        reason = Reason.CHANGED
    except Exception:  # noqa: BLE001 - whatever it is: its text may quote the file
        reason = Reason.INTERNAL
    raise Refusal(reason)


def _reference(context: Context, study_uid: str, study: _Study) -> StudyRef:
    instances = tuple(sorted(study.instances, key=lambda instance: instance.key))
    content = "\n".join(f"{key_text(instance.key)}\0{instance.version}" for instance in instances)
    return StudyRef(
        id=context.pseudonyms.study_reference(study_uid),
        fingerprint=context.pseudonyms.reference(content),
        modalities=tuple(sorted(study.modalities)),
        instances=instances,
    )
