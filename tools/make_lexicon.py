"""Make src/deident/standard/data/lexicon.json: the words that Clean Descriptors may keep (PS3.15 E.3.5).

Sources: the code meanings of the SR concept dictionary and context groups that pydicom ships (PS3.16), the keywords of the
data dictionary (PS3.6), the defined terms of vocabulary.json, and the words of tools/lexicon_words.py.

Left out of what the tables give: whatever Faker (MIT) lists as a given name, family name, town or country in any of its
languages, the names of tools/make_vocabulary.py, the proper nouns of lexicon_words.EPONYMS, and breeds, species and makers
as whole groups. Words of lexicon_words stay although they may be names: each was weighed by hand. Faker is needed here
alone, never at run time.

    python tools/make_lexicon.py
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import runpy
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

import faker
import faker.providers.address
import faker.providers.person
import pydicom
from pydicom.sr._cid_dict import name_for_cid
from pydicom.sr._concepts_dict import concepts

TOOLS = Path(__file__).resolve().parent
DATA = TOOLS.parent / "src" / "deident" / "standard" / "data"
SHORTEST_WORD = 3

WORDS = runpy.run_path(str(TOOLS / "lexicon_words.py"))
NAMES_BY_HAND = runpy.run_path(str(TOOLS / "make_vocabulary.py"))

#: Our own groups of words, in the order of the file.
GROUPS = (
    *("ANATOMY", "VIEWS", "MODALITIES", "MR_WORDS", "CT_WORDS", "CONTRAST", "REPORT", "KEPT_CONNECTORS"),
    *("DE", "FR", "ES", "IT", "NL", "PT"),
)

#: MDC are channels of monitors, ITIS_TSN species; the rest of a group is told by its name.
SCHEMES_LEFT_OUT = frozenset({"MDC", "ITIS_TSN"})
GROUPS_LEFT_OUT = re.compile(
    r"breed|species|taxonom|manufactur|registr|organism|personrole|person role|language|countr|ethnic|religio",
    re.IGNORECASE,
)
MEANINGS_LEFT_OUT = re.compile(r"\((breed|organism|ethnic group|occupation|person|religion|racial group)\)")

_WORD = re.compile(r"[^\W\d_]+")
_PART_OF_KEYWORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]+")
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def words_of(text: str) -> set[str]:
    return {word.lower() for word in text.split()}


def strings_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple | set | frozenset):
        for item in value:
            yield from strings_in(item)


PEOPLE, PLACES = faker.providers.person, faker.providers.address


def listed_names(*packages: ModuleType) -> set[str]:
    """Words of the names of people, or of towns, states and countries, in all of Faker's languages."""
    attributes = re.compile(
        r"name|cit(y|ies)|countr|state|communit|district|region|provinc|town|village|municip|depart"
    )
    found: set[str] = set()
    for package in packages:
        for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
            for attribute, value in vars(importlib.import_module(module.name).Provider).items():
                if attributes.search(attribute) and not re.search(r"format|fix|abbr", attribute):
                    for text in strings_in(value):
                        found.update(word.lower() for word in _WORD.findall(text))
    return found


def names() -> set[str]:
    """All words that the tables must not bring in."""
    by_hand = words_of(NAMES_BY_HAND["NAMES"]) | words_of(NAMES_BY_HAND["COMMON_NAMES"]) | words_of(WORDS["EPONYMS"])
    return by_hand | listed_names(PEOPLE, PLACES)


def also_names(words: set[str]) -> set[str]:
    """Those of the words that somebody may be called, too; not sides and the like, which a description needs more."""
    by_hand = words_of(NAMES_BY_HAND["NAMES"]) | words_of(NAMES_BY_HAND["COMMON_NAMES"]) | words_of(WORDS["EPONYMS"])
    return words & (by_hand | listed_names(PEOPLE) | words_of(WORDS["ALSO_NAMES"])) - words_of(WORDS["NEVER_NAMES"])


def meanings() -> Iterator[str]:
    """Code meanings of the dictionary of concepts, without those of breeds, species, makers and kinds of people."""
    left_out = {cid for cid, name in name_for_cid.items() if GROUPS_LEFT_OUT.search(name)}
    for scheme, keywords in concepts.items():
        if scheme in SCHEMES_LEFT_OUT:
            continue
        for codes in keywords.values():
            for meaning, groups in codes.values():
                if not (groups and left_out.issuperset(groups)) and not MEANINGS_LEFT_OUT.search(meaning):
                    yield meaning


def concept_words() -> set[str]:
    """Words of code meanings, possessives left out: `Alzheimer's disease` gives `disease`."""
    text = re.sub(r"[^\W\d_]+['’]s?\b|\b(?:Mc|Mac|O['’])[A-Z]\w+", " ", "\n".join(meanings()))
    return {word.lower() for word in _WORD.findall(text) if word.isascii()}


def attribute_words() -> set[str]:
    """Words of the keywords of PS3.6."""
    rows = json.loads((DATA / "data_elements.json").read_bytes())["rows"]
    return {part.lower() for row in rows.values() for part in _PART_OF_KEYWORD.findall(row[2])}


def defined_terms() -> set[str]:
    return set(json.loads((DATA / "vocabulary.json").read_bytes())["terms"])


def spellings(words: Iterable[str], barred: frozenset[str] = frozenset()) -> set[str]:
    """Words with what consoles make of them: without diacritics, umlauts spelled out; unless that makes a name.

    `dünn` is a word, `Dunn` is not.
    """
    found = set(words)
    for word in tuple(found):
        plain = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
        found |= {word.translate(_GERMAN), plain.replace("ß", "ss").replace("œ", "oe")} - barred
    return {unicodedata.normalize("NFC", word) for word in found}


def joined_kinds() -> set[str]:
    """`axflair`, `sagstir`: orientation and kind written as one word."""
    return {o + k for o in WORDS["ORIENTATIONS"].split() for k in WORDS["KINDS"].split()}


def main() -> None:
    dates, before, after = (spellings(words_of(WORDS[g])) for g in ("DATE_WORDS", "BEFORE_NAMES", "AFTER_NAMES"))
    never = dates | before | after
    people = frozenset(names())
    connectors = spellings(words_of(WORDS["CONNECTORS"])) - never - words_of(WORDS["KEPT_CONNECTORS"])
    groups = {name.lower(): spellings(words_of(WORDS[name]), people) - never - connectors for name in GROUPS}
    groups["joined"] = joined_kinds()
    units = spellings(words_of(WORDS["UNITS"]))
    ours = set().union(*groups.values())

    barred = people | never | connectors
    tables = {
        "terms": {w for w in defined_terms() if len(w) > 1},
        "attributes": {w for w in attribute_words() if len(w) >= SHORTEST_WORD},
        "concepts": {w for w in concept_words() if len(w) >= SHORTEST_WORD},
    }
    seen = set(ours)
    for name, words in tables.items():
        fresh = words - barred - seen
        seen |= fresh
        for initial in sorted({word[0] for word in fresh}):
            groups[f"{name} {initial}"] = {word for word in fresh if word[0] == initial}
    document = {
        "schema": "lexicon/1",
        "what": "words that Clean Descriptors may keep, in lower case; and the words after and before which names stand",
        "source": "PS3.16 code meanings, PS3.6 keywords, defined terms (facts, (c) NEMA and the schemes' owners); own lists",
        "edition": f"concepts as shipped in pydicom {pydicom.__version__}; names left out as listed in Faker {faker.VERSION}",
        "command": "python tools/make_lexicon.py",
        "words": {name: " ".join(sorted(words)) for name, words in groups.items()},
        "connectors": " ".join(sorted(connectors)),
        "units": " ".join(sorted(units)),
        "glue": " ".join(sorted(words_of(WORDS["GLUE"]))),
        "phrases": "|".join(sorted(p.strip() for p in WORDS["PHRASES"].replace("\n", "").split("|") if p.strip())),
        "dates": " ".join(sorted(dates)),
        "before_names": " ".join(sorted(before)),
        "after_names": " ".join(sorted(after)),
        "also_names": " ".join(sorted(also_names(set().union(*groups.values())))),
    }
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (DATA / "lexicon.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
