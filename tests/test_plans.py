"""What the documents say of profiles is what profiles do: plans, conformance statements, the README, Safe Harbor."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from deident.engine.dummies import dummy_value
from deident.errors import ConfigurationError
from deident.profile import PRESETS, Action, Option, Override, OverrideStrategy, Profile, SitePrivate, preset
from deident.profile.conformance import conformance_statement
from deident.profile.decision import Decision
from deident.profile.explain import explain, explain_json
from deident.profile.file import read_profile
from deident.profile.rules import Place, Rules
from deident.standard import confidentiality, content_items, dictionary, iods
from deident.standard.sop_classes import SHORT_NAMES

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_plans", ROOT / "tools" / "make_plans.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = _tool()


@pytest.mark.parametrize("name", PRESETS)
def test_the_document_of_a_preset_is_the_committed_one(name: str) -> None:
    assert TOOL.plan_document(name) == (ROOT / "docs" / "plans" / f"{name}.md").read_text("utf-8")


def test_every_plan_that_is_committed_is_that_of_a_preset_and_every_preset_file_has_one() -> None:
    assert {path.stem for path in (ROOT / "docs" / "plans").glob("*.md")} == set(PRESETS)
    assert {path.stem for path in (ROOT / "src" / "deident" / "profile" / "presets").glob("*.toml")} == set(PRESETS)


def test_the_table_of_presets_in_the_readme_is_the_generated_one() -> None:
    assert TOOL.readme_with_table(README) == README
    assert README.count(TOOL.BEGIN) == README.count(TOOL.END) == 1


def test_the_table_of_presets_has_every_option_and_preset() -> None:
    for option in Option:
        assert f"({confidentiality.methods()[option.value].code})" in TOOL.preset_table()
    for name in PRESETS:
        assert f"(docs/plans/{name}.md)" in TOOL.preset_table()


def test_the_profile_file_in_the_readme_is_one_and_every_key_is_explained() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    assert len(read_profile(example, "trial").overrides) == 3
    table = README.split("| key | meaning |")[1].split("\n\n")[0]
    explained = {key for row in table.splitlines() for key in re.findall(r"`\[*([a-z_]+)\]*`", row.split(" | ")[0])}
    with pytest.raises(ConfigurationError) as refused:
        read_profile('"?" = 1\n', "trial")
    assert explained == set(str(refused.value).split("there are ")[1].split(", "))


# The plan


def _lines(profile: Profile, sop_class: str | None) -> dict[str, tuple[str, str]]:
    """Tag -> action letter and reason, as the plan prints them."""
    rows = re.findall(
        r"^\(([0-9A-F]{4},[0-9A-F]{4})\)  (\S*) +(\S+) +([KXZDUC]) ", explain(profile, sop_class), re.MULTILINE
    )
    return {tag: (keyword, action) for tag, keyword, _type, action in rows}


@pytest.mark.parametrize("sop_class", sorted(SHORT_NAMES))
def test_a_plan_says_of_every_attribute_what_the_rules_decide(sop_class: str) -> None:
    for name in PRESETS:
        found = _lines(preset(name), sop_class)
        assert len(found) > 60
        for tag, (keyword, action) in found.items():
            decision = _decision(name, sop_class, int(tag.replace(",", ""), 16))
            assert (decision.keyword, decision.action.value) == (keyword, action)


def _decision(name: str, sop_class: str, tag: int) -> Decision:
    uid = SHORT_NAMES[sop_class]
    iod, known = iods.iod_of(uid), dictionary.attribute(tag)
    assert iod is not None
    place = Place(iod, frozenset(range(len(iod.modules))), (), uid)
    return Rules(preset(name)).decide(place, tag, known.vrs[0] if known else "UN")


def test_a_plan_without_a_sop_class_has_every_row_of_the_table() -> None:
    found = _lines(preset("basic"), None)
    assert {f"{tag >> 16:04X},{tag & 0xFFFF:04X}" for tag in confidentiality.rows()} <= set(found)


SITE = Profile(
    name="site",
    options=frozenset({Option.RETAIN_SAFE_PRIVATE}),
    mode="strict",  # type: ignore[arg-type]
    allowed=frozenset({"Manufacturer"}),
    keep_tags=frozenset({"StudyDate"}),
    overrides=(
        Override(OverrideStrategy.REPLACE, tag="StudyID", value="SECRET"),
        Override(OverrideStrategy.HASH, path="RequestAttributesSequence>RequestedProcedureID"),
        Override(OverrideStrategy.REMOVE, vr="TM", sop_class=SHORT_NAMES["MR"]),
        Override(OverrideStrategy.REMOVE, creator="ACME 1"),
    ),
    private=(SitePrivate("ACME 2", 0x29, 0x10, "DS"),),
    terms=frozenset({"SECRETWORD"}),
)


def test_a_plan_tells_what_the_site_decides_and_no_value_of_it() -> None:
    plan = explain(SITE, "CT")
    for line in (
        "tag      StudyID: replace",
        "path     RequestAttributesSequence>RequestedProcedureID: hash",
        "creator  ACME 1: remove",
        "(0029,xx10)   K keep     DS of ACME 2, by the site's list",
        "Manufacturer: allowed by the site",
        "Mode: strict",
        "Declared codes (CID 7050): none: the profile keeps what the standard protects",
    ):
        assert line in plan
    assert "VR       TM" not in plan
    assert "VR       TM: remove in 1.2.840.10008.5.1.4.1.1.4" in explain(SITE)
    assert "SECRET" not in plan + conformance_statement(SITE)


# Content items

CONTENT = Profile(options=frozenset({Option.CLEAN_STRUCTURED_CONTENT}))


def _concepts(text: str) -> list[tuple[str, str, str, str]]:
    """Code with scheme, value type, code of the table and action letter, as the plan prints them."""
    line = re.compile(
        r"^(\S+ [A-Za-z]{2,5}) +\S.*? ([A-Z]{3,9}) +([XD/]+) +([KXZDUC]) (?:keep|remove|empty|replace|remap|clean)"
    )
    return [found.groups() for text_line in text.splitlines() if (found := line.match(text_line))]  # type: ignore[misc]


def test_a_plan_lists_every_concept_where_content_items_are_treated_one_by_one() -> None:
    rows = [(f"{row.code} {row.scheme}", row.value_type, row.basic) for row in content_items.rows()]
    for name in PRESETS:
        for sop_class, listed in ((None, True), ("SR", True), ("CT", False)):
            found = _concepts(explain(preset(name), sop_class))
            treated = Option.CLEAN_STRUCTURED_CONTENT in preset(name).options
            assert [entry[:3] for entry in found] == (rows if treated and listed else [])
    assert len(rows) == 214


def test_a_plan_says_of_a_concept_what_becomes_of_its_item() -> None:
    def action(profile: Profile, code: str, value_type: str) -> set[str]:
        found = _concepts(explain(profile, "SR"))
        return {letter for name, kind, _, letter in found if (name, kind) == (f"{code} DCM", value_type)}

    dated = CONTENT.changed(options=CONTENT.options | {Option.RETAIN_LONGITUDINAL_FULL_DATES})
    assert action(CONTENT, "111060", "DATE") == {"D"}  # Study Date is X/D
    assert action(dated, "111060", "DATE") == {"K"}
    assert action(dated, "121031", "DATE") == {"X"}  # Subject Birth Date
    assert action(CONTENT, "112040", "UIDREF") == {"U"}
    assert action(CONTENT, "121112", "IMAGE") == {"U"}
    assert action(CONTENT, "121033", "NUM") == {"X"}  # Subject Age
    site = dated.changed(overrides=(Override(OverrideStrategy.REMOVE, tag="0040,A121"),))
    assert action(site, "111060", "DATE") == {"D"}  # the rules decide, with what the site says


def test_the_plan_as_json_says_what_the_text_says() -> None:
    for name in PRESETS:
        for sop_class in (None, "SR", "CT"):
            plan = json.loads(json.dumps(explain_json(preset(name), sop_class)))
            lines = _lines(preset(name), sop_class)
            attributes = {entry["tag"].strip("()"): (entry["keyword"], entry["action"]) for entry in plan["attributes"]}
            assert attributes == lines
            concepts = [
                (f"{c['code']} {c['scheme']}", c["value_type"], c["table"], c["action"]) for c in plan["concepts"]
            ]
            assert concepts == _concepts(explain(preset(name)))
            assert plan["codes"] == list(Rules(preset(name)).codes())
    assert "SECRET" not in json.dumps(explain_json(SITE))
    assert explain_json(SITE, "CT")["overrides"][1] == {
        "strategy": "hash",
        "path": "RequestAttributesSequence>RequestedProcedureID",
    }
    assert [entry["strategy"] for entry in explain_json(SITE, "CT")["overrides"]] == ["replace", "hash", "remove"]


# The conformance statement

DUTIES = (
    "Profile, options and codes",
    "Attributes removed, emptied, replaced or cleaned",
    "Replacement values",
    "Scope of referential integrity",
    "Dates and times",
    "Descriptors",
    "Structured content and graphics",
    "Patient characteristics",
    "Private elements",
    "Pixel data",
    "Decisions of the site",
)


@pytest.mark.parametrize("option", Option)
def test_a_statement_names_every_duty_and_changes_with_every_option(option: Option) -> None:
    basic, other = Profile(options=frozenset()), Profile(options=frozenset({option}))
    for duty in DUTIES:
        assert f"\n## {duty}\n" in conformance_statement(other)
    assert conformance_statement(other) != conformance_statement(basic)
    assert f"({confidentiality.methods()[option.value].code})" in conformance_statement(other)


def test_a_statement_of_a_profile_that_keeps_what_is_protected_claims_nothing() -> None:
    statement = " ".join(conformance_statement(SITE).split())
    assert "no conformance is claimed. Patient Identity Removed (0012,0062) is NO" in statement
    assert "(0012,0064) has" not in statement


def test_a_statement_says_how_times_of_day_are_shifted() -> None:
    profile = preset("longitudinal").changed(times="shift")
    for text in (conformance_statement(profile), explain(profile)):
        assert "together with their times of day by 1 to 12 hours" in " ".join(text.split())
        assert "times of day stay" not in text
    assert "wraps around midnight" in " ".join(conformance_statement(profile).split())


def test_the_dummies_in_the_statement_are_those_of_the_engine() -> None:
    statement = " ".join(conformance_statement(preset("basic")).split())
    for tag, vr in ((0x00081030, "LO"), (0x00080020, "DA"), (0x00080030, "TM"), (0x00101010, "AS")):
        assert dummy_value(tag, vr).decode().strip() in statement


# Safe Harbor

SAFE_HARBOR = (ROOT / "docs" / "safe-harbor.md").read_text("utf-8")
_ROW = re.compile(r"^\| ([A-R]) \| [^|]+ \| ([^|]+) \| ([^|]+) \|", re.MULTILINE)
_ACTIONS = {
    "removed": {Action.REMOVE},
    "emptied": {Action.EMPTY, Action.REMOVE},
    "pseudonym": {Action.DUMMY},
    "remapped": {Action.UID},
    "replaced": {Action.DUMMY},
    "year": {Action.CLEAN},
    "capped": {Action.KEEP},
    "cleaned": {Action.CLEAN},
}


def _safe_harbor_rows() -> list[tuple[str, str, str]]:
    """(letter, keyword, action) for each attribute of the table."""
    return [
        (letter, keyword, action.strip())
        for letter, names, action in _ROW.findall(SAFE_HARBOR)
        for keyword in re.findall(r"`(\w+)`", names)
    ]


def test_all_18_identifiers_are_in_the_table() -> None:
    assert sorted(dict.fromkeys(letter for letter, _, _ in _ROW.findall(SAFE_HARBOR))) == list("ABCDEFGHIJKLMNOPQR")
    assert len(_safe_harbor_rows()) > 100


@pytest.mark.parametrize("sop_class", ["CT", "SR", "US"])
def test_every_attribute_of_the_safe_harbor_table_is_treated_as_it_says(sop_class: str) -> None:
    for letter, keyword, stated in _safe_harbor_rows():
        tag = dictionary.tag_of(keyword)
        assert tag is not None, keyword
        decision = _decision("safe-harbor", sop_class, tag)
        kind = _place_type(sop_class, tag)
        # Where the IOD wants a value there is a dummy, where it wants the attribute it is empty (RULES 2.3).
        instead = {
            "1": {Action.DUMMY, Action.UID},
            "1C": {Action.DUMMY, Action.UID},
            "2": {Action.EMPTY},
            "2C": {Action.EMPTY},
        }
        allowed = _ACTIONS[stated] | (instead.get(kind or "", set()) if stated in ("removed", "emptied") else set())
        assert decision.action in allowed, (letter, keyword, decision)
        if stated == "year":
            assert decision.method.value == "year", keyword
        if stated == "capped":
            assert decision.method.value == "age", keyword


def _place_type(sop_class: str, tag: int) -> str | None:
    iod = iods.iod_of(SHORT_NAMES[sop_class])
    assert iod is not None
    return Place(iod, frozenset(range(len(iod.modules))), ()).type_of(tag)


def test_everything_that_the_safe_harbor_preset_keeps_or_cleans_of_the_table_is_accounted_for() -> None:
    """What stays of Table E.1-1 is in the document's list, or is a date, a sequence that is walked, or cleaned text."""
    stays = set(re.findall(r"`(\w+)`", SAFE_HARBOR.split("## What stays, and why")[1].split("\n## ")[0]))
    for sop_class in ("CT", "SR", "US"):
        for tag, row in confidentiality.rows().items():
            known, decision = dictionary.attribute(tag), _decision("safe-harbor", sop_class, tag)
            if decision.action is Action.KEEP and known is not None and known.vrs[0] != "SQ":
                assert row.keyword in stays, row.keyword
