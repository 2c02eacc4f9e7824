"""Seeded damage: each kind is caught, with the reason that belongs to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deident.errors import Reason
from deident.validation import Claims
from support import builders
from support.cases import HOSPITAL
from support.damages import DAMAGES, ORIGINAL_UID, SLICE_UID, reasons_of, setting

LEAK, CLAIMS = Reason.LEAK, Reason.CLAIMS_WRONG


def test_there_are_more_than_fifty_kinds_and_no_two_are_the_same(study):
    damaged = {name: damage.do(study) for name, damage in DAMAGES.items()}
    contents = {
        tuple((case.output_of(n), pair.output_name, pair.pixel_data) for n, pair in enumerate(case.pairs))
        for case in (study, *damaged.values())
    }
    assert len(contents) == 1 + len(DAMAGES)
    assert len(DAMAGES) >= 50
    assert {damage.reason for damage in DAMAGES.values()} == {r for r in Reason if r.value.startswith("validation-")}
    print(f"{len(DAMAGES)} kinds of leak and damage")  # noqa: T201


@pytest.mark.parametrize("name", DAMAGES)
def test_each_kind_is_found(study, name):
    damage = DAMAGES[name]
    found = reasons_of(damage.do(study))
    assert found == {damage.reason} if damage.alone else damage.reason in found


def test_the_name_of_one_instance_is_searched_in_the_others(release):
    other = builders.build("mr", OperatorsName="Quentin^Zora")
    case = release(builders.build("ct"), other)
    assert case.findings() == []
    assert reasons_of(case.edited(setting("Manufacturer", "for Zora"))) == {LEAK}


def test_conformance_is_not_claimed_beside_a_kept_name(study):
    kept = replace(study, claims=replace(study.claims, kept=frozenset({"PatientName"})))
    assert CLAIMS in reasons_of(kept)


def test_what_a_user_keeps_is_no_leak(study):
    claims = Claims((), kept=frozenset({"PatientName"}), withheld=True)

    def change(content):
        content.PatientName = "Doe^Jane"
        content.Manufacturer = "for Jane"
        content.PatientIdentityRemoved = "NO"
        del content.DeidentificationMethodCodeSequence

    assert LEAK not in reasons_of(replace(study.edited(change), claims=claims))
    assert LEAK in reasons_of(replace(study.edited(change), claims=Claims(())))


@pytest.mark.parametrize("name", DAMAGES)
def test_no_finding_holds_a_value(study, name):
    found = DAMAGES[name].do(study).findings()
    assert found
    for finding in found:
        for word in ("Doe", "Jane", "4711", "Welby", HOSPITAL, "1965", ORIGINAL_UID, SLICE_UID):
            assert word.lower() not in f"{finding!r}{finding.detail}".lower()
