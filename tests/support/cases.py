"""Sources with the outputs that are to be validated for them: made by the real engine, and ready to be damaged."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from pydicom import Dataset, dcmread, dcmwrite

from deident.engine import Deidentifier, materialise
from deident.profile import PixelRisk, Profile, preset
from deident.pseudonyms import ProjectKey, Pseudonyms
from deident.study.check import claims_of
from deident.validation import Claims, Finding, Pair, validate_study
from support import builders

__all__ = ["HOSPITAL", "RESEARCH", "Case", "Memory", "released", "study_case", "study_instances"]

HOSPITAL = "Kilnsea Hospital"
RESEARCH = replace(preset("research"), pixel_risk=PixelRisk.ACCEPT)
_KEY = ProjectKey.generate()


@dataclass(frozen=True)
class Memory:
    """Bytes as a Source."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


@dataclass(frozen=True)
class Case:
    """Sources with the outputs that are to be validated for them."""

    pairs: tuple[Pair, ...]
    claims: Claims

    def findings(self) -> list[Finding]:
        return validate_study(self.pairs, self.claims)

    def source_of(self, index: int) -> bytes:
        """The bytes of an original."""
        return self.pairs[index].source.read_at(0, self.pairs[index].source.size)

    def output_of(self, index: int) -> bytes:
        """The bytes of an output."""
        return self.pairs[index].output.read_at(0, self.pairs[index].output.size)

    @property
    def source(self) -> bytes:
        return self.source_of(0)

    @property
    def output(self) -> bytes:
        return self.output_of(0)

    def with_output(self, data: bytes, index: int = 0) -> Case:
        return self.with_pair(index, output=Memory(data))

    def with_pair(self, index: int, **changes: object) -> Case:
        pairs = list(self.pairs)
        pairs[index] = replace(pairs[index], **changes)  # type: ignore[arg-type]
        return replace(self, pairs=tuple(pairs))

    def edited(self, change: Callable[[Dataset], object], index: int = 0) -> Case:
        """The case with one output read by pydicom, changed and written again."""
        content = dcmread(io.BytesIO(self.output_of(index)))
        change(content)
        target = io.BytesIO()
        dcmwrite(target, content)
        return self.with_output(target.getvalue(), index)


@cache
def _engine(options: frozenset[str] | None, times: str) -> Deidentifier:
    return Deidentifier(_profile(options, times), Pseudonyms(_KEY, shift_times=times == "shift"))


def _profile(options: frozenset[str] | None, times: str) -> Profile:
    return RESEARCH if options is None else RESEARCH.changed(options=options, times=times)


@cache
def released(*sources: bytes, options: frozenset[str] | None = None, times: str = "keep") -> Case:
    """What the engine releases for some sources, under other options than `research` where given. Raises Refusal."""
    pairs = []
    for number, data in enumerate(sources):
        source = Memory(data)
        done = _engine(options, times).deidentify(source)
        output = Memory(b"".join(materialise(done.segments, source)))
        pixel_data = done.statistics.pixel_data
        pairs.append(Pair(f"ref-{number}", source, output, done.identity.output_name, pixel_data))
    return Case(tuple(pairs), claims_of(_profile(options, times)))


def study_case() -> Case:
    """A clean study of three instances with references between them."""
    return released(*study_instances())


@cache
def study_instances() -> tuple[bytes, ...]:
    """Two CT slices and an RT plan of one study; the plan refers to both of them."""
    first = builders.dataset("ct")
    second = builders.dataset("ct", SOPInstanceUID=builders.uid("second"), InstanceNumber=2)
    third = builders.dataset("rt-plan")
    third.ReferencedStructureSetSequence = [_reference(first), _reference(second)]
    for content in (first, second, third):
        content.FrameOfReferenceUID = builders.uid("frame of reference")
        content.InstitutionName = HOSPITAL
    return tuple(builders.encode(content) for content in (first, second, third))


def _reference(content: Dataset) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = content.SOPClassUID, content.SOPInstanceUID
    return reference
