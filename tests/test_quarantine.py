"""The quarantine desk: what is held, since when, and doing just that again."""

from __future__ import annotations

from pathlib import Path

import pytest

from deident.discovery import discover
from deident.errors import Reason, UsageProblem
from deident.ledger import Ledger, Outcome
from deident.quarantine import HeldStudy, Selection, held_instances, held_studies, held_study, narrowed, retry
from support.studies import NAME, PATIENT_ID, open_job, outputs, whole_run, write_instance, write_study

RISKY, PARTLY, FINE = "1.2.3", "1.2.4", "1.2.5"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project after its first run: one study held, one held in part, one released."""
    write_study(tmp_path / "source" / NAME, RISKY, 2, BurnedInAnnotation="YES")
    write_study(tmp_path / "source", PARTLY, 1)
    write_instance(tmp_path / "source" / "risky", PARTLY, 2, BurnedInAnnotation="YES")
    write_study(tmp_path / "source", FINE, 1)
    whole_run(tmp_path, "first")
    return tmp_path


def held_of(place: Path) -> dict[str, HeldStudy]:
    """Held studies by their original UID."""
    with open_job(place) as context:
        found = {study.study: study for study in held_studies(context.ledger)}
        ids = {context.pseudonyms.study_reference(uid): uid for uid in (RISKY, PARTLY, FINE)}
    return {ids[study]: held for study, held in found.items()}


def test_the_desk_has_what_is_held_in_whole_or_in_part(place: Path) -> None:
    held = held_of(place)
    assert set(held) == {RISKY, PARTLY}
    assert (held[RISKY].held, held[RISKY].in_part) == (2, False)
    assert (held[PARTLY].held, held[PARTLY].in_part) == (1, True)
    assert held[RISKY].reasons == {Reason.PIXEL_RISK: 2}
    assert {study.since for study in held.values()} == {"first"}


def test_a_study_is_held_since_the_run_that_held_it_first(place: Path) -> None:
    whole_run(place, "second", force=True)
    assert held_of(place)[RISKY].since == "first"
    assert held_of(place)[RISKY].record.run == "second"
    whole_run(place, "third", pixel_risk="accept")
    assert held_of(place) == {}
    whole_run(place, "fourth", force=True)
    assert held_of(place)[RISKY].since == "fourth"


def test_held_inputs_are_told_by_reference_with_the_place_of_the_problem(place: Path) -> None:
    with open_job(place) as context:
        study = held_of(place)[RISKY]
        instances = held_instances(context.audit, study)
        assert held_study(context.ledger, study.study) == study
    assert [(one.reason, one.detail) for one in instances] == [(Reason.PIXEL_RISK, "(0028,0301) is YES")] * 2
    shown = repr(instances) + repr(study)
    for secret in (*NAME.split("^"), PATIENT_ID, str(place)):
        assert secret not in shown


@pytest.mark.parametrize("study", ["a" * 16, "", "../..", "x/y"])
def test_a_study_that_is_not_held_is_wrong_use(place: Path, study: str) -> None:
    with pytest.raises(UsageProblem):
        held_study(Ledger(open_job(place).ledger.store), study)


def test_a_selection_is_by_study_by_reason_or_all(place: Path) -> None:
    held = held_of(place)
    everything = list(held.values())
    assert Selection(everything=True).of(everything) == everything
    assert Selection(reason=Reason.PIXEL_RISK).of(everything) == everything
    assert Selection(reason=Reason.LEAK).of(everything) == []
    assert Selection(studies=frozenset({held[RISKY].study})).of(everything) == [held[RISKY]]
    for wrong in (
        Selection(),
        Selection(reason=Reason.LEAK, everything=True),
        Selection(frozenset({held[RISKY].study}), everything=True),
        Selection(studies=frozenset({"a" * 16})),
    ):
        with pytest.raises(UsageProblem):
            wrong.of(everything)


def test_a_retry_does_the_chosen_studies_and_no_other(place: Path) -> None:
    chosen = held_of(place)[RISKY].study
    before = len(outputs(place))
    with open_job(place, "retry", force=True, pixel_risk="accept") as context:
        found, missing = narrowed(discover(context), {chosen, "a" * 16})
        assert missing == 1
        told: list[str] = []
        (outcome,) = retry(context, found, None, lambda outcome: told.append(outcome.study))
    assert told == [chosen]
    assert outcome.outcome is Outcome.RELEASED
    assert len(outputs(place)) == before + 2
    assert set(held_of(place)) == {PARTLY}


def test_a_retry_without_force_would_do_nothing_and_is_refused(place: Path) -> None:
    with open_job(place) as context, pytest.raises(UsageProblem):
        retry(context, discover(context), None, lambda _: None)
