"""Make src/deident/standard/data/codes.json: public coding schemes, and the Code Meaning of each code DICOM uses.

Meanings are those of the context groups and of the dictionary of PS3.16 as pydicom ships them; the mapping of retired
SNOMED-RT style codes (SRT) to SNOMED CT is that of PS3.16 Annex O. Meanings that an LO cannot hold are left out. One
code a line, so that an edition shows as a diff.

    python tools/make_codes.py
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pydicom
from pydicom.sr._concepts_dict import concepts
from pydicom.sr._snomed_dict import mapping

DATA = Path(__file__).resolve().parent.parent / "src" / "deident" / "standard" / "data"

#: Coding scheme designators of PS3.16 Table 8-1. NPI is left out: its codes are people (National Provider Identifier).
PUBLIC = """
99SDM ACR ASTM-sigpurpose BARI BI C4 C5 CD2 CTV3 DC DCM DCMUID FMA HPC I10 I10C I10P I11 I9 I9C IBSI ICDO3 IETF4646
ISO3166_1 ISO5218_1 ISO639_1 ISO639_2 ISO_OID ITIS_TSN LN MA MAYOASRG MDC MDNS MGI MSH NBD NBG NCDR NCIt NDC NEU NICIP
NYUMCCG PATHLEX POS PUBCHEM_CID RADELEMENT RADLEX RFC-3881 RFC3066 RFC5646 RO RRID RXNORM SCPECG SCT SDM SNM3 SRT UBERON
UCUM UMLS UNS UPC caDSR
"""
#: Designators of the codes that `SRT` has in PS3.16 Annex O.
LIKE_SRT = ("99SDM", "SDM", "SNM3", "SRT")

SEMANTIC_TAG = re.compile(r" \([a-z /]+\)$")
#: Code Meaning is LO (PS3.5 6.2).
LONGEST_MEANING = 64


def best(meanings: list[tuple[str, bool]]) -> str:
    """Of several meanings of a code: one that a context group has, then the shortest, then the first.

    `Abdominal structure (body structure)`, a fully specified name of SNOMED CT, goes without its semantic tag.
    """
    meaning, in_a_group = min(meanings, key=lambda found: (not found[1], len(found[0]), found[0]))
    return meaning if in_a_group else SEMANTIC_TAG.sub("", meaning)


def main() -> None:
    found: dict[str, dict[str, list[tuple[str, bool]]]] = {}
    for scheme, keywords in concepts.items():
        for codes in keywords.values():
            for code, (meaning, groups) in codes.items():
                found.setdefault(scheme, {}).setdefault(code, []).append((meaning.replace("\u200b", ""), bool(groups)))
    document = {
        "schema": "codes/1",
        "what": "public coding schemes of PS3.16; Code Meaning by scheme and code; SRT codes as SCT codes",
        "source": "PS3.16 Table 8-1, context groups, Annexes D and O; facts, (c) NEMA and the owners of the schemes (NOTICE)",
        "edition": f"as shipped in pydicom {pydicom.__version__}",
        "command": "python tools/make_codes.py",
        "public": sorted(PUBLIC.split()),
        "like_srt": list(LIKE_SRT),
        "meanings": {
            scheme: {c: m for c, all_m in sorted(codes.items()) if len(m := best(all_m)) <= LONGEST_MEANING}
            for scheme, codes in sorted(found.items())
        },
        "srt": dict(sorted(mapping["SRT"].items())),
    }
    (DATA / "codes.json").write_text(json.dumps(document, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
