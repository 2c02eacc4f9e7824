from dataclasses import replace

import pytest

from deident.flows.artifacts import rows, summary
from deident.flows.deidentification import NOTHING_NEW, WITH_QUARANTINE, _final_state
from deident.report import ReasonLine, RunReport, StudyLine
from deident.report.model import CheckLine
from deident.tasks.safelog import is_allowed, is_allowed_message


def study(name, outcome="released", *, unchanged=False, quarantined=0):
    return StudyLine(
        study=name,
        modalities=("CT", "SR"),
        outcome=outcome,
        unchanged=unchanged,
        released=3,
        skipped=1,
        quarantined=quarantined,
        reasons={"pixel-risk": quarantined} if quarantined else {},
        manifest_version=1,
    )


def report(*studies, quarantined=0):
    return RunReport(
        run="20261122t170000z-0a1b2c",
        finished="2026-11-22T17:00:01.000Z",
        version="0.1.0",
        profile="research",
        profile_digest="sha256:0",
        profile_words=("Basic Profile.",),
        inputs={"released": 3, "skipped": 1, "quarantined": quarantined},
        studies_by_outcome={},
        unchanged=sum(line.unchanged for line in studies),
        reasons=(ReasonLine("pixel-risk", "quarantined", 2, "Look at it."),),
        studies=studies,
        places={"audit": "audit/run in the project home"},
    )


def test_the_summary_says_what_to_do_and_where_things_are():
    text = summary(report(study("a"), study("b", unchanged=True), quarantined=2))
    assert "- **2 quarantined**, `pixel-risk`: Look at it." in text
    assert "1 of 2 studies had been done by an earlier run." in text
    assert "- **audit**: `audit/run in the project home`" in text


def test_the_summary_tells_of_the_checks():
    built = replace(report(study("a")), checks=(CheckLine("validation-leak", "No identifier stands.", 5, 2),))
    assert "- 3 of 5 studies: No identifier stands." in summary(built)
    assert "Checks" not in summary(report(study("a")))


def test_the_summary_says_what_was_not_searched():
    text = summary(replace(report(study("a")), unsearched=2))
    assert "**2 outputs: pixels proved by version and range, not searched for text**" in text
    assert "searched" not in summary(report(study("a")))


def test_the_table_begins_with_what_was_not_released():
    table = rows(report(study("a"), study("b", "quarantined", quarantined=2), study("c", unchanged=True)))
    assert [row["study"] for row in table] == ["b", "a", "c"]
    assert table[0]["released / skipped / quarantined"] == "3 / 1 / 2"
    assert table[2]["outcome"] == "released (unchanged)"


@pytest.mark.parametrize(
    ("built", "unfinished", "name", "kind"),
    [
        (report(study("a")), 0, "Completed", "COMPLETED"),
        (report(study("a"), quarantined=2), 0, WITH_QUARANTINE, "COMPLETED"),
        (report(study("a", unchanged=True), quarantined=2), 0, NOTHING_NEW, "COMPLETED"),
        (report(study("a")), 1, "Failed", "FAILED"),
    ],
)
def test_the_final_state_tells_the_truth_in_words_that_may_be_stored(built, unfinished, name, kind):
    state = _final_state(built, unfinished)
    assert (state.name, state.type.value) == (name, kind)
    assert is_allowed_message(state.message)
    assert is_allowed(f"Finished in state {state}")
