"""What the validation tests share: outputs of the real engine, and ways to damage them."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import pytest
from pydicom import Dataset, dcmread, dcmwrite

from deident.engine import Deidentifier, materialise
from deident.profile import PixelRisk, Profile, preset
from deident.pseudonyms import ProjectKey, Pseudonyms
from deident.study.check import claims_of
from deident.validation import Claims, Finding, Pair, validate_study
from support import builders


@dataclass(frozen=True)
class Memory:
    """Bytes as a Source."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


RESEARCH = dataclasses.replace(preset("research"), pixel_risk=PixelRisk.ACCEPT)
_KEY = ProjectKey.generate()


@cache
def _engine(options: frozenset[str] | None, times: str) -> Deidentifier:
    return Deidentifier(_profile(options, times), Pseudonyms(_KEY, shift_times=times == "shift"))


def _profile(options: frozenset[str] | None, times: str) -> Profile:
    return RESEARCH if options is None else RESEARCH.changed(options=options, times=times)


@dataclass(frozen=True)
class Case:
    """Sources with the outputs that are to be validated for them."""

    pairs: tuple[Pair, ...]
    claims: Claims

    def findings(self) -> list[Finding]:
        return validate_study(self.pairs, self.claims)

    @property
    def source(self) -> bytes:
        return self.pairs[0].source.data  # type: ignore[attr-defined]

    @property
    def output(self) -> bytes:
        return self.pairs[0].output.data  # type: ignore[attr-defined]

    def with_output(self, data: bytes, index: int = 0) -> Case:
        return self.with_pair(index, output=Memory(data))

    def with_pair(self, index: int, **changes: object) -> Case:
        pairs = list(self.pairs)
        pairs[index] = replace(pairs[index], **changes)
        return replace(self, pairs=tuple(pairs))

    def edited(self, change: Callable[[Dataset], None], index: int = 0) -> Case:
        """The case with one output read by pydicom, changed and written again."""
        content = dcmread(io.BytesIO(self.pairs[index].output.data))  # type: ignore[attr-defined]
        change(content)
        target = io.BytesIO()
        dcmwrite(target, content)
        return self.with_output(target.getvalue(), index)


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


@cache
def _study() -> Case:
    return released(*_instances())


def _instances() -> list[bytes]:
    """Two CT slices and an RT plan of one study; the plan refers to both of them."""
    first = builders.dataset("ct")
    second = builders.dataset("ct", SOPInstanceUID=builders.uid("second"), InstanceNumber=2)
    third = builders.dataset("rt-plan")
    third.ReferencedStructureSetSequence = [_reference(first), _reference(second)]
    for content in (first, second, third):
        content.FrameOfReferenceUID = builders.uid("frame of reference")
        content.InstitutionName = "Kilnsea Hospital"
    return [builders.encode(content) for content in (first, second, third)]


def _reference(content: Dataset) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = content.SOPClassUID, content.SOPInstanceUID
    return reference


@pytest.fixture(scope="session")
def study() -> Case:
    """A clean study of three instances with references between them."""
    return _study()


@pytest.fixture(scope="session")
def release() -> Callable[..., Case]:
    """`release(*sources)`: what the engine makes of them."""
    return released


@pytest.fixture(scope="session")
def memory() -> type[Memory]:
    return Memory
