"""Every kind of damage on the whole path of a study: the engine makes it, nothing else knows, and nothing is released."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pytest

from deident.context import Context
from deident.engine import Deidentified, Deidentifier, materialise
from deident.engine.segments import Source
from deident.ledger import Outcome, StudyOutcome
from deident.study import process_study
from deident.validation import Claims, Pair
from support.cases import Case, Memory, study_instances
from support.damages import DAMAGES, Damage
from support.ledgers import check
from support.studies import only_study, open_job, outputs, tree

JOB = {"profile": "research", "pixel_risk": "accept"}
UNDAMAGED = {"released": 3, "skipped": 0, "quarantined": 0}


@dataclass(frozen=True)
class Damaging:
    """An engine that is right but for one damage to what it makes of the study."""

    engine: Deidentifier
    damage: Damage

    @cached_property
    def results(self) -> list[Deidentified]:
        return [self.engine.deidentify(Memory(data)) for data in study_instances()]

    @cached_property
    def damaged(self) -> Case:
        pairs = []
        for number, (data, done) in enumerate(zip(study_instances(), self.results, strict=True)):
            output = Memory(b"".join(materialise(done.segments, Memory(data))))
            name, pixel_data = done.identity.output_name, done.statistics.pixel_data
            pairs.append(Pair(f"ref-{number}", Memory(data), output, name, pixel_data))
        return self.damage.do(Case(tuple(pairs), Claims(self.results[0].codes)))

    def deidentify(self, source: Source) -> Deidentified:
        number = study_instances().index(source.read_at(0, source.size))
        done, pair = self.results[number], self.damaged.pairs[number]
        patient, study, series, sop = pair.output_name.removesuffix(".dcm").rsplit("/", 3)
        return replace(
            done,
            segments=[self.damaged.output_of(number)],
            identity=replace(done.identity, patient=patient, study_uid=study, series_uid=series, sop_uid=sop),
            statistics=replace(done.statistics, pixel_data=pair.pixel_data),
        )


def run(tmp_path: Path) -> StudyOutcome:
    with open_job(tmp_path, **JOB) as context:
        return process_study(context, only_study(context))


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    for number, data in enumerate(study_instances()):
        (tmp_path / "source" / f"{number}.dcm").write_bytes(data)
    return tmp_path


@pytest.mark.parametrize("name", DAMAGES)
def test_nothing_is_released(planted: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    damage = DAMAGES[name]
    engine = Context.engine
    monkeypatch.setattr(Context, "engine", lambda context: Damaging(engine(context), damage))
    outcome = run(planted)
    assert outcome.outcome is Outcome.QUARANTINED
    assert damage.reason.value in outcome.record.reasons
    assert outcome.record.counts == {"released": 0, "skipped": 0, "quarantined": 3}
    assert outputs(planted) == []
    assert not (planted / "destination").exists() or tree(planted / "destination") == {}
    assert list((planted / "home" / "staging").iterdir()) == []
    (log,) = [json.loads(data) for data in tree(planted / "home" / "audit").values()]
    assert {(file["ending"], file["output"]) for file in log["files"]} == {("quarantined", None)}
    assert log["summary"]["quarantined"] == 3
    assert "Doe" not in json.dumps(log)


def test_without_damage_all_of_it_is_released(planted: Path) -> None:
    outcome = run(planted)
    assert (outcome.outcome, outcome.record.counts) == (Outcome.RELEASED, UNDAMAGED)
    assert len(outputs(planted)) == 3


def test_what_a_damage_held_is_released_once_it_is_gone(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        engine = Context.engine
        patched.setattr(Context, "engine", lambda context: Damaging(engine(context), DAMAGES["name in base64"]))
        assert run(planted).outcome is Outcome.QUARANTINED
    with open_job(planted, force=True, **JOB) as context:
        assert process_study(context, only_study(context)).record.counts == UNDAMAGED
    assert "record-changed" not in {problem.trouble.value for problem in check(planted / "home").problems}
