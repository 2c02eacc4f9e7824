"""The compiled profile: every row of the table has a decision, and no row breaks an IOD."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deident.errors import ConfigurationError
from deident.profile import Action, Option, Profile, Strategy, preset
from deident.profile.decision import Method
from deident.profile.resolve import resolve
from deident.profile.rules import Place, Rules
from deident.standard import confidentiality, dictionary, iods

CONFLICTS = json.loads((Path(__file__).parent.parent / "data" / "iod_conflicts.json").read_text("utf-8"))
TABLE = json.loads((Path(iods.__file__).parent / "data" / "table_e1_1.json").read_text("utf-8"))["rows"]
DICTIONARY = {
    int(key, 16)
    for key in json.loads((Path(iods.__file__).parent / "data" / "data_elements.json").read_text("utf-8"))["rows"]
    if "X" not in key and int(key, 16) >> 16 not in (0, 2, 4)
}
CT = "1.2.840.10008.5.1.4.1.1.2"
#: RULES 2.3: code -> Type 3 or none, Type 2, Type 1, for values; then for sequences.
CODES = {
    "Z/D": ("Z", "Z", "D", "X", "Z", "D"),
    "X/Z": ("X", "Z", "D", "X", "Z", "D"),
    "X/D": ("X", "Z", "D", "X", "Z", "D"),
    "X/Z/D": ("X", "Z", "D", "X", "Z", "D"),
    "X/Z/U*": ("X", "Z", "D", "X", "Z", "D"),
    "X": ("X", "Z", "D", "X", "Z", "D"),
    "Z": ("Z", "Z", "D", "X", "Z", "D"),
    "D": ("D", "D", "D", "X", "D", "D"),
    "U": ("U", "U", "U", "U", "U", "U"),
}


def _place(sop_class: str = CT, path: tuple[int, ...] = ()) -> Place:
    iod = iods.iod_of(sop_class)
    assert iod is not None
    return Place(iod, frozenset(range(len(iod.modules))), path)


def _vr(tag: int) -> str:
    known = dictionary.attribute(tag)
    return known.vrs[0] if known else "UN"


@pytest.mark.parametrize("code", CODES)
def test_compound_codes_resolve_by_type(code: str) -> None:
    for vr, expected in (("LO", CODES[code][:3]), ("SQ", CODES[code][3:])):
        found = [resolve(code, kind, vr) for kind in ("3", "2", "1")]
        assert found == [Action(letter) for letter in expected]
        assert resolve(code, None, vr) is found[0]
        assert resolve(code, "2C", vr) is found[1]
        assert resolve(code, "1C", vr) is found[2]


def test_all_657_rows_have_a_decision() -> None:
    assert len(TABLE) == 657
    rules, place = Rules(preset("basic")), _place()
    for row in TABLE:
        match = row["match"]
        if match["kind"] == "private":
            tag = 0x00291001
        elif match["kind"] == "repeating":
            tag = int(match["group"], 16) << 16 | int(match["element"] or "0010", 16)
        else:
            tag = int(match["tag"], 16)
        decision = rules.decide(place, tag, _vr(tag))
        walked = decision.because.endswith(", walked")
        assert decision.action is not Action.KEEP or walked, row["tag"]
        if match["kind"] == "exact" and decision.because not in ("marker", "DICOMDIR group", "group out of place"):
            assert decision.because.startswith(f"E.1-1 {row['basic']}"), row["tag"]


def _places(conflict: dict[str, object]) -> list[tuple[tuple[int, ...], int, str, str]]:
    """(path, tag, type, IOD) of every example of a conflict."""
    found = []
    for kind, location in conflict["locations"].items():  # type: ignore[attr-defined]
        iod, _module, _usage, path = location["example"].split("/")
        tags = [int(step.replace("XX", "00"), 16) for step in path.split(">")]
        found.append((tuple(tags[:-1]), tags[-1], kind, iod))
    return found


def test_the_31_rows_that_would_break_an_iod_are_escalated() -> None:
    assert len(CONFLICTS) == 31
    document = json.loads((Path(iods.__file__).parent / "data" / "iod_types.json").read_text("utf-8"))
    sop_of = {name: sop for sop, name in document["sop"].items()}
    checked = 0
    for conflict in CONFLICTS:
        for path, tag, kind, name in _places(conflict):
            if tag >> 24 == 0x60 or name not in sop_of:
                continue  # overlay planes go as a whole; what is then required is not there
            place = _place(sop_of[name], path)
            assert place.type_of(tag) is not None, conflict["name"]
            decision = Rules(preset("basic")).decide(place, tag, _vr(tag))
            allowed = {"1": "DKU", "1C": "DKU", "2": "ZDK", "2C": "ZDK"}[kind]
            assert decision.action.value in allowed, (conflict["name"], decision)
            checked += 1
    assert checked >= 30


def test_the_table_is_the_minimum_at_every_level() -> None:
    rules = Rules(preset("basic"))
    for path in ((), (0x0018A001,), (0x0018A001, 0x0040A170), (0x00091001,)):
        for tag in (0x00080080, 0x00081030, 0x00101040):
            assert rules.decide(_place(path=path), tag, _vr(tag)).action in (Action.REMOVE, Action.EMPTY, Action.DUMMY)
        assert rules.decide(_place(path=path), 0x00080018, "UI").action is Action.UID


@pytest.mark.parametrize(
    ("tag", "vr", "because"),
    [
        (0x00091001, "LO", "private"),
        (0x00010010, "LO", "illegal group"),
        (0xFFFF0010, "LO", "illegal group"),
        (0x00080000, "UL", "group length"),
        (0x00020010, "UI", "group out of place"),
        (0x00041500, "CS", "DICOMDIR group"),
        (0x50003000, "OW", "E.1-1 curves"),
        (0x60003000, "OW", "E.1-1 overlays"),
        (0x60020022, "LO", "E.1-1 overlays"),
        (0x7F000010, "OW", "variable pixel data"),
        (0x00081999, "LO", "not in PS3.6"),
        (0x00080070, "SQ", "VR contradicts PS3.6"),
    ],
)
def test_what_never_survives(tag: int, vr: str, because: str) -> None:
    decision = Rules(preset("research")).decide(_place(), tag, vr)
    assert (decision.action, decision.because) == (Action.REMOVE, because)


def test_text_of_content_items_outside_the_content_tree_goes() -> None:
    decision = Rules(preset("basic")).decide(_place(), 0x0040A160, "UT")
    assert (decision.action, decision.because) == (Action.REMOVE, "content item text")
    context = Rules(preset("basic")).decide(_place("1.2.840.10008.5.1.4.1.1.4.1", (0x00400555,)), 0x0040A160, "UT")
    assert context.action is Action.DUMMY


def test_unlisted_dates_times_and_names_go_by_their_vr() -> None:
    rules, place = Rules(preset("basic")), _place()
    listed = confidentiality.rows()
    for tag in sorted(DICTIONARY):
        known = dictionary.attribute(tag)
        if (
            known
            and tag not in listed
            and known.vrs[0] in ("DA", "DT", "TM", "PN")
            and confidentiality.gap(tag) is None
        ):
            assert rules.decide(place, tag, known.vrs[0]).action is not Action.KEEP, known.keyword


def test_research_keeps_what_its_option_names_and_caps_ages() -> None:
    rules, place = Rules(preset("research")), _place()
    for tag in (0x00100040, 0x00101020, 0x00101030, 0x00102160):
        assert rules.decide(place, tag, _vr(tag)).action is Action.KEEP
    assert rules.decide(place, 0x00101010, "AS").method is Method.AGE
    assert rules.codes() == ("113100", "113108")
    assert Rules(preset("basic")).codes() == ("113100",)


def test_a_tag_that_no_option_covers_withdraws_the_claim() -> None:
    protected = Rules(preset("basic").changed(keep_tags=["StudyDescription"]))
    assert not protected.conforms
    assert protected.codes() == ()
    assert Rules(preset("basic").changed(keep_tags=["Manufacturer"])).conforms
    assert not Rules(preset("basic").changed(keep_tags=["0009,1001"])).conforms


def test_strategies_decide_direct_identifiers() -> None:
    place = _place()
    removed = Rules(preset("basic").changed(strategy="remove")).decide(place, 0x00100010, "PN")
    assert removed.action is Action.EMPTY
    replaced = Rules(preset("basic").changed(strategy="replace")).decide(place, 0x00100010, "PN")
    assert (replaced.action, replaced.method) == (Action.DUMMY, Method.PLAIN)
    one = Rules(preset("basic").changed(strategies={"PatientName": "remove"}))
    assert one.decide(place, 0x00100010, "PN").action is Action.EMPTY
    assert one.decide(place, 0x00100020, "LO").method is Method.PATIENT_ID


@pytest.mark.parametrize(
    "changes",
    [
        {"keep_tags": ["NoSuchKeyword"]},
        {"strategies": {"StudyDate": "hash"}},
        {"strategy": "burn"},
        {"options": ["keep_everything"]},
        {"pixel_risk": "maybe"},
        {"age_cap": 0},
        {"age_cap": 500},
        {"patient_prefix": "a b"},
        {"patient_prefix": "x" * 33},
        {"colour": "red"},
    ],
)
def test_wrong_profiles_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        Rules(preset("basic").changed(**changes))


def test_the_digest_changes_with_everything_that_decides_the_output() -> None:
    base = Profile()
    changes = (
        {"options": frozenset[Option]()},
        {"strategy": Strategy.REMOVE},
        {"strategies": {"PatientName": "remove"}},
        {"keep_tags": frozenset({"StudyDate"})},
        {"pixel_risk": "accept"},
        {"age_cap": None},
        {"patient_prefix": "A"},
    )
    digests = {base.digest(), *(base.changed(**change).digest() for change in changes)}  # type: ignore[arg-type]
    assert len(digests) == 1 + len(changes)
    assert base.changed(name="other").digest() == base.digest()


def test_unknown_presets_are_refused() -> None:
    with pytest.raises(ConfigurationError):
        preset("none")
