"""A profile in words: everything it decides is told, nothing that a site wrote is quoted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deident.discovery import Discovery
from deident.profile import (
    PRESETS,
    DateMethod,
    Mode,
    Option,
    Override,
    OverrideStrategy,
    PixelRisk,
    Profile,
    SitePrivate,
    Strategy,
)
from deident.profile.words import profile_words
from deident.report import build_report
from deident.standard import confidentiality
from support.studies import NAME, open_job


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_is_told_in_words(tmp_path: Path, name: str) -> None:
    (tmp_path / "source").mkdir()
    with open_job(tmp_path, profile=name) as context:
        assert len(build_report(context, Discovery((), ()), []).profile_words) >= 3


def test_what_a_site_keeps_on_its_own_is_counted_and_not_quoted(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    profile = Profile(
        keep_tags=frozenset({"PatientAddress"}),
        strategies={"PatientName": Strategy.REMOVE},
        age_cap=None,
        overrides=(Override(OverrideStrategy.REPLACE, tag="StudyID", value=f"{NAME[:10]}"),),
        private=(SitePrivate(NAME, 0x29, 0x10, "LO"),),
        terms=frozenset({NAME}),
    )
    with open_job(tmp_path) as context:
        words = " ".join(build_report(replace(context, profile=profile), Discovery((), ()), []).profile_words)
    assert "no conformance is claimed" in words
    assert "in 1 override." in words
    assert "Planted" not in words


@pytest.mark.parametrize("option", Option)
def test_every_option_is_told_with_its_code(option: Option) -> None:
    words = " ".join(profile_words(Profile(options=frozenset({option}))))
    assert f"({confidentiality.methods()[option.value].code})" in words


def test_every_mode_date_method_strategy_and_risk_has_its_own_words() -> None:
    modified = frozenset({Option.RETAIN_LONGITUDINAL_MODIFIED_DATES})
    profiles = [
        *(Profile(mode=mode) for mode in Mode),
        *(Profile(options=modified, dates=dates) for dates in DateMethod),
        *(Profile(strategy=strategy) for strategy in Strategy),
        *(Profile(pixel_risk=risk) for risk in PixelRisk),
        Profile(options=modified, date_multiple=7),
    ]
    told = {tuple(profile_words(profile)) for profile in profiles}
    # The defaults of mode, strategy and risk are one and the same profile.
    assert len(told) == len(profiles) - 2
