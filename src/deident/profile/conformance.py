"""The conformance statement of a profile: what PS3.15 E.1.3 and E.3.5 to E.3.10 want a de-identifier to tell (RULES 12.6)."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator
from typing import Final

from deident import __version__
from deident.profile.model import DateMethod, Mode, Option, PixelRisk, Profile, Strategy, TimeMethod
from deident.profile.override import Override
from deident.profile.rules import Rules
from deident.profile.words import OPTION_WORDS, date_words
from deident.standard import confidentiality

__all__ = ["conformance_statement"]

_WIDTH: Final = 118
_GAP_WORDS: Final = {
    "uid": "UIDs of instances, frames of reference and entities that the table forgets: remapped",
    "uid-org": "UIDs of organizations: removed, or remapped where the IOD wants one",
    "uid-class": "UIDs of classes, coding schemes, context groups and mapping resources: kept",
    "date-as-text": "dates in text: removed",
    "date": "other dates and times: as those of the table",
    "person-name": "other names of persons: removed",
    "file-meta": "application entities in the file meta information: removed",
    "url": "web addresses: removed",
    "identifier": "other identifiers: removed",
    "free-text": "other free text: removed, or cleaned where descriptors are",
    "encrypted": "encrypted originals: removed",
    "signature": "signatures and message authentication codes: removed",
}


def conformance_statement(profile: Profile) -> str:
    """The statement in Markdown. It says what this version of deident does under the profile, and quotes no value of a site."""
    rules = Rules(profile)
    parts = (
        ("Profile, options and codes", _claims(profile, rules)),
        ("Attributes removed, emptied, replaced or cleaned", _attributes(profile)),
        ("Replacement values", _replacements(profile)),
        ("Scope of referential integrity", _scope(profile)),
        ("Dates and times", _dates(profile)),
        ("Descriptors", _descriptors(profile)),
        ("Structured content and graphics", _content(profile)),
        ("Patient characteristics", _characteristics(profile)),
        ("Device and institution", _places(profile)),
        ("Private elements", _private(profile, rules)),
        ("Pixel data", _pixels(profile)),
        ("Decisions of the site", _site(profile, rules)),
    )
    lines = [f"Conformance statement of deident {__version__} for the profile `{profile.name}`."]
    for title, items in parts:
        lines += ["", f"## {title}", ""]
        for item in items:
            lines += textwrap.wrap(
                f"- {item}", _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
            )
    return "\n".join([*lines, ""])


def _claims(profile: Profile, rules: Rules) -> Iterator[str]:
    yield (
        f"Basic Application Level Confidentiality Profile of PS3.15 Annex E, edition {confidentiality.EDITION}, as a "
        "de-identifier: 180 Storage SOP classes, all transfer syntaxes of PS3.5 that are not private. Instances of other "
        "and of private SOP classes, encapsulated documents, audio and DICOMDIR are held."
    )
    methods = confidentiality.methods()
    for option in sorted(profile.options):
        columns = Counter(code for row in confidentiality.rows().values() if (code := row.options.get(option.value)))
        yield (
            f"{methods[option.value].meaning} ({methods[option.value].code}): {columns['K']} attributes kept, "
            f"{columns['C']} cleaned. {OPTION_WORDS[option]}"
        )
    if not profile.options:
        yield "No option."
    withheld = sorted(limit for limit in rules.limits if not rules.conforms_in(limit))
    if rules.conforms_in(""):
        yield (
            f"Patient Identity Removed (0012,0062) is YES; De-identification Method Code Sequence (0012,0064) has "
            f"{', '.join(rules.codes())} (CID 7050) and what an earlier de-identification declared; De-identification "
            "Method (0012,0063) names product, version and edition."
        )
        if {Option.CLEAN_GRAPHICS, Option.CLEAN_STRUCTURED_CONTENT} & profile.options:
            yield "113103 and 113104 are declared in instances that have graphics, and content items, alone."
        if withheld:
            yield (
                f"In instances of {', '.join(withheld)} the site keeps what the standard protects and no option covers: there "
                "(0012,0062) is NO, and no method is declared."
            )
    else:
        yield (
            "The site keeps what the standard protects and no option covers: no conformance is claimed. Patient Identity "
            "Removed (0012,0062) is NO, and no method is declared."
        )
    yield (
        "No Encrypted Attributes are written: nobody is re-identified from the output alone. Pseudonyms are one-way for whoever "
        "does not hold the key of the project or its map."
    )


def _attributes(profile: Profile) -> Iterator[str]:
    yield (
        "All 657 rows of Table E.1-1, at every level of nesting, each resolved by the type that the IOD of the instance gives "
        "to the attribute at its place; `deident plan --sop-class` lists action and reason for each."
    )
    kinds = {gap.kind for gap in confidentiality.gaps().values()}
    listed = "; ".join(words for kind, words in _GAP_WORDS.items() if kind in kinds)
    yield f"Beside the table: {listed}."
    yield (
        "Group lengths, curves (50xx), overlays (60xx, with those in unused bits of the pixels), elements of even groups that "
        "PS3.6 does not have, file meta information, preamble and whatever follows the data set are removed or made anew."
    )
    yield (
        "Identifiers found in an instance are searched in all that is kept of it; a value that holds one is "
        + ("cleaned, " if Option.CLEAN_DESCRIPTORS in profile.options else "")
        + "removed, emptied or replaced by type."
    )
    if profile.mode is Mode.STRICT:
        yield (
            "Strict mode: of the elements that no table lists only numbers, code strings, class UIDs and sequences stay"
            + (f", and {len(profile.allowed)} attributes that the site allows." if profile.allowed else ".")
        )


def _replacements(profile: Profile) -> Iterator[str]:
    strategies = {
        Strategy.HASH: "keyed pseudonyms (HMAC-SHA-256, base32), the same for the same patient, request or study",
        Strategy.REMOVE: "empty values",
        Strategy.REPLACE: "constants (Patient ID: a keyed pseudonym)",
    }
    yield f"Patient's Name, Patient ID, Accession Number and Study ID: {strategies[profile.strategy]}."
    for keyword, strategy in sorted(profile.strategies.items()):
        yield f"{keyword}: {strategies[strategy]}."
    yield "UIDs: 2.25 and a keyed 128-bit number; those that PS3.6 registers stay."
    yield (
        "Dummies are constants that say nothing of the original: `ANONYMIZED` for text, names and code strings, 19000101 and "
        "000000 for dates and times, 000Y for ages, 0 for numbers, zero bytes for binary values, one item with such values "
        "for sequences that may not be empty."
    )


def _scope(profile: Profile) -> Iterator[str]:
    if Option.RETAIN_UIDS in profile.options:
        yield "UIDs are those of the originals; references resolve as they did."
    else:
        yield "A UID is replaced by the same UID wherever it stands, so that references between instances resolve."
    yield (
        "Pseudonyms are functions of the key of the project: the same over all instances, studies and runs that use it (with "
        "`--preserve-studies` and in the flow), else over those of one run. Nothing relates those of two projects."
    )


def _dates(profile: Profile) -> Iterator[str]:
    if Option.RETAIN_LONGITUDINAL_FULL_DATES in profile.options:
        yield "Dates and times of the table and all others stay as they are; those of birth go. (0028,0303) is UNMODIFIED."
    elif Option.RETAIN_LONGITUDINAL_MODIFIED_DATES in profile.options:
        yield from date_words(profile)
        if profile.dates is DateMethod.SHIFT:
            yield (
                "The number is a keyed function of issuer and Patient ID, the same for all studies of the patient. A date "
                "and time keeps its precision, fraction and offset from UTC; dates without day or month are moved from the "
                "middle of what they name."
            )
        if profile.times is TimeMethod.SHIFT:
            yield (
                "The hours are a keyed function of the same, to the second. A date and the time that belongs to it (Study Date "
                "and Study Time, ...; Content Date and Content Time below one content item) move as one moment, so that a date "
                "changes by a day more or less where its time crosses midnight. A date that has no time moves by the days alone; "
                "a time that has no date wraps around midnight. Hours and minutes alone are moved from the middle of what they "
                "name. Times of nothing but zeros stand for none: they are treated as without the option."
            )
        yield (
            "Values that stand for no date, and those that are none, are treated as without the option. Versions of context "
            "groups and templates are public dates and stay. Dates of birth go. (0028,0303) is MODIFIED."
        )
    else:
        yield "All dates and times are removed, emptied or replaced by constants. (0028,0303) is REMOVED."


def _descriptors(profile: Profile) -> Iterator[str]:
    if Option.CLEAN_DESCRIPTORS not in profile.options:
        yield "Descriptions, comments and other free text of the table are removed, emptied or replaced."
        return
    yield (
        "Every identifier that was found in the instance is cut out; of the rest only words of a lexicon stay (anatomy, "
        "modalities, acquisition, contrast, laterality, units, defined terms of the standard), codes of acquisition, and numbers "
        "that identify nothing. A text of which nothing is left is treated as without the option. A recogniser of names can "
        "only remove more."
    )
    if profile.terms:
        yield f"The site adds {len(profile.terms)} words to the vocabulary."
    yield "Code sequences keep the items of public coding schemes; other items are removed."


def _content(profile: Profile) -> Iterator[str]:
    if Option.CLEAN_STRUCTURED_CONTENT in profile.options:
        yield "Content items are kept, cleaned, replaced or removed by concept name and value type (Table E.3.4-1)."
    else:
        yield "The content tree of a report is replaced by one text item that says nothing; the title stays."
    if Option.CLEAN_GRAPHICS in profile.options:
        yield "Graphic annotations of presentation states stay; their text is cleaned as descriptors are."
    else:
        yield "Graphic annotations are replaced by one that says nothing."


def _characteristics(profile: Profile) -> Iterator[str]:
    if Option.RETAIN_PATIENT_CHARACTERISTICS not in profile.options:
        yield "Sex is emptied, age, size, weight and the like are removed."
        return
    cap = profile.age_cap
    yield (
        "Sex, age, size, weight and the like stay; "
        + (f"ages of {cap} years and more become {cap}." if cap is not None else "ages are not capped.")
        + " An age that is missing is calculated from the dates of birth and study."
    )
    yield "Allergies, patient state, pre-medication, special needs and comments are free text: only words of the vocabulary stay."


def _places(profile: Profile) -> Iterator[str]:
    if Option.RETAIN_DEVICE_IDENTITY in profile.options:
        titles = f"the {len(profile.ae_titles)} that the site lists" if profile.ae_titles else "none of them"
        yield f"Serial numbers, station names and other identities of devices stay; of application entity titles {titles}."
    else:
        yield "Serial numbers, station names and other identities of devices are removed or replaced; maker and model stay."
    if Option.RETAIN_INSTITUTION_IDENTITY in profile.options:
        yield "Name, address and department of the institution stay."
    else:
        yield "Name, address and department of the institution are removed or replaced."


def _private(profile: Profile, rules: Rules) -> Iterator[str]:
    if Option.RETAIN_SAFE_PRIVATE not in profile.options:
        yield "All private elements and their creators are removed, at every level of nesting."
        return
    yield (
        f"{rules.private.listed} private elements stay where creator, group, element and value representation are those of the "
        "list: the rows of Table E.3.10-1, without bulk values and those that state no value representation"
        + (f", and {len(profile.private)} of the site." if profile.private else ".")
        + " All others are removed, and creators of which nothing stays."
    )
    yield (
        "Of these, numbers and code strings stay to the byte, text is cleaned as descriptors are, UIDs, dates, ages and "
        "application entity titles are treated as those of standard attributes, names of persons and web addresses never stay."
    )
    if profile.private:
        yield "Those of the site:"
        for entry in sorted(profile.private, key=lambda entry: (entry.creator, entry.group, entry.element)):
            yield f"({entry.group:04X},xx{entry.element:02X}) {entry.vr} of `{entry.creator}`"


def _pixels(profile: Profile) -> Iterator[str]:
    yield "Pixel data are neither cleaned nor changed, but for overlays in unused bits; 113101 and 113102 are never declared."
    yield (
        "Instances that may show text (by SOP class, modality and Burned In Annotation) are "
        + ("held." if profile.pixel_risk is PixelRisk.HOLD else "released, because somebody looked at them.")
    )


def _site(profile: Profile, rules: Rules) -> Iterator[str]:
    for override in profile.overrides:
        yield _override(override)
    for tag in sorted(profile.keep_tags):
        yield f"{tag}: kept."
    if not rules.conforms:
        yield "What is kept or cleaned here although the standard protects it takes the claim of conformance away."
    if not profile.overrides and not profile.keep_tags:
        yield "None."


def _override(override: Override) -> str:
    """What is selected and what is done; never the value that stands in place of another."""
    chosen = override.tag or override.path
    if override.vr:
        chosen = f"Attributes of VR {override.vr}"
    elif override.creator:
        chosen = f"Private elements of `{override.creator}`"
    limit = f", in instances of {override.sop_class}" if override.sop_class else ""
    return f"{chosen}: {override.strategy.value}{limit}."
