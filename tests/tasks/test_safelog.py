import logging

import pytest

from deident.tasks.safelog import AllowListFilter, Event, event_text, is_allowed, is_allowed_message

CANARY = "ZZTOP^CANARY"
STUDY = "abcdefgh234567ab"


def record(message, *args, name="prefect.flow_runs", **attributes):
    made = logging.LogRecord(name, logging.ERROR, __file__, 1, message, args, None)
    vars(made).update(attributes)
    return made


@pytest.mark.parametrize("event", Event)
def test_every_event_of_ours_is_allowed_with_its_facts(event):
    assert is_allowed(event_text(event))
    assert is_allowed(event_text(event, study=STUDY, reason="broken", seconds=0.214, instances=12, released=11))


@pytest.mark.parametrize(
    "text",
    [
        "Beginning flow run 'deidentify-20261122t170000z-0a1b2c' for flow 'deidentify'",
        "Finished in state Completed()",
        "Finished in state Completed with quarantine('3 released, 1 quarantined', type=COMPLETED)",
        "Finished in state Failed('Task run encountered an exception RunError: broken in release')",
        "Task run failed with exception: RunError('os-enospc at deident.study:41') - Retries are exhausted",
        "Task run failed with exception: RunError('transient') - Retry 1/3 will start 2.1 second(s) from now",
        "Validation of flow parameters failed with error: parameters in deidentify job.workers: less_than_equal",
        "Crash detected! Execution was aborted by a termination signal.",
        "View at http://127.0.0.1:4270/runs/flow-run/8d5dbc67-2a10-4cf4-98ef-22a81bd37cbc",
        "Completed submission of flow run '8d5dbc67-2a10-4cf4-98ef-22a81bd37cbc'",
    ],
)
def test_messages_of_prefect_about_safe_runs_are_allowed(text):
    assert is_allowed(text)


@pytest.mark.parametrize(
    "text",
    [
        CANARY,
        "",
        f"Finished in state Failed('{CANARY}')",
        f"Beginning flow run '{CANARY}' for flow 'deidentify'",
        f"study released: study={CANARY}",
        "study released: study=doe",
        "study released: name=doe",
        "study released for john doe",
        f"Task run failed with exception: ValueError('{CANARY}')",
        f"Finished in state Completed()\n{CANARY}",
        f"Crash detected! Execution was interrupted by an unexpected exception: Panic: {CANARY}",
    ],
)
def test_everything_else_is_not_allowed(text):
    assert not is_allowed(text)
    assert not is_allowed_message(text)


def test_a_withheld_record_keeps_its_place_but_not_its_text():
    try:
        raise ValueError(CANARY)
    except ValueError as problem:
        held = record(f"{CANARY} %s", CANARY, exc_info=(ValueError, problem, problem.__traceback__), stack_info=CANARY)
    assert AllowListFilter().filter(held)
    assert held.getMessage() == "error of prefect.flow_runs withheld: it may hold a value"
    assert CANARY not in logging.Formatter().format(held)


def test_an_allowed_record_loses_its_traceback_all_the_same():
    try:
        raise ValueError(CANARY)
    except ValueError as problem:
        kept = record("Finished in state %s", "Completed()", exc_info=(ValueError, problem, problem.__traceback__))
    AllowListFilter().filter(kept)
    assert logging.Formatter().format(kept) == "Finished in state Completed()"


def test_the_name_of_a_foreign_logger_is_withheld_too():
    held = record(CANARY, name=CANARY)
    AllowListFilter().filter(held)
    assert CANARY not in held.getMessage()


def test_filtering_twice_changes_nothing_more():
    held = record(CANARY)
    AllowListFilter().filter(held)
    text = held.getMessage()
    AllowListFilter().filter(held)
    assert held.getMessage() == text


def test_in_a_foreign_process_only_our_own_runs_are_filtered():
    AllowListFilter.names.add("a-task-of-ours")
    ours = record(CANARY, task_name="a-task-of-ours", flow_name="their-etl")
    theirs = record("their own message", task_name="their-task", flow_name="their-etl")
    for each in (ours, theirs):
        AllowListFilter(scope="ours").filter(each)
    assert CANARY not in ours.getMessage()
    assert theirs.getMessage() == "their own message"
