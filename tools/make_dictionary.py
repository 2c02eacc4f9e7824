"""Make src/deident/standard/data/data_elements.json: tag -> VR, VM, keyword, retired, from PS3.6 as pydicom ships it.

Rows of Table E.1-1 and of gaps.json that are newer than pydicom's dictionary are added from those tables.

    python tools/make_dictionary.py
"""

from __future__ import annotations

import json
from pathlib import Path

import pydicom
from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary

DATA = Path(__file__).resolve().parent.parent / "src" / "deident" / "standard" / "data"


def main() -> None:
    rows: dict[str, list[object]] = {}
    for tag, (vr, vm, _name, retired, keyword) in DicomDictionary.items():
        if vr not in ("NONE", ""):
            rows[f"{tag:08X}"] = [vr.replace(" or ", "/"), vm, keyword, int(bool(retired))]
    for mask, (vr, vm, _name, retired, keyword) in RepeatersDictionary.items():
        rows[mask.upper().replace("X", "X")] = [vr.replace(" or ", "/"), vm, keyword, int(bool(retired))]
    for name in ("table_e1_1.json", "gaps.json"):
        for row in json.loads((DATA / name).read_text())["rows"]:
            tag = row["tag"].strip("()").replace(",", "").upper()
            if row["vr"] and row["keyword"] and len(tag) == 8 and "X" not in tag and tag not in rows:
                rows[tag] = ["/".join(row["vr"]), row.get("vm") or "1", row["keyword"], int(row["retired"])]
    document = {
        "schema": "data-elements/1",
        "standard": "DICOM PS3.6 Tables 6-1, 7-1, 8-1",
        "edition": f"as shipped in pydicom {pydicom.__version__}, with the newer rows of Table E.1-1 (2026d) and gaps.json",
        "source": "facts (tags, VR, VM, keywords) of the DICOM Standard, (c) NEMA",
        "command": "python tools/make_dictionary.py",
        "encoding": "tag -> [VR, VM, keyword, retired]; X in a tag stands for any digit of a repeating group",
        "rows": dict(sorted(rows.items())),
    }
    (DATA / "data_elements.json").write_text(json.dumps(document, separators=(",", ":")).replace('],"', '],\n"') + "\n")


if __name__ == "__main__":
    main()
