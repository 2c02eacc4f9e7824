"""A site's overrides as rules: which of several decides, what each strategy becomes by type, and when claims are withdrawn."""

from __future__ import annotations

import pytest

from deident.errors import ConfigurationError
from deident.profile import Action, Override, Profile, preset
from deident.profile.decision import Method
from deident.profile.rules import Place, Rules
from deident.standard import dictionary, iods

CT, MR, SR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.88.33"
REQUEST = 0x00400275
STEP_ID, STUDY_DATE, STUDY_DESCRIPTION = 0x00400009, 0x00080020, 0x00081030


def place(sop_class: str = CT, path: tuple[int, ...] = ()) -> Place:
    iod = iods.iod_of(sop_class)
    assert iod is not None
    return Place(iod, frozenset(range(len(iod.modules))), path, sop_class)


def rules(*overrides: dict[str, str], base: str = "basic", **changes: object) -> Rules:
    made = tuple(Override(**override) for override in overrides)  # type: ignore[arg-type]
    return Rules(preset(base).changed(overrides=made, **changes))


def decided(found: Rules, tag: int, at: Place | None = None) -> tuple[Action, str, Method]:
    known = dictionary.attribute(tag)
    assert known is not None
    decision = found.decide(at or place(), tag, known.vrs[0])
    return decision.action, decision.because, decision.method


def test_a_path_beats_a_tag_and_a_tag_beats_a_vr() -> None:
    by_vr = {"vr": "SH", "strategy": "keep"}
    by_tag = {"tag": "ScheduledProcedureStepID", "strategy": "hash"}
    by_path = {"path": "RequestAttributesSequence>0040,0009", "strategy": "replace", "value": "X"}
    nested = place(path=(REQUEST,))
    for order in ([by_vr, by_tag, by_path], [by_path, by_tag, by_vr]):
        assert decided(rules(*order), STEP_ID, nested) == (Action.DUMMY, "override:replace", Method.CONSTANT)
        assert decided(rules(*order), STEP_ID) == (Action.DUMMY, "override:hash", Method.HASH)
        assert decided(rules(*order), 0x00081010)[1] == "override:keep"
    assert decided(rules(by_vr, by_tag), STEP_ID, nested)[1] == "override:hash"
    assert decided(rules(by_vr), STEP_ID, nested)[1] == "override:keep"
    # A path is the whole way from the top: elsewhere the attribute is another one.
    assert decided(rules(by_path), STEP_ID, place(path=(0x00081111, REQUEST)))[1].startswith("E.1-1")


def test_a_limit_to_a_sop_class_holds_there_alone_and_beats_what_has_none() -> None:
    limited = {"tag": "StudyDescription", "strategy": "clean", "sop_class": CT}
    general = {"tag": "StudyDescription", "strategy": "empty"}
    for order in ([limited, general], [general, limited]):
        assert decided(rules(*order), STUDY_DESCRIPTION)[1] == "override:clean"
        assert decided(rules(*order), STUDY_DESCRIPTION, place(MR))[1] == "override:empty"
    assert decided(rules(limited), STUDY_DESCRIPTION, place(MR))[1].startswith("E.1-1")


def test_an_override_beats_tags_to_keep_strategies_and_options() -> None:
    found = rules(
        {"tag": "PatientName", "strategy": "empty"},
        {"tag": "PatientSex", "strategy": "remove"},
        {"tag": "StudyDate", "strategy": "remove"},
        base="research",
        keep_tags=["StudyDate"],
        strategy="replace",
    )
    for tag in (0x00100010, 0x00100040, STUDY_DATE):
        assert decided(found, tag)[0] is Action.EMPTY


@pytest.mark.parametrize("strategy", ["empty", "remove"])
def test_what_is_emptied_or_removed_still_gets_what_its_type_demands(strategy: str) -> None:
    checked = set()
    for sop_class in (CT, SR, "1.2.840.10008.5.1.4.1.1.481.5", "1.2.840.10008.5.1.4.1.1.11.1"):
        at = place(sop_class)
        for tag in sorted(at.iod.marks | {0x00080060, 0x00200011, 0x00100010, 0x0040A730, 0x0040A043, 0x0008002A}):
            known, kind = dictionary.attribute(tag), at.type_of(tag)
            assert known is not None
            try:
                found = rules({"tag": f"{tag:08X}", "strategy": strategy})
            except ConfigurationError:
                continue
            decision = found.decide(at, tag, known.vrs[0])
            checked.add(kind)
            if kind in ("1", "1C"):
                walked = decision.action is Action.KEEP and known.vrs[0] == "SQ"
                assert decision.action in (Action.DUMMY, Action.UID) or walked, known.keyword
                assert not decision.overridden
            elif kind in ("2", "2C"):
                assert decision.action is Action.EMPTY or (decision.action is Action.DUMMY and known.vrs[0] == "SQ")
            else:
                assert decision.action in (Action.REMOVE, Action.EMPTY), known.keyword
    assert {"1", "2", "3"} <= checked


def test_nothing_overrides_what_says_how_to_read_the_object_or_what_deident_writes() -> None:
    for tag in ("0008,0016", "0008,0018", "0020,000D", "0020,000E", "0008,0005", "Rows", "BitsAllocated", "PixelData"):
        for strategy in ("remove", "empty"):
            with pytest.raises(ConfigurationError, match="it cannot be overridden"):
                Override(strategy, tag=tag)  # type: ignore[arg-type]
    for tag in ("PatientIdentityRemoved", "LongitudinalTemporalInformationModified"):
        with pytest.raises(ConfigurationError, match="deident writes this attribute itself"):
            Override("keep", tag=tag)  # type: ignore[arg-type]
    for tag in ("6000,3000", "6002,0022", "5000,3000"):
        with pytest.raises(ConfigurationError, match="never stays"):
            Override("keep", tag=tag)  # type: ignore[arg-type]
    for vr, tag in (("US", 0x00280010), ("UI", 0x00080018), ("CS", 0x00080005), ("CS", 0x00120062)):
        assert not decided(rules({"vr": vr, "strategy": "remove"}), tag)[1].startswith("override")


@pytest.mark.parametrize(
    ("base", "override", "conforms"),
    [
        # what takes more away, or puts something else there, needs no cover
        ("basic", {"tag": "StudyDate", "strategy": "remove"}, True),
        ("basic", {"tag": "StudyID", "strategy": "empty"}, True),
        ("basic", {"tag": "StudyDescription", "strategy": "hash"}, True),
        ("basic", {"tag": "StudyDescription", "strategy": "replace", "value": "X"}, True),
        ("basic", {"creator": "ACME", "strategy": "remove"}, True),
        # what the standard does not protect may stay
        ("basic", {"tag": "Manufacturer", "strategy": "keep"}, True),
        ("basic", {"tag": "ManufacturerModelName", "strategy": "clean"}, True),
        # what it protects may not
        ("basic", {"tag": "StudyDate", "strategy": "keep"}, False),
        ("basic", {"tag": "StudyDate", "strategy": "shift"}, False),
        ("basic", {"tag": "StudyDescription", "strategy": "clean"}, False),
        ("basic", {"path": "RequestAttributesSequence>ScheduledProcedureStepID", "strategy": "keep"}, False),
        ("basic", {"tag": "PatientBirthDateInAlternativeCalendar", "strategy": "keep"}, False),
        ("basic", {"tag": "ConstraintViolationSignificance", "strategy": "keep"}, True),
        ("basic", {"tag": "TextValue", "strategy": "keep"}, False),
        ("basic", {"creator": "ACME", "strategy": "keep"}, False),
        ("basic", {"vr": "LO", "strategy": "clean"}, False),
        # unless an option covers it
        ("research", {"tag": "PatientSex", "strategy": "keep"}, True),
        ("retain-all-safe", {"tag": "StudyDate", "strategy": "keep"}, True),
        ("longitudinal", {"tag": "StudyDate", "strategy": "shift"}, True),
        ("longitudinal", {"tag": "StudyDescription", "strategy": "clean"}, True),
        ("longitudinal", {"tag": "TextValue", "strategy": "clean"}, True),
        # and an option that cleans does not cover what is kept
        ("longitudinal", {"tag": "StudyDate", "strategy": "keep"}, False),
        ("longitudinal", {"tag": "StudyDescription", "strategy": "keep"}, False),
        ("longitudinal", {"tag": "TextValue", "strategy": "keep"}, False),
    ],
)
def test_claims_are_withdrawn_exactly_when_something_protected_stays(
    base: str, override: dict[str, str], conforms: bool
) -> None:
    found = rules(override, base=base)
    assert found.conforms is conforms
    assert (found.codes()[:1] == ("113100",)) is conforms
    assert bool(found.codes()) is conforms


def test_an_override_for_one_sop_class_withdraws_the_claim_there_alone() -> None:
    kept = {"tag": "StudyDate", "strategy": "keep", "sop_class": CT}
    found = rules(kept)
    assert (found.conforms, found.conforms_in(CT), found.conforms_in(MR), found.conforms_in("")) == (
        *(False, False),
        *(True, True),
    )
    assert (found.codes(CT), found.codes(MR)) == ((), ("113100",))
    assert (found.leaves_dates(CT), found.leaves_dates(MR)) == (True, False)
    everywhere, removed = {"tag": "StudyDate", "strategy": "keep"}, {**kept, "strategy": "remove"}
    assert not rules(everywhere, removed).conforms_in(MR)
    assert rules(everywhere, removed).conforms_in(CT)  # there the narrower one holds


def test_unlisted_dates_and_names_are_protected_as_listed_ones_are() -> None:
    for keyword in ("DateOfGainCalibration", "ContentCreatorName"):
        assert not Rules(Profile(keep_tags=frozenset({keyword}))).conforms


def test_one_override_that_keeps_is_not_hidden_by_another_that_cleans() -> None:
    keeps = {"path": "RequestAttributesSequence>ScheduledProcedureStepDescription", "strategy": "keep"}
    cleans = {"tag": "ScheduledProcedureStepDescription", "strategy": "clean"}
    for order in ([keeps, cleans], [cleans, keeps]):
        assert not rules(*order, base="longitudinal").conforms
    assert rules(cleans, base="longitudinal").conforms
    assert not rules(cleans, base="longitudinal", keep_tags=["ScheduledProcedureStepDescription"]).conforms


def test_no_value_of_a_site_stands_in_a_repr() -> None:
    override = Override("replace", tag="StudyID", value="SECRET")  # type: ignore[arg-type]
    assert "SECRET" not in repr(override) + repr(preset("basic").changed(overrides=(override,)))
