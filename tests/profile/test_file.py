"""Profile files: what is read, and how every kind of error is told with its line and without a value."""

from __future__ import annotations

import pytest

from deident.errors import ConfigurationError
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
    TimeMethod,
    preset,
)
from deident.profile.file import read_profile
from deident.profile.presets import preset_text

SECRET = "Doe^Jane"
SAFE = 'options = ["retain_safe_private"]\n'
ENTRY = '{creator = "A", group = 9, element = 1, vr = "LO"}'
EVERYTHING = """
# A comment, so that lines are not statements.
name = "trial-7"
base = "longitudinal"
options = ["retain_safe_private", "retain_device_identity", "retain_longitudinal_modified_dates",
    "clean_descriptors"]
mode = "strict"
strategy = "replace"
keep_tags = ["Manufacturer"]
allowed = ["0008,0070", "ProtocolName"]
pixel_risk = "accept"
age_cap = false
patient_prefix = "T7-"
dates = "shift"
date_range_days = 700
date_multiple = 7
times = "shift"
ae_titles = ["SCANNER"]
terms = ["dixon"]

[strategies]
PatientName = "remove"

[[override]]
tag = "StudyDescription"
strategy = "clean"

[[override]]
path = "RequestAttributesSequence>ScheduledProcedureStepID"
sop_class = "ct"
strategy = "replace"
value = "X1"

[[private]]
creator = "ACME 1.1"
group = 0x0029
element = "10"
vr = "DS"
"""


def refusal(text: str, stem: str = "trial") -> str:
    with pytest.raises(ConfigurationError) as caught:
        read_profile(text, stem)
    assert caught.value.__context__ is None
    assert SECRET not in str(caught.value)
    return str(caught.value)


def test_every_key_of_a_profile_can_stand_in_a_file() -> None:
    assert read_profile(EVERYTHING, "stem") == Profile(
        name="trial-7",
        options=frozenset(
            {
                Option.RETAIN_SAFE_PRIVATE,
                Option.RETAIN_DEVICE_IDENTITY,
                Option.RETAIN_LONGITUDINAL_MODIFIED_DATES,
                Option.CLEAN_DESCRIPTORS,
            }
        ),
        mode=Mode.STRICT,
        strategy=Strategy.REPLACE,
        strategies={"PatientName": Strategy.REMOVE},
        keep_tags=frozenset({"Manufacturer"}),
        overrides=(
            Override(OverrideStrategy.CLEAN, tag="StudyDescription"),
            Override(
                OverrideStrategy.REPLACE,
                path="RequestAttributesSequence>ScheduledProcedureStepID",
                sop_class="1.2.840.10008.5.1.4.1.1.2",
                value="X1",
            ),
        ),
        allowed=frozenset({"0008,0070", "ProtocolName"}),
        pixel_risk=PixelRisk.ACCEPT,
        age_cap=None,
        patient_prefix="T7-",
        dates=DateMethod.SHIFT,
        date_range_days=700,
        date_multiple=7,
        times=TimeMethod.SHIFT,
        ae_titles=frozenset({"SCANNER"}),
        private=(SitePrivate("ACME 1.1", 0x29, 0x10, "DS"),),
        terms=frozenset({"dixon"}),
    )


def test_what_a_file_does_not_say_is_that_of_its_base() -> None:
    for name in PRESETS:
        assert read_profile(f'base = "{name}"\n', "mine").digest() == preset(name).digest()
        assert read_profile(f'base = "{name}"\npatient_prefix = "A"\n', "mine") == preset(name).changed(
            name="mine", patient_prefix="A"
        )
    assert read_profile("", "mine") == preset("basic").changed(name="mine")


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_read_alike_with_and_without_pydantic(name: str) -> None:
    text = preset_text(name).replace(f'name = "{name}"', 'name = "same"')
    assert read_profile(text, "stem") == preset(name).changed(name="same")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # words that are nearly known ones
        ('base = "basic"\n\n\noptions = ["retain_uid"]\n', 'options "retain_uid" (line 4): did you mean retain_uids?'),
        ("optoins = []\n", 'unknown key "optoins" (line 1): did you mean options?'),
        ("overrides = []\n", 'unknown key "overrides" (line 1): did you mean override?'),
        ('\nbase = "basci"\n', 'base "basci" (line 2): did you mean basic?'),
        ('mode = "stric"\n', 'mode "stric" (line 1): did you mean strict?'),
        (
            '[strategies]\nPatientNam = "hash"\n',
            'strategies, unknown key "PatientNam" (line 2): did you mean PatientName?',
        ),
        ('strategies.PatientID = "hsh"\n', 'strategies.PatientID "hsh" (line 1): did you mean hash?'),
        ('keep_tags = [\n"StudyDate",\n"StudyTim",\n]\n', 'keep_tags "StudyTim" (line 3): did you mean StudyTime?'),
        (
            '[[override]]\ntag = "PatientNme"\nstrategy = "keep"\n',
            'override 1, tag "PatientNme" (line 2): did you mean PatientName?',
        ),
        (
            '[[override]]\npath = "RequestAttributesSequence>StudyDat"\nstrategy = "keep"\n',
            'override 1, path "StudyDat" (line 2): did you mean StudyDate?',
        ),
        (
            '[[override]]\ntag = "StudyDate"\nstrategi = "keep"\n',
            'override 1, unknown key "strategi" (line 3): did you mean strategy?',
        ),
        # words that are not
        (
            f'options = [\n  "retain_uids", # {SECRET}\n  "{SECRET}",\n]\n',
            "options (line 3): there are retain_safe_private,",
        ),
        (f'"{SECRET}" = 1\n', "unknown key (line 1): there are name, base, options,"),
        (f'base = "{SECRET}"\n', "base (line 1): there are basic, safe-harbor,"),
        (f'strategy = "{SECRET}"\n', "strategy (line 1): there are hash, remove, replace"),
        (f'[strategies]\n"{SECRET}" = "hash"\n', "strategies, unknown key (line 2): there are PatientName,"),
        (f'allowed = ["{SECRET}"]\n', "allowed (line 1): there are keywords or tags (gggg,eeee) of PS3.6"),
        (
            f'[[override]]\npath = "RequestAttributesSequence/{SECRET}"\nstrategy = "remove"\n',
            "override 1, path (line 2): did you mean RequestAttributesSequence?",
        ),
        (
            f'[[override]]\npath = "{SECRET}>StudyDate"\nstrategy = "remove"\n',
            "override 1, path (line 2): there are keywords or tags (gggg,eeee) of PS3.6, with > from a sequence to what is in it",
        ),
        (
            '[[override]]\ntag = "StudyDescriptionDoe"\nstrategy = "remove"\n',
            "override 1, tag (line 2): did you mean StudyDescription?",
        ),
        (
            f'[[override]]\nsop_class = "{SECRET}"\nvr = "LO"\nstrategy = "remove"\n',
            "override 1, sop_class (line 2): there are",
        ),
        (
            f'[[override]]\nvr = "{SECRET}"\nstrategy = "remove"\n',
            "override 1, vr (line 2): none of the value representations",
        ),
        # what is no value of its kind
        (f'age_cap = "{SECRET}"\n', "age_cap (line 1): Input should be a valid integer"),
        ("age_cap = true\n", "age_cap (line 1): Input should be a valid integer"),
        ("age_cap = 500\n", "age_cap (line 1): a number of years from 1 to 120"),
        (f'terms = "{SECRET}"\n', "terms (line 1): Input should be a valid tuple"),
        (
            f'uids_beside_shifted_dates = "{SECRET}"\n',
            "uids_beside_shifted_dates (line 1): Input should be a valid boolean",
        ),
        (f'\npatient_prefix = "{SECRET}"\n', "patient_prefix (line 2): at most 32 letters"),
        (f'\nname = "{SECRET}"\n', "name (line 2): 1 to 64 letters"),
        ('\nname = "basic"\n', "name (line 2): a preset has this name"),
        (
            f'options = ["retain_device_identity"]\nae_titles = ["{SECRET}\\n"]\n',
            "ae_titles (line 2): application entity titles",
        ),
        # overrides that cannot be carried out
        (
            '[[override]]\nstrategy = "keep"\n',
            "override 1 (line 1): an override names exactly one of tag, path, vr and creator",
        ),
        ('[[override]]\ntag = "StudyDate"\n', "override 1 (line 1): strategy is missing"),
        (
            '[[override]]\ntag = "StudyDate"\nvr = "DA"\nstrategy = "keep"\n',
            "override 1 (line 1): an override names exactly one of",
        ),
        (
            '[[override]]\ntag = "PatientName"\nstrategy = "shift"\n',
            "override 1 (line 1): shift is for dates and times",
        ),
        ('[[override]]\ntag = "StudyDate"\nstrategy = "hash"\n', "override 1 (line 1): hash is for text and names"),
        ('[[override]]\ntag = "StudyDate"\nstrategy = "clean"\n', "override 1 (line 1): clean is for text"),
        (
            f'[[override]]\ntag = "StudyDate"\nstrategy = "replace"\nvalue = "{SECRET}"\n',
            "override 1, value (line 4): does not fit the value representation",
        ),
        (
            '[[override]]\ntag = "StationName"\nstrategy = "replace"\nvalue = "{patient}"\n',
            "override 1, value (line 4): {patient} is for text and names",
        ),
        (
            '[[override]]\ntag = "StudyDescription"\nstrategy = "replace"\nvalue = "S {patient}"\n',
            "override 1, value (line 4): {patient} stands alone",
        ),
        ('[[override]]\ntag = "StudyID"\nstrategy = "replace"\n', "override 1, value (line 1): what replace writes"),
        (
            f'[[override]]\ntag = "StudyID"\nstrategy = "keep"\nvalue = "{SECRET}"\n',
            "override 1, value (line 4): what replace writes, and replace alone",
        ),
        (
            '[[override]]\ntag = "SOPInstanceUID"\nstrategy = "remove"\n',
            "override 1 (line 1): this attribute says what the object is; it cannot be overridden",
        ),
        (
            f'[[override]]\ncreator = "{SECRET}"\nstrategy = "clean"\n',
            "override 1 (line 1): elements of a private creator can be kept or removed",
        ),
        (
            '[[override]]\ntag = "0009,1001"\nstrategy = "keep"\n',
            "override 1 (line 1): private elements are selected by creator",
        ),
        (
            '[[override]]\ntag = "StudyID"\nstrategy = "keep"\n\n[[override]]\ntag = "0020,0010"\nstrategy = "remove"\n',
            "override 2 (line 5): an earlier override is for the same attributes",
        ),
        # private elements that cannot exist
        (
            'options = ["retain_safe_private"]\n[[private]]\ncreator = "A"\ngroup = 0x0028\nelement = 1\nvr = "LO"\n',
            "private 1, group (line 4): private groups are odd",
        ),
        (
            'options = ["retain_safe_private"]\n[[private]]\ncreator = "A"\ngroup = 9\nelement = 0x1001\nvr = "LO"\n',
            "private 1, element (line 5): the low byte alone",
        ),
        (
            f'options = ["retain_safe_private"]\n[[private]]\ncreator = "A"\ngroup = 9\nelement = 1\nvr = "{SECRET}"\n',
            "private 1, vr (line 6): none of the value representations",
        ),
        (
            'options = ["retain_safe_private"]\n[[private]]\ncreator = " "\ngroup = 9\nelement = 1\nvr = "LO"\n',
            "private 1, creator (line 3): 1 to 64 characters",
        ),
        (
            f"{SAFE}private = [\n  {ENTRY},\n  {ENTRY.replace('9', '8')},\n]\n",
            "private 2, group (line 4): private groups are odd",
        ),
        # combinations
        (
            'options = ["retain_longitudinal_full_dates", "retain_longitudinal_modified_dates"]\n',
            "(line 1): retain_longitudinal_full_dates and retain_longitudinal_modified_dates exclude each other",
        ),
        (
            '\noptions = ["retain_uids", "retain_longitudinal_modified_dates"]\n',
            "options (line 2): retain_uids beside retain_longitudinal_modified_dates gives the dates away",
        ),
        ('dates = "year"\n', "dates (line 1): without the option retain_longitudinal_modified_dates no date is kept"),
        (
            'base = "longitudinal"\ndate_range_days = 5\ndate_multiple = 7\n',
            "date_multiple (line 3): a number of days from 1",
        ),
        # keys that would do nothing
        ('allowed = ["Manufacturer"]\n', 'allowed (line 1): only mode = "strict" reads it'),
        ("date_range_days = 70\n", "date_range_days (line 1): no date is shifted"),
        ('base = "safe-harbor"\ndate_multiple = 7\n', "date_multiple (line 2): no date is shifted"),
        ('times = "shift"\n', "times (line 1): no date is shifted"),
        ('base = "safe-harbor"\ntimes = "shift"\n', "times (line 2): no date is shifted"),
        ('base = "longitudinal"\ntimes = "shif"\n', 'times "shif" (line 2): did you mean shift?'),
        ('ae_titles = ["A"]\n', "ae_titles (line 1): without retain_device_identity no title stays"),
        (
            '[[private]]\ncreator = "A"\ngroup = 9\nelement = 1\nvr = "LO"\n',
            "private (line 1): without retain_safe_private",
        ),
        ('terms = ["dixon"]\n', "terms (line 1): no text is cleaned, hence no word of it stays"),
        ("uids_beside_shifted_dates = true\n", "uids_beside_shifted_dates (line 1): it allows retain_uids beside"),
        (
            '[[override]]\npath = "RequestAttributesSequence>RequestedProcedureID"\nstrategy = "hash"\n',
            "override 1, path (line 2): a sequence on the way is removed",
        ),
        (
            'base = "longitudinal"\n[[override]]\npath = "StudyDate>RequestedProcedureID"\nstrategy = "hash"\n',
            "override 1, path (line 3): a sequence on the way is removed",
        ),
        # TOML itself
        (f'name = "{SECRET}\n', "the profile file is no valid TOML at line 1"),
        (f"\n{SECRET}\n", "the profile file is no valid TOML at line 2"),
        (f'name = "a"\nname = "{SECRET}"\n', "the profile file is no valid TOML at line 2"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_without_a_value(text: str, expected: str) -> None:
    assert expected in refusal(text)


def test_all_problems_are_told_in_the_order_of_their_lines() -> None:
    told = refusal('optoins = []\nmode = "x"\n[[override]]\ntag = "Nowhere"\n')
    assert [part.split("(line ")[1][0] for part in told.split("; ")] == ["1", "2", "3", "4"]


def test_the_name_of_the_file_is_checked_like_one_in_it() -> None:
    assert "name: 1 to 64 letters" in refusal("", SECRET)
    assert "name: a preset has this name" in refusal("", "research")
    assert read_profile('name = "fine"\n', SECRET).name == "fine"


def test_an_option_may_be_written_twice_and_a_group_as_in_the_standard() -> None:
    found = read_profile(
        'options = ["retain_safe_private", "retain_safe_private"]\n'
        '[[private]]\ncreator = "A"\ngroup = "00E1"\nelement = "2F"\nvr = "LO"\n',
        "mine",
    )
    assert found.private == (SitePrivate("A", 0xE1, 0x2F, "LO"),)


def test_a_path_may_lead_through_a_sequence_that_stays_somewhere() -> None:
    path = '[[override]]\npath = "RequestAttributesSequence>RequestedProcedureID"\nstrategy = "hash"\n'
    assert read_profile(f'base = "longitudinal"\n{path}', "mine").overrides
    kept = '[[override]]\ntag = "RequestAttributesSequence"\nstrategy = "keep"\n'
    assert read_profile(kept + path, "mine").overrides
    assert read_profile(path.replace("hash", "remove"), "mine").overrides
